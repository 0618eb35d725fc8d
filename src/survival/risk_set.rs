//! Who is at risk and who falls, at each time with an event: the table below every non-parametric estimate.
//!
//! One sort of the exits, one of the late entries where there are any, flat arrays, and a sweep back in time that only adds
//! weights (and takes off those not yet entered).

mod present;

use super::{Error, FollowUp};
use present::Present;
pub(in crate::survival) use present::Sum;

/// How subjects are told apart: their group, and how many causes count (causes beyond the last count as the last).
pub(super) struct Split<'a> {
    pub group: &'a dyn Fn(usize) -> usize,
    pub groups: usize,
    pub causes: usize,
}

/// Row by row in time order, one row for each distinct time with an event.
pub(super) struct Table {
    pub times: Vec<f64>,
    at_risk: Vec<f64>,
    events: Vec<f64>,
    groups: usize,
    causes: usize,
}

impl Table {
    fn zeros(rows: usize, groups: usize, causes: usize) -> Table {
        Table {
            times: vec![0.0; rows],
            at_risk: vec![0.0; rows * groups],
            events: vec![0.0; rows * groups * causes],
            groups,
            causes,
        }
    }

    pub fn rows(&self) -> usize {
        self.times.len()
    }

    /// Weight at risk just before the row's time, one number a group.
    pub fn at_risk(&self, row: usize) -> &[f64] {
        &self.at_risk[row * self.groups..(row + 1) * self.groups]
    }

    /// Weight of the row's events in a group, one number a cause.
    pub fn events(&self, row: usize, group: usize) -> &[f64] {
        let place = (row * self.groups + group) * self.causes;
        &self.events[place..place + self.causes]
    }
}

/// Every exit, and every entry after the origin, ascending.
pub(super) struct Watched {
    pub exits: Vec<f64>,
    pub entries: Vec<f64>,
}

/// A subject among the rows of a table: at risk at `first..last`; an event is that of row `last - 1`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub first: usize,
    pub last: usize,
    pub event: u32,
    pub weight: f64,
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

/// Row numbers in ascending order of `key`; equal keys in the order of the rows.
pub(super) fn ascending(n: usize, key: impl Fn(usize) -> f64) -> Vec<usize> {
    // IEEE's total order as an integer: integers beside their row sort faster than rows that look their key up.
    let total = |x: f64| {
        let bits = x.to_bits();
        if x.is_sign_negative() { !bits } else { bits | 1 << 63 }
    };
    let mut order: Vec<(u64, usize)> = (0..n).map(|i| (total(key(i)), i)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, i)| i).collect()
}

/// A time as an integer of the same order. Times are not negative, so their sign bit is free; adding 0 makes -0 a 0.
fn bits(time: f64) -> u64 {
    (time + 0.0).to_bits()
}

fn time_of(bits: u64) -> f64 {
    f64::from_bits(bits)
}

/// Exit and, in the last place, whether it was an event: in order of time, censorings of one time before its events.
fn exit_key(subject: &FollowUp) -> u64 {
    bits(subject.exit()) << 1 | u64::from(subject.event() > 0)
}

/// How many distinct times have an event, of sorted exit keys.
fn event_times(keys: impl Iterator<Item = u64>) -> usize {
    let mut last = 0;
    keys.filter(|key| key & 1 == 1 && std::mem::replace(&mut last, *key) != *key)
        .count()
}

/// Everybody of weight 1, one group, any cause: the keys alone are sorted.
pub(super) fn counts(subjects: &[FollowUp]) -> (Table, Watched) {
    let mut keys: Vec<u64> = subjects.iter().map(exit_key).collect();
    keys.sort_unstable();
    let late = subjects.iter().map(FollowUp::entry).filter(|entry| *entry > 0.0);
    let mut entries: Vec<u64> = late.map(bits).collect();
    entries.sort_unstable();
    let from_origin = keys.len() - entries.len();
    let mut table = Table::zeros(event_times(keys.iter().copied()), 1, 1);
    let (mut row, mut next, mut entered) = (0, 0, 0);
    while next < keys.len() {
        let (left, time) = (next, keys[next] >> 1);
        next += keys[next..].iter().take_while(|key| **key == time << 1).count();
        let fallen = keys[next..].iter().take_while(|key| **key == time << 1 | 1).count();
        next += fallen;
        if fallen > 0 {
            entered += entries[entered..].iter().take_while(|entry| **entry < time).count();
            table.times[row] = time_of(time);
            table.at_risk[row] = (from_origin + entered - left) as f64;
            table.events[row] = fallen as f64;
            row += 1;
        }
    }
    let watched = Watched {
        exits: keys.into_iter().map(|key| time_of(key >> 1)).collect(),
        entries: entries.into_iter().map(time_of).collect(),
    };
    (table, watched)
}

/// Exits and late entries in order of time, each with its subject.
pub(super) struct Order {
    exits: Vec<(u64, usize)>,
    entries: Vec<(u64, usize)>,
}

impl Order {
    pub fn of(subjects: &[FollowUp]) -> Order {
        let mut exits: Vec<(u64, usize)> = subjects.iter().map(exit_key).zip(0..).collect();
        exits.sort_unstable();
        let late = subjects.iter().zip(0..).filter(|(subject, _)| subject.entry() > 0.0);
        let mut entries: Vec<(u64, usize)> = late.map(|(subject, i)| (bits(subject.entry()), i)).collect();
        entries.sort_unstable();
        Order { exits, entries }
    }

    /// The table of weighted subjects in groups, by cause.
    pub fn table(&self, subjects: &[FollowUp], weights: &[f64], split: &Split) -> Table {
        let rows = event_times(self.exits.iter().map(|exit| exit.0));
        let mut table = Table::zeros(rows, split.groups, split.causes);
        let mut present = Present::new(split.groups);
        let (mut row, mut waiting) = (rows, self.entries.len());
        for here in self.exits.chunk_by(|a, b| a.0 >> 1 == b.0 >> 1).rev() {
            for &(_, i) in here {
                present.add((split.group)(i), weights[i]);
            }
            let time = here[0].0 >> 1;
            let fallen = &here[here.partition_point(|exit| exit.0 & 1 == 0)..];
            if fallen.is_empty() {
                continue;
            }
            while waiting > 0 && self.entries[waiting - 1].0 >= time {
                waiting -= 1;
                let i = self.entries[waiting].1;
                present.remove((split.group)(i), weights[i]);
            }
            row -= 1;
            table.times[row] = time_of(time);
            let fall = fallen
                .iter()
                .map(|&(_, i)| ((split.group)(i), subjects[i].event(), weights[i]));
            table.fill(row, &mut present, fall);
        }
        table
    }

    /// Every subject's place among the rows, in order of exit.
    pub fn spans(&self, subjects: &[FollowUp], weights: &[f64], times: &[f64]) -> Vec<Span> {
        let mut first = vec![0; if self.entries.is_empty() { 0 } else { subjects.len() }];
        let mut row = 0;
        for &(entry, i) in &self.entries {
            row += times[row..].iter().take_while(|time| bits(**time) <= entry).count();
            first[i] = row;
        }
        row = 0;
        let span = |&(key, i): &(u64, usize)| {
            row += times[row..].iter().take_while(|time| bits(**time) <= key >> 1).count();
            Span {
                first: first.get(i).copied().unwrap_or(0),
                last: row,
                event: subjects[i].event(),
                weight: weights[i],
            }
        };
        self.exits.iter().map(span).collect()
    }

    pub fn watched(self) -> Watched {
        Watched {
            exits: self.exits.into_iter().map(|(key, _)| time_of(key >> 1)).collect(),
            entries: self.entries.into_iter().map(|(key, _)| time_of(key)).collect(),
        }
    }
}

impl Table {
    /// `fall` gives group, event code and weight of each who falls.
    fn fill(&mut self, row: usize, present: &mut Present, fall: impl Iterator<Item = (usize, u32, f64)>) {
        let (groups, causes) = (self.groups, self.causes);
        let events = &mut self.events[row * groups * causes..][..groups * causes];
        present.fallen.fill(0);
        for (group, event, weight) in fall {
            events[group * causes + (event as usize).min(causes) - 1] += weight;
            present.fallen[group] += 1;
        }
        let at_risk = &mut self.at_risk[row * groups..][..groups];
        for (group, at_risk) in at_risk.iter_mut().enumerate() {
            let fall: f64 = events[group * causes..(group + 1) * causes].iter().sum();
            // Where all fall, the two sums are one: the curve then comes to 0 itself. No fewer are at risk than fall.
            *at_risk = if present.fallen[group] == present.number[group] {
                fall
            } else {
                fall.max(present.weight(group))
            };
        }
    }
}

/// The table of all subjects in one group with causes 1 to `causes`.
pub(super) fn one_group<'a>(causes: usize) -> Split<'a> {
    Split {
        group: &|_| 0,
        groups: 1,
        causes,
    }
}

/// One group, any cause; weights of 1 need only be counted.
pub(super) fn whole(subjects: &[FollowUp], weights: Option<&[f64]>) -> Result<(Table, Watched), Error> {
    if subjects.is_empty() {
        return Err(Error::Empty);
    }
    if weights.is_none() {
        return Ok(counts(subjects));
    }
    let (weights, order) = (checked_weights(weights, subjects.len())?, Order::of(subjects));
    let table = order.table(subjects, &weights, &one_group(1));
    Ok((table, order.watched()))
}
