//! Cox's proportional hazards: settings, fit, and what a fitted model predicts.

mod fit;
mod params;
mod partial;
mod predict;
#[cfg(test)]
mod tests;

pub use params::{Cox, CoxParams, CoxValidParams, Ties};

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// A fitted model. It serialises whole, so that a stored model predicts the same bits again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoxModel {
    pub ties: Ties,
    pub cause: Option<u32>,
    pub n: usize,
    pub events: usize,
    /// Log hazard ratios per unit; 0 in aliased columns.
    pub coefficients: Array1<f64>,
    /// Columns that are constant or follow from those before them: nothing can be said of them.
    pub aliased: Vec<usize>,
    /// Inverse information; 0 in aliased rows and columns.
    pub covariance: Array2<f64>,
    /// Column means of the data, the point at which the baseline stands.
    pub means: Array1<f64>,
    pub log_likelihood_null: f64,
    pub log_likelihood: f64,
    pub iterations: usize,
    pub baseline: Baseline,
    /// The largest time under observation.
    pub followed_to: f64,
}

/// The hazard at the column means, in steps at the event times, ascending.
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

impl CoxModel {
    /// `None` for an aliased column.
    pub fn standard_error(&self, column: usize) -> Option<f64> {
        (!self.aliased.contains(&column)).then(|| self.covariance[[column, column]].sqrt())
    }
}
