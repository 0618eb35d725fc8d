//! What the leaves of one tree hold: the steps of their Nelson-Aalen hazards on the forest's grid, leaf after leaf.

use serde::{Deserialize, Serialize};

use super::node::Node;
use super::sample::Sample;
use crate::survival::tree::Grown;

/// A leaf has as many steps as it has event times and causes, however long the grid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Leaves {
    /// Where the steps of each leaf begin; one more than there are leaves.
    start: Vec<u32>,
    /// Place on the grid, ascending within a leaf.
    at: Vec<u16>,
    /// Place among the forest's causes; empty when there is one.
    cause: Vec<u8>,
    hazard: Vec<f64>,
    /// The cumulative hazard summed over the forest's event times.
    mortality: Vec<f64>,
}

pub(super) struct Step {
    pub at: usize,
    pub cause: usize,
    pub hazard: f64,
}

impl Leaves {
    pub fn of(grown: &Grown, sample: &Sample, bag: &[f64]) -> Leaves {
        let causes = sample.causes.len();
        let mut leaves = Leaves::default();
        let mut node = Node::default();
        leaves.start.push(0);
        for range in &grown.leaves {
            node.fill(sample, bag, &grown.rows[range.clone()]);
            let mut mortality = 0.0;
            for (k, &at) in node.at.iter().enumerate() {
                for (cause, &fell) in node.events[k * causes..][..causes].iter().enumerate() {
                    if fell > 0.0 {
                        let hazard = fell / node.at_risk[k];
                        mortality += hazard * (sample.times.len() - usize::from(at)) as f64;
                        leaves.push(at, (causes > 1).then_some(cause as u8), hazard);
                    }
                }
            }
            leaves.start.push(leaves.at.len() as u32);
            leaves.mortality.push(mortality);
        }
        leaves
    }

    fn push(&mut self, at: u16, cause: Option<u8>, hazard: f64) {
        self.at.push(at);
        self.cause.extend(cause);
        self.hazard.push(hazard);
    }

    pub fn mortality(&self, leaf: usize) -> f64 {
        self.mortality[leaf]
    }

    pub fn steps(&self, leaf: usize) -> impl Iterator<Item = Step> {
        let range = self.start[leaf] as usize..self.start[leaf + 1] as usize;
        range.map(|i| Step {
            at: usize::from(self.at[i]),
            cause: self.cause.get(i).map_or(0, |cause| usize::from(*cause)),
            hazard: self.hazard[i],
        })
    }
}
