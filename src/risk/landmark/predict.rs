//! From a row to risks: hazards of both causes, their incidence, and what the parts of the fit make of the same row.

use linfa::prelude::Predict;
use ndarray::Array2;

use super::blend::Family;
use super::regression::{CAUSES, Regression};
use super::trees::{Trees, filled};
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

/// What the other families say of a row: the trees' log hazard ratio, the mechanism's log hazards.
#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    trees: f64,
    mechanism: [f64; WINDOWS],
}

impl Model {
    /// Raw columns as trees take them: one row.
    pub(super) fn filled(&self, raw: &[f64]) -> Array2<f64> {
        Array2::from_shape_fn((1, raw.len()), |(_, j)| filled(raw[j]))
    }

    pub(super) fn mechanism(&self, raw: &[f64]) -> [f64; WINDOWS] {
        let mut own = [0.0; WINDOWS];
        for (own, column) in own.iter_mut().zip(&self.learned.mechanism) {
            *own = raw[*column];
        }
        own
    }

    /// The trees, where the blend uses them.
    pub(super) fn trees(&self) -> Option<&Trees> {
        self.learned
            .trees
            .as_ref()
            .filter(|_| self.learned.blend.uses(Family::Trees))
    }

    /// Log yearly hazards of a row, by the mean of the parts.
    pub(super) fn hazards(&self, raw: &[f64], x: &[f64]) -> Hazards {
        let rest = Rest {
            trees: self.trees().map_or(0.0, |trees| trees.mean(&self.filled(raw))[0]),
            mechanism: self.mechanism(raw),
        };
        let of = |regression: &Regression| of_row(&regression.mean, x);
        [
            self.blended(of(&self.learned.regressions[0]), &rest),
            of(&self.learned.regressions[1]),
        ]
    }

    /// The same by the fit that left one part of the patients out; `row`: the raw one as trees take it.
    pub(super) fn hazards_without(
        &self,
        part: usize,
        row: &Array2<f64>,
        mechanism: [f64; WINDOWS],
        x: &[f64],
    ) -> Hazards {
        let rest = Rest {
            trees: self.trees().map_or(0.0, |trees| trees.parts[part].predict(row)[0]),
            mechanism,
        };
        let of = |regression: &Regression| of_row(&regression.parts[part], x);
        [
            self.blended(of(&self.learned.regressions[0]), &rest),
            of(&self.learned.regressions[1]),
        ]
    }

    fn blended(&self, eta: [f64; WINDOWS], rest: &Rest) -> [f64; WINDOWS] {
        let weights = &self.learned.blend.weights;
        let mut logs = [0.0; WINDOWS];
        for (k, log) in logs.iter_mut().enumerate() {
            *log = weights[[k, 0]]
                + weights[[k, 1]] * eta[k]
                + weights[[k, 2]] * rest.trees
                + weights[[k, 3]] * rest.mechanism[k];
        }
        logs
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
