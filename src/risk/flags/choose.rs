//! Which alert score: chosen on past data at equal load, and only away from the standard where the gain is more than chance.

use rayon::prelude::*;

use super::Error;
use super::alert::AlertScore;
use super::figures::Figures;
use super::life::{Mark, Terms, raised};
use super::series::{Series, Watch};
use super::threshold::exact;
use crate::burden::case::Day;

const FOLDS: usize = 10;
/// With fewer relapses than this the standard is taken.
const FEWEST_RELAPSES: usize = 100;
/// A gain of fewer standard errors is taken for chance: one of half a dozen candidates, judged by ten tenths, passes three of them once in
/// some twenty times by luck (two of them once in five).
const SURE: f64 = 3.0;

/// The days that matter of one patient, under one score.
pub(super) fn marks(series: &Series, score: &AlertScore, terms: &Terms) -> Vec<Mark> {
    let marks = series
        .watched()
        .filter_map(|point| Some(Mark::of(point, score.of(point)?, terms)));
    marks.collect()
}

/// Sensitivity, early sensitivity, PPV within 12 and within 24 months, in the mean: at equal load each is a share to be large.
/// `None` where one of them can't be told.
fn merit(figures: &Figures) -> Option<f64> {
    let shares = [
        figures.sensitivity()?,
        figures.early_sensitivity()?,
        figures.ppv12?,
        figures.ppv24?,
    ];
    Some(shares.iter().sum::<f64>() / 4.0)
}

struct Tried {
    whole: Option<f64>,
    folds: Vec<Option<f64>>,
}

fn try_out(past: &[Series], score: &AlertScore, years: f64, rates: &[f64], terms: &Terms) -> Tried {
    let days: Vec<Vec<Mark>> = past.par_iter().map(|series| marks(series, score, terms)).collect();
    let exact = exact(&days, years, rates, terms);
    let at = exact.iter().map(|exact| merits(past, &days, exact.raise, terms));
    let all: Vec<Vec<Option<f64>>> = at.collect();
    let mean = |place: usize| all.iter().map(|merits| merits[place]).sum::<Option<f64>>();
    let share = |sum: f64| sum / rates.len() as f64;
    Tried {
        whole: mean(FOLDS).map(share),
        folds: (0..FOLDS).map(|fold| mean(fold).map(share)).collect(),
    }
}

/// The merit of a threshold in each tenth of the patients, and last in all.
fn merits(past: &[Series], days: &[Vec<Mark>], raise: f64, terms: &Terms) -> Vec<Option<f64>> {
    let of = |(series, days): (&Series, &Vec<Mark>)| {
        let flags = raised(days, raise, terms).map(|mark| mark.day);
        (series.watch, flags.collect())
    };
    let flags: Vec<(Watch, Vec<Day>)> = past.par_iter().zip(days).map(of).collect();
    let among = |belongs: &dyn Fn(usize) -> bool| {
        let members = (0..flags.len()).filter(|i| belongs(*i));
        merit(&Figures::of(members.map(|i| (flags[i].0, flags[i].1.as_slice()))))
    };
    let folds = (0..FOLDS).map(|fold| among(&|i| i % FOLDS == fold));
    folds.chain([among(&|_| true)]).collect()
}

/// The candidate of the greatest merit in the mean over the rates, if it beats the first one by more than `SURE` standard errors of the
/// difference over ten tenths of the patients; else the first. Errors: `NoScore` without candidates.
pub(super) fn choose(
    past: &[Series],
    candidates: &[AlertScore],
    rates: &[f64],
    terms: &Terms,
) -> Result<AlertScore, Error> {
    let standard = *candidates.first().ok_or(Error::NoScore)?;
    let relapses = past.iter().filter(|series| series.watch.relapse().is_some()).count();
    if relapses < FEWEST_RELAPSES || candidates.len() == 1 {
        return Ok(standard);
    }
    let years = past.iter().map(|series| series.watch.years()).sum();
    let first = try_out(past, &standard, years, rates, terms);
    let mut best = (0.0, standard);
    for candidate in &candidates[1..] {
        let other = try_out(past, candidate, years, rates, terms);
        if let Some(gain) = gain(&first, &other).filter(|gain| *gain > best.0) {
            best = (gain, *candidate);
        }
    }
    Ok(best.1)
}

/// The gain in merit, where it is more than chance; `None` where a fold says nothing, too.
fn gain(first: &Tried, other: &Tried) -> Option<f64> {
    let pairs = other.folds.iter().zip(&first.folds);
    let differences: Vec<f64> = pairs.map(|(a, b)| Some((*a)? - (*b)?)).collect::<Option<_>>()?;
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let gain = other.whole? - first.whole?;
    (gain > SURE * (variance / n).sqrt()).then_some(gain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_within_three_standard_errors_is_chance() {
        let tried = |whole: f64, apart: f64| Tried {
            whole: Some(whole),
            folds: (0..FOLDS)
                .map(|fold| Some(whole + if fold % 2 == 0 { apart } else { -apart }))
                .collect(),
        };
        // the standard error of the mean of ten differences of +-0.03 is 0.01
        let standard = tried(0.5, 0.0);
        assert_eq!(gain(&standard, &tried(0.525, 0.03)), None);
        assert!(gain(&standard, &tried(0.535, 0.03)).is_some_and(|gain| (gain - 0.035).abs() < 1e-12));
        let mut silent = tried(0.9, 0.0);
        silent.folds[3] = None;
        assert_eq!(gain(&standard, &silent), None);
    }
}
