//! Whether what grows is told from what does not, three draws of blood after it began.

use rayon::prelude::*;

use super::Watched;
use crate::burden::Engine;
use crate::burden::case::{Day, What};

const DRAWS: usize = 3;

/// The AUC, patients who grow, patients who do not.
pub fn auc(engine: &Engine, watched: &[Watched]) -> (Option<f64>, usize, usize) {
    let grew: Vec<(&Watched, Day)> = watched.iter().filter_map(|one| Some((one, third_result(one)?))).collect();
    if grew.is_empty() {
        return (None, 0, 0);
    }
    // each of the others is asked on the day of one who grew, in turn, if watched then
    let others = watched.iter().enumerate().filter_map(|(place, one)| {
        let day = grew[place % grew.len()].1;
        let still = one.truth.began.is_none_or(|began| one.day(began) > day);
        (still && day < one.until).then_some((one, day))
    });
    let still: Vec<(&Watched, Day)> = others.collect();
    let said = |asked: &[(&Watched, Day)]| -> Vec<f64> {
        let one = |(one, day): &(&Watched, Day)| {
            let regimes = engine.follow(one.case).on(*day).regimes;
            regimes.growing + regimes.overt
        };
        asked.par_iter().map(one).collect()
    };
    let (high, low) = (said(&grew), said(&still));
    (area(&high, low), grew.len(), still.len())
}

/// The day on which the third ctDNA draw after growth began is reported, if before the end of the watch; of patients who slept at surgery.
fn third_result(one: &Watched) -> Option<Day> {
    let began = one.day(one.truth.began?);
    let draws = one
        .case
        .signals
        .iter()
        .filter(|s| s.on >= began && matches!(s.what, What::Molecules { .. }));
    let mut days: Vec<(Day, Day)> = draws.map(|s| (s.on, s.known.from.max(s.on))).collect();
    days.dedup_by_key(|(on, _)| *on);
    let (_, day) = *days.get(DRAWS - 1)?;
    (began > 0 && day < one.until).then_some(day)
}

/// Mann-Whitney: the share of pairs in the right order, ties counting half. `None` without a pair.
fn area(high: &[f64], mut low: Vec<f64>) -> Option<f64> {
    low.sort_by(f64::total_cmp);
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
        assert_eq!(area(&[0.9, 0.5], vec![0.1, 0.5]), Some(0.875));
        assert_eq!(area(&[0.1], vec![0.2]), Some(0.0));
        assert_eq!(area(&[], vec![0.2]), None);
    }
}
