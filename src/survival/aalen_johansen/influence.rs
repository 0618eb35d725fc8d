//! The infinitesimal jackknife of cumulative incidence in one pass.
//!
//! What a subject's weight adds to an estimate changes, once the subject has left, by the same straight line for all who left
//! before: so sums, sums of squares and of products are kept in place of subjects.

use super::AalenJohansen;
use crate::survival::risk_set::{Span, Sum};

/// Sums over subjects of w² times 1, x, y, xx, xy, yy: x is what each has added to the incidence, y to -log `free`.
/// They move with the steps, so that a long history is no large number to take away from another.
#[derive(Clone, Copy, Default)]
struct Moments([Sum; 6]);

impl Moments {
    fn add(&mut self, span: &Span, sign: f64, (x, y): (f64, f64)) {
        let square = sign * span.weight * span.weight;
        let terms = [1.0, x, y, x * x, x * y, y * y];
        for (sum, term) in self.0.iter_mut().zip(terms) {
            sum.add(square * term);
        }
    }

    /// A step: x becomes x - grown y - taken, then y becomes y - risk.
    fn pass(&mut self, grown: f64, taken: f64, risk: f64) {
        let [one, x, y, _, xy, yy] = self.0.map(Sum::value);
        let (dx, dxy) = (-grown * y - taken * one, -grown * yy - taken * y);
        let dxx = -grown * (2.0 * xy + dxy) - taken * (2.0 * x + dx);
        let added = [
            0.0,
            dx,
            -risk * one,
            dxx,
            dxy - risk * (x + dx),
            risk * (risk * one - 2.0 * y),
        ];
        for (sum, term) in self.0.iter_mut().zip(added) {
            sum.add(term);
        }
    }

    /// The sum of w² x².
    fn squares(&self) -> f64 {
        self.0[3].value().max(0.0)
    }
}

/// Cumulative sums over the steps, each with a 0 before the first step.
struct Sums {
    /// Of d/(n(n - d)): what being at risk adds to `free`, as a share of it.
    hazard: Vec<f64>,
    /// The incidence of the cause.
    fallen: Vec<f64>,
    /// What somebody at risk from the origin adds to the incidence.
    watched: Vec<f64>,
}

impl AalenJohansen {
    fn free_before(&self, row: usize) -> f64 {
        row.checked_sub(1).map_or(1.0, |row| self.steps[row].free)
    }

    fn sums(&self, column: usize) -> Sums {
        let zeros = vec![0.0; self.steps.len() + 1];
        let mut sums = Sums {
            hazard: zeros.clone(),
            fallen: zeros.clone(),
            watched: zeros,
        };
        for (row, step) in self.steps.iter().enumerate() {
            let n = step.at_risk;
            let grown = self.free_before(row) * self.events[[row, column]] / n;
            sums.hazard[row + 1] = sums.hazard[row] + self.odds[row].risk;
            sums.fallen[row + 1] = sums.fallen[row] + grown;
            sums.watched[row + 1] = sums.watched[row] + grown * (sums.hazard[row] - 1.0 / n);
        }
        sums
    }

    /// The root of the sum of squares of what each subject adds to the incidence of a column, after each step.
    pub(super) fn jackknife(&self, column: usize) -> Vec<f64> {
        // Where there is one cause the incidence is 1 - free, whose sum has no differences to cancel.
        let others = |row: usize| (0..self.causes).any(|c| c != column && self.incidence[[row, c]] > 0.0);
        if !self.steps.len().checked_sub(1).is_some_and(others) {
            return self.free_se();
        }
        let sums = self.sums(column);
        let mut entering = vec![(0, Sum::default()); self.steps.len() + 1];
        for span in self.spans.iter().filter(|span| span.first < span.last) {
            let (number, one) = &mut entering[span.first];
            *number += 1;
            one.add(span.weight * span.weight);
        }
        let (mut number, mut at_risk, mut gone) = (0, Moments::default(), Moments::default());
        let mut leaving = self.spans.iter().filter(|span| span.first < span.last).peekable();
        let error = |row: usize| {
            number += entering[row].0;
            at_risk.0[0].merge(entering[row].1);
            let grown = sums.fallen[row + 1] - sums.fallen[row];
            at_risk.pass(grown, grown / self.steps[row].at_risk, self.odds[row].risk);
            gone.pass(grown, 0.0, 0.0);
            while let Some(span) = leaving.next_if(|span| span.last == row + 1) {
                at_risk.add(span, -1.0, sums.watched(span));
                gone.add(span, 1.0, self.left(&sums, column, span));
                number -= 1;
                if number == 0 {
                    at_risk = Moments::default();
                }
            }
            (at_risk.squares() + gone.squares()).sqrt()
        };
        (0..self.steps.len()).map(error).collect()
    }

    /// What somebody has added to the incidence and to -log `free` on leaving, with the fall.
    fn left(&self, sums: &Sums, column: usize, span: &Span) -> (f64, f64) {
        let (mut added, mut lost) = sums.watched(span);
        let row = span.last - 1;
        if span.event > 0 {
            lost += self.odds[row].fall;
            if span.event as usize == column + 1 {
                added += self.free_before(row) / self.steps[row].at_risk;
            }
        }
        (added, lost)
    }
}

impl Sums {
    /// What somebody has added to the incidence and to -log `free` by having been at risk.
    fn watched(&self, span: &Span) -> (f64, f64) {
        let (first, last) = (span.first, span.last);
        let grown = self.fallen[last] - self.fallen[first];
        let added = self.watched[last] - self.watched[first] - self.hazard[first] * grown;
        (added, self.hazard[first] - self.hazard[last])
    }
}
