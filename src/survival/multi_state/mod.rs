//! Aalen-Johansen for any states: the chance to be in each of them at a time.

mod fit;
mod influence;
#[cfg(test)]
mod tests;

use ndarray::{Array2, ArrayView1};

use super::inference::z;
use super::kaplan_meier::Limits;
use super::{Error, FollowUp};

/// One row of a subject's history: in its state on (entry, exit], and then to another, or seen no further (`to` is `None`).
/// The state of a row is where the subject's row before it went to; a row that went nowhere leaves it where it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sojourn {
    id: u64,
    entry: f64,
    exit: f64,
    to: Option<usize>,
}

impl Sojourn {
    /// Errors: those of `FollowUp::new`.
    pub fn new(id: u64, entry: f64, exit: f64, to: Option<usize>) -> Result<Sojourn, Error> {
        FollowUp::new(entry, exit, 0)?;
        Ok(Sojourn { id, entry, exit, to })
    }
}

/// Settings: `MultiState::params(4).fit(&rows)?`. States are numbered from 0.
///
/// | name | default | meaning |
/// |---|---|---|
/// | `states` | | how many there are |
/// | `initial` | all 0 | one number a row: the state in which its subject starts (that of the subject's first row counts) |
/// | `weights` | 1 | case weights, one a row |
/// | `start_varies` | false | whether standard errors count that the shares at the start are estimates: R does with `influence = TRUE` only |
///
/// The chances start from the shares of those at risk just before the first transition, as in R's `survfit`.
///
/// ```
/// use metwatch::survival::{MultiState, Sojourn};
///
/// // well (0), ill (1), dead (2)
/// let rows = [
///     Sojourn::new(1, 0.0, 2.0, Some(1))?,
///     Sojourn::new(1, 2.0, 5.0, Some(2))?,
///     Sojourn::new(2, 0.0, 3.0, Some(2))?,
///     Sojourn::new(3, 0.0, 6.0, None)?,
/// ];
/// let fitted = MultiState::params(3).fit(&rows)?;
/// let chances = fitted.occupation_at(4.0);
/// assert!(chances.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-15));
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MultiStateParams {
    states: usize,
    initial: Option<Vec<usize>>,
    weights: Option<Vec<f64>>,
    start_varies: bool,
}

/// Chances of the states over time. Aalen & Johansen, Scand J Stat 1978;5:141; without the Markov assumption: Datta & Satten, Stat
/// Probab Lett 2001;55:403.
#[derive(Clone, Debug)]
pub struct MultiState {
    pub states: usize,
    /// How many subjects, not rows.
    pub subjects: usize,
    /// The distribution from which the chances start.
    pub start: Vec<f64>,
    /// Distinct times with a transition.
    pub times: Vec<f64>,
    /// Just after each time: one row a time, one column a state; a row adds up to 1.
    pub occupation: Array2<f64>,
    /// Weight at risk in each state just before each time.
    pub at_risk: Array2<f64>,
    /// How many rows went from one state (row) to another (column).
    pub transitions: Array2<usize>,
    /// How many subjects were last seen in each state, having gone nowhere from it.
    pub censored: Vec<usize>,
    /// The largest time under observation: beyond it the chances are not known.
    pub followed_to: f64,
    jumps: Vec<Jump>,
    /// In order of their end, and their places in order of their start.
    stays: Vec<Stay>,
    starts: Vec<usize>,
    start_varies: bool,
}

/// All transitions between two states at one time (`step` is its place).
#[derive(Clone, Copy, Debug)]
struct Jump {
    step: usize,
    from: usize,
    to: usize,
    weight: f64,
}

/// A row among the steps: at risk in `state` at `first..last`; it went `to` another at step `last - 1`.
#[derive(Clone, Copy, Debug)]
struct Stay {
    subject: usize,
    first: usize,
    last: usize,
    state: usize,
    to: Option<usize>,
    weight: f64,
}

impl MultiState {
    pub fn params(states: usize) -> MultiStateParams {
        MultiStateParams {
            states,
            initial: None,
            weights: None,
            start_varies: false,
        }
    }

    fn until(&self, time: f64) -> usize {
        self.times.partition_point(|step| *step <= time)
    }

    /// The chance of each state just before a step.
    fn before(&self, step: usize) -> ArrayView1<'_, f64> {
        match step.checked_sub(1) {
            Some(row) => self.occupation.row(row),
            None => ArrayView1::from(&self.start),
        }
    }

    /// The chance of each state at `time`.
    pub fn occupation_at(&self, time: f64) -> Vec<f64> {
        self.before(self.until(time)).to_vec()
    }

    /// The standard error of each chance (columns) at each time (rows), by the infinitesimal jackknife over subjects, all
    /// their rows together. One pass over rows and steps a time.
    pub fn se(&self, times: &[f64]) -> Array2<f64> {
        let mut errors = Array2::zeros((times.len(), self.states));
        for (mut row, time) in errors.rows_mut().into_iter().zip(times) {
            for (error, variance) in row.iter_mut().zip(self.variance(self.until(*time))) {
                *error = f64::sqrt(variance);
            }
        }
        errors
    }

    /// Limits of each chance at `time`; `None` where the scale has no place for it. Errors: `Parameter` for the level.
    pub fn limits_at(&self, time: f64, limits: Limits, level: f64) -> Result<Vec<Option<(f64, f64)>>, Error> {
        let z = z(level)?;
        let both = self.occupation_at(time).into_iter().zip(self.se(&[time]));
        Ok(both.map(|(p, se)| limits.of(p, se, z)).collect())
    }

    /// Nelson and Aalen's cumulative hazard of going from one state to another.
    pub fn hazard_at(&self, from: usize, to: usize, time: f64) -> f64 {
        let until = self.until(time);
        let jumps = self.jumps.iter().take_while(|jump| jump.step < until);
        jumps
            .filter(|jump| (jump.from, jump.to) == (from, to))
            .map(|jump| jump.weight / self.at_risk[[jump.step, from]])
            .sum()
    }
}
