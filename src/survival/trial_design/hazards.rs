//! The log-rank test: events from the hazard ratio, patients from the course of the trial.

use super::{Level, positive, power_at, share};
use crate::survival::Error;

/// How events are counted from a hazard ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By the log of the ratio. Schoenfeld, Biometrics 1983;39:499.
    Schoenfeld,
    /// By the ratio itself; asks for more with ratios far from 1. Freedman, Stat Med 1982;1:121.
    Freedman,
}

/// A trial of hazards in proportion.
///
/// ```
/// use metwatch::survival::trial_design::{Hazards, Level, Method, Recruitment};
///
/// let trial = Hazards { ratio: 0.57, share: 0.5, method: Method::Schoenfeld };
/// let events = trial.events(Level::TwoSided(0.05), 0.9)?;
/// assert_eq!(events.ceil(), 134.0);
/// let two_years_then_three = Recruitment { accrual: 2.0, follow_up: 3.0, dropout: 0.02 };
/// let patients = trial.patients(Level::TwoSided(0.05), 0.9, 0.2, two_years_then_three)?;
/// assert!(patients > events);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hazards {
    /// Experimental over control; not 1.
    pub ratio: f64,
    pub share: f64,
    pub method: Method,
}

/// Patients come evenly over `accrual`, the last is then watched for `follow_up`; some drop out at a constant hazard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recruitment {
    pub accrual: f64,
    pub follow_up: f64,
    pub dropout: f64,
}

impl Hazards {
    /// Distance from no difference, in standard errors, that one event adds (squared).
    fn information(&self) -> Result<f64, Error> {
        let ratio = positive("a hazard ratio", self.ratio)?;
        let share = share(self.share)?;
        if ratio == 1.0 {
            return Err(Error::Parameter {
                name: "a hazard ratio to be found",
                value: ratio,
            });
        }
        Ok(match self.method {
            Method::Schoenfeld => share * (1.0 - share) * ratio.ln().powi(2),
            Method::Freedman => {
                let odds = share / (1.0 - share);
                odds * ((1.0 - ratio) / (1.0 + odds * ratio)).powi(2)
            }
        })
    }

    /// Events in both groups together. Errors: `Parameter`.
    pub fn events(&self, level: Level, power: f64) -> Result<f64, Error> {
        Ok(level.distance(power)?.powi(2) / self.information()?)
    }

    /// Errors: `Parameter`.
    pub fn power(&self, level: Level, events: f64) -> Result<f64, Error> {
        let events = positive("a number of events", events)?;
        power_at(level, (events * self.information()?).sqrt())
    }

    /// The share of all patients who have the event, when the control group's hazard is constant. Errors: `Parameter`.
    pub fn event_share(&self, control_hazard: f64, recruitment: Recruitment) -> Result<f64, Error> {
        let share = share(self.share)?;
        let control = recruitment.event_share(control_hazard)?;
        let experimental = recruitment.event_share(control_hazard * positive("a hazard ratio", self.ratio)?)?;
        Ok(share * experimental + (1.0 - share) * control)
    }

    /// Patients in both groups together. Errors: `Parameter`.
    pub fn patients(
        &self,
        level: Level,
        power: f64,
        control_hazard: f64,
        recruitment: Recruitment,
    ) -> Result<f64, Error> {
        Ok(self.events(level, power)? / self.event_share(control_hazard, recruitment)?)
    }
}

impl Recruitment {
    /// The chance that a patient's event is seen, with a constant hazard. Lachin & Foulkes, Biometrics 1986;42:507. Errors:
    /// `Parameter` for a hazard that is not above 0, negative times, or no time at all.
    pub fn event_share(&self, hazard: f64) -> Result<f64, Error> {
        let hazard = positive("a hazard", hazard)?;
        for (name, value) in [
            ("the time of accrual", self.accrual),
            ("the time of follow-up", self.follow_up),
            ("the hazard of dropping out", self.dropout),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::Parameter { name, value });
            }
        }
        positive("the length of the trial", self.accrual + self.follow_up)?;
        let all = hazard + self.dropout;
        // The mean, over the times of accrual, of the chance still to be watched when the trial ends.
        let spread = all * self.accrual;
        let mean = if spread < 1e-8 {
            1.0 - 0.5 * spread
        } else {
            -(-spread).exp_m1() / spread
        };
        // 1 - e^-a m without the loss of digits of a difference near 0.
        let left = -(-all * self.follow_up).exp_m1() + (-all * self.follow_up).exp() * (1.0 - mean);
        Ok(hazard / all * left)
    }
}
