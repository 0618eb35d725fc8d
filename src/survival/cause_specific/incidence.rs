//! The way of one row through the steps of all hazards.

use ndarray::{Array1, ArrayView1};

use super::CauseSpecific;
use crate::survival::{CoxModel, Error};

/// The steps of all baselines in a window, merged in time: one row of numbers a step, one number a cause.
pub(super) struct Window {
    causes: usize,
    pub time: Vec<f64>,
    pub hazard: Vec<f64>,
    /// The step in each baseline.
    place: Vec<Option<usize>>,
}

pub(super) struct Path<'w> {
    window: &'w Window,
    /// As in the window, for this row.
    hazard: Vec<f64>,
    /// The chance to be free just before each step.
    free: Vec<f64>,
    ratio: Vec<f64>,
}

/// Below this hazard the series of `share` is right to the last digit; most steps are.
pub(super) const SMALL: f64 = 1e-2;

/// Of those free before a step with total hazard `h`, the share a cause takes for each unit of its own hazard: (1 - e^-h)/h.
pub(super) fn share(h: f64) -> f64 {
    if h < SMALL { series(h) } else { -(-h).exp_m1() / h }
}

/// `share` of a small hazard.
pub(super) fn series(h: f64) -> f64 {
    let tail = 1.0 / 24.0 - h * (1.0 / 120.0 - h * (1.0 / 720.0));
    1.0 - h * (0.5 - h * (1.0 / 6.0 - h * tail))
}

/// The derivative of `share`.
fn share_slope(h: f64) -> f64 {
    if h < 1e-4 {
        -0.5 + h / 3.0 - h * h / 8.0
    } else {
        ((-h).exp() * (h + 1.0) - 1.0) / (h * h)
    }
}

/// A ratio of e^500 is a certainty in any unit; the bound keeps products finite.
pub(super) fn ratio(predictor: f64) -> f64 {
    predictor.clamp(-500.0, 500.0).exp()
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
        let baselines: Vec<_> = self.models.iter().map(CoxModel::baseline).collect();
        let mut next: Vec<usize> = baselines.iter().map(|b| b.steps_until(from)).collect();
        let end: Vec<usize> = baselines.iter().map(|b| b.steps_until(to)).collect();
        let mut window = Window {
            causes: baselines.len(),
            time: vec![],
            hazard: vec![],
            place: vec![],
        };
        loop {
            let times = baselines.iter().zip(&next).zip(&end);
            let open = times.filter(|((_, next), end)| next < end);
            let now = open.map(|((b, next), _)| b.times[*next]).fold(f64::INFINITY, f64::min);
            if now == f64::INFINITY {
                return Ok(window);
            }
            window.time.push(now);
            for ((baseline, next), end) in baselines.iter().zip(&mut next).zip(&end) {
                let place = (*next < *end && baseline.times[*next] == now).then_some(*next);
                window.hazard.push(place.map_or(0.0, |place| baseline.hazard[place]));
                window.place.push(place);
                *next += usize::from(place.is_some());
            }
        }
    }

    /// Centred linear predictors, one a cause. Errors: `Width`, `NotFinite`.
    pub(super) fn predictors(&self, row: ArrayView1<f64>) -> Result<Vec<f64>, Error> {
        if row.len() != self.width {
            return Err(Error::Width {
                given: row.len(),
                expected: self.width,
            });
        }
        if let Some(column) = row.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite { row: 0, column });
        }
        let predictor = |(model, columns): (&CoxModel, &Vec<usize>)| {
            let terms = columns.iter().zip(&model.coefficients).zip(&model.means);
            terms.map(|((j, b), m)| b * (row[*j] - m)).sum()
        };
        Ok(self.models.iter().zip(&self.columns).map(predictor).collect())
    }
}

impl Window {
    pub fn path(&self, predictors: &[f64]) -> Path<'_> {
        let ratio: Vec<f64> = predictors.iter().map(|eta| ratio(*eta)).collect();
        let mut hazard = Vec::with_capacity(self.hazard.len());
        let mut free = Vec::with_capacity(self.time.len());
        let mut left = 1.0;
        for base in self.hazard.chunks_exact(self.causes) {
            free.push(left);
            let start = hazard.len();
            hazard.extend(base.iter().zip(&ratio).map(|(base, ratio)| base * ratio));
            left *= (-hazard[start..].iter().sum::<f64>()).exp();
        }
        Path {
            window: self,
            hazard,
            free,
            ratio,
        }
    }
}

impl Path<'_> {
    fn steps(&self) -> impl DoubleEndedIterator<Item = (usize, &[f64], f64)> + ExactSizeIterator {
        let hazards = self.hazard.chunks_exact(self.window.causes);
        hazards
            .zip(&self.free)
            .enumerate()
            .map(|(step, (hazard, free))| (step, hazard, *free))
    }

    /// The chance of a cause, by its place.
    pub fn taken(&self, cause: usize) -> f64 {
        let step = |sum: f64, (_, h, free): (usize, &[f64], f64)| sum + free * h[cause] * share(h.iter().sum());
        self.steps().fold(0.0, step).clamp(0.0, 1.0)
    }

    /// Visits the steps back in time with the derivative of the chance of `taken` by each cause's hazard. `later` is that chance
    /// for somebody still free after the step, so a derivative is what the step takes more, less what it leaves for later.
    fn slopes(&self, taken: usize, mut visit: impl FnMut(usize, usize, f64)) {
        let mut later = 0.0;
        for (step, hazard, free) in self.steps().rev() {
            let h: f64 = hazard.iter().sum();
            let stays = (-h).exp();
            for cause in 0..hazard.len() {
                let own = if cause == taken { share(h) } else { 0.0 };
                visit(
                    step,
                    cause,
                    free * (own + hazard[taken] * share_slope(h) - stays * later),
                );
            }
            later = hazard[taken] * share(h) + stays * later;
        }
    }

    /// Derivatives of the chance of `taken` by all linear predictors.
    pub fn predictor_slopes(&self, taken: usize) -> Vec<f64> {
        let causes = self.window.causes;
        let mut sums = vec![0.0; causes];
        self.slopes(taken, |step, cause, slope| {
            sums[cause] += slope * self.hazard[step * causes + cause];
        });
        sums
    }

    pub fn variance_of(&self, taken: usize, all: &CauseSpecific, row: ArrayView1<f64>) -> f64 {
        let causes = self.window.causes;
        let mut variance = 0.0;
        let mut levers: Vec<Array1<f64>> = all.columns.iter().map(|columns| Array1::zeros(columns.len())).collect();
        self.slopes(taken, |step, cause, slope| {
            let Some(place) = self.window.place[step * causes + cause] else {
                return;
            };
            let (model, columns) = (&all.models[cause], &all.columns[cause]);
            let baseline = model.baseline();
            variance += baseline.variance[place] * (slope * self.ratio[cause]).powi(2);
            let hazard = self.hazard[step * causes + cause];
            for ((j, column), lever) in columns.iter().enumerate().zip(&mut levers[cause]) {
                let distance = row[*column] - model.means[j] - baseline.risk_set_mean[[place, j]];
                *lever += slope * hazard * distance;
            }
        });
        for (model, lever) in all.models.iter().zip(&levers) {
            variance += lever.dot(&model.covariance.dot(lever));
        }
        variance
    }
}
