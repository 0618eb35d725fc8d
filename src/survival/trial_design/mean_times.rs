//! The difference of two restricted mean survival times.

use super::{Level, positive, power_at, share};
use crate::survival::{Error, Rmst};

/// A trial of mean times up to a horizon. Royston & Parmar, BMC Med Res Methodol 2013;13:152.
///
/// ```
/// use metwatch::survival::trial_design::{Level, MeanTimes, exponential_mean};
///
/// let [control, experimental] = [exponential_mean(0.3, 5.0)?, exponential_mean(0.2, 5.0)?];
/// let trial = MeanTimes {
///     difference: experimental.mean - control.mean,
///     deviation: [control.se, experimental.se],
///     share: 0.5,
/// };
/// assert!(trial.patients(Level::TwoSided(0.05), 0.8)? > 100.0);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanTimes {
    /// Experimental less control; not 0.
    pub difference: f64,
    /// Of one patient, control then experimental: of an estimate, its standard error times the root of its patients, which
    /// carries the censoring along.
    pub deviation: [f64; 2],
    pub share: f64,
}

impl MeanTimes {
    /// Distance from no difference, in standard errors, that one patient adds (squared).
    fn information(&self) -> Result<f64, Error> {
        let share = share(self.share)?;
        positive("a difference of mean times to be found", self.difference.abs())?;
        let [control, experimental] = self.deviation;
        for value in [control, experimental] {
            positive("a standard deviation", value)?;
        }
        let variance = control * control / (1.0 - share) + experimental * experimental / share;
        Ok(self.difference * self.difference / variance)
    }

    /// Patients in both groups together. Errors: `Parameter`.
    pub fn patients(&self, level: Level, power: f64) -> Result<f64, Error> {
        Ok(level.distance(power)?.powi(2) / self.information()?)
    }

    /// Of `patients` in both groups together. Errors: `Parameter`.
    pub fn power(&self, level: Level, patients: f64) -> Result<f64, Error> {
        let patients = positive("a number of patients", patients)?;
        power_at(level, (patients * self.information()?).sqrt())
    }
}

/// The restricted mean under a constant hazard, with the standard deviation (as `se`) of one patient watched to the horizon.
/// Errors: `Parameter` for a hazard or a horizon that is not above 0.
pub fn exponential_mean(hazard: f64, tau: f64) -> Result<Rmst, Error> {
    let (hazard, tau) = (
        positive("a hazard", hazard)?,
        positive("the horizon of a mean time", tau)?,
    );
    let x = hazard * tau;
    let mean = -(-x).exp_m1() / hazard;
    // The variance is tau² (1 - e^-2x - 2x e^-x)/x²; near 0 its three terms cancel, and the series does not.
    let variance = if x < 0.5 {
        let mut factor = 1.0;
        let term = |k: u32| {
            factor *= -x / f64::from(k);
            factor * (2.0 * f64::from(k) - f64::from(k).exp2())
        };
        (1..25).map(term).skip(2).sum::<f64>() / (x * x)
    } else {
        (-(-2.0 * x).exp_m1() - 2.0 * x * (-x).exp()) / (x * x)
    };
    Ok(Rmst {
        tau,
        mean,
        se: tau * variance.sqrt(),
    })
}
