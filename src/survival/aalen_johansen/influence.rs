//! The infinitesimal jackknife of cumulative incidence in one pass.
//!
//! What a subject's weight adds to an estimate changes, once the subject has left, by the same straight line for all who left
//! before: so sums, sums of squares and of products are kept in place of subjects.

use super::AalenJohansen;
use crate::survival::risk_set::Span;

/// Sums over subjects, each with two numbers x and y, of w² times 1, x, y, xx, xy, yy.
#[derive(Clone, Copy, Default)]
struct Moments([f64; 6]);

impl Moments {
    fn add(&mut self, span: &Span, sign: f64, (x, y): (f64, f64)) {
        let square = sign * span.weight * span.weight;
        let terms = [1.0, x, y, x * x, x * y, y * y];
        for (sum, term) in self.0.iter_mut().zip(terms) {
            *sum += square * term;
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
        let mut entering = vec![Moments::default(); self.steps.len() + 1];
        for span in &self.spans {
            entering[span.first].add(span, 1.0, sums.entered(span));
        }
        let (mut at_risk, mut gone) = (Moments::default(), Moments::default());
        let mut leaving = self.spans.iter().peekable();
        let error = |row: usize| {
            at_risk.merge(&entering[row]);
            while let Some(span) = leaving.next_if(|span| span.last <= row + 1) {
                at_risk.add(span, -1.0, sums.entered(span));
                gone.add(span, 1.0, self.left(&sums, column, span));
            }
            let fallen = sums.fallen[row + 1];
            let sum = at_risk.squares(sums.watched[row + 1], fallen) + gone.squares(0.0, fallen);
            sum.max(0.0).sqrt()
        };
        (0..self.steps.len()).map(error).collect()
    }

    /// Having left before step t somebody adds x - fallen(t) y.
    fn left(&self, sums: &Sums, column: usize, span: &Span) -> (f64, f64) {
        let (first, last) = (span.first, span.last);
        let mut lost = sums.hazard[first] - sums.hazard[last];
        let grown = sums.fallen[last] - sums.fallen[first];
        let mut added = sums.watched[last] - sums.watched[first] - sums.hazard[first] * grown;
        if let Some(row) = last.checked_sub(1).filter(|_| span.event > 0) {
            lost += self.odds[row].fall;
            if span.event as usize == column + 1 {
                added += self.free_before(row) / self.steps[row].at_risk;
            }
        }
        (added + lost * sums.fallen[last], lost)
    }
}

impl Sums {
    /// At risk after step t somebody adds watched(t) + x - fallen(t) y.
    fn entered(&self, span: &Span) -> (f64, f64) {
        let y = self.hazard[span.first];
        (y * self.fallen[span.first] - self.watched[span.first], y)
    }
}
