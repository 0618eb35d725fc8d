//! Gradient boosting of the partial likelihood: a sum of small trees in place of Cox's linear predictor.

mod fit;
mod params;
mod partial;
mod predict;
mod split;
#[cfg(test)]
mod tests;

pub use params::{Boosting, BoostingParams, BoostingValidParams};

use serde::{Deserialize, Serialize};

use super::tree::Tree;
use super::{Provenance, Ties};

/// A fitted ensemble. It serialises whole, in flat arrays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoostingModel {
    pub names: Vec<String>,
    pub provenance: Provenance,
    pub ties: Ties,
    pub cause: Option<u32>,
    pub n: usize,
    pub events: usize,
    /// Log partial likelihood of all rows at 0 and at the model.
    pub log_likelihood_null: f64,
    pub log_likelihood: f64,
    /// Log partial likelihood of the rows held out after 0, 1, 2, … trees; the model has as many as were best. Empty if none were.
    pub held_out: Vec<f64>,
    /// Share of each column in the gain of all splits; adds up to 1 unless nothing was split.
    pub importance: Vec<f64>,
    /// Event times, ascending, and the steps of the hazard of somebody whose log hazard ratio is 0.
    pub times: Vec<f64>,
    pub hazard: Vec<f64>,
    /// The largest time under observation.
    pub followed_to: f64,
    trees: Vec<Tree>,
    /// What each leaf of each tree adds to the log hazard ratio.
    values: Vec<Vec<f64>>,
}

impl BoostingModel {
    pub fn trees(&self) -> usize {
        self.trees.len()
    }
}
