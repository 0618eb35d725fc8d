//! One Cox model for each of several competing causes, and the chance of each that they imply together.

mod curves;
mod fit;
mod incidence;
mod params;
mod shares;
#[cfg(test)]
mod tests;

pub use params::{CauseSpecificParams, CauseSpecificValidParams};
pub use shares::Shares;

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::{CoxModel, Error, FollowUp, Provenance, Summary};

/// Cause 1 is what is watched for; the others may come first. Prentice et al., Biometrics 1978;34:541; Benichou & Gail,
/// Biometrics 1990;46:813.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CauseSpecific {
    /// One a cause, that of cause 1 first.
    pub models: Vec<CoxModel>,
    /// The columns that each model looks at.
    pub columns: Vec<Vec<usize>>,
    /// How many numbers a row has, and their names.
    pub width: usize,
    pub names: Vec<String>,
    pub provenance: Provenance,
}

/// A chance with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Risk {
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
}

impl CauseSpecific {
    /// A model for each cause in the targets, two at least, on the same rows, ties by Efron's rule; `params` has other settings.
    pub fn fit(records: Array2<f64>, targets: Array1<FollowUp>) -> Result<CauseSpecific, Error> {
        CauseSpecific::params().fit(&Dataset::new(records, targets))
    }

    /// The last day on which somebody was observed; beyond it nothing can be said.
    pub fn followed_to(&self) -> f64 {
        self.models.iter().map(|model| model.followed_to).fold(0.0, f64::max)
    }

    /// One table of coefficients a cause. Errors: a level outside (0, 1).
    pub fn summaries(&self, level: f64) -> Result<Vec<Summary>, Error> {
        self.models.iter().map(|model| model.summary(level)).collect()
    }

    /// How many events of cause 1 the fit saw in (from, to]: a risk for a window in which it saw hardly any is hardly worth giving.
    pub fn seen(&self, from: f64, to: f64) -> usize {
        let baseline = self.models[0].baseline();
        let (first, end) = (baseline.steps_until(from), baseline.steps_until(to));
        baseline.events[first..end.max(first)].iter().sum()
    }

    /// The chance of cause 1 in (from, to] for somebody with this row who is free of all causes at `from`.
    ///
    /// Each step of the baselines acts as a constant hazard, so the chances of all causes and of none always add up to 1; the
    /// sum of S(u-) dH(u) can pass it. Errors: `Width`, `NotFinite`, `BeyondFollowUp`, `Parameter` when `to < from`.
    pub fn risk(&self, row: ArrayView1<f64>, from: f64, to: f64) -> Result<f64, Error> {
        self.risk_of(1, row, from, to)
    }

    /// The same for any cause. Errors: also `Parameter` for a cause without a model.
    pub fn risk_of(&self, cause: u32, row: ArrayView1<f64>, from: f64, to: f64) -> Result<f64, Error> {
        let cause = self.place(cause)?;
        Ok(self.window(from, to)?.path(&self.predictors(row)?).taken(cause))
    }

    /// The chance of any cause but the first.
    pub fn competing_risk(&self, row: ArrayView1<f64>, from: f64, to: f64) -> Result<f64, Error> {
        let window = self.window(from, to)?;
        let path = window.path(&self.predictors(row)?);
        Ok((1..self.models.len()).map(|cause| path.taken(cause)).sum())
    }

    /// `risk` with its interval by the delta method on the complementary log-log scale: the variance of all models'
    /// coefficients and baseline steps, the models taken as independent. Model choice and later care are not in it.
    pub fn risk_with_interval(&self, row: ArrayView1<f64>, from: f64, to: f64, level: f64) -> Result<Risk, Error> {
        self.risk_of_with_interval(1, row, from, to, level)
    }

    /// The same for any cause.
    pub fn risk_of_with_interval(
        &self,
        cause: u32,
        row: ArrayView1<f64>,
        from: f64,
        to: f64,
        level: f64,
    ) -> Result<Risk, Error> {
        let cause = self.place(cause)?;
        let z = super::inference::z(level)?;
        let window = self.window(from, to)?;
        let path = window.path(&self.predictors(row)?);
        let value = path.taken(cause);
        let se = path.variance_of(cause, self, row).max(0.0).sqrt();
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

    /// Where the model of a cause stands.
    fn place(&self, cause: u32) -> Result<usize, Error> {
        match (cause as usize).checked_sub(1) {
            Some(place) if place < self.models.len() => Ok(place),
            _ => Err(Error::Parameter {
                name: "a cause with a model",
                value: f64::from(cause),
            }),
        }
    }
}
