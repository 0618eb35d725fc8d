//! Who is at risk and who falls, at each time with an event: the table below every non-parametric estimate.
//!
//! One sort of the exits, one of the late entries where there are any, flat arrays, and a sweep back in time that only adds
//! weights (and takes off those not yet entered).

use super::{Error, FollowUp};

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
    /// Every exit, and every entry after the origin, ascending.
    pub exits: Vec<f64>,
    pub entries: Vec<f64>,
}

impl Table {
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
fn counts(subjects: &[FollowUp]) -> Table {
    let mut keys: Vec<u64> = subjects.iter().map(exit_key).collect();
    keys.sort_unstable();
    let late = subjects.iter().map(FollowUp::entry).filter(|entry| *entry > 0.0);
    let mut entries: Vec<u64> = late.map(bits).collect();
    entries.sort_unstable();
    let from_origin = keys.len() - entries.len();
    let rows = event_times(keys.iter().copied());
    let (mut times, mut at_risk, mut events) = (
        Vec::with_capacity(rows),
        Vec::with_capacity(rows),
        Vec::with_capacity(rows),
    );
    let (mut next, mut entered) = (0, 0);
    while next < keys.len() {
        let (left, time) = (next, keys[next] >> 1);
        next += keys[next..].iter().take_while(|key| **key == time << 1).count();
        let fallen = keys[next..].iter().take_while(|key| **key == time << 1 | 1).count();
        next += fallen;
        if fallen > 0 {
            entered += entries[entered..].iter().take_while(|entry| **entry < time).count();
            times.push(time_of(time));
            at_risk.push((from_origin + entered - left) as f64);
            events.push(fallen as f64);
        }
    }
    Table {
        times,
        at_risk,
        events,
        groups: 1,
        causes: 1,
        exits: keys.into_iter().map(|key| time_of(key >> 1)).collect(),
        entries: entries.into_iter().map(time_of).collect(),
    }
}

/// Weight and number of those at risk in each group.
struct Present {
    weight: Vec<f64>,
    number: Vec<usize>,
}

impl Present {
    fn add(&mut self, group: usize, weight: f64) {
        self.weight[group] += weight;
        self.number[group] += 1;
    }

    fn remove(&mut self, group: usize, weight: f64) {
        self.number[group] -= 1;
        // An empty set weighs nothing, whatever rounding left behind.
        self.weight[group] = if self.number[group] == 0 {
            0.0
        } else {
            self.weight[group] - weight
        };
    }
}

/// The table of weighted subjects in groups, by cause.
pub(super) fn table(subjects: &[FollowUp], weights: &[f64], split: &Split) -> Table {
    let (groups, causes) = (split.groups, split.causes);
    let mut exits: Vec<(u64, usize)> = subjects.iter().map(exit_key).zip(0..).collect();
    exits.sort_unstable();
    let late = subjects.iter().zip(0..).filter(|(subject, _)| subject.entry() > 0.0);
    let mut entries: Vec<(u64, usize)> = late.map(|(subject, i)| (bits(subject.entry()), i)).collect();
    entries.sort_unstable();
    let mut row = event_times(exits.iter().map(|exit| exit.0));
    let (mut times, mut at_risk) = (vec![0.0; row], vec![0.0; row * groups]);
    let mut events = vec![0.0; row * groups * causes];
    let mut present = Present {
        weight: vec![0.0; groups],
        number: vec![0; groups],
    };
    let mut fallen = vec![0; groups];
    let (mut end, mut waiting) = (exits.len(), entries.len());
    while end > 0 {
        let time = exits[end - 1].0 >> 1;
        let tied = exits[..end].iter().rev().take_while(|exit| exit.0 >> 1 == time).count();
        let here = &exits[end - tied..end];
        end -= tied;
        for &(_, i) in here {
            present.add((split.group)(i), weights[i]);
        }
        if here[tied - 1].0 & 1 == 0 {
            continue;
        }
        while waiting > 0 && entries[waiting - 1].0 >= time {
            waiting -= 1;
            let i = entries[waiting].1;
            present.remove((split.group)(i), weights[i]);
        }
        row -= 1;
        times[row] = time_of(time);
        let events = &mut events[row * groups * causes..][..groups * causes];
        fallen.fill(0);
        for &(_, i) in here.iter().filter(|exit| exit.0 & 1 == 1) {
            let group = (split.group)(i);
            let cause = (subjects[i].event() as usize).min(causes) - 1;
            events[group * causes + cause] += weights[i];
            fallen[group] += 1;
        }
        for group in 0..groups {
            // Where all fall, the two sums are one: the curve then comes to 0 itself.
            at_risk[row * groups + group] = if fallen[group] == present.number[group] {
                events[group * causes..(group + 1) * causes].iter().sum()
            } else {
                present.weight[group]
            };
        }
    }
    Table {
        times,
        at_risk,
        events,
        groups,
        causes,
        exits: exits.into_iter().map(|(key, _)| time_of(key >> 1)).collect(),
        entries: entries.into_iter().map(|(key, _)| time_of(key)).collect(),
    }
}

/// One group, any cause; weights of 1 need only be counted.
pub(super) fn whole(subjects: &[FollowUp], weights: Option<&[f64]>) -> Result<Table, Error> {
    if subjects.is_empty() {
        return Err(Error::Empty);
    }
    if weights.is_none() {
        return Ok(counts(subjects));
    }
    let one = Split {
        group: &|_| 0,
        groups: 1,
        causes: 1,
    };
    Ok(table(subjects, &checked_weights(weights, subjects.len())?, &one))
}
