//! The grid of intervals, and each subject's rows on it.

use serde::{Deserialize, Serialize};

use crate::survival::risk_set::checked_weights;
use crate::survival::{Error, FollowUp};

/// Intervals (0, c₁], (c₁, c₂], … up to the last cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Intervals {
    ends: Vec<f64>,
}

impl Intervals {
    /// By their ends: ascending, above 0, at least one. Errors: `Parameter` with the end that is not.
    pub fn new(ends: Vec<f64>) -> Result<Intervals, Error> {
        let refuse = |value| {
            Err(Error::Parameter {
                name: "the end of an interval",
                value,
            })
        };
        let mut before = 0.0;
        for &end in &ends {
            if !(end.is_finite() && end > before) {
                return refuse(end);
            }
            before = end;
        }
        if ends.is_empty() {
            return refuse(0.0);
        }
        Ok(Intervals { ends })
    }

    /// (0, 1], (1, 2], … (count − 1, count].
    pub fn unit(count: usize) -> Result<Intervals, Error> {
        Intervals::new((1..=count).map(|k| k as f64).collect())
    }

    pub fn ends(&self) -> &[f64] {
        &self.ends
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    pub fn start(&self, interval: usize) -> f64 {
        interval.checked_sub(1).map_or(0.0, |before| self.ends[before])
    }

    /// How many end at or before `time`.
    pub fn ended_by(&self, time: f64) -> usize {
        self.ends.partition_point(|end| *end <= time)
    }

    /// The interval that holds `time`, or the number of intervals beyond the last.
    pub fn holding(&self, time: f64) -> usize {
        self.ends.partition_point(|end| *end < time)
    }

    /// `(0, 1]`.
    pub fn name(&self, interval: usize) -> String {
        format!("({}, {}]", self.start(interval), self.ends[interval])
    }
}

impl TryFrom<Vec<f64>> for Intervals {
    type Error = Error;

    fn try_from(ends: Vec<f64>) -> Result<Intervals, Error> {
        Intervals::new(ends)
    }
}

impl From<Intervals> for Vec<f64> {
    fn from(intervals: Intervals) -> Vec<f64> {
        intervals.ends
    }
}

/// The rows of one subject: the intervals from `first` up to, not including, `after`; the last ends in `event` (0: none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spell {
    pub first: usize,
    pub after: usize,
    pub event: u32,
}

/// One row: a subject in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub subject: usize,
    pub interval: usize,
    pub event: u32,
}

/// One interval of the life table.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeTableRow {
    pub end: f64,
    /// Weight of the rows, and of the events of any cause among them.
    pub at_risk: f64,
    pub events: f64,
    /// Events over rows; `None` where nobody is at risk.
    pub hazard: Option<f64>,
}

/// Follow-up as rows of subjects and intervals, kept as one spell a subject. Prentice & Gloeckler, Biometrics 1978;34:57;
/// Allison, Sociol Methodol 1982;13:61.
///
/// An event adds the rows up to its interval. A censored subject adds the intervals it was watched through and, if `partial`,
/// the one in which it was censored. Delayed entry adds rows from the first interval watched from its start: an event before
/// that adds none. What happens beyond the last interval is a censoring at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonPeriod {
    pub intervals: Intervals,
    /// One a subject, in their order.
    pub spells: Vec<Spell>,
}

impl PersonPeriod {
    pub fn expand(intervals: Intervals, subjects: &[FollowUp], partial: bool) -> PersonPeriod {
        let spells = subjects.iter().map(|s| spell(&intervals, s, partial)).collect();
        PersonPeriod { intervals, spells }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.spells.iter().map(|s| s.after - s.first).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.spells.iter().all(|s| s.after == s.first)
    }

    /// How many rows end in `cause`, or in any for `None`.
    pub fn events(&self, cause: Option<u32>) -> usize {
        let counts = |s: &&Spell| s.event > 0 && cause.is_none_or(|cause| s.event == cause);
        self.spells.iter().filter(counts).count()
    }

    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        (self.spells.iter().enumerate()).flat_map(|(subject, s)| {
            (s.first..s.after).map(move |interval| Row {
                subject,
                interval,
                event: if interval + 1 == s.after { s.event } else { 0 },
            })
        })
    }

    /// At risk, events and hazard of each interval. Weights are one a subject, above 0.
    pub fn life_table(&self, weights: Option<&[f64]>) -> Result<Vec<LifeTableRow>, Error> {
        let weights = checked_weights(weights, self.spells.len())?;
        let mut at_risk = vec![0.0; self.intervals.count()];
        let mut events = at_risk.clone();
        for row in self.rows() {
            at_risk[row.interval] += weights[row.subject];
            events[row.interval] += f64::from(row.event.min(1)) * weights[row.subject];
        }
        let lines = self.intervals.ends().iter().zip(at_risk).zip(events);
        Ok(lines
            .map(|((&end, at_risk), events)| LifeTableRow {
                end,
                at_risk,
                events,
                hazard: (at_risk > 0.0).then(|| (events / at_risk).min(1.0)),
            })
            .collect())
    }
}

fn spell(intervals: &Intervals, subject: &FollowUp, partial: bool) -> Spell {
    let count = intervals.count();
    let holding = intervals.holding(subject.exit());
    let event = subject.event() > 0 && holding < count;
    let after = match event || partial {
        true => (holding + 1).min(count),
        false => intervals.ended_by(subject.exit()),
    };
    let first = match subject.entry() {
        0.0 => 0,
        // The interval that starts at `entry` or later: one on from that which holds it.
        entry => intervals.holding(entry) + 1,
    };
    match first < after {
        true => Spell {
            first,
            after,
            event: if event { subject.event() } else { 0 },
        },
        false => Spell {
            first: 0,
            after: 0,
            event: 0,
        },
    }
}
