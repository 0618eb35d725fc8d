//! Nelson-Aalen: the cumulative hazard, with its standard error, delayed entry and case weights.

#[cfg(test)]
mod tests;

use super::inference::z;
use super::kaplan_meier::robust::{Part, additive};
use super::risk_set::{Order, Table, Watched, checked_weights, one_group, whole};
use super::{Error, FollowUp};

/// The cumulative hazard just after one event time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub time: f64,
    /// Weight at risk just before, and weight of the events.
    pub at_risk: f64,
    pub events: f64,
    pub hazard: f64,
    pub se: f64,
}

/// The scale on which limits of a cumulative hazard are symmetric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HazardLimits {
    /// Cut at 0.
    Plain,
    Log,
}

/// The cumulative hazard of any event. Nelson, J Qual Technol 1969;1:27; Aalen, Ann Stat 1978;6:701.
///
/// ```
/// use metwatch::survival::{FollowUp, NelsonAalen};
///
/// let subjects = [FollowUp::until(1.0, 1)?, FollowUp::until(2.0, 0)?, FollowUp::until(3.0, 1)?];
/// let fitted = NelsonAalen::fit(&subjects, None)?;
/// assert_eq!(fitted.hazard_at(1.5), 1.0 / 3.0);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NelsonAalen {
    pub steps: Vec<Step>,
    pub n: usize,
    /// The largest time under observation: beyond it the estimate says nothing.
    pub followed_to: f64,
}

impl NelsonAalen {
    /// Events of one time together: d/n, with the variance d/n² (R's `survfit`: `cumhaz`, `std.chaz`). Weights are one a
    /// subject, above 0. Errors: `Empty`, `Lengths`, `Weight`.
    pub fn fit(subjects: &[FollowUp], weights: Option<&[f64]>) -> Result<NelsonAalen, Error> {
        let tied = |n: f64, d: f64| (d / n, d / (n * n));
        let (table, watched) = whole(subjects, weights)?;
        Ok(NelsonAalen::of(&table, &watched, tied))
    }

    /// As `fit`, with the robust standard error, for weights that are no counts (R's choice for fractional weights): the
    /// infinitesimal jackknife. Errors: as `fit`.
    pub fn fit_robust(subjects: &[FollowUp], weights: Option<&[f64]>) -> Result<NelsonAalen, Error> {
        if subjects.is_empty() {
            return Err(Error::Empty);
        }
        let (weights, order) = (checked_weights(weights, subjects.len())?, Order::of(subjects));
        let table = order.table(subjects, &weights, &one_group(1));
        let part = |row: usize| {
            let (n, d) = (table.at_risk(row)[0], table.events(row, 0)[0]);
            Part {
                fall: 1.0 / n,
                risk: d / (n * n),
            }
        };
        let parts: Vec<Part> = (0..table.rows()).map(part).collect();
        let errors = additive(&order.spans(subjects, &weights, &table.times), &parts);
        let mut fitted = NelsonAalen::of(&table, &order.watched(), |n, d| (d / n, 0.0));
        for (step, error) in fitted.steps.iter_mut().zip(errors) {
            step.se = error;
        }
        Ok(fitted)
    }

    /// Events of one time one after the other: 1/n + 1/(n-1) + … (R's `ctype = 2`, lifelines' default). Fleming & Harrington,
    /// Commun Stat Theory Methods 1984;13:2469. Errors: `Empty`.
    pub fn fit_untied(subjects: &[FollowUp]) -> Result<NelsonAalen, Error> {
        let untied = |n: f64, d: f64| {
            let each = (0..d as u64).map(|k| 1.0 / (n - k as f64));
            each.fold((0.0, 0.0), |(sum, squares), term| (sum + term, squares + term * term))
        };
        let (table, watched) = whole(subjects, None)?;
        Ok(NelsonAalen::of(&table, &watched, untied))
    }

    fn of(table: &Table, watched: &Watched, jump: impl Fn(f64, f64) -> (f64, f64)) -> NelsonAalen {
        let (mut hazard, mut variance) = (0.0, 0.0);
        let step = |row: usize| {
            let (at_risk, events) = (table.at_risk(row)[0], table.events(row, 0)[0]);
            let (rise, spread) = jump(at_risk, events);
            hazard += rise;
            variance += spread;
            Step {
                time: table.times[row],
                at_risk,
                events,
                hazard,
                se: f64::sqrt(variance),
            }
        };
        NelsonAalen {
            steps: (0..table.rows()).map(step).collect(),
            n: watched.exits.len(),
            followed_to: watched.exits[watched.exits.len() - 1],
        }
    }

    fn step_at(&self, time: f64) -> Option<&Step> {
        self.steps[..self.steps.partition_point(|step| step.time <= time)].last()
    }

    /// The cumulative hazard at `time`; 0 before the first event.
    pub fn hazard_at(&self, time: f64) -> f64 {
        self.step_at(time).map_or(0.0, |step| step.hazard)
    }

    /// The standard error of `hazard_at`.
    pub fn se_at(&self, time: f64) -> f64 {
        self.step_at(time).map_or(0.0, |step| step.se)
    }

    /// Limits of the hazard at `time`. Errors: `Parameter` for the level.
    pub fn limits_at(&self, time: f64, limits: HazardLimits, level: f64) -> Result<(f64, f64), Error> {
        let z = z(level)?;
        Ok(match (self.step_at(time), limits) {
            (None, _) => (0.0, 0.0),
            (Some(step), HazardLimits::Plain) => ((step.hazard - z * step.se).max(0.0), step.hazard + z * step.se),
            (Some(step), HazardLimits::Log) => {
                let factor = (z * step.se / step.hazard).exp();
                (step.hazard / factor, step.hazard * factor)
            }
        })
    }

    /// Fleming and Harrington's survival, exp(-hazard); of `fit`, Breslow's.
    pub fn survival_at(&self, time: f64) -> f64 {
        (-self.hazard_at(time)).exp()
    }
}
