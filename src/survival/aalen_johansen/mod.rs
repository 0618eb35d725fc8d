//! Aalen-Johansen: the share that has fallen to each of several competing causes.

mod aalen;
mod influence;
#[cfg(test)]
mod tests;

use ndarray::Array2;

use super::inference::z;
use super::kaplan_meier::Limits;
use super::kaplan_meier::robust::{self, Part};
use super::risk_set::{Order, Span, Table, checked_weights, one_group};
use super::{Error, FollowUp};

/// Just after one time with an event of any cause; its row in `events` and `incidence` has the same place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub time: f64,
    /// Weight at risk just before.
    pub at_risk: f64,
    /// Still free of every cause.
    pub free: f64,
}

/// Cumulative incidence with competing causes. Aalen & Johansen, Scand J Stat 1978;5:141.
///
/// ```
/// use metwatch::survival::{AalenJohansen, FollowUp};
///
/// let subjects = [FollowUp::until(1.0, 1)?, FollowUp::until(2.0, 2)?, FollowUp::until(3.0, 0)?, FollowUp::until(4.0, 1)?];
/// let fitted = AalenJohansen::fit(&subjects)?;
/// assert_eq!((fitted.incidence_at(1, 2.0), fitted.incidence_at(2, 2.0), fitted.free_at(2.0)), (0.25, 0.25, 0.5));
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AalenJohansen {
    pub steps: Vec<Step>,
    /// Weight of the events: one row a step, one column a cause.
    pub events: Array2<f64>,
    /// Cumulative incidence of cause 1, 2, …; a row adds up to 1 with the step's `free`.
    pub incidence: Array2<f64>,
    pub causes: usize,
    /// The largest time under observation: beyond it the curves say nothing.
    pub followed_to: f64,
    spans: Vec<Span>,
    odds: Vec<Part>,
}

/// More causes than this are taken for a mistake in the event codes.
const MOST_CAUSES: u32 = 1000;

impl AalenJohansen {
    /// As many causes as the highest event code, but at least one. Errors: `Empty`, `Parameter` for an event code above 1,000.
    pub fn fit(subjects: &[FollowUp]) -> Result<AalenJohansen, Error> {
        AalenJohansen::fit_weighted(subjects, None)
    }

    /// With case weights, one a subject, above 0. Errors: those of `fit`, `Lengths`, `Weight`.
    pub fn fit_weighted(subjects: &[FollowUp], weights: Option<&[f64]>) -> Result<AalenJohansen, Error> {
        let highest = subjects.iter().map(FollowUp::event).max().ok_or(Error::Empty)?;
        if highest > MOST_CAUSES {
            return Err(Error::Parameter {
                name: "an event code",
                value: f64::from(highest),
            });
        }
        let (weights, order) = (checked_weights(weights, subjects.len())?, Order::of(subjects));
        let causes = highest.max(1) as usize;
        let table = order.table(subjects, &weights, &one_group(causes));
        let spans = order.spans(subjects, &weights, &table.times);
        let followed_to = subjects.iter().map(FollowUp::exit).fold(0.0, f64::max);
        Ok(AalenJohansen::of(&table, causes, spans, followed_to))
    }

    fn of(table: &Table, causes: usize, spans: Vec<Span>, followed_to: f64) -> AalenJohansen {
        let (mut free, mut fallen) = (1.0, vec![0.0; causes]);
        let mut events = Array2::zeros((table.rows(), causes));
        let mut incidence = Array2::zeros((table.rows(), causes));
        let step = |row: usize| {
            let (at_risk, fall) = (table.at_risk(row)[0], table.events(row, 0));
            for (cause, (sum, d)) in fallen.iter_mut().zip(fall).enumerate() {
                *sum += free * d / at_risk;
                events[[row, cause]] = *d;
                incidence[[row, cause]] = *sum;
            }
            free *= (at_risk - fall.iter().sum::<f64>()).max(0.0) / at_risk;
            Step {
                time: table.times[row],
                at_risk,
                free,
            }
        };
        AalenJohansen {
            steps: (0..table.rows()).map(step).collect(),
            events,
            incidence,
            causes,
            followed_to,
            spans,
            odds: robust::odds(table),
        }
    }

    /// How many steps are at or before `time`.
    fn until(&self, time: f64) -> usize {
        self.steps.partition_point(|step| step.time <= time)
    }

    /// The share still free of every cause at `time`.
    pub fn free_at(&self, time: f64) -> f64 {
        self.steps[..self.until(time)].last().map_or(1.0, |step| step.free)
    }

    /// The column of a cause, where somebody could fall to it.
    fn column(&self, cause: u32) -> Option<usize> {
        (cause as usize).checked_sub(1).filter(|place| *place < self.causes)
    }

    /// The share that has fallen to `cause` (1, 2, …) by `time`.
    pub fn incidence_at(&self, cause: u32, time: f64) -> f64 {
        match (self.until(time).checked_sub(1), self.column(cause)) {
            (Some(row), Some(column)) => self.incidence[[row, column]],
            _ => 0.0,
        }
    }

    /// The standard error of `incidence_at`; for many times take `se` once, which costs as much as one call of this.
    pub fn se_at(&self, cause: u32, time: f64) -> f64 {
        match self.until(time) {
            0 => 0.0,
            until => self.se(cause)[until - 1],
        }
    }

    /// The standard error of a cause's incidence after each step by the infinitesimal jackknife, as R's `survfit`. One pass
    /// over subjects and steps.
    pub fn se(&self, cause: u32) -> Vec<f64> {
        match self.column(cause) {
            Some(column) => self.jackknife(column),
            None => vec![0.0; self.steps.len()],
        }
    }

    /// The same for `free`. With case weights this is the robust error of a Kaplan-Meier curve.
    pub fn free_se(&self) -> Vec<f64> {
        let errors = robust::additive(&self.spans, &self.odds);
        self.steps
            .iter()
            .zip(errors)
            .map(|(step, error)| step.free * error)
            .collect()
    }

    /// Limits of `incidence_at`; `None` where the scale has no place for the estimate. Errors: `Parameter` for the level.
    pub fn limits_at(&self, cause: u32, time: f64, limits: Limits, level: f64) -> Result<Option<(f64, f64)>, Error> {
        Ok(limits.of(self.incidence_at(cause, time), self.se_at(cause, time), z(level)?))
    }

    /// Mean time lost to `cause` before `tau`: the area below its incidence. Andersen, Stat Med 2013;32:5278.
    /// Errors: `Parameter` for a `tau` that is not above 0, `BeyondFollowUp`.
    pub fn time_lost(&self, cause: u32, tau: f64) -> Result<f64, Error> {
        if !(tau.is_finite() && tau > 0.0) {
            return Err(Error::Parameter {
                name: "the horizon of a mean time",
                value: tau,
            });
        }
        let done = self.steps.last().is_some_and(|step| step.free == 0.0);
        if tau > self.followed_to && !done {
            return Err(Error::BeyondFollowUp {
                asked: tau,
                followed: self.followed_to,
            });
        }
        let Some(column) = self.column(cause) else {
            return Ok(0.0);
        };
        let until = self.until(tau);
        let end = |row: usize| if row + 1 < until { self.steps[row + 1].time } else { tau };
        let area = |row: usize| self.incidence[[row, column]] * (end(row) - self.steps[row].time);
        Ok((0..until).map(area).sum())
    }
}
