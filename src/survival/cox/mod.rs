//! Cox's proportional hazards: settings, fit, and what a fitted model predicts.

mod baseline;
pub(in crate::survival) mod design;
mod exact;
mod fit;
mod gram;
mod params;
pub(in crate::survival) mod partial;
mod predict;
mod proportional;
mod residuals;
mod risk_set;
pub(in crate::survival) mod sample;
#[cfg(test)]
mod tests;

pub use baseline::Baseline;
pub use params::{Cox, CoxParams, CoxValidParams, Ties};
pub use proportional::{Proportionality, TimeScale};
pub use residuals::{CoxResiduals, Schoenfeld};

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::symmetric::Cholesky;
use super::{Error, Provenance, Summary, Test};

/// A fitted model. It serialises whole, so that a stored model predicts the same bits again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoxModel {
    pub ties: Ties,
    pub cause: Option<u32>,
    pub names: Vec<String>,
    pub n: usize,
    pub events: usize,
    /// Log hazard ratios per unit; 0 in aliased columns.
    pub coefficients: Array1<f64>,
    /// Columns that are constant or follow from those before them: nothing can be said of them.
    pub aliased: Vec<usize>,
    /// Inverse information; 0 in aliased rows and columns.
    pub covariance: Array2<f64>,
    /// The sandwich over clusters, where the fit was given some. Lin & Wei, J Am Stat Assoc 1989;84:1074.
    pub robust_covariance: Option<Array2<f64>>,
    /// Column means of the data, the point at which the baseline stands.
    pub means: Array1<f64>,
    pub log_likelihood_null: f64,
    pub log_likelihood: f64,
    /// Rao's test of no effect at all.
    pub score_test: Test,
    pub iterations: usize,
    /// The labels of the strata, ascending; one label 0 without strata.
    pub strata: Vec<usize>,
    /// One a stratum.
    pub baselines: Vec<Baseline>,
    /// The largest time under observation.
    pub followed_to: f64,
    pub provenance: Provenance,
}

impl CoxModel {
    /// `None` for an aliased column.
    pub fn standard_error(&self, column: usize) -> Option<f64> {
        (!self.aliased.contains(&column)).then(|| self.covariance[[column, column]].sqrt())
    }

    /// The baseline of a model without strata (of the first stratum otherwise).
    pub fn baseline(&self) -> &Baseline {
        &self.baselines[0]
    }

    /// Coefficients with errors and intervals. Errors: a level outside (0, 1).
    pub fn summary(&self, level: f64) -> Result<Summary, Error> {
        let robust = self.robust_covariance.as_ref();
        Summary::of(&self.names, self.coefficients.view(), &self.covariance, robust, level)
    }

    fn free(&self) -> usize {
        self.coefficients.len() - self.aliased.len()
    }

    /// Twice the gain in log-likelihood over no effect at all.
    pub fn likelihood_ratio_test(&self) -> Test {
        Test::of(2.0 * (self.log_likelihood - self.log_likelihood_null), self.free())
    }

    /// Wald's test of no effect at all, on the robust covariance where there is one.
    pub fn wald_test(&self) -> Test {
        let covariance = self.robust_covariance.as_ref().unwrap_or(&self.covariance);
        let factor = Cholesky::of(covariance.view(), 1e-13);
        let beta = self.coefficients.to_vec();
        let solved = factor.solve(&beta);
        Test::of(
            solved.iter().zip(&beta).map(|(a, b)| a * b).sum(),
            beta.len() - factor.aliased.len(),
        )
    }
}
