//! The table of one node's event times, from which come both its split and, if it has none, its hazards.

use super::sample::Sample;

/// A row of the node: at risk at the node's k-th event time, counted from 1, when `entry < k <= exit`.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub entry: u32,
    pub exit: u32,
    pub cause: Option<u8>,
    pub weight: f64,
}

/// A row is at risk up to its exit, less (a weight below 0) up to its entry.
pub(super) struct End {
    /// Place in the node.
    pub row: u32,
    /// How many event times there are up to it.
    pub at: u32,
    pub weight: f64,
}

/// Filled again for each node, so that none allocates.
#[derive(Default)]
pub(super) struct Node {
    /// Place of each event time among those of the sample, from 0, ascending.
    pub at: Vec<u32>,
    /// Weight of the events, time after time, cause by cause.
    pub events: Vec<f64>,
    pub at_risk: Vec<f64>,
    pub spans: Vec<Span>,
    pub weight: f64,
}

impl Node {
    /// `rows` stand in the order of the sample; `bag` holds each row's weight in this tree.
    pub fn fill(&mut self, sample: &Sample, bag: &[f64], rows: &[u32]) {
        let causes = sample.causes.len();
        self.at.clear();
        self.events.clear();
        self.spans.clear();
        self.weight = 0.0;
        for &row in rows {
            let (subject, weight) = (sample.subjects[row as usize], bag[row as usize]);
            if let Some(cause) = subject.cause {
                if self.at.last() != Some(&(subject.exit - 1)) {
                    self.at.push(subject.exit - 1);
                    self.events.resize(self.at.len() * causes, 0.0);
                }
                let last = self.events.len() - causes;
                self.events[last + usize::from(cause)] += weight;
            }
            let entry = match subject.entry {
                0 => 0,
                entry => self.at.partition_point(|at| *at < entry),
            };
            self.weight += weight;
            self.spans.push(Span {
                entry: entry as u32,
                exit: self.at.len() as u32,
                cause: subject.cause,
                weight,
            });
        }
        self.count();
    }

    fn count(&mut self) {
        self.at_risk.clear();
        self.at_risk.resize(self.at.len() + 1, 0.0);
        for span in &self.spans {
            self.at_risk[span.exit as usize] += span.weight;
            self.at_risk[span.entry as usize] -= span.weight;
        }
        for k in (1..self.at.len()).rev() {
            self.at_risk[k] += self.at_risk[k + 1];
        }
        // What stands at 0 is nobody's: rows that left before the first event.
        self.at_risk.remove(0);
    }

    /// All ends but those before the first event time, in time order.
    pub fn ends(&self, ends: &mut Vec<End>) {
        ends.clear();
        let mut late = false;
        for (row, span) in self.spans.iter().enumerate() {
            for (at, weight) in [(span.entry, -span.weight), (span.exit, span.weight)] {
                if at > 0 {
                    let row = row as u32;
                    ends.push(End { row, at, weight });
                }
            }
            late |= span.entry > 0;
        }
        if late {
            ends.sort_by_key(|end| end.at);
        }
    }
}
