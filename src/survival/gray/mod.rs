//! Gray's test: do groups have the same cumulative incidence of one of several competing causes?

mod score;
#[cfg(test)]
mod tests;

use ndarray::Array2;

use super::inference::Test;
use super::log_rank::present;
use super::risk_set::{Order, Split};
use super::symmetric::Cholesky;
use super::{Error, FollowUp};
use score::Score;

/// Gray, Ann Stat 1988;16:1141; the numbers are those of `cuminc` in R's cmprsk.
#[derive(Clone, Debug, PartialEq)]
pub struct Gray {
    /// Weighted events less expected in each group but the last; they add up to 0.
    pub score: Vec<f64>,
    /// Of the score.
    pub variance: Array2<f64>,
    pub chi_square: f64,
    pub degrees: usize,
    pub p: f64,
}

/// Settings: `Gray::params().rho(0.0).cause(1).test(&subjects, &group, 2)?`.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `cause` | 1 | whose incidence is compared; all others compete | 1, 2, … |
/// | `rho` | 0 | an event weighs (1 - F(t-))^rho, F the pooled incidence | finite |
/// | `strata` | one | a number a subject: groups are compared within a stratum only | |
///
/// ```
/// use metwatch::survival::{FollowUp, Gray};
///
/// let event = |t: f64| FollowUp::until(t, if t as u32 % 3 == 0 { 2 } else { 1 }).expect("a time");
/// let subjects: Vec<FollowUp> = (1..=8).map(|t| event(f64::from(t))).collect();
/// let test = Gray::params().cause(1).test(&subjects, &[0, 0, 1, 0, 1, 1, 0, 1], 2)?;
/// assert_eq!(test.degrees, 1);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GrayParams {
    cause: u32,
    rho: f64,
    strata: Option<Vec<usize>>,
}

impl Gray {
    pub fn params() -> GrayParams {
        GrayParams {
            cause: 1,
            rho: 0.0,
            strata: None,
        }
    }
}

impl GrayParams {
    pub fn cause(mut self, cause: u32) -> GrayParams {
        self.cause = cause;
        self
    }

    pub fn rho(mut self, rho: f64) -> GrayParams {
        self.rho = rho;
        self
    }

    pub fn strata(mut self, strata: Vec<usize>) -> GrayParams {
        self.strata = Some(strata);
        self
    }

    /// `group` holds a number below `groups` for each subject, and each group has one. Errors: `Lengths`; `Groups` for fewer
    /// than two or an empty one, and when the variance does not let all be told apart; `NoEvents` of the cause; `Parameter`
    /// for a setting out of range or a delayed entry, for which the test is not made.
    pub fn test(&self, subjects: &[FollowUp], group: &[usize], groups: usize) -> Result<Gray, Error> {
        let present = present(subjects.len(), group, groups)?;
        if present < 2 || present < groups {
            return Err(Error::Groups(present));
        }
        self.check(subjects)?;
        // The cause becomes 1, all that compete 2.
        let coded = |i: usize| {
            let event = match subjects[i].event() {
                0 => 0,
                event if event == self.cause => 1,
                _ => 2,
            };
            subjects[i].with_event(event)
        };
        let strata = |i: usize| self.strata.as_ref().map_or(0, |strata| strata[i]);
        let mut order: Vec<usize> = (0..subjects.len()).collect();
        order.sort_unstable_by_key(|i| (strata(*i), *i));
        let mut sum = Score::new(groups);
        for stratum in order.chunk_by(|a, b| strata(*a) == strata(*b)) {
            let own: Vec<FollowUp> = stratum.iter().map(|i| coded(*i)).collect();
            let split = Split {
                group: &|i| group[stratum[i]],
                groups,
                causes: 2,
            };
            let weights = vec![1.0; own.len()];
            let table = Order::of(&own).table(&own, &weights, &split);
            sum.add(&score::of(&table, groups, self.rho));
        }
        conclude(sum, groups)
    }

    fn check(&self, subjects: &[FollowUp]) -> Result<(), Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        if let Some(strata) = self.strata.as_ref().filter(|strata| strata.len() != subjects.len()) {
            return Err(Error::Lengths {
                records: strata.len(),
                targets: subjects.len(),
            });
        }
        if self.cause == 0 {
            return refuse("the cause of Gray's test", 0.0);
        }
        if !self.rho.is_finite() {
            return refuse("rho of Gray's test", self.rho);
        }
        if let Some(late) = subjects.iter().find(|subject| subject.entry() > 0.0) {
            return refuse(
                "an entry in Gray's test, which takes all from the origin,",
                late.entry(),
            );
        }
        if !subjects.iter().any(|subject| subject.had(Some(self.cause))) {
            return Err(Error::NoEvents);
        }
        Ok(())
    }
}

fn conclude(sum: Score, groups: usize) -> Result<Gray, Error> {
    let degrees = groups - 1;
    let factor = Cholesky::of(sum.variance.view(), 1e-10);
    if !factor.aliased.is_empty() {
        return Err(Error::Groups(groups - factor.aliased.len()));
    }
    let solved = factor.solve(&sum.score);
    let test = Test::of(solved.iter().zip(&sum.score).map(|(a, b)| a * b).sum(), degrees);
    Ok(Gray {
        score: sum.score,
        variance: sum.variance,
        chi_square: test.chi_square,
        degrees,
        p: test.p,
    })
}
