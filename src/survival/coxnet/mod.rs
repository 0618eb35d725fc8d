//! The elastic net of a Cox model, exact along a whole path of penalties.

mod columns;
mod cross_validation;
mod elementary;
mod fit;
mod newton;
mod objective;
mod order;
mod params;
mod predict;
mod problem;
mod quadratic;
mod scale;
mod surrogate;
#[cfg(test)]
mod tests;

pub use cross_validation::{CrossValidated, Folds};
pub use params::{CoxNet, CoxNetParams, CoxNetValidParams};
pub use predict::{Coefficients, PathRow};

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::{Provenance, Ties};

/// The coefficients for every λ of a path, largest λ first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoxNetPath {
    pub alpha: f64,
    pub ties: Ties,
    pub cause: Option<u32>,
    pub n: usize,
    pub events: usize,
    pub lambdas: Vec<f64>,
    /// Log hazard ratios per unit, one row a λ.
    pub coefficients: Array2<f64>,
    pub log_likelihood_null: f64,
    pub log_likelihoods: Vec<f64>,
    /// The worst violation of the optimality conditions at each λ, in standardised columns.
    pub violations: Vec<f64>,
    /// Passes over all rows.
    pub passes: usize,
    pub names: Vec<String>,
    pub provenance: Provenance,
}

/// The model at one λ, with its baseline. It serialises whole, so that a stored model predicts the same bits again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoxNetModel {
    pub alpha: f64,
    pub lambda: f64,
    pub ties: Ties,
    pub cause: Option<u32>,
    pub n: usize,
    pub events: usize,
    /// Log hazard ratios per unit.
    pub coefficients: Array1<f64>,
    /// Inverse of the penalised information of the active columns, 0 in the rows and columns of the others. For ridge as R's `ridge`; it
    /// knows nothing of the choice of columns, nor of the bias.
    pub covariance: Array2<f64>,
    /// Effective degrees of freedom: tr(I (I + penalty)⁻¹) over the active columns.
    pub degrees: f64,
    /// Weighted column means of the data, the point at which the baselines stand; 0 for a column that does not vary.
    pub means: Array1<f64>,
    pub log_likelihood_null: f64,
    pub log_likelihood: f64,
    pub violation: f64,
    pub passes: usize,
    /// One a stratum, ascending.
    pub baselines: Vec<Baseline>,
    pub names: Vec<String>,
    pub provenance: Provenance,
}

/// The hazard of a stratum at the column means, in steps at the event times, ascending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    pub stratum: u32,
    /// The largest time under observation.
    pub followed_to: f64,
    pub times: Vec<f64>,
    pub hazard: Vec<f64>,
}
