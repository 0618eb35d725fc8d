//! The Kaplan-Meier curve with Greenwood's standard error, delayed entry and case weights.

mod limits;
pub(in crate::survival) mod robust;
#[cfg(test)]
pub(crate) mod tests;

pub use limits::Limits;

use super::inference::z;
use super::risk_set::{Order, Table, Watched, checked_weights, one_group, whole};
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
///
/// ```
/// use metwatch::survival::{FollowUp, KaplanMeier, Limits};
///
/// let subjects = [FollowUp::until(1.0, 1)?, FollowUp::until(2.0, 0)?, FollowUp::until(3.0, 1)?, FollowUp::until(4.0, 0)?];
/// let curve = KaplanMeier::fit(&subjects, None)?;
/// assert_eq!(curve.survival_at(3.5), 0.75 * 0.5);
/// let (lower, upper) = curve.limits_at(3.5, Limits::LogLog, 0.95)?.expect("the curve is above 0");
/// assert!(lower < 0.375 && 0.375 < upper);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct KaplanMeier {
    /// One a distinct time with an event, in order.
    pub steps: Vec<Step>,
    /// How many subjects.
    pub n: usize,
    /// The largest time under observation: beyond it the curve says nothing.
    pub followed_to: f64,
    /// Entries after the origin, and exits, ascending.
    entries: Vec<f64>,
    exits: Vec<f64>,
}

impl KaplanMeier {
    /// Any event counts, whatever its cause. Weights are one a subject, above 0; Greenwood's error takes a weight of 2 for two
    /// subjects. Errors: `Empty`, `Lengths`, `Weight`.
    pub fn fit(subjects: &[FollowUp], weights: Option<&[f64]>) -> Result<KaplanMeier, Error> {
        let (table, watched) = whole(subjects, weights)?;
        Ok(KaplanMeier::of(&table, watched))
    }

    /// The same curve with the robust standard error, for weights that are no counts (R's choice for fractional weights): the
    /// infinitesimal jackknife. Errors: as `fit`.
    pub fn fit_robust(subjects: &[FollowUp], weights: Option<&[f64]>) -> Result<KaplanMeier, Error> {
        if subjects.is_empty() {
            return Err(Error::Empty);
        }
        let (weights, order) = (checked_weights(weights, subjects.len())?, Order::of(subjects));
        let table = order.table(subjects, &weights, &one_group(1));
        let spans = order.spans(subjects, &weights, &table.times);
        let mut curve = KaplanMeier::of(&table, order.watched());
        let errors = robust::additive(&spans, &robust::odds(&table));
        for (step, error) in curve.steps.iter_mut().zip(errors) {
            step.se = step.se.map(|_| step.survival * error);
        }
        Ok(curve)
    }

    fn of(table: &Table, watched: Watched) -> KaplanMeier {
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
                se: (survival > 0.0).then(|| survival * f64::sqrt(greenwood)),
            }
        };
        KaplanMeier {
            steps: (0..table.rows()).map(step).collect(),
            n: watched.exits.len(),
            followed_to: watched.exits[watched.exits.len() - 1],
            entries: watched.entries,
            exits: watched.exits,
        }
    }

    /// The last step at or before `time`.
    fn step_at(&self, time: f64) -> Option<&Step> {
        self.steps[..self.steps.partition_point(|step| step.time <= time)].last()
    }

    /// The chance to be free of the event until `time`; 1 before the first event, and the last value beyond the follow-up.
    pub fn survival_at(&self, time: f64) -> f64 {
        self.step_at(time).map_or(1.0, |step| step.survival)
    }

    /// The chance to be free of the event until `time` for somebody free of it at `given`; `None` where the curve has come to 0
    /// by then.
    pub fn conditional_at(&self, time: f64, given: f64) -> Option<f64> {
        let start = self.survival_at(given);
        (start > 0.0).then(|| self.survival_at(time.max(given)) / start)
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
        // The curve never rises, but a limit may at its end: then, as in R, the highest place that is low enough counts.
        let highest = |ceiling: f64| {
            let low_enough = known.iter().filter(|(_, h)| *h <= ceiling);
            low_enough.fold(None, |best: Option<(f64, f64)>, at| match best {
                Some(best) if best.1 >= at.1 => Some(best),
                _ => Some(*at),
            })
        };
        let (time, at) = highest(target + TOLERANCE)?;
        if (at - target).abs() > TOLERANCE {
            return Some(time);
        }
        let next = highest(target - TOLERANCE).map_or(self.followed_to, |(time, _)| time);
        Some(0.5 * (time + next))
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
