//! Restricted mean survival time: the area below a Kaplan-Meier curve to a horizon, and its contrast between two groups.

mod contrast;
#[cfg(test)]
mod tests;

pub use contrast::{Contrast, Contrasts};

use super::{Error, FollowUp, KaplanMeier};

/// The mean time free of the event before `tau`. Irwin, J Hyg 1949;47:188; Royston & Parmar, BMC Med Res Methodol 2013;13:152.
///
/// ```
/// use metwatch::survival::{FollowUp, Rmst};
///
/// let subjects = [FollowUp::until(1.0, 1)?, FollowUp::until(4.0, 0)?];
/// assert_eq!(Rmst::of(&subjects, None, 3.0)?.mean, 1.0 + 0.5 * 2.0);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rmst {
    pub tau: f64,
    pub mean: f64,
    /// Greenwood's: the root of Σ (area after u)² d/(n(n-d)); a step on which all at risk fall adds none.
    pub se: f64,
}

impl Rmst {
    /// Any event counts. Errors: those of `KaplanMeier::fit`, and of `at`.
    pub fn of(subjects: &[FollowUp], weights: Option<&[f64]>, tau: f64) -> Result<Rmst, Error> {
        Rmst::at(&KaplanMeier::fit(subjects, weights)?, tau)
    }

    /// Of a curve. A curve that has reached 0 stays there and has a mean for any `tau`. Errors: `Parameter` unless `tau` is a
    /// finite time above 0; `BeyondFollowUp` when the last subject is censored before `tau`.
    pub fn at(curve: &KaplanMeier, tau: f64) -> Result<Rmst, Error> {
        if !(tau.is_finite() && tau > 0.0) {
            return Err(Error::Parameter {
                name: "the horizon of a mean time",
                value: tau,
            });
        }
        let ended = curve.steps.last().is_some_and(|step| step.survival == 0.0);
        if tau > curve.followed_to && !ended {
            return Err(Error::BeyondFollowUp {
                asked: tau,
                followed: curve.followed_to,
            });
        }
        let steps = &curve.steps[..curve.steps.partition_point(|step| step.time <= tau)];
        let (mut area, mut variance, mut end) = (0.0, 0.0, tau);
        for step in steps.iter().rev() {
            area += step.survival * (end - step.time);
            let left = step.at_risk - step.events;
            if left > 0.0 {
                // As a share of the horizon, whose square may be more than any number.
                let share = area / tau;
                variance += share * share * step.events / (step.at_risk * left);
            }
            end = step.time;
        }
        Ok(Rmst {
            tau,
            mean: area + end,
            se: tau * f64::sqrt(variance),
        })
    }

    /// The mean time lost before `tau`; its standard error is `se`.
    pub fn lost(&self) -> f64 {
        self.tau - self.mean
    }
}
