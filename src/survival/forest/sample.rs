//! The follow-up of all rows in whole numbers: places among the distinct event times.

use std::collections::BTreeSet;

use crate::survival::{Error, FollowUp};

use super::ForestValidParams;

/// At risk at the k-th event time, counted from 1, when `entry < k <= exit`.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub entry: u32,
    pub exit: u32,
    /// Place among the causes; `None`: censored.
    pub cause: Option<u8>,
}

pub(super) struct Sample {
    /// Distinct event times.
    pub times: usize,
    /// Those that curves are kept at, and the place among them of each event time: the first not before it.
    pub grid: Vec<f64>,
    pub place: Vec<u16>,
    pub causes: Vec<u32>,
    /// Rows of the data by exit, of one time events first. All below and each tree know them by their place in it, so that a
    /// node's rows lie in memory as they are walked through.
    pub order: Vec<u32>,
    pub subjects: Vec<Placed>,
    pub weights: Vec<f64>,
}

impl Sample {
    pub fn of(subjects: &[FollowUp], weights: &[f64], params: &ForestValidParams) -> Result<Sample, Error> {
        let counts = |s: &&FollowUp| s.had(params.cause);
        let mut times: Vec<f64> = subjects.iter().filter(counts).map(FollowUp::exit).collect();
        times.sort_unstable_by(f64::total_cmp);
        times.dedup();
        let causes: BTreeSet<u32> = subjects.iter().filter(counts).map(FollowUp::event).collect();
        let causes: Vec<u32> = causes.into_iter().collect();
        if causes.len() > usize::from(u8::MAX) {
            return Err(Error::Parameter {
                name: "the number of causes",
                value: causes.len() as f64,
            });
        }
        let until = |time: f64| times.partition_point(|t| *t <= time) as u32;
        let place = |s: &FollowUp| Placed {
            entry: until(s.watched_from()),
            exit: until(s.exit()),
            cause: causes.binary_search(&s.event()).ok().map(|place| place as u8),
        };
        let placed: Vec<Placed> = subjects.iter().map(place).collect();
        let mut order: Vec<u32> = (0..subjects.len() as u32).collect();
        order.sort_by_key(|i| {
            let subject = &placed[*i as usize];
            (subject.exit, subject.cause.is_none())
        });
        let distinct = times.len();
        let kept = distinct.min(params.max_times);
        let last_of = |i: usize| (i + 1) * distinct / kept - 1;
        let mut place: Vec<u16> = Vec::with_capacity(distinct);
        (0..kept).for_each(|i| place.resize(last_of(i) + 1, i as u16));
        Ok(Sample {
            times: distinct,
            grid: (0..kept).map(|i| times[last_of(i)]).collect(),
            place,
            causes,
            subjects: order.iter().map(|i| placed[*i as usize]).collect(),
            weights: order.iter().map(|i| weights[*i as usize]).collect(),
            order,
        })
    }
}
