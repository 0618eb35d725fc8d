//! Binary trees on binned columns: what the forest and boosting have in common.

mod bins;
mod data;
mod grow;
#[cfg(test)]
pub(super) mod peers;
#[cfg(test)]
mod tests;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

pub(super) use bins::{BINS, Bins};
pub(super) use data::{Rows, asked};
pub(super) use grow::{Grown, Split, Splitter, grow};

/// The splits of one tree in flat arrays, the root first and every child after its parent. What a leaf holds is the
/// ensemble's affair; leaves are numbered from 0 in the order left to right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    column: Vec<u32>,
    /// A value at or below it goes left.
    threshold: Vec<f64>,
    /// The number of the next split, or `!leaf`, which is below 0.
    left: Vec<i32>,
    right: Vec<i32>,
}

impl Tree {
    pub fn leaves(&self) -> usize {
        self.column.len() + 1
    }

    pub fn uses(&self, column: usize) -> bool {
        self.column.iter().any(|c| *c as usize == column)
    }

    /// The leaf of the row whose columns `value` reads.
    pub fn leaf(&self, value: impl Fn(usize) -> f64) -> usize {
        let mut next = if self.column.is_empty() { !0 } else { 0 };
        while let Ok(split) = usize::try_from(next) {
            let goes_left = value(self.column[split] as usize) <= self.threshold[split];
            next = if goes_left { self.left[split] } else { self.right[split] };
        }
        !next as usize
    }
}

/// One stream of random numbers a tree, 2^128 draws apart: a tree's draws do not depend on which thread grows it, or when.
pub(super) fn streams(seed: u64, count: usize) -> Vec<Xoshiro256PlusPlus> {
    let mut next = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let stream = next.clone();
            next.jump();
            stream
        })
        .collect()
}

/// Which of `n` rows are in a random `share` of them, at least one: one pass, each drawn with the chance that fills the places
/// left from the rows left.
pub(super) fn drawn(random: &mut Xoshiro256PlusPlus, n: usize, share: f64) -> Vec<bool> {
    let mut places = ((share * n as f64).round() as u32).clamp(n.min(1) as u32, n as u32);
    let mut draw = |left: u32| {
        let drawn = random.gen_range(0..left) < places;
        places -= u32::from(drawn);
        drawn
    };
    (1..=n as u32).rev().map(&mut draw).collect()
}
