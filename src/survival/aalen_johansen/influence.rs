//! The infinitesimal jackknife of cumulative incidence in one pass.
//!
//! What a subject's weight adds to an estimate changes, once the subject has left, by the same straight line for all who left
//! before: so sums, sums of squares and of products are kept in place of subjects.

use super::AalenJohansen;
use crate::survival::FollowUp;

/// At risk at the steps `first..last`; `event` is how it ended, at step `last - 1`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    first: usize,
    last: usize,
    event: u32,
    weight: f64,
}

/// The place of every subject among the steps.
pub(super) fn spans(subjects: &[FollowUp], weights: &[f64], times: &[f64]) -> Vec<Span> {
    let until = |time: f64| times.partition_point(|step| *step <= time);
    (subjects.iter().zip(weights))
        .map(|(subject, &weight)| Span {
            first: if subject.entry() > 0.0 {
                until(subject.entry())
            } else {
                0
            },
            last: until(subject.exit()),
            event: subject.event(),
            weight,
        })
        .collect()
}

/// Sums over subjects, each with two numbers x and y, of w² times 1, x, y, xx, xy, yy.
#[derive(Clone, Copy, Default)]
struct Moments([f64; 6]);

impl Moments {
    fn add(&mut self, square_weight: f64, x: f64, y: f64) {
        let terms = [1.0, x, y, x * x, x * y, y * y];
        for (sum, term) in self.0.iter_mut().zip(terms) {
            *sum += square_weight * term;
        }
    }

    fn merge(&mut self, other: &Moments) {
        for (sum, term) in self.0.iter_mut().zip(other.0) {
            *sum += term;
        }
    }

    /// The sum of w² (c + x - f y)².
    fn squares(&self, c: f64, f: f64) -> f64 {
        let [one, x, y, xx, xy, yy] = self.0;
        one * c * c + 2.0 * c * (x - f * y) + xx - 2.0 * f * xy + f * f * yy
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
    fn sums(&self, column: Option<usize>) -> Sums {
        let zero = || {
            let mut sum = Vec::with_capacity(self.steps.len() + 1);
            sum.push(0.0);
            sum
        };
        let (mut hazard, mut fallen, mut watched) = (zero(), zero(), zero());
        let mut free = 1.0;
        for (row, step) in self.steps.iter().enumerate() {
            let (n, d) = (step.at_risk, self.events.row(row).sum());
            let grown = column.map_or(0.0, |column| free * self.events[[row, column]] / n);
            watched.push(watched[row] + grown * (hazard[row] - 1.0 / n));
            fallen.push(fallen[row] + grown);
            // Once all have fallen nothing moves any more.
            hazard.push(hazard[row] + if d < n { d / (n * (n - d)) } else { 0.0 });
            free = step.free;
        }
        Sums {
            hazard,
            fallen,
            watched,
        }
    }

    /// The root of the sum of squares of what each subject adds, after each step: to the incidence of a column, or to `free`.
    pub(super) fn jackknife(&self, column: Option<usize>) -> Vec<f64> {
        // Where there is one cause the incidence is 1 - free, whose sum has no differences to cancel.
        let others = |row: usize, own: usize| (0..self.causes).any(|c| c != own && self.incidence[[row, c]] > 0.0);
        let column = column.filter(|own| self.steps.len().checked_sub(1).is_some_and(|row| others(row, *own)));
        let sums = self.sums(column);
        let none = vec![Moments::default(); self.steps.len() + 1];
        let (mut present, mut gone) = (none.clone(), none);
        for span in &self.spans {
            let square = span.weight * span.weight;
            let (x, y) = self.entered(&sums, column, span);
            present[span.first].add(square, x, y);
            present[span.last].add(-square, x, y);
            let (x, y) = self.left(&sums, column, span);
            gone[span.last].add(square, x, y);
        }
        let (mut at_risk, mut past) = (Moments::default(), Moments::default());
        let error = |row: usize| {
            if row == 0 {
                at_risk.merge(&present[0]);
                past.merge(&gone[0]);
            }
            at_risk.merge(&present[row + 1]);
            past.merge(&gone[row + 1]);
            let scale = if column.is_some() { 1.0 } else { self.steps[row].free };
            let shared = if column.is_some() {
                sums.watched[row + 1]
            } else {
                sums.hazard[row + 1]
            };
            let f = sums.fallen[row + 1];
            let sum = at_risk.squares(shared, f) + past.squares(0.0, f);
            scale * sum.max(0.0).sqrt()
        };
        (0..self.steps.len()).map(error).collect()
    }

    /// At risk after step t somebody adds watched(t) + x - fallen(t) y; to `free`, hazard(t) + x.
    fn entered(&self, sums: &Sums, column: Option<usize>, span: &Span) -> (f64, f64) {
        let at = span.first;
        match column {
            Some(_) => (sums.hazard[at] * sums.fallen[at] - sums.watched[at], sums.hazard[at]),
            None => (-sums.hazard[at], 0.0),
        }
    }

    /// Having left before step t somebody adds x - fallen(t) y; to `free`, x.
    fn left(&self, sums: &Sums, column: Option<usize>, span: &Span) -> (f64, f64) {
        let (first, last) = (span.first, span.last);
        let mut lost = sums.hazard[first] - sums.hazard[last];
        let fell = (span.event > 0).then(|| last - 1);
        if let Some(row) = fell {
            let (n, d) = (self.steps[row].at_risk, self.events.row(row).sum());
            lost += if d < n { 1.0 / (n - d) } else { 0.0 };
        }
        let Some(column) = column else {
            return (-lost, 0.0);
        };
        let mut added =
            sums.watched[last] - sums.watched[first] - sums.hazard[first] * (sums.fallen[last] - sums.fallen[first]);
        if let Some(row) = fell.filter(|_| span.event as usize == column + 1) {
            let free = if row == 0 { 1.0 } else { self.steps[row - 1].free };
            added += free / self.steps[row].at_risk;
        }
        (added + lost * sums.fallen[last], lost)
    }
}
