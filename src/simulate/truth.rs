//! What was true on a day, for those who measure how well it is recovered.

use super::disease::{Disease, Regime};
use super::groups::Organ;
use super::patient::Patient;

pub(super) struct Truth {
    /// `None` without living tumour: the logarithm of nothing.
    pub(super) ln_fraction: Option<f64>,
    pub(super) regime: Regime,
    pub(super) growth: f64,
}

pub(super) fn on(disease: &Disease, day: i32) -> Truth {
    let day = f64::from(day);
    let fraction = disease.fraction(day);
    Truth {
        ln_fraction: (fraction > 0.0).then(|| fraction.ln()),
        regime: disease.regime(day),
        growth: disease.growth(day),
    }
}

/// Every 30 days from surgery to the end of follow-up, and the days of visits, each once.
pub(super) fn days(patient: &Patient) -> Vec<i32> {
    let last = patient.course.outcome.last_day;
    let visits = patient
        .course
        .visits
        .iter()
        .map(|v| v.day)
        .filter(|day| (0..=last).contains(day));
    let mut days: Vec<i32> = (0..=last).step_by(30).chain(visits).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// Of the relapse, or else of the first deposit that grows, or of the first one.
pub(super) fn organ(patient: &Patient) -> Option<Organ> {
    let found = patient.course.outcome.relapse.map(|r| r.organ);
    let first = patient
        .disease
        .deposits
        .iter()
        .min_by(|a, b| a.wakes.total_cmp(&b.wakes));
    found.or(first.map(|d| d.organ))
}
