//! Two restricted means against each other.

use super::Rmst;
use crate::survival::Error;
use crate::survival::inference::{two_sided, z};

/// An estimate with its interval and the two-sided p of no difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    pub estimate: f64,
    /// Of a ratio: on the log scale.
    pub se: f64,
    pub lower: f64,
    pub upper: f64,
    pub p: f64,
}

/// The first group against the second. Uno et al., J Clin Oncol 2014;32:2380.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrasts {
    pub difference: Contrast,
    pub ratio: Contrast,
    /// Of the mean times lost; `None` where a group has lost none.
    pub ratio_lost: Option<Contrast>,
}

impl Contrast {
    fn of(estimate: f64, se: f64, width: f64) -> Contrast {
        Contrast {
            estimate,
            se,
            lower: estimate - width * se,
            upper: estimate + width * se,
            // Two groups without events differ in nothing, for certain.
            p: if estimate == 0.0 { 1.0 } else { two_sided(estimate / se) },
        }
    }

    fn exp(self) -> Contrast {
        Contrast {
            estimate: self.estimate.exp(),
            lower: self.lower.exp(),
            upper: self.upper.exp(),
            ..self
        }
    }
}

impl Rmst {
    /// This group against `other`, of independent subjects. Errors: `Parameter` for the level or when the horizons differ.
    pub fn against(&self, other: &Rmst, level: f64) -> Result<Contrasts, Error> {
        let width = z(level)?;
        if self.tau != other.tau {
            return Err(Error::Parameter {
                name: "the other group's horizon",
                value: other.tau,
            });
        }
        let ratio = |a: f64, b: f64| {
            let se = (self.se / a).hypot(other.se / b);
            Contrast::of((a / b).ln(), se, width).exp()
        };
        let lost = [self.lost(), other.lost()];
        Ok(Contrasts {
            difference: Contrast::of(self.mean - other.mean, self.se.hypot(other.se), width),
            ratio: ratio(self.mean, other.mean),
            ratio_lost: lost.iter().all(|lost| *lost > 0.0).then(|| ratio(lost[0], lost[1])),
        })
    }
}
