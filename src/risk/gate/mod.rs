//! The gate that a night's model must pass: how good it was on landmarks it had not seen, for whom, on what inputs; and what follows.

mod decision;
mod drift;
mod measures;
mod subgroups;
#[cfg(test)]
mod tests;

pub use decision::{Decision, Verdict, decide};
pub use drift::{Drift, index};
pub use measures::Measures;
pub use subgroups::Subgroup;

use serde::{Deserialize, Serialize};

use crate::burden::Case;
use crate::burden::case::Day;
use crate::domain::id::PatientRef;
use crate::risk::landmark::{Held, WINDOWS};
use crate::survival::FollowUp;

/// What the validation showed. It is measured, never typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Landmarks judged, patients among them, patients who then relapsed.
    pub landmarks: usize,
    pub patients: usize,
    pub relapsed: usize,
    /// One a horizon that was reached.
    pub horizons: Vec<Measures>,
    pub subgroups: Vec<Subgroup>,
    /// The largest first.
    pub drift: Vec<Drift>,
}

impl Report {
    /// `None` where the horizon was not reached with a relapse before it.
    pub fn at(&self, horizon_days: Day) -> Option<&Measures> {
        self.horizons.iter().find(|own| own.horizon_days == horizon_days)
    }
}

/// A landmark of the validation as the measures take it.
pub(super) struct Judged {
    pub case: usize,
    pub patient: PatientRef,
    pub subject: FollowUp,
    pub relapsed: bool,
    pub risks: [f64; WINDOWS],
}

/// Landmarks that stand for equally many: where patients were drawn with different chances, those drawn more surely are thinned.
pub(super) fn judged(cases: &[Case], held: &[Held], thin: impl Fn(PatientRef) -> f64) -> Vec<Judged> {
    let most = held.iter().map(|row| row.weight).fold(0.0, f64::max);
    let one = |row: &Held| {
        let patient = cases[row.case].patient;
        let kept = row.weight >= most || thin(patient) * most < row.weight;
        let subject = FollowUp::until(f64::from(row.watched), u32::from(row.event)).ok()?;
        kept.then_some(Judged {
            case: row.case,
            patient,
            subject,
            relapsed: row.event == 1,
            risks: row.risks,
        })
    };
    held.iter().filter_map(one).collect()
}

pub(super) fn patients<'a>(rows: impl Iterator<Item = &'a Judged>) -> usize {
    let mut all: Vec<PatientRef> = rows.map(|row| row.patient).collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

/// Measures at each horizon, calibration by subgroup at the main one (the place `main` of `horizons`), and the drift found elsewhere. `thin`
/// gives each patient a number in [0, 1) of its own.
pub fn report(
    cases: &[Case],
    held: &[Held],
    horizons: [Day; WINDOWS],
    main: usize,
    thin: impl Fn(PatientRef) -> f64,
    drift: Vec<Drift>,
) -> Report {
    let rows = judged(cases, held, thin);
    Report {
        landmarks: rows.len(),
        patients: patients(rows.iter()),
        relapsed: patients(rows.iter().filter(|row| row.relapsed)),
        horizons: (0..WINDOWS)
            .filter_map(|k| measures::at(&rows, k, horizons[k]))
            .collect(),
        subgroups: subgroups::of(cases, &rows, main, horizons[main]),
        drift,
    }
}
