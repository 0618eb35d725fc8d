//! Columns of the burden line, on scales on which its parts add up.

use crate::burden::{Line, case::Day};

pub(super) const LABEL: &str = "burden line";
pub(super) const NAMES: [&str; 16] = [
    "burden level",
    "burden level width",
    "burden slope",
    "burden slope width",
    "burden cleared",
    "burden silent",
    "burden growing",
    "burden overt",
    "burden doublings a year",
    "burden days since growth began",
    "burden forecast 1",
    "burden forecast 2",
    "burden forecast 3",
    "burden unread forecast 1",
    "burden unread forecast 2",
    "burden unread forecast 3",
];

const YEAR: f64 = 365.25;
/// Probabilities are kept this far from 0 and 1.
const EDGE: f64 = 1e-6;

pub(super) fn logit(p: f64) -> f64 {
    let p = p.clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

/// Log of the cumulative hazard that a risk stands for.
pub(super) fn cloglog(p: f64) -> f64 {
    (-(-p.clamp(EDGE, 1.0 - EDGE)).ln_1p()).ln()
}

pub(super) fn fill(line: Option<&Line>, day: Day, out: &mut Vec<f64>) {
    let Some(line) = line else {
        out.extend([f64::NAN; NAMES.len()]);
        return;
    };
    let regimes = &line.regimes;
    let doublings = line.doubling_days.map_or(f64::NAN, |days| YEAR / days.mean.max(1.0));
    let began = line.began.map_or(f64::NAN, |began| (f64::from(day) - began.mean).max(0.0).sqrt());
    out.extend([
        line.level.mean,
        line.level.upper - line.level.lower,
        line.slope.mean * YEAR,
        (line.slope.upper - line.slope.lower) * YEAR,
        logit(regimes.cleared),
        logit(regimes.silent),
        logit(regimes.growing),
        logit(regimes.overt),
        doublings,
        began,
    ]);
    out.extend(line.forecast.map(cloglog));
    out.extend(line.forecast_unread.map(cloglog));
}
