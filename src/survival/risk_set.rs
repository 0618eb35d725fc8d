//! Who is at risk and who falls, at each time with an event: the table below every non-parametric estimate.

use super::{Error, FollowUp};

pub(super) struct Row {
    pub time: f64,
    /// Weight at risk in each group.
    pub at_risk: Vec<f64>,
    /// Weight of the events in each group, by cause.
    pub events: Vec<Vec<f64>>,
}

/// How subjects are told apart: their group, and how many causes count (causes beyond the last count as the last).
pub(super) struct Split<'a> {
    pub group: &'a dyn Fn(usize) -> usize,
    pub groups: usize,
    pub causes: usize,
}

pub(super) fn checked_weights(weights: Option<&[f64]>, n: usize) -> Result<Vec<f64>, Error> {
    let Some(weights) = weights else {
        return Ok(vec![1.0; n]);
    };
    if weights.len() != n {
        return Err(Error::Lengths {
            records: weights.len(),
            targets: n,
        });
    }
    match weights.iter().position(|w| !(w.is_finite() && *w > 0.0)) {
        Some(row) => Err(Error::Weight {
            row,
            weight: weights[row],
        }),
        None => Ok(weights.to_vec()),
    }
}

/// Row numbers in ascending order of `key`.
pub(super) fn ascending(n: usize, key: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
    order
}

/// One row for each distinct time with an event, in time order.
pub(super) fn rows(subjects: &[FollowUp], weights: &[f64], split: &Split) -> Vec<Row> {
    let by_entry = ascending(subjects.len(), |i| subjects[i].entry());
    let by_exit = ascending(subjects.len(), |i| subjects[i].exit());
    let mut at_risk = vec![0.0; split.groups];
    let mut count = vec![0usize; split.groups];
    let (mut entered, mut left) = (0, 0);
    let mut rows: Vec<Row> = Vec::new();
    for (position, &i) in by_exit.iter().enumerate() {
        let time = subjects[i].exit();
        if subjects[i].event() == 0 || rows.last().is_some_and(|row| row.time == time) {
            continue;
        }
        while entered < by_entry.len() && subjects[by_entry[entered]].entry() < time {
            let j = by_entry[entered];
            at_risk[(split.group)(j)] += weights[j];
            count[(split.group)(j)] += 1;
            entered += 1;
        }
        while subjects[by_exit[left]].exit() < time {
            let j = by_exit[left];
            let group = (split.group)(j);
            count[group] -= 1;
            // An empty set weighs nothing, whatever rounding left behind.
            at_risk[group] = if count[group] == 0 {
                0.0
            } else {
                at_risk[group] - weights[j]
            };
            left += 1;
        }
        let mut events = vec![vec![0.0; split.causes]; split.groups];
        // Censorings and events of one time are mixed in the order, so look on both sides of this one.
        let tied = |p: &&usize| subjects[**p].exit() == time;
        let before = by_exit[..position].iter().rev().take_while(tied);
        for &j in by_exit[position..].iter().take_while(tied).chain(before) {
            if let Some(cause) = subjects[j].event().checked_sub(1) {
                events[(split.group)(j)][(cause as usize).min(split.causes - 1)] += weights[j];
            }
        }
        rows.push(Row {
            time,
            at_risk: at_risk.clone(),
            events,
        });
    }
    rows
}
