//! The follow-up of all rows on one grid of event times, as small whole numbers.

use crate::survival::{Error, FollowUp};

use super::ForestValidParams;

/// At risk at the grid's k-th time, counted from 1, when `entry < k <= exit`.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub entry: u16,
    pub exit: u16,
    /// Place among the causes; `None`: censored.
    pub cause: Option<u8>,
}

pub(super) struct Sample {
    pub times: Vec<f64>,
    pub causes: Vec<u32>,
    pub subjects: Vec<Placed>,
    pub weights: Vec<f64>,
    /// Rows by exit, at one grid time events first.
    pub order: Vec<u32>,
}

impl Sample {
    pub fn of(subjects: &[FollowUp], weights: Vec<f64>, params: &ForestValidParams) -> Result<Sample, Error> {
        let counts = |s: &&FollowUp| s.had(params.cause);
        let mut times: Vec<f64> = subjects.iter().filter(counts).map(FollowUp::exit).collect();
        times.sort_unstable_by(f64::total_cmp);
        times.dedup();
        let distinct = times.len();
        if distinct > params.max_times {
            let kept = (1..=params.max_times).map(|i| times[i * distinct / params.max_times - 1]);
            times = kept.collect();
        }
        let mut causes: Vec<u32> = subjects.iter().filter(counts).map(FollowUp::event).collect();
        causes.sort_unstable();
        causes.dedup();
        if causes.len() > usize::from(u8::MAX) {
            return Err(Error::Parameter {
                name: "the number of causes",
                value: causes.len() as f64,
            });
        }
        let until = |time: f64| times.partition_point(|t| *t <= time) as u16;
        let place = |s: &FollowUp| Placed {
            entry: until(s.entry()),
            exit: match s.had(params.cause) {
                true => times.partition_point(|t| *t < s.exit()) as u16 + 1,
                false => until(s.exit()),
            },
            cause: causes.binary_search(&s.event()).ok().map(|place| place as u8),
        };
        let subjects: Vec<Placed> = subjects.iter().map(place).collect();
        let mut order: Vec<u32> = (0..subjects.len() as u32).collect();
        order.sort_by_key(|i| {
            let subject = &subjects[*i as usize];
            (subject.exit, subject.cause.is_none())
        });
        Ok(Sample {
            times,
            causes,
            subjects,
            weights,
            order,
        })
    }
}
