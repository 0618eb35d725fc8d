//! From a budget to a threshold: exact on past data, for many budgets from one pass over the patients.

use rayon::prelude::*;

use super::life::{Mark, Terms, raised};

/// Flags per 100 patient-years of so many flags; 0 without time at risk.
pub(super) fn load(flags: usize, years: f64) -> f64 {
    if years > 0.0 { 100.0 * flags as f64 / years } else { 0.0 }
}

/// A threshold and the flags that it raises on past data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exact {
    pub raise: f64,
    pub flags: usize,
}

/// For each rate (flags per 100 patient-years, in any order) the lowest threshold such that no threshold from there up raises more.
///
/// The number of first flags is the number of patients whose highest score reaches the threshold, so the sorted highest scores bound
/// it from below. Re-raised flags are counted between there and the top: a patient's number of flags is a step function of the
/// threshold that moves only at the patient's own scores and at scores / ratio. Both are exact, ties included. The threshold is put
/// half way to the next score at which a further flag would be raised.
pub(super) fn exact(patients: &[Vec<Mark>], years: f64, rates: &[f64], terms: &Terms) -> Vec<Exact> {
    let mut tops: Vec<f64> = patients
        .par_iter()
        .filter_map(|days| days.iter().map(Mark::top).max_by(f64::total_cmp))
        .collect();
    tops.par_sort_unstable_by(|a, b| b.total_cmp(a));
    let most = rates.iter().copied().fold(0.0, f64::max);
    // the number of first flags within the largest budget, and the highest score at which they are too many
    let within = first_flags_within(&tops, years, most);
    let floor = tops.get(within).copied().unwrap_or(0.0);
    let steps = steps(patients, floor, terms);
    rates
        .iter()
        .map(|rate| {
            lowest(&steps, floor, tops.first().copied(), |flags| {
                load(flags, years) <= *rate
            })
        })
        .collect()
}

/// How many of the highest scores, in falling order, may be flagged: whole groups of ties only.
fn first_flags_within(tops: &[f64], years: f64, rate: f64) -> usize {
    let mut fit = tops.len();
    while fit > 0 && !(years > 0.0 && load(fit, years) <= rate) {
        let score = tops[fit - 1];
        fit = tops.partition_point(|top| *top > score);
    }
    fit
}

/// All changes of the total number of flags above `floor`: the threshold at and below which it holds, and by how much. Falling order.
fn steps(patients: &[Vec<Mark>], floor: f64, terms: &Terms) -> Vec<(f64, i64)> {
    let of = |days: &Vec<Mark>| -> Vec<(f64, i64)> {
        let top = days.iter().map(Mark::top).fold(0.0, f64::max);
        if top <= floor {
            return vec![];
        }
        let both = days.iter().flat_map(|m| [m.top(), m.lower_bound(&terms.hysteresis)]);
        let mut at: Vec<f64> = both.filter(|at| *at > floor && *at <= top).collect();
        at.sort_unstable_by(|a, b| b.total_cmp(a));
        at.dedup();
        let mut before = 0;
        let counted = at.into_iter().map(|at| {
            let now = raised(days, at, terms).count() as i64;
            let step = (at, now - before);
            before = now;
            step
        });
        counted.filter(|(_, change)| *change != 0).collect()
    };
    let mut all: Vec<(f64, i64)> = patients.par_iter().flat_map_iter(of).collect();
    all.par_sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    all
}

/// Above every score.
const ABOVE_ALL: f64 = 1.0 + f64::EPSILON;

fn lowest(steps: &[(f64, i64)], floor: f64, top: Option<f64>, fits: impl Fn(usize) -> bool) -> Exact {
    let (mut flags, mut lowest, mut next) = (0_i64, None, None);
    let mut rest = steps;
    while let Some((at, _)) = rest.first().copied() {
        let ties = rest.partition_point(|(other, _)| *other == at);
        let then = flags + rest[..ties].iter().map(|(_, change)| change).sum::<i64>();
        if !fits(usize::try_from(then).unwrap_or(0)) {
            next = Some(at);
            break;
        }
        (flags, lowest, rest) = (then, Some(at), &rest[ties..]);
    }
    let below = next.unwrap_or(floor);
    // where not even the highest fits, the threshold lies above it; a rise of ctDNA, which is flagged whatever the score, lies above all scores
    let above = match lowest {
        Some(lowest) => lowest.min(ABOVE_ALL),
        None => top.map_or(1.0, |top| top.next_up().max(1.0)),
    };
    let middle = 0.5 * (above + below);
    let raise = if middle > below && middle < above {
        middle
    } else {
        above
    };
    Exact {
        // above every score where the trend rule alone spends the budget
        raise: raise.min(ABOVE_ALL),
        flags: usize::try_from(flags).unwrap_or(0),
    }
}

/// So many flags of past data weigh as much as the default; ten times as many leave it a hundredth.
const DEFAULT_WEIGHS: f64 = 20.0;

/// The threshold on the standard score where nothing is known of the registry: the odds fall with the budget as they do in synthetic
/// cohorts of breast and bowel cancer (`docs/flags.md`).
pub fn default_threshold(rate: f64) -> f64 {
    let logit = DEFAULT_AT_4 - DEFAULT_SLOPE * (rate / 4.0).ln();
    1.0 / (1.0 + (-logit).exp())
}

/// Logit of the default threshold at 4 alerts per 100 patient-years, and its fall for each e-fold of the budget.
const DEFAULT_AT_4: f64 = -1.55;
const DEFAULT_SLOPE: f64 = 2.0;

/// The exact threshold drawn towards the default in logits, the more so the fewer flags the budget allows in past data, and only
/// upwards: a small registry may be too careful and is never above its budget.
pub(super) fn drawn(exact: f64, rate: f64, years: f64) -> f64 {
    let allowed = rate * years.max(0.0) / 100.0;
    let weight = allowed.powi(2) / (allowed.powi(2) + DEFAULT_WEIGHS.powi(2));
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let (own, default) = (logit(exact.clamp(1e-9, 1.0 - 1e-9)), logit(default_threshold(rate)));
    if years <= 0.0 {
        return default_threshold(rate);
    }
    if default <= own {
        return exact;
    }
    let drawn = weight * own + (1.0 - weight) * default;
    (1.0 / (1.0 + (-drawn).exp())).max(exact)
}
