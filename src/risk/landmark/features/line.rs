//! Columns of the burden line, on scales on which its parts add up.

use crate::burden::line::HORIZONS;
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

fn logit(p: f64) -> f64 {
    let p = p.clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

pub(super) fn fill(line: Option<&Line>, day: Day, out: &mut Vec<f64>) {
    let Some(line) = line else {
        out.extend([f64::NAN; NAMES.len()]);
        return;
    };
    let regimes = &line.regimes;
    let doublings = line.doubling_days.map_or(f64::NAN, |days| YEAR / days.mean.max(1.0));
    let began = line
        .began
        .map_or(f64::NAN, |began| (f64::from(day) - began.mean).max(0.0).sqrt());
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
    out.extend(in_windows(line.forecast));
    out.extend(in_windows(line.forecast_unread));
}

/// Log of the yearly hazard in each window that makes up the risks at their ends; not known where one of these is not.
fn in_windows(risks: [f64; 3]) -> [f64; 3] {
    if risks.iter().any(|risk| risk.is_nan()) {
        return [f64::NAN; 3];
    }
    let mut before = 0.0;
    let mut start = 0;
    let mut hazards = [0.0; 3];
    for ((hazard, risk), end) in hazards.iter_mut().zip(risks).zip(HORIZONS) {
        let cumulative = -(-risk.clamp(EDGE, 1.0 - EDGE)).ln_1p();
        *hazard = ((cumulative - before).max(EDGE) * YEAR / f64::from(end - start)).ln();
        (before, start) = (cumulative.max(before), end);
    }
    hazards
}

/// Whether the mechanism says it itself: such a column is hardly held back.
pub fn is_forecast(name: &str) -> bool {
    name.starts_with("burden forecast")
}
