//! Rows in the order in which they join the risk set, from the last time to the first, stratum by stratum.

use super::columns::BLOCK;
use crate::survival::FollowUp;

/// Everybody who falls at one time. `end` is the place after the last row at risk that did not leave before.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub end: u32,
    /// How many fall, and their weight. They stand first among the rows of their time.
    pub fallen: u32,
    pub weight: f64,
}

/// Rows `start..end` and groups `from..to`, groups from the last time to the first.
#[derive(Clone, Copy)]
pub(super) struct Stratum {
    pub start: usize,
    pub end: usize,
    pub from: usize,
    pub to: usize,
}

/// Who has not entered yet.
pub(super) struct Delayed {
    /// Places in descending order of entry, stratum by stratum.
    pub by_entry: Vec<u32>,
    /// For each group, how far in `by_entry` stand those who enter at its time or later.
    pub outside: Vec<u32>,
    /// For each place, the latest group at or before its entry; `NEVER` where there is none.
    pub before: Vec<u32>,
}

pub(super) const NEVER: u32 = u32::MAX;

/// Orders are made once; a place is a row's number in the order.
pub(super) struct Order {
    /// The row at each place.
    pub rows: Vec<u32>,
    pub strata: Vec<Stratum>,
    pub groups: Vec<Group>,
    /// The first row of each group's time.
    pub first: Vec<u32>,
    /// The time of each group.
    pub times: Vec<f64>,
    pub delayed: Option<Delayed>,
    /// One a place, then zeros to the end of the last block: the weight; the weight where the row falls; and, on the last place of each
    /// group's time, the weight of all who fall.
    pub weight: Vec<f64>,
    pub died: Vec<f64>,
    pub closes: Vec<f64>,
}

/// What one row brings into the order.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub row: u32,
    pub stratum: u32,
    pub follow_up: FollowUp,
    pub falls: bool,
    pub weight: f64,
}

/// Members sorted by stratum, last exit first, those who fall before those who are censored.
pub(super) fn sorted(members: &mut [Member]) {
    // A positive number's bits ascend with it; turned over they descend, and the freed lowest bit breaks ties.
    let key = |m: &Member| {
        let late = (!m.follow_up.exit().to_bits() << 1) | u64::from(!m.falls);
        (m.stratum, late, m.row)
    };
    members.sort_unstable_by_key(key);
}

fn blocked(members: &[Member], value: impl Fn(&Member) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = members.iter().map(value).collect();
    values.resize(members.len().next_multiple_of(BLOCK), 0.0);
    values
}

impl Order {
    /// Of sorted members.
    pub fn of(members: &[Member]) -> Order {
        let mut order = Order {
            rows: members.iter().map(|m| m.row).collect(),
            strata: Vec::new(),
            groups: Vec::new(),
            first: Vec::new(),
            times: Vec::new(),
            delayed: None,
            weight: blocked(members, |m| m.weight),
            died: blocked(members, |m| if m.falls { m.weight } else { 0.0 }),
            closes: blocked(members, |_| 0.0),
        };
        let mut start = 0;
        for stratum in members.chunk_by(|a, b| a.stratum == b.stratum) {
            let from = order.groups.len();
            let mut place = start;
            for tied in stratum.chunk_by(|a, b| a.follow_up.exit() == b.follow_up.exit()) {
                let fallen = tied.partition_point(|m| m.falls);
                if fallen > 0 {
                    order.first.push(place as u32);
                    order.times.push(tied[0].follow_up.exit());
                    order.groups.push(Group {
                        end: (place + tied.len()) as u32,
                        fallen: fallen as u32,
                        weight: tied[..fallen].iter().map(|m| m.weight).sum(),
                    });
                }
                place += tied.len();
            }
            order.strata.push(Stratum {
                start,
                end: place,
                from,
                to: order.groups.len(),
            });
            start = place;
        }
        for group in &order.groups {
            order.closes[group.end as usize - 1] = group.weight;
        }
        order.delayed = order.delayed(members);
        order
    }

    fn delayed(&self, members: &[Member]) -> Option<Delayed> {
        let late = self.strata.iter().any(|s| {
            let earliest = self.times[s.from..s.to].last().copied().unwrap_or(f64::INFINITY);
            members[s.start..s.end]
                .iter()
                .any(|m| m.follow_up.watched_from() >= earliest)
        });
        if !late {
            return None;
        }
        let mut by_entry: Vec<u32> = (0..members.len() as u32).collect();
        let entry = |place: u32| members[place as usize].follow_up.watched_from();
        let mut outside = Vec::with_capacity(self.groups.len());
        let mut before = vec![NEVER; members.len()];
        for s in &self.strata {
            by_entry[s.start..s.end].sort_by(|a, b| entry(*b).total_cmp(&entry(*a)));
            let times = &self.times[s.from..s.to];
            let mut gone = s.start;
            for &time in times {
                gone += by_entry[gone..s.end]
                    .iter()
                    .take_while(|place| entry(**place) >= time)
                    .count();
                outside.push(gone as u32);
            }
            for (place, before) in before.iter_mut().enumerate().take(s.end).skip(s.start) {
                let group = times.partition_point(|time| *time > entry(place as u32));
                if group < times.len() {
                    *before = (s.from + group) as u32;
                }
            }
        }
        Some(Delayed {
            by_entry,
            outside,
            before,
        })
    }
}
