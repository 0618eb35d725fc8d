//! The infinitesimal jackknife of sums over the steps of a curve: the error that holds for any weights.

use crate::survival::risk_set::{Span, Sum, Table};

/// What one step adds for a subject at risk there: `fall` if it falls, and less `risk` in any case.
#[derive(Clone, Copy, Debug)]
pub(in crate::survival) struct Part {
    pub fall: f64,
    pub risk: f64,
}

/// The parts of -log S: a curve's jackknife is that of this sum times S. A step on which all fall ends the curve.
pub(in crate::survival) fn odds(table: &Table) -> Vec<Part> {
    let part = |row: usize| {
        let (n, d) = (table.at_risk(row)[0], table.events(row, 0).iter().sum::<f64>());
        if d < n {
            Part {
                fall: 1.0 / (n - d),
                risk: d / (n * (n - d)),
            }
        } else {
            Part { fall: 0.0, risk: 0.0 }
        }
    };
    (0..table.rows()).map(part).collect()
}

/// Sums over those at risk of w², w² x and w² x², x what being at risk has taken from each so far. They move with the steps, so
/// that a long history is no large number to take away from another.
#[derive(Default)]
struct AtRisk {
    number: usize,
    one: Sum,
    x: Sum,
    xx: Sum,
}

impl AtRisk {
    fn pass(&mut self, risk: f64) {
        let (one, x) = (self.one.value(), self.x.value());
        self.xx.add(risk * (2.0 * x + risk * one));
        self.x.add(risk * one);
    }

    fn leave(&mut self, square: f64, x: f64) {
        self.number -= 1;
        self.one.add(-square);
        self.x.add(-square * x);
        self.xx.add(-square * x * x);
        if self.number == 0 {
            *self = AtRisk::default();
        }
    }
}

/// The root of the sum of squares of what each subject's weight adds, after each step.
///
/// Those at risk have all lost the same since they entered, and those gone stay as they left: four sums are kept in place of
/// subjects. `spans` are in order of their end.
pub(in crate::survival) fn additive(spans: &[Span], parts: &[Part]) -> Vec<f64> {
    let mut lost = vec![0.0; parts.len() + 1];
    for (row, part) in parts.iter().enumerate() {
        lost[row + 1] = lost[row] + part.risk;
    }
    let mut entering = vec![(0, Sum::default()); parts.len() + 1];
    for span in spans.iter().filter(|span| span.first < span.last) {
        let (number, one) = &mut entering[span.first];
        *number += 1;
        one.add(span.weight * span.weight);
    }
    let (mut at_risk, mut gone) = (AtRisk::default(), 0.0);
    let mut leaving = spans.iter().filter(|span| span.first < span.last).peekable();
    let error = |row: usize| {
        at_risk.number += entering[row].0;
        at_risk.one.merge(entering[row].1);
        at_risk.pass(parts[row].risk);
        while let Some(span) = leaving.next_if(|span| span.last == row + 1) {
            let (square, taken) = (span.weight * span.weight, lost[row + 1] - lost[span.first]);
            at_risk.leave(square, taken);
            let added = if span.event > 0 {
                parts[row].fall - taken
            } else {
                -taken
            };
            gone += square * added * added;
        }
        (at_risk.xx.value().max(0.0) + gone).sqrt()
    };
    (0..parts.len()).map(error).collect()
}
