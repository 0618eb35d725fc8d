//! A random survival forest: trees split by the log-rank test, each leaf with its Nelson-Aalen hazards.

mod fit;
mod importance;
mod leaves;
mod node;
mod params;
mod predict;
mod sample;
mod split;
mod statistic;
#[cfg(test)]
mod tests;

pub use importance::Importance;
pub use params::{Draw, Forest, ForestParams, ForestValidParams};

use serde::{Deserialize, Serialize};

use super::Provenance;
use super::tree::Tree;
use leaves::Leaves;

/// A fitted forest. It serialises whole, in flat arrays; its size grows with the events in all the trees' leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForestModel {
    pub names: Vec<String>,
    pub provenance: Provenance,
    pub n: usize,
    pub events: usize,
    /// The causes that were told apart, ascending.
    pub causes: Vec<u32>,
    /// The grid on which every leaf's curve stands: the distinct event times, thinned out to `max_times`.
    pub times: Vec<f64>,
    /// The largest time under observation.
    pub followed_to: f64,
    /// Mortality of each training row by the trees that did not see it; `None` for a row that all have seen.
    pub oob_mortality: Vec<Option<f64>>,
    /// Harrell's concordance of the above, an honest estimate for new rows.
    pub oob_concordance: Option<f64>,
    seed: u64,
    draw: Draw,
    cause: Option<u32>,
    trees: Vec<(Tree, Leaves)>,
}

impl ForestModel {
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Leaves of all trees together.
    pub fn leaves(&self) -> usize {
        self.trees.iter().map(|(tree, _)| tree.leaves()).sum()
    }
}
