//! How many events and patients a two-group trial needs, and what chance a given number has: normal approximations throughout.
//!
//! Numbers of events and patients are real: round them up. Groups are a control and an experimental one; `share` is the share of
//! all patients in the experimental group.

mod hazards;
mod mean_times;
mod proportions;
#[cfg(test)]
mod tests;

pub use hazards::{Hazards, Method, Recruitment};
pub use mean_times::{MeanTimes, exponential_mean};
pub use proportions::{Proportions, Variance};

use super::inference::{normal_below, normal_quantile};

use super::Error;

/// The chance of a false positive that is allowed. A two-sided test's power counts the right side alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    OneSided(f64),
    TwoSided(f64),
}

impl Level {
    /// The normal quantile that a statistic has to pass. Errors: `Parameter` outside (0, 1).
    fn quantile(self) -> Result<f64, Error> {
        let (alpha, sides) = match self {
            Level::OneSided(alpha) => (alpha, 1.0),
            Level::TwoSided(alpha) => (alpha, 2.0),
        };
        let inside = within("a significance level", alpha, 0.0, 1.0)?;
        Ok(normal_quantile(1.0 - inside / sides))
    }

    /// How far, in standard errors, the truth must lie from no difference. Errors: `Parameter` for a level outside (0, 1), or a
    /// power not above the chance to be right without any difference.
    fn distance(self, power: f64) -> Result<f64, Error> {
        let quantile = self.quantile()?;
        let distance = quantile + normal_quantile(within("a power", power, 0.0, 1.0)?);
        if distance > 0.0 {
            Ok(distance)
        } else {
            Err(Error::Parameter {
                name: "a power below that of no difference",
                value: power,
            })
        }
    }
}

/// The power of a test whose truth lies `distance` standard errors from no difference.
fn power_at(level: Level, distance: f64) -> Result<f64, Error> {
    Ok(normal_below(distance - level.quantile()?))
}

/// Errors: `Parameter` outside the open interval.
fn within(name: &'static str, value: f64, low: f64, high: f64) -> Result<f64, Error> {
    if value > low && value < high {
        Ok(value)
    } else {
        Err(Error::Parameter { name, value })
    }
}

fn positive(name: &'static str, value: f64) -> Result<f64, Error> {
    within(name, value, 0.0, f64::INFINITY)
}

fn share(value: f64) -> Result<f64, Error> {
    within("the experimental group's share", value, 0.0, 1.0)
}
