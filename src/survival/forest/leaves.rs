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
        let mut leaves = Leaves::default();
        let mut node = Node::default();
        leaves.start.push(0);
        for range in &grown.leaves {
            node.fill(sample, bag, &grown.rows[range.clone()]);
            leaves.push(&node, sample);
        }
        leaves
    }

    /// Where the grid is thinned, a step is the chance to fall between its neighbours: survival and incidence stay exact on it.
    fn push(&mut self, node: &Node, sample: &Sample) {
        let causes = sample.causes.len();
        let mut falling = vec![0.0; causes];
        let (mut free, mut mortality) = (1.0, 0.0);
        for (k, events) in node.events.chunks_exact(causes).enumerate() {
            let mut left = free;
            for (falling, fell) in falling.iter_mut().zip(events) {
                let hazard = fell / node.at_risk[k];
                *falling += free * hazard;
                left -= free * hazard;
                mortality += hazard * (sample.times - node.at[k] as usize) as f64;
            }
            free = left;
            let place = |k: usize| sample.place[node.at[k] as usize];
            if k + 1 == node.at.len() || place(k + 1) != place(k) {
                self.step(place(k), &mut falling);
                free = 1.0;
            }
        }
        self.start.push(self.at.len() as u32);
        self.mortality.push(mortality);
    }

    fn step(&mut self, at: u16, falling: &mut [f64]) {
        let several = falling.len() > 1;
        for (cause, hazard) in falling.iter_mut().enumerate().filter(|(_, hazard)| **hazard > 0.0) {
            self.at.push(at);
            self.cause.extend(several.then_some(cause as u8));
            self.hazard.push(std::mem::take(hazard));
        }
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
