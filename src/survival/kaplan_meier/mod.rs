//! The Kaplan-Meier curve with Greenwood's standard error, delayed entry and case weights.

mod limits;
#[cfg(test)]
pub(crate) mod tests;

pub use limits::Limits;

use super::inference::z;
use super::risk_set::whole;
use super::{Error, FollowUp};

/// The curve just after one event time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub time: f64,
    /// Weight at risk just before, and weight of the events.
    pub at_risk: f64,
    pub events: f64,
    pub survival: f64,
    /// Greenwood's standard error; `None` once the curve has reached 0, where it has none.
    pub se: Option<f64>,
}

/// The estimated chance to be free of any event. Kaplan & Meier, J Am Stat Assoc 1958;53:457.
#[derive(Clone, Debug)]
pub struct KaplanMeier {
    pub steps: Vec<Step>,
    pub n: usize,
    /// The largest time under observation: beyond it the curve says nothing.
    pub followed_to: f64,
    /// Entries after the origin, and exits, ascending.
    entries: Vec<f64>,
    exits: Vec<f64>,
}

impl KaplanMeier {
    /// Any event counts, whatever its cause. Weights are one a subject, above 0. Errors: `Empty`, `Lengths`, `Weight`.
    pub fn fit(subjects: &[FollowUp], weights: Option<&[f64]>) -> Result<KaplanMeier, Error> {
        let table = whole(subjects, weights)?;
        let (mut survival, mut greenwood) = (1.0, 0.0);
        let step = |row: usize| {
            let (at_risk, events) = (table.at_risk(row)[0], table.events(row, 0)[0]);
            survival *= (at_risk - events).max(0.0) / at_risk;
            greenwood += events / (at_risk * (at_risk - events));
            Step {
                time: table.times[row],
                at_risk,
                events,
                survival,
                se: (survival > 0.0).then(|| survival * greenwood.sqrt()),
            }
        };
        Ok(KaplanMeier {
            steps: (0..table.rows()).map(step).collect(),
            n: subjects.len(),
            followed_to: table.exits[table.exits.len() - 1],
            entries: table.entries,
            exits: table.exits,
        })
    }

    /// The last step at or before `time`.
    fn step_at(&self, time: f64) -> Option<&Step> {
        self.steps[..self.steps.partition_point(|step| step.time <= time)].last()
    }

    pub fn survival_at(&self, time: f64) -> f64 {
        self.step_at(time).map_or(1.0, |step| step.survival)
    }

    /// How many subjects are at risk just before `time`; at 0, those watched from the origin.
    pub fn at_risk_at(&self, time: f64) -> usize {
        let waiting = self.entries.len() - self.entries.partition_point(|&entry| entry < time);
        self.n - waiting - self.exits.partition_point(|&exit| exit < time)
    }

    /// The time by which a share `p` has had the event, with its limits; `None` where the curve does not come that far.
    /// Where the curve runs exactly at that height, the middle of the stretch (as R does).
    pub fn quantile(&self, p: f64, limits: Limits, level: f64) -> Result<Quantile, Error> {
        if !(p > 0.0 && p < 1.0) {
            return Err(Error::Parameter {
                name: "a quantile's share",
                value: p,
            });
        }
        let z = z(level)?;
        let bounds: Vec<Option<(f64, f64)>> = self
            .steps
            .iter()
            .map(|step| step.se.and_then(|se| limits.of(step.survival, se, z)))
            .collect();
        Ok(Quantile {
            time: self.crossing(p, |i| Some(self.steps[i].survival)),
            lower: self.crossing(p, |i| bounds[i].map(|b| b.0)),
            upper: self.crossing(p, |i| bounds[i].map(|b| b.1)),
        })
    }

    fn crossing(&self, p: f64, height: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        const TOLERANCE: f64 = 1.5e-8; // R's: square root of the machine precision
        let target = 1.0 - p;
        let known: Vec<(f64, f64)> = (0..self.steps.len())
            .filter_map(|i| height(i).map(|h| (self.steps[i].time, h)))
            .collect();
        let first = known.iter().position(|(_, h)| *h <= target + TOLERANCE)?;
        let (time, at) = known[first];
        if (at - target).abs() > TOLERANCE {
            return Some(time);
        }
        let next = known[first..].iter().find(|(_, h)| *h < target - TOLERANCE);
        Some(0.5 * (time + next.map_or(self.followed_to, |(t, _)| *t)))
    }

    /// Limits of the curve at `time`; `None` where it has reached 0.
    pub fn limits_at(&self, time: f64, limits: Limits, level: f64) -> Result<Option<(f64, f64)>, Error> {
        let z = z(level)?;
        Ok(match self.step_at(time) {
            Some(step) => step.se.and_then(|se| limits.of(step.survival, se, z)),
            None => Some((1.0, 1.0)),
        })
    }
}

/// A time with its limits, each absent where its curve does not come down far enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    pub time: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}
