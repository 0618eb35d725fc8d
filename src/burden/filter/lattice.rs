//! Log burden on evenly spaced nodes: how a distribution over it moves in time.

use serde::{Deserialize, Serialize};

/// `len` nodes from `low`, `step` apart, in natural logarithms of the mutant fraction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lattice {
    pub low: f64,
    pub step: f64,
    pub len: usize,
}

impl Lattice {
    pub fn node(&self, i: usize) -> f64 {
        self.low + self.step * i as f64
    }

    /// The node nearest to `x`, the first or last one where `x` lies outside.
    pub fn nearest(&self, x: f64) -> usize {
        let place = ((x - self.low) / self.step).round();
        (place.max(0.0) as usize).min(self.len - 1)
    }
}

/// What one step of time does to mass at a node: a share to each node from `shift` on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    pub shift: isize,
    pub taps: Vec<f64>,
}

impl Kernel {
    /// A move by `mean` with the variance of a walk, `variance`, both exact: three taps where the lattice is coarse for them, else the
    /// normal density on the nodes.
    #[cfg(test)]
    pub fn walk(lattice: &Lattice, mean: f64, variance: f64) -> Kernel {
        let sd = variance.sqrt();
        if sd > 2.0 * lattice.step {
            Kernel::normal(lattice, mean, sd)
        } else {
            Kernel::near(lattice, mean, variance)
        }
    }

    /// Three taps, mean and variance matched; a variance below the least that three taps can have is raised to it, one above the greatest
    /// is lowered.
    pub fn near(lattice: &Lattice, mean: f64, variance: f64) -> Kernel {
        let (move_by, var) = (mean / lattice.step, variance / lattice.step.powi(2));
        let near = move_by.round();
        let rest = move_by - near;
        // second moment about `near`; at least |rest|, so that no share is negative
        let second = (var + rest * rest).max(rest.abs()).min(1.0);
        Kernel {
            shift: near as isize - 1,
            taps: vec![(second - rest) / 2.0, 1.0 - second, (second + rest) / 2.0],
        }
    }

    #[cfg(test)]
    fn normal(lattice: &Lattice, mean: f64, sd: f64) -> Kernel {
        let reach = (10.0 * sd / lattice.step).ceil() as isize;
        let centre = (mean / lattice.step).round() as isize;
        let tap = |k: isize| {
            let x = ((centre + k) as f64 * lattice.step - mean) / sd;
            (-0.5 * x * x).exp()
        };
        let taps: Vec<f64> = (-reach..=reach).map(tap).collect();
        let whole: f64 = taps.iter().sum();
        Kernel {
            shift: centre - reach,
            taps: taps.into_iter().map(|t| t / whole).collect(),
        }
    }

    /// What `from` becomes, added to `to`; mass that would leave at an end stays on the last node there.
    #[cfg(test)]
    pub fn spread(&self, from: &[f64], to: &mut [f64]) {
        let last = to.len() as isize - 1;
        for (by, tap) in (self.shift..).zip(&self.taps) {
            for (node, mass) in from.iter().enumerate() {
                to[(node as isize + by).clamp(0, last) as usize] += tap * mass;
            }
        }
    }
}
