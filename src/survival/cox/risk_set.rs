//! The risk set on the way back in time, group by group: its means, and the rows that leave it.

use std::ops::Range;

use super::Ties;
use super::design::{Design, Stratum};
use super::gram::{TILE, add_scaled};
use super::partial::{Moment, State, fractions};

/// The rows that leave the risk set on the way back, copied some ahead: they lie all over the memory, and copies can wait for
/// it side by side, where sums would wait one after the other.
pub(super) struct Leaving<'a> {
    design: &'a Design,
    state: &'a State,
    late: Range<usize>,
    copies: Vec<f64>,
    taken: usize,
}

impl<'a> Leaving<'a> {
    pub fn new(design: &'a Design, state: &'a State, late: Range<usize>) -> Leaving<'a> {
        Leaving {
            design,
            state,
            late,
            copies: vec![],
            taken: 0,
        }
    }

    /// Subtracts the rows up to place `end` of the list.
    pub fn take_from(&mut self, sum: &mut [f64], end: usize) {
        let width = self.design.width;
        while self.late.start - (self.copies.len() / width - self.taken) < end {
            if self.taken * width == self.copies.len() {
                self.copy_more();
            }
            let row = &self.copies[self.taken * width..(self.taken + 1) * width];
            add_scaled(sum, -1.0, row);
            self.taken += 1;
        }
    }

    fn copy_more(&mut self) {
        self.copies.clear();
        self.taken = 0;
        let next = self.late.start..self.late.end.min(self.late.start + TILE);
        for &i in &self.design.late[next.clone()] {
            let (row, ratio) = (self.design.row(i as usize), self.state.ratio[i as usize]);
            self.copies.extend(row.iter().map(|v| ratio * v));
        }
        self.late.start = next.end;
    }
}

/// The weighted mean of the covariates in the risk set of each group (the mean over those who fall, for Efron), and what the
/// baseline needs of it.
pub(super) struct GroupMeans {
    pub hazard: f64,
    pub variance: f64,
    /// Of each event, weighted by its part of the hazard.
    pub by_hazard: Vec<f64>,
    /// Of each event, weighted alike: what a Schoenfeld residual is measured from.
    pub alike: Vec<f64>,
    /// As `by_hazard`, but weighted by the part that those who fall are spared, and not divided by its sum.
    pub spared: Vec<f64>,
}

impl Design {
    /// Visits the groups of each stratum, from the last to the first, with their means.
    pub(super) fn each_group(&self, state: &State, ties: Ties, mut visit: impl FnMut(&Stratum, usize, &GroupMeans)) {
        let width = self.width;
        let (mut one, mut dead) = (vec![0.0; width], vec![0.0; width]);
        let mut means = GroupMeans {
            hazard: 0.0,
            variance: 0.0,
            by_hazard: vec![0.0; width],
            alike: vec![0.0; width],
            spared: vec![0.0; width],
        };
        for stratum in &self.strata {
            one.fill(0.0);
            let mut start = stratum.rows.start;
            let mut leaving = Leaving::new(self, state, stratum.late.clone());
            for k in stratum.groups.clone() {
                let group = &self.groups[k];
                for i in start..group.end as usize {
                    add_scaled(&mut one, state.ratio[i], self.row(i));
                }
                leaving.take_from(&mut one, group.late_end as usize);
                start = group.end as usize;
                dead.fill(0.0);
                for i in group.dead() {
                    add_scaled(&mut dead, state.ratio[i], self.row(i));
                }
                let count = group.dead().len();
                if group.crowd as usize == count {
                    one.copy_from_slice(&dead);
                }
                let each = group.weight / count as f64;
                let sums = Sums::over(ties, count, each, &state.moments[k]);
                means.hazard = sums.hazard;
                means.variance = sums.variance;
                for j in 0..width {
                    means.by_hazard[j] = (sums.variance * one[j] - sums.tilted * dead[j]) / sums.hazard;
                    means.alike[j] = (sums.hazard * one[j] - sums.spared * dead[j]) / (each * count as f64);
                    means.spared[j] = sums.tilted * one[j] - sums.twice_tilted * dead[j];
                }
                visit(stratum, k, &means);
            }
        }
    }
}

/// Sums over those who fall at one time, with t the weight that is left and f the share that has gone: e/t, e/t², and the
/// same times f and f².
struct Sums {
    hazard: f64,
    spared: f64,
    variance: f64,
    tilted: f64,
    twice_tilted: f64,
}

impl Sums {
    fn over(ties: Ties, count: usize, each: f64, moment: &Moment) -> Sums {
        let mut sums = Sums {
            hazard: 0.0,
            spared: 0.0,
            variance: 0.0,
            tilted: 0.0,
            twice_tilted: 0.0,
        };
        for fraction in fractions(ties, count) {
            let total = moment.risk - fraction * moment.dead;
            let square = each / (total * total);
            sums.hazard += each / total;
            sums.spared += each * fraction / total;
            sums.variance += square;
            sums.tilted += fraction * square;
            sums.twice_tilted += fraction * fraction * square;
        }
        sums
    }
}
