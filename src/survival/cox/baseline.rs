//! The hazard of somebody at the column means, in steps.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::Ties;
use super::design::{Design, Moments};
use super::partial::State;

/// The hazard at the column means, in steps at the event times, ascending; of one stratum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    pub times: Vec<f64>,
    /// How many fell at each.
    pub events: Vec<usize>,
    pub hazard: Vec<f64>,
    /// Variance of each step for known coefficients.
    pub variance: Vec<f64>,
    /// Weighted mean of the covariates in the risk set of each step, less the column means.
    pub risk_set_mean: Array2<f64>,
}

impl Baseline {
    /// One a stratum, in the order of their numbers; one without steps where a stratum has no events.
    pub(super) fn all(design: &Design, state: &State, ties: Ties, moments: &Moments, strata: usize) -> Vec<Baseline> {
        let p = moments.means.len();
        let mut all: Vec<Baseline> = (0..strata).map(|_| Baseline::with_steps(0, p)).collect();
        for stratum in &design.strata {
            all[stratum.number] = Baseline::with_steps(stratum.groups.len(), p);
        }
        design.each_group(state, ties, |stratum, k, means| {
            let baseline = &mut all[stratum.number];
            // Groups run back in time, steps forth.
            let step = stratum.groups.end - 1 - k;
            let group = &design.groups[k];
            baseline.times[step] = group.time;
            baseline.events[step] = group.dead().len();
            baseline.hazard[step] = means.hazard;
            baseline.variance[step] = means.variance;
            for (j, to) in baseline.risk_set_mean.row_mut(step).iter_mut().enumerate() {
                *to = means.by_hazard[j] * moments.scale[j];
            }
        });
        all
    }

    fn with_steps(count: usize, columns: usize) -> Baseline {
        Baseline {
            times: vec![0.0; count],
            events: vec![0; count],
            hazard: vec![0.0; count],
            variance: vec![0.0; count],
            risk_set_mean: Array2::zeros((count, columns)),
        }
    }

    /// How many steps lie at or before `time`.
    pub(crate) fn steps_until(&self, time: f64) -> usize {
        self.times.partition_point(|t| *t <= time)
    }

    /// The cumulative hazard at `time`.
    pub fn cumulative_at(&self, time: f64) -> f64 {
        self.hazard[..self.steps_until(time)].iter().fold(0.0, |sum, h| sum + h)
    }
}
