//! Two proportions: how many are cleared, how many respond.

use super::{Level, positive, power_at, share, within};
use crate::survival::Error;

/// The variance of the difference that the test takes when there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// Of one common proportion (R's `power.prop.test`; the chi-square test).
    Pooled,
    /// Of each group's own (Wald's test).
    Unpooled,
}

/// A trial of two proportions. Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions, 2003, chapter 4.
///
/// ```
/// use metwatch::survival::trial_design::{Level, Proportions, Variance};
///
/// let trial = Proportions { control: 0.5, experimental: 0.75, share: 0.5, variance: Variance::Pooled, continuity: false };
/// // R: power.prop.test(p1 = .50, p2 = .75, power = .90) asks for 76.7 in each group
/// assert_eq!(trial.patients(Level::TwoSided(0.05), 0.9)?.ceil(), 154.0);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proportions {
    pub control: f64,
    pub experimental: f64,
    pub share: f64,
    pub variance: Variance,
    /// For the test with a continuity correction. Fleiss, Tytun & Ury, Biometrics 1980;36:343.
    pub continuity: bool,
}

/// For one patient: the difference, and its standard deviation when there is none and as it is.
struct Unit {
    difference: f64,
    null: f64,
    truth: f64,
}

impl Proportions {
    fn unit(&self) -> Result<Unit, Error> {
        let share = share(self.share)?;
        let [control, experimental] = [self.control, self.experimental];
        for value in [control, experimental] {
            within("a proportion", value, 0.0, 1.0)?;
        }
        if control == experimental {
            return Err(Error::Parameter {
                name: "a proportion to be told from the same",
                value: control,
            });
        }
        let spread = |p: f64| p * (1.0 - p);
        let truth = spread(control) / (1.0 - share) + spread(experimental) / share;
        let common = (1.0 - share) * control + share * experimental;
        let null = match self.variance {
            Variance::Pooled => spread(common) / (share * (1.0 - share)),
            Variance::Unpooled => truth,
        };
        Ok(Unit {
            difference: (experimental - control).abs(),
            null: null.sqrt(),
            truth: truth.sqrt(),
        })
    }

    /// What the continuity correction takes from the root of the number of patients, times that root.
    fn correction(&self, unit: &Unit) -> f64 {
        if self.continuity {
            0.5 / (self.share * (1.0 - self.share) * unit.difference)
        } else {
            0.0
        }
    }

    /// Patients in both groups together. Errors: `Parameter`.
    pub fn patients(&self, level: Level, power: f64) -> Result<f64, Error> {
        let unit = self.unit()?;
        let quantile = level.quantile()?;
        let beyond = level.distance(power)? - quantile;
        let distance = positive(
            "a power below that of no difference",
            quantile * unit.null + beyond * unit.truth,
        )?;
        let plain = (distance / unit.difference).powi(2);
        let root = 0.5 * (plain.sqrt() + (plain + 4.0 * self.correction(&unit)).sqrt());
        Ok(root * root)
    }

    /// Of `patients` in both groups together. Errors: `Parameter`.
    pub fn power(&self, level: Level, patients: f64) -> Result<f64, Error> {
        let unit = self.unit()?;
        let root = positive("a number of patients", patients)?.sqrt();
        let corrected = (root - self.correction(&unit) / root).max(0.0);
        let quantile = level.quantile()?;
        power_at(
            level,
            (corrected * unit.difference - quantile * unit.null) / unit.truth + quantile,
        )
    }
}
