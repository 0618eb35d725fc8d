//! The infinitesimal jackknife of the chances at one time, in one sweep back over the steps.
//!
//! What a transition at u adds to the chances at t goes through the product of all transitions in (u, t]. Going back in time this
//! product grows by one factor a step, and what the rows at risk have in common is summed once for each state.

use ndarray::Array2;

use super::{Jump, MultiState, Stay};

/// At a step of the sweep: chances at the end for somebody in each state (row) just after it, and for each state the sum of what
/// a row at risk loses from the step on.
struct Sweep {
    product: Array2<f64>,
    lost: Array2<f64>,
    /// One row a subject.
    added: Array2<f64>,
}

impl Sweep {
    fn add(&mut self, stay: &Stay, sign: f64) {
        let lost = self.lost.row(stay.state);
        self.added.row_mut(stay.subject).scaled_add(sign * stay.weight, &lost);
    }

    /// A row goes `to` another state: by `share`, the chances at the end change with it.
    fn moved(&mut self, stay: &Stay, to: usize, share: f64) {
        let mut added = self.added.row_mut(stay.subject);
        added.scaled_add(stay.weight * share, &self.product.row(to));
        added.scaled_add(-stay.weight * share, &self.product.row(stay.state));
    }
}

impl MultiState {
    /// The variance of each chance after the first `until` steps.
    pub(super) fn variance(&self, until: usize) -> Vec<f64> {
        let mut sweep = Sweep {
            product: Array2::eye(self.states),
            lost: Array2::zeros((self.states, self.states)),
            added: Array2::zeros((self.subjects, self.states)),
        };
        let mut after = sweep.product.clone();
        let begun = self.starts.partition_point(|place| self.stays[*place].first < until);
        let mut starts = self.starts[..begun]
            .iter()
            .map(|place| &self.stays[*place])
            .rev()
            .peekable();
        let mut ends = &self.stays[..self.stays.partition_point(|stay| stay.last <= until)];
        let mut jumps = &self.jumps[..self.jumps.partition_point(|jump| jump.step < until)];
        for step in (0..until).rev() {
            let ended = ends.iter().rev().take_while(|stay| stay.last == step + 1).count();
            let (rest, here) = ends.split_at(ends.len() - ended);
            ends = rest;
            for stay in here {
                sweep.add(stay, 1.0);
                if let Some(to) = stay.to {
                    let share = self.before(step)[stay.state] / self.at_risk[[step, stay.state]];
                    sweep.moved(stay, to, share);
                }
            }
            let moved = jumps.iter().rev().take_while(|jump| jump.step == step).count();
            let (rest, here) = jumps.split_at(jumps.len() - moved);
            jumps = rest;
            self.step_back(&mut sweep, &mut after, step, here);
            while let Some(stay) = starts.next_if(|stay| stay.first == step) {
                sweep.add(stay, -1.0);
            }
        }
        if self.start_varies {
            self.start_back(&mut sweep);
        }
        let squares = sweep.added.mapv(|added| added * added);
        squares.sum_axis(ndarray::Axis(0)).to_vec()
    }

    /// `after` is room for the product before the step's own factor.
    fn step_back(&self, sweep: &mut Sweep, after: &mut Array2<f64>, step: usize, jumps: &[Jump]) {
        let before = self.before(step);
        after.assign(&sweep.product);
        for jump in jumps {
            let n = self.at_risk[[step, jump.from]];
            let share = jump.weight / n;
            let change = &after.row(jump.to) - &after.row(jump.from);
            sweep
                .lost
                .row_mut(jump.from)
                .scaled_add(before[jump.from] / n * share, &change);
            sweep.product.row_mut(jump.from).scaled_add(share, &change);
        }
    }

    /// Where subjects start in several states, their shares are estimates too.
    fn start_back(&self, sweep: &mut Sweep) {
        let at_start = || self.stays.iter().filter(|stay| stay.first == 0);
        let all: f64 = at_start().map(|stay| stay.weight).sum();
        let mean = ndarray::ArrayView1::from(&self.start).dot(&sweep.product);
        for stay in at_start() {
            let change = &sweep.product.row(stay.state) - &mean;
            sweep.added.row_mut(stay.subject).scaled_add(stay.weight / all, &change);
        }
    }
}
