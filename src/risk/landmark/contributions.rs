//! How a risk came about: what each fact adds on the straight way from the average patient of the fit to this one, so that the parts add up.
//! Aumann & Shapley, Values of Non-Atomic Games, 1974; Sundararajan, Taly & Yan, ICML 2017.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::regression::CAUSES;
use super::trees::filled;
use super::{Hazards, MAIN, Model, WINDOWS};

/// In probability, a whole number of thousandths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    pub label: String,
    pub value: String,
    pub effect: f64,
}

/// A risk is shown to a tenth of a per cent; so are its parts.
const STEP: f64 = 1000.0;
/// Stations on the way.
const STATIONS: usize = 16;
/// Of a log hazard, for a slope.
const NUDGE: f64 = 1e-4;

impl Model {
    /// What each label adds to the log hazards of a row, beyond the average patient's.
    pub(super) fn parts(&self, raw: &[f64], x: &[f64]) -> Vec<Hazards> {
        let mut parts = vec![[[0.0; WINDOWS]; CAUSES]; self.schema.labels.len()];
        let weights = &self.learned.blend.weights;
        for (j, source) in self.basis.source.iter().enumerate() {
            let part = &mut parts[self.schema.columns[*source].label];
            for (cause, regression) in self.learned.regressions.iter().enumerate() {
                for k in 0..WINDOWS {
                    let share = if cause == 0 { weights[[k, 1]] } else { 1.0 };
                    part[cause][k] += share * regression.mean[[k, j + 1]] * x[j];
                }
            }
        }
        for (place, column) in self.learned.mechanism.iter().enumerate() {
            let usual = self.reference.usual[*column].unwrap_or(0.0);
            parts[self.schema.columns[*column].label][0][place] += weights[[place, 3]] * (raw[*column] - usual);
        }
        for (part, moved) in parts.iter_mut().zip(self.moved_trees(raw)) {
            for k in 0..WINDOWS {
                part[0][k] += weights[[k, 2]] * moved;
            }
        }
        parts
    }

    /// What each label adds to the trees' log hazard ratio: from the usual row to this one label by label, once from the first to the last
    /// and once back, the mean of both.
    fn moved_trees(&self, raw: &[f64]) -> Vec<f64> {
        let labels = self.schema.labels.len();
        let Some(trees) = self.trees() else {
            return vec![0.0; labels];
        };
        let here = |label: usize, row: usize| {
            if row <= labels {
                label < row
            } else {
                label >= 2 * labels + 1 - row
            }
        };
        let rows = Array2::from_shape_fn((2 * labels + 2, raw.len()), |(row, j)| {
            let own = here(self.schema.columns[j].label, row);
            filled(if own {
                raw[j]
            } else {
                self.reference.usual[j].unwrap_or(f64::NAN)
            })
        });
        let scores = trees.mean(&rows);
        (0..labels)
            .map(|label| {
                let back = 2 * labels + 1 - label;
                0.5 * (scores[label + 1] - scores[label] + scores[back] - scores[back - 1])
            })
            .collect()
    }

    /// The risk at the main horizon of the average patient, and what each label adds to it: together the risk at `at`.
    pub(super) fn effects(&self, at: &Hazards, parts: &[Hazards]) -> (f64, Vec<f64>) {
        let risk = |hazards: &Hazards| self.risks(hazards)[0][MAIN];
        let mut from = *at;
        for part in parts {
            add(&mut from, part, -1.0);
        }
        let mut effects = vec![0.0; parts.len()];
        for station in 0..STATIONS {
            let share = (station as f64 + 0.5) / STATIONS as f64;
            let mut here = from;
            for part in parts {
                add(&mut here, part, share);
            }
            for cause in 0..CAUSES {
                for k in 0..=MAIN {
                    let (mut up, mut down) = (here, here);
                    up[cause][k] += NUDGE;
                    down[cause][k] -= NUDGE;
                    let slope = (risk(&up) - risk(&down)) / (2.0 * NUDGE) / STATIONS as f64;
                    for (effect, part) in effects.iter_mut().zip(parts) {
                        *effect += slope * part[cause][k];
                    }
                }
            }
        }
        let (start, end) = (risk(&from), risk(at));
        spread(&mut effects, end - start);
        (start, effects)
    }
}

fn add(hazards: &mut Hazards, part: &Hazards, times: f64) {
    for (own, part) in hazards.iter_mut().flatten().zip(part.iter().flatten()) {
        *own += times * part;
    }
}

/// What the stations missed goes to the parts by their size.
fn spread(effects: &mut [f64], whole: f64) {
    let missed = whole - effects.iter().sum::<f64>();
    let size: f64 = effects.iter().map(|effect| effect.abs()).sum();
    if size > 0.0 {
        effects
            .iter_mut()
            .for_each(|effect| *effect += missed * effect.abs() / size);
    }
}

/// Rounds to tenths of a per cent so that the parts still make up the whole: what rounding takes goes to those nearest the next step.
/// The average patient first, then the largest first; parts that round to nothing stay, at the end.
pub(super) fn rounded(whole: f64, parts: Vec<(String, String, f64)>) -> Vec<Contribution> {
    let target = (whole * STEP).round() as i64;
    let mut steps: Vec<i64> = parts.iter().map(|part| (part.2 * STEP).floor() as i64).collect();
    let rest = |i: usize| parts[i].2 * STEP - (parts[i].2 * STEP).floor();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| rest(*b).total_cmp(&rest(*a)));
    let short = usize::try_from(target - steps.iter().sum::<i64>()).unwrap_or(0);
    for i in order.into_iter().cycle().take(short) {
        steps[i] += 1;
    }
    let mut all: Vec<Contribution> = parts
        .into_iter()
        .zip(steps)
        .map(|((label, value, _), step)| Contribution {
            label,
            value,
            effect: step as f64 / STEP,
        })
        .collect();
    if let Some(facts) = all.get_mut(1..) {
        facts.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    }
    all
}
