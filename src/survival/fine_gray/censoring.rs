//! The Kaplan-Meier curve of the censoring, one a group, just before each time.

use std::ops::Range;

use ndarray::Array2;

use super::TiedCensoring;

/// How a follow-up ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Censored,
    Event,
    Competing,
}

/// Subjects in ascending order of time, as far as the censoring sees them.
pub(super) struct Ends<'a> {
    pub time: &'a [f64],
    pub end: &'a [End],
    pub weight: &'a [f64],
    pub group: &'a [usize],
    pub groups: usize,
    pub rule: TiedCensoring,
}

/// One time in one group at which somebody is censored.
#[derive(Clone, Copy)]
pub(super) struct Lost {
    pub group: usize,
    /// Weight censored, and weight that could have been.
    pub censored: f64,
    pub at_risk: f64,
}

impl Ends<'_> {
    /// Ranges of equal times, ascending.
    pub fn blocks(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut start = 0;
        std::iter::from_fn(move || {
            let time = *self.time.get(start)?;
            let length = self.time[start..].iter().take_while(|t| **t == time).count();
            let block = start..start + length;
            start = block.end;
            Some(block)
        })
    }

    /// Visits the blocks forward, each with its censorings by group.
    pub fn walk(&self, mut visit: impl FnMut(Range<usize>, &[Lost])) {
        let mut inside = vec![0.0; self.groups];
        let mut count = vec![0usize; self.groups];
        for (weight, group) in self.weight.iter().zip(self.group) {
            inside[*group] += weight;
            count[*group] += 1;
        }
        let mut sums = vec![(0.0, 0.0); self.groups];
        let mut lost: Vec<Lost> = Vec::new();
        for block in self.blocks() {
            self.lose(block.clone(), &inside, &mut sums, &mut lost);
            for i in block.clone() {
                let group = self.group[i];
                count[group] -= 1;
                // An empty set weighs nothing, whatever rounding left behind.
                inside[group] = if count[group] == 0 {
                    0.0
                } else {
                    inside[group] - self.weight[i]
                };
            }
            visit(block, &lost);
        }
    }

    /// The censorings of one block; `sums` (censored, fallen) are 0 before and after.
    fn lose(&self, block: Range<usize>, inside: &[f64], sums: &mut [(f64, f64)], lost: &mut Vec<Lost>) {
        for i in block.clone() {
            let (censored, fallen) = &mut sums[self.group[i]];
            *(if self.end[i] == End::Censored { censored } else { fallen }) += self.weight[i];
        }
        lost.clear();
        for group in block.map(|i| self.group[i]) {
            let (censored, fallen) = std::mem::take(&mut sums[group]);
            if censored > 0.0 {
                let gone = if self.rule == TiedCensoring::AfterEvents {
                    fallen
                } else {
                    0.0
                };
                let at_risk = (inside[group] - gone).max(censored);
                lost.push(Lost {
                    group,
                    censored,
                    at_risk,
                });
            }
        }
    }

    /// `G(t-)` of each subject in its own group, and of every group at the times given by the first position of each.
    pub fn curves(&self, first: &[usize]) -> (Vec<f64>, Array2<f64>) {
        let mut own = vec![1.0; self.time.len()];
        let mut at = Array2::ones((first.len(), self.groups));
        let mut now = vec![1.0; self.groups];
        let mut next = 0;
        self.walk(|block, lost| {
            if first.get(next) == Some(&block.start) {
                at.row_mut(next).iter_mut().zip(&now).for_each(|(at, now)| *at = *now);
                next += 1;
            }
            for i in block {
                own[i] = now[self.group[i]];
            }
            for l in lost {
                now[l.group] *= 1.0 - l.censored / l.at_risk;
            }
        });
        (own, at)
    }
}
