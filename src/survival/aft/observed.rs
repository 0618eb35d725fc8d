//! What is known of a value: the second kind of target, beside follow-up.

use serde::{Deserialize, Serialize};

use super::Distribution;
use crate::survival::{Error, FollowUp};

/// What is known of one value, in the caller's unit. For a law of the logarithm of time, values are above 0 and
/// `Between(0, b)` is `Before(b)`; for `Gaussian` they are any finite numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    Exactly(f64),
    /// Right-censored: larger than this.
    After(f64),
    /// Left-censored: at most this, as a measurement below its limit of detection.
    Before(f64),
    /// Interval-censored: larger than the first, at most the second; equal numbers are `Exactly`.
    Between(f64, f64),
}

/// A target of an accelerated failure time model.
pub trait Response: Copy {
    /// What is known of the time; events of other causes than `cause` (`None`: any counts) are censored.
    fn observed(&self, cause: Option<u32>) -> Observed;
    /// When watching began, where it was not from the origin.
    fn entry(&self) -> Option<f64>;
}

impl Response for Observed {
    fn observed(&self, _cause: Option<u32>) -> Observed {
        *self
    }

    fn entry(&self) -> Option<f64> {
        None
    }
}

impl Response for FollowUp {
    fn observed(&self, cause: Option<u32>) -> Observed {
        match self.had(cause) {
            true => Observed::Exactly(self.exit()),
            false => Observed::After(self.exit()),
        }
    }

    fn entry(&self) -> Option<f64> {
        Some(FollowUp::entry(self)).filter(|entry| *entry > 0.0)
    }
}

impl Observed {
    /// The numbers that matter on the scale of the law: logarithms of times, or values as they are.
    pub(super) fn on_scale(self, row: usize, distribution: Distribution) -> Result<Observed, Error> {
        let scaled = |value: f64| match value {
            v if !v.is_finite() => Err(Error::NotATime(v)),
            v if !distribution.is_of_logarithm() => Ok(v),
            v if v > 0.0 => Ok(v.ln()),
            time => Err(Error::NoLogarithm { row, time }),
        };
        Ok(match self {
            Observed::Exactly(v) => Observed::Exactly(scaled(v)?),
            Observed::After(v) => Observed::After(scaled(v)?),
            Observed::Before(v) => Observed::Before(scaled(v)?),
            Observed::Between(a, b) if a > b => {
                return Err(Error::EmptyInterval {
                    row,
                    after: a,
                    until: b,
                });
            }
            Observed::Between(a, b) if a == b => Observed::Exactly(scaled(a)?),
            Observed::Between(a, b) if a == 0.0 && distribution.is_of_logarithm() => Observed::Before(scaled(b)?),
            Observed::Between(a, b) => Observed::Between(scaled(a)?, scaled(b)?),
        })
    }

    /// One number in its place, to start from.
    pub(super) fn middle(self) -> f64 {
        match self {
            Observed::Exactly(v) | Observed::After(v) | Observed::Before(v) => v,
            Observed::Between(a, b) => 0.5 * (a + b),
        }
    }

    pub(super) fn numbers(self) -> [f64; 3] {
        match self {
            Observed::Exactly(v) => [0.0, v, v],
            Observed::After(v) => [1.0, v, v],
            Observed::Before(v) => [2.0, v, v],
            Observed::Between(a, b) => [3.0, a, b],
        }
    }
}
