//! The infinitesimal jackknife of sums over the steps of a curve: the error that holds for any weights.

use crate::survival::risk_set::{Span, Table};

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

/// The root of the sum of squares of what each subject's weight adds, after each step.
///
/// Those at risk have all lost the same since they entered, and those gone stay as they left: four sums are kept in place of
/// subjects. `spans` are in order of their end.
pub(in crate::survival) fn additive(spans: &[Span], parts: &[Part]) -> Vec<f64> {
    let mut lost = vec![0.0; parts.len() + 1];
    for (row, part) in parts.iter().enumerate() {
        lost[row + 1] = lost[row] + part.risk;
    }
    // Sums of w², w² x and w² x² over those at risk, x what the steps before the entry would have taken.
    let mut entering = vec![[0.0; 3]; parts.len() + 1];
    let terms = |span: &Span| {
        let (square, x) = (span.weight * span.weight, lost[span.first]);
        [square, square * x, square * x * x]
    };
    let add = |sums: &mut [f64; 3], terms: [f64; 3], sign: f64| {
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum += sign * term;
        }
    };
    for span in spans.iter().filter(|span| span.first < span.last) {
        add(&mut entering[span.first], terms(span), 1.0);
    }
    let (mut at_risk, mut gone) = ([0.0; 3], 0.0);
    let mut leaving = spans.iter().filter(|span| span.first < span.last).peekable();
    let error = |row: usize| {
        add(&mut at_risk, entering[row], 1.0);
        while let Some(span) = leaving.next_if(|span| span.last == row + 1) {
            add(&mut at_risk, terms(span), -1.0);
            let fall = if span.event > 0 { parts[row].fall } else { 0.0 };
            let added = fall - (lost[row + 1] - lost[span.first]);
            gone += span.weight * span.weight * added * added;
        }
        if leaving.peek().is_none() {
            at_risk = [0.0; 3];
        }
        let (now, [one, x, xx]) = (lost[row + 1], at_risk);
        let present: f64 = one * now * now - 2.0 * now * x + xx;
        (present.max(0.0) + gone).sqrt()
    };
    (0..parts.len()).map(error).collect()
}
