//! Whether what grows is told from what does not, three draws of blood after it began.

use rayon::prelude::*;

use super::Watched;
use crate::burden::Engine;
use crate::burden::case::{Day, What};

const DRAWS: usize = 3;

/// AUC of P(growing) + P(overt) on the day of the third ctDNA result after growth began, against patients of whom nothing grows, asked
/// on the same days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Growth {
    /// Of patients who slept at surgery and reawakened.
    pub reawakened: Option<f64>,
    /// Of those among them of whom the draws were to hold a mutant molecule at least: the others no assay could have seen.
    pub in_sight: Option<f64>,
    /// Of patients who grow from surgery on.
    pub awake: Option<f64>,
    /// How many there are of each, and of patients of whom nothing grows.
    pub counts: [usize; 4],
}

/// A patient who grows: the day of the third result, whether it began after surgery, molecules to be expected in the draws.
struct Grew<'a> {
    one: &'a Watched<'a>,
    day: Day,
    slept: bool,
    expected: f64,
}

impl Growth {
    pub(super) fn of(engine: &Engine, watched: &[Watched]) -> Growth {
        let grew: Vec<Grew> = watched.iter().filter_map(Grew::of).collect();
        if grew.is_empty() {
            return Growth::default();
        }
        // each of the others is asked on the day of one who grew, in turn, if watched then
        let others = watched.iter().enumerate().filter_map(|(place, one)| {
            let day = grew[place % grew.len()].day;
            let still = one.truth.began.is_none_or(|began| one.case.day_of(began) > day);
            (still && day < one.until).then_some((one, day))
        });
        let still: Vec<(&Watched, Day)> = others.collect();
        let mut low = said(engine, &still);
        low.sort_by(f64::total_cmp);
        let of = |which: &dyn Fn(&Grew) -> bool| {
            let asked: Vec<(&Watched, Day)> = grew.iter().filter(|g| which(g)).map(|g| (g.one, g.day)).collect();
            (area(&said(engine, &asked), &low), asked.len())
        };
        let reawakened = of(&|grew| grew.slept);
        let in_sight = of(&|grew| grew.slept && grew.expected >= 1.0);
        let awake = of(&|grew| !grew.slept);
        Growth {
            reawakened: reawakened.0,
            in_sight: in_sight.0,
            awake: awake.0,
            counts: [reawakened.1, in_sight.1, awake.1, still.len()],
        }
    }
}

fn said(engine: &Engine, asked: &[(&Watched, Day)]) -> Vec<f64> {
    let one = |(one, day): &(&Watched, Day)| engine.follow(one.case).on(*day).regimes.grows();
    asked.par_iter().map(one).collect()
}

impl<'a> Grew<'a> {
    /// `None` where the third draw was not reported before the end of the watch.
    fn of(one: &'a Watched<'a>) -> Option<Grew<'a>> {
        let began = one.case.day_of(one.truth.began?);
        let draws = one.case.signals.iter().filter_map(|s| match s.what {
            What::Molecules { examined, .. } if s.on >= began.max(0) => Some((s.on, s.known.from.max(s.on), examined)),
            _ => None,
        });
        let mut draws: Vec<(Day, Day, f64)> = draws.collect();
        draws.dedup_by_key(|(on, ..)| *on);
        let first = draws.get(..DRAWS)?;
        let day = first.iter().map(|(_, known, _)| *known).max()?;
        let expected = first.iter().map(|(on, _, examined)| examined * one.fraction(*on)).sum();
        (day < one.until).then_some(Grew {
            one,
            day,
            slept: began > 0,
            expected,
        })
    }
}

impl Watched<'_> {
    /// The mutant fraction on the day of the truth that is nearest.
    fn fraction(&self, day: Day) -> f64 {
        let nearest = self
            .truth
            .days
            .iter()
            .min_by_key(|truth| (self.case.day_of(truth.on) - day).abs());
        nearest.and_then(|truth| truth.level).map_or(0.0, f64::exp)
    }
}

/// Mann-Whitney, `low` ascending: the share of pairs in the right order, ties counting half. `None` without a pair.
fn area(high: &[f64], low: &[f64]) -> Option<f64> {
    let won = |value: &f64| {
        let below = low.partition_point(|other| other < value);
        let not_above = low.partition_point(|other| other <= value);
        0.5 * (below + not_above) as f64
    };
    let pairs = (high.len() * low.len()) as f64;
    (pairs > 0.0).then(|| high.iter().map(won).sum::<f64>() / pairs)
}

#[cfg(test)]
mod tests {
    use super::area;

    #[test]
    fn pairs_in_order_count_one_and_ties_a_half() {
        assert_eq!(area(&[0.9, 0.5], &[0.1, 0.5]), Some(0.875));
        assert_eq!(area(&[0.1], &[0.2]), Some(0.0));
        assert_eq!(area(&[], &[0.2]), None);
    }
}
