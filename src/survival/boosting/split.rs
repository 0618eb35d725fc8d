//! The best split of a node from histograms of events observed less expected: the gain is a sum of (O - E)² / E.

use rayon::prelude::*;

use super::BoostingValidParams;
use super::partial::Residuals;
use crate::survival::tree::{BINS, Bins, Split, Splitter};

/// From so many rows on the columns are worth the threads.
const PARALLEL: usize = 4096;

#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    pub excess: f64,
    pub expected: f64,
    weight: f64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.excess += other.excess;
        self.expected += other.expected;
        self.weight += other.weight;
    }

    fn less(self, other: Sum) -> Sum {
        Sum {
            excess: self.excess - other.excess,
            expected: (self.expected - other.expected).max(0.0),
            weight: self.weight - other.weight,
        }
    }

    /// Twice what Newton's step gains here.
    fn gain(self, l2: f64) -> f64 {
        let information = self.expected + l2;
        if information > 0.0 {
            self.excess * self.excess / information
        } else {
            0.0
        }
    }
}

pub(super) struct NewtonSplitter<'a> {
    pub params: &'a BoostingValidParams,
    pub bins: &'a Bins,
    pub residuals: &'a Residuals,
    pub weights: &'a [f64],
}

impl NewtonSplitter<'_> {
    fn one(&self, row: u32) -> Sum {
        Sum {
            excess: self.residuals.excess[row as usize],
            expected: self.residuals.expected[row as usize],
            weight: self.weights[row as usize],
        }
    }

    pub fn sum(&self, rows: &[u32]) -> Sum {
        let mut sum = Sum::default();
        rows.iter().for_each(|row| sum.add(self.one(*row)));
        sum
    }

    fn best_of(&self, column: usize, rows: &[u32], all: Sum) -> Option<Split> {
        let codes = self.bins.column(column);
        let mut bins = [Sum::default(); BINS];
        rows.iter()
            .for_each(|row| bins[usize::from(codes[*row as usize])].add(self.one(*row)));
        let filled: Vec<u8> = (0..=u8::MAX)
            .filter(|code| bins[usize::from(*code)].weight > 0.0)
            .collect();
        let (mut left, mut best) = (Sum::default(), None::<Split>);
        for pair in filled.windows(2) {
            left.add(bins[usize::from(pair[0])]);
            let right = all.less(left);
            if left.weight.min(right.weight) < self.params.min_weight_leaf {
                continue;
            }
            let l2 = self.params.l2;
            let gain = left.gain(l2) + right.gain(l2) - all.gain(l2);
            if gain > best.map_or(0.0, |split| split.gain) {
                let code = self.bins.halfway(column, pair[0], pair[1]);
                best = Some(Split { column, code, gain });
            }
        }
        best
    }
}

impl Splitter for NewtonSplitter<'_> {
    /// The best of all columns, of equals the first.
    fn split(&mut self, rows: &[u32]) -> Option<Split> {
        let all = self.sum(rows);
        let of = |column| self.best_of(column, rows, all);
        let splits: Vec<Option<Split>> = if rows.len() < PARALLEL {
            (0..self.bins.columns()).map(of).collect()
        } else {
            (0..self.bins.columns()).into_par_iter().map(of).collect()
        };
        let better = |best: Split, split: Split| if split.gain > best.gain { split } else { best };
        splits.into_iter().flatten().reduce(better)
    }
}
