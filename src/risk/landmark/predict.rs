//! From a row to risks: hazards of both causes, their incidence, and what the parts of the fit make of the same row.

use super::regression::{CAUSES, Regression};
use super::windows::{incidence, lengths};
use super::{Hazards, Model, WINDOWS};

/// Risks of relapse, and of death without it, at the ends of the windows.
pub type Risks = [[f64; WINDOWS]; CAUSES];

fn of_row(coefficients: &super::hazard::Coefficients, x: &[f64]) -> [f64; WINDOWS] {
    let mut logs = [0.0; WINDOWS];
    for (log, own) in logs.iter_mut().zip(coefficients.rows()) {
        *log = own[0] + own.iter().skip(1).zip(x).map(|(b, x)| b * x).sum::<f64>();
    }
    logs
}

impl Model {
    /// Log yearly hazards of a design row, by the mean of the parts.
    pub(super) fn hazards(&self, x: &[f64]) -> Hazards {
        let of = |regression: &Regression| of_row(&regression.mean, x);
        [of(&self.regressions[0]), of(&self.regressions[1])]
    }

    /// The same by the fit that left one part of the patients out.
    pub(super) fn hazards_without(&self, part: usize, x: &[f64]) -> Hazards {
        let of = |regression: &Regression| of_row(&regression.parts[part], x);
        [of(&self.regressions[0]), of(&self.regressions[1])]
    }

    pub(super) fn risks(&self, hazards: &Hazards) -> Risks {
        let mut risks = [[0.0; WINDOWS]; CAUSES];
        let lengths = lengths(&self.settings.horizons);
        incidence(&lengths, &hazards[0], &hazards[1], |k, relapse, death| {
            risks[0][k] = relapse;
            risks[1][k] = death;
        });
        risks
    }
}
