//! Two Cox models for two competing causes, and the chance of the first that they imply.

mod incidence;
mod shares;
#[cfg(test)]
mod tests;

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

pub use shares::Shares;

use super::{Cox, CoxModel, Error, FollowUp, Ties};

/// Cause 1 (what is watched for) and cause 2 (what may come first). Prentice et al., Biometrics 1978;34:541.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CauseSpecific {
    pub first: CoxModel,
    pub second: CoxModel,
}

/// A chance with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Risk {
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
}

impl CauseSpecific {
    /// Both models on the same rows, ties by Efron's rule.
    pub fn fit(records: Array2<f64>, targets: Array1<FollowUp>) -> Result<CauseSpecific, Error> {
        let data = Dataset::new(records, targets);
        let model = |cause| Cox::params().ties(Ties::Efron).cause(cause).fit(&data);
        Ok(CauseSpecific {
            first: model(1)?,
            second: model(2)?,
        })
    }

    /// The last day on which somebody was observed; beyond it nothing can be said.
    pub fn followed_to(&self) -> f64 {
        self.first.followed_to.max(self.second.followed_to)
    }

    /// How many events of cause 1 the fit saw in (from, to]: a risk for a window in which it saw hardly any is hardly worth giving.
    pub fn seen(&self, from: f64, to: f64) -> usize {
        let counts = &self.first.baseline().events[self.first.baseline().steps_until(from)..];
        let steps = self
            .first
            .baseline()
            .steps_until(to)
            .saturating_sub(self.first.baseline().steps_until(from));
        counts.iter().take(steps).sum()
    }

    /// The chance of cause 1 in (from, to] for somebody with this row who is free of both at `from`.
    ///
    /// Each step of the two baselines acts as a constant hazard, so free, first and second always add up to 1; the sum of
    /// S(u-) dH(u) can pass it. Errors: `Width`, `NotFinite`, `BeyondFollowUp`, `Parameter` when `to < from`.
    pub fn risk(&self, row: ArrayView1<f64>, from: f64, to: f64) -> Result<f64, Error> {
        Ok(self.path(row, from, to)?.first())
    }

    /// The same for cause 2.
    pub fn competing_risk(&self, row: ArrayView1<f64>, from: f64, to: f64) -> Result<f64, Error> {
        Ok(self.path(row, from, to)?.second())
    }

    /// `risk` with its interval by the delta method on the complementary log-log scale: the variance of both models'
    /// coefficients and baseline steps, the two taken as independent. Model choice and later care are not in it.
    pub fn risk_with_interval(&self, row: ArrayView1<f64>, from: f64, to: f64, level: f64) -> Result<Risk, Error> {
        let z = super::inference::z(level)?;
        let path = self.path(row, from, to)?;
        let value = path.first();
        let se = path.variance_of_first(self, row).max(0.0).sqrt();
        if value <= 0.0 || value >= 1.0 {
            return Ok(Risk {
                value,
                lower: value,
                upper: value,
            });
        }
        let scale = (-(-value).ln_1p()).ln();
        let width = z * se / ((1.0 - value) * -(-value).ln_1p());
        let back = |u: f64| -(-u.exp()).exp_m1();
        Ok(Risk {
            value,
            lower: back(scale - width).clamp(0.0, value),
            upper: back(scale + width).clamp(value, 1.0),
        })
    }
}
