//! The way of one row through the steps of two hazards.

use ndarray::{Array1, ArrayView1};

use super::CauseSpecific;
use crate::survival::{CoxModel, Error};

/// One step: hazards of the two causes, and the chance to be free just before. `places` are the steps in each baseline.
struct Step {
    hazard: [f64; 2],
    place: [Option<usize>; 2],
    free: f64,
}

pub(super) struct Path {
    steps: Vec<Step>,
    ratio: [f64; 2],
}

/// Of those free before a step with total hazard `h`, the share a cause takes for each unit of its own hazard: (1 - e^-h)/h.
fn share(h: f64) -> f64 {
    if h < 1e-12 { 1.0 - 0.5 * h } else { -(-h).exp_m1() / h }
}

/// The derivative of `share`.
fn share_slope(h: f64) -> f64 {
    if h < 1e-4 {
        -0.5 + h / 3.0 - h * h / 8.0
    } else {
        ((-h).exp() * (h + 1.0) - 1.0) / (h * h)
    }
}

impl Step {
    fn total(&self) -> f64 {
        self.hazard[0] + self.hazard[1]
    }
}

impl CauseSpecific {
    pub(super) fn path(&self, row: ArrayView1<f64>, from: f64, to: f64) -> Result<Path, Error> {
        for time in [from, to] {
            if !time.is_finite() {
                return Err(Error::NotATime(time));
            }
        }
        if to < from {
            return Err(Error::Parameter {
                name: "the end of a window before its start",
                value: to,
            });
        }
        if to > self.followed_to() {
            return Err(Error::BeyondFollowUp {
                asked: to,
                followed: self.followed_to(),
            });
        }
        // A ratio of e^500 is a certainty in any unit; the bound keeps products finite.
        let ratio = |model: &CoxModel| Ok::<f64, Error>(model.centred_predictor(row)?.clamp(-500.0, 500.0).exp());
        let ratio = [ratio(&self.first)?, ratio(&self.second)?];
        let models = [&self.first, &self.second];
        let mut next = models.map(|model| model.steps_until(from));
        let end = models.map(|model| model.steps_until(to));
        let mut steps = Vec::with_capacity(end[0] - next[0] + end[1] - next[1]);
        let mut free = 1.0;
        while next[0] < end[0] || next[1] < end[1] {
            let time = |k: usize| (next[k] < end[k]).then(|| models[k].baseline.times[next[k]]);
            let now = time(0).unwrap_or(f64::INFINITY).min(time(1).unwrap_or(f64::INFINITY));
            let place = [0, 1].map(|k| (time(k) == Some(now)).then_some(next[k]));
            let hazard = [0, 1].map(|k| place[k].map_or(0.0, |i| models[k].baseline.hazard[i] * ratio[k]));
            let step = Step { hazard, place, free };
            free *= (-step.total()).exp();
            steps.push(step);
            for k in 0..2 {
                next[k] += usize::from(place[k].is_some());
            }
        }
        Ok(Path { steps, ratio })
    }
}

impl Path {
    fn taken(&self, cause: usize) -> f64 {
        let taken: f64 = self
            .steps
            .iter()
            .map(|s| s.free * s.hazard[cause] * share(s.total()))
            .sum();
        taken.clamp(0.0, 1.0)
    }

    pub fn first(&self) -> f64 {
        self.taken(0)
    }

    pub fn second(&self) -> f64 {
        self.taken(1)
    }

    /// Delta method. Going back in time, `later` is the chance of cause 1 for somebody still free after the step, so the
    /// derivative by a step's hazard is what the step itself takes more, less what it leaves for later.
    pub fn variance_of_first(&self, pair: &CauseSpecific, row: ArrayView1<f64>) -> f64 {
        let models = [&pair.first, &pair.second];
        let mut later = 0.0;
        let mut variance = 0.0;
        let mut lever = [Array1::<f64>::zeros(row.len()), Array1::<f64>::zeros(row.len())];
        for step in self.steps.iter().rev() {
            let h = step.total();
            let stays = (-h).exp();
            for k in 0..2 {
                let Some(place) = step.place[k] else { continue };
                let own = if k == 0 { share(h) } else { 0.0 };
                let slope = step.free * (own + step.hazard[0] * share_slope(h) - stays * later);
                let model = models[k];
                variance += model.baseline.variance[place] * (slope * self.ratio[k]).powi(2);
                for (j, l) in lever[k].iter_mut().enumerate() {
                    let distance = row[j] - model.means[j] - model.baseline.risk_set_mean[[place, j]];
                    *l += slope * step.hazard[k] * distance;
                }
            }
            later = step.hazard[0] * share(h) + stays * later;
        }
        for (model, lever) in models.iter().zip(&lever) {
            variance += lever.dot(&model.covariance.dot(lever));
        }
        variance
    }
}
