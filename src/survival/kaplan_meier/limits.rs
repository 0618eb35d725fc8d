//! Pointwise confidence limits of a survival curve.

use statrs::distribution::{ContinuousCDF, Normal};

use super::Step;
use crate::survival::Error;

/// The scale on which the limits are symmetric. `LogLog` keeps them inside (0, 1) by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    Plain,
    Log,
    LogLog,
}

/// The normal quantile of a two-sided level.
pub(crate) fn z(level: f64) -> Result<f64, Error> {
    if level > 0.0 && level < 1.0 {
        Ok(Normal::standard().inverse_cdf(0.5 + level / 2.0))
    } else {
        Err(Error::Parameter {
            name: "a confidence level",
            value: level,
        })
    }
}

impl Limits {
    pub(super) fn of(self, step: &Step, z: f64) -> Option<(f64, f64)> {
        let (s, se) = (step.survival, step.se?);
        let (lower, upper) = match self {
            Limits::Plain => (s - z * se, s + z * se),
            Limits::Log => (s * (-z * se / s).exp(), s * (z * se / s).exp()),
            Limits::LogLog => {
                let width = z * se / (s * s.ln());
                let centre = (-s.ln()).ln();
                ((-(centre - width).exp()).exp(), (-(centre + width).exp()).exp())
            }
        };
        Some((lower.max(0.0), upper.min(1.0)))
    }
}
