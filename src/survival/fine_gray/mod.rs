//! Fine and Gray's proportional subdistribution hazards: how covariates act on the chance of one cause while others compete.

mod censoring;
mod design;
mod fit;
mod params;
mod predict;
mod sandwich;
#[cfg(test)]
mod tests;

pub use params::{FineGray, FineGrayParams, FineGrayValidParams, TiedCensoring};

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::{Error, Provenance, Summary};

/// A fitted model. It serialises whole, so that a stored model predicts the same bits again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineGrayModel {
    pub cause: u32,
    pub tied_censoring: TiedCensoring,
    pub names: Vec<String>,
    pub n: usize,
    /// Events of the modelled cause, and of the others.
    pub events: usize,
    pub competing: usize,
    /// Log subdistribution hazard ratios per unit; 0 in aliased columns.
    pub coefficients: Array1<f64>,
    /// Columns that are constant or follow from those before them: nothing can be said of them.
    pub aliased: Vec<usize>,
    /// Inverse information, 0 in aliased rows and columns. It takes the weights for known; see `robust_covariance`.
    pub covariance: Array2<f64>,
    /// Fine and Gray's sandwich, with what the estimate of the censoring adds: the variance to report.
    pub robust_covariance: Array2<f64>,
    /// Column means of the data, the point at which the baseline stands.
    pub means: Array1<f64>,
    pub log_likelihood_null: f64,
    pub log_likelihood: f64,
    pub iterations: usize,
    pub baseline: Baseline,
    /// The largest time under observation; beyond it nothing can be said.
    pub followed_to: f64,
    pub provenance: Provenance,
}

/// The subdistribution hazard at the column means, in steps at the event times of the cause, ascending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    pub times: Vec<f64>,
    /// How many fell at each.
    pub events: Vec<usize>,
    pub hazard: Vec<f64>,
}

impl FineGrayModel {
    /// Estimates with their model-based and sandwich errors; intervals and p stand on the sandwich. Errors: a level outside (0, 1).
    pub fn summary(&self, level: f64) -> Result<Summary, Error> {
        let robust = Some(&self.robust_covariance);
        Summary::of(&self.names, self.coefficients.view(), &self.covariance, robust, level)
    }
}
