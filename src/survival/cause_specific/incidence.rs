//! The way of one row through the steps of two hazards.

use ndarray::{Array1, ArrayView1};

use super::CauseSpecific;
use crate::survival::Error;

/// The steps of both baselines in a window, merged in time; `places` are the steps in each baseline.
pub(super) struct Window {
    hazard: Vec<[f64; 2]>,
    place: Vec<[Option<usize>; 2]>,
}

/// One step of one row: hazards of the two causes, and the chance to be free just before.
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
    pub(super) fn window(&self, from: f64, to: f64) -> Result<Window, Error> {
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
        let models = [&self.first, &self.second];
        let mut next = models.map(|model| model.baseline().steps_until(from));
        let end = models.map(|model| model.baseline().steps_until(to));
        let (mut hazard, mut places) = (vec![], vec![]);
        while next[0] < end[0] || next[1] < end[1] {
            let time = |k: usize| (next[k] < end[k]).then(|| models[k].baseline().times[next[k]]);
            let now = time(0).unwrap_or(f64::INFINITY).min(time(1).unwrap_or(f64::INFINITY));
            let place = [0, 1].map(|k| (time(k) == Some(now)).then_some(next[k]));
            hazard.push([0, 1].map(|k| place[k].map_or(0.0, |i| models[k].baseline().hazard[i])));
            places.push(place);
            for k in 0..2 {
                next[k] += usize::from(place[k].is_some());
            }
        }
        Ok(Window { hazard, place: places })
    }

    pub(super) fn path(&self, row: ArrayView1<f64>, from: f64, to: f64) -> Result<Path, Error> {
        let window = self.window(from, to)?;
        Ok(window.path(self.predictors(row)?))
    }

    pub(super) fn predictors(&self, row: ArrayView1<f64>) -> Result<[f64; 2], Error> {
        Ok([self.first.centred_predictor(row)?, self.second.centred_predictor(row)?])
    }
}

impl Window {
    pub fn path(&self, predictors: [f64; 2]) -> Path {
        // A ratio of e^500 is a certainty in any unit; the bound keeps products finite.
        let ratio = predictors.map(|eta| eta.clamp(-500.0, 500.0).exp());
        let mut free = 1.0;
        let step = |(base, place): (&[f64; 2], &[Option<usize>; 2])| {
            let step = Step {
                hazard: [base[0] * ratio[0], base[1] * ratio[1]],
                place: *place,
                free,
            };
            free *= (-step.total()).exp();
            step
        };
        let steps = self.hazard.iter().zip(&self.place).map(step).collect();
        Path { steps, ratio }
    }
}

impl Path {
    fn taken(&self, cause: usize) -> f64 {
        let step = |sum: f64, s: &Step| sum + s.free * s.hazard[cause] * share(s.total());
        self.steps.iter().fold(0.0, step).clamp(0.0, 1.0)
    }

    pub fn first(&self) -> f64 {
        self.taken(0)
    }

    pub fn second(&self) -> f64 {
        self.taken(1)
    }

    /// Visits the steps back in time with the derivative of the first chance by each cause's hazard. `later` is the chance of
    /// cause 1 for somebody still free after the step, so a derivative is what the step takes more, less what it leaves for later.
    fn slopes(&self, mut visit: impl FnMut(usize, usize, f64)) {
        let mut later = 0.0;
        for (place, step) in self.steps.iter().enumerate().rev() {
            let h = step.total();
            let stays = (-h).exp();
            for cause in 0..2 {
                let own = if cause == 0 { share(h) } else { 0.0 };
                let slope = step.free * (own + step.hazard[0] * share_slope(h) - stays * later);
                visit(place, cause, slope);
            }
            later = step.hazard[0] * share(h) + stays * later;
        }
    }

    /// Derivatives of the first chance by the two linear predictors.
    pub fn predictor_slopes(&self) -> [f64; 2] {
        let mut sums = [0.0, 0.0];
        self.slopes(|place, cause, slope| sums[cause] += slope * self.steps[place].hazard[cause]);
        sums
    }

    pub fn variance_of_first(&self, pair: &CauseSpecific, row: ArrayView1<f64>) -> f64 {
        let models = [&pair.first, &pair.second];
        let mut variance = 0.0;
        let mut lever = [Array1::<f64>::zeros(row.len()), Array1::<f64>::zeros(row.len())];
        self.slopes(|at, cause, slope| {
            let step = &self.steps[at];
            let Some(place) = step.place[cause] else { return };
            let model = models[cause];
            variance += model.baseline().variance[place] * (slope * self.ratio[cause]).powi(2);
            for (j, l) in lever[cause].iter_mut().enumerate() {
                let distance = row[j] - model.means[j] - model.baseline().risk_set_mean[[place, j]];
                *l += slope * step.hazard[cause] * distance;
            }
        });
        for (model, lever) in models.iter().zip(&lever) {
            variance += lever.dot(&model.covariance.dot(lever));
        }
        variance
    }
}
