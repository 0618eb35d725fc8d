//! What a fitted model says of its coefficients, and a test of its statistic: the same words for every estimator.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};
use std::fmt;

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

use super::Error;

/// The normal quantile of a two-sided level. Errors: a level outside (0, 1).
pub fn z(level: f64) -> Result<f64, Error> {
    if level > 0.0 && level < 1.0 {
        Ok(normal_quantile(0.5 + level / 2.0))
    } else {
        Err(Error::Parameter {
            name: "a confidence level",
            value: level,
        })
    }
}

/// The z below which a share `p` of the standard normal lies: statrs' inverse, good to some 11 digits, and one of Newton's steps
/// on the nearer tail.
pub(super) fn normal_quantile(p: f64) -> f64 {
    let rough = Normal::standard().inverse_cdf(p);
    let density = (-0.5 * rough * rough).exp() / TAU.sqrt();
    let step = if p < 0.5 {
        (normal_below(rough) - p) / density
    } else {
        ((1.0 - p) - normal_below(-rough)) / density
    };
    if step.is_finite() { rough - step } else { rough }
}

/// The share of the standard normal below `z`.
pub(super) fn normal_below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// The two-sided p of a standard normal statistic.
pub fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() * FRAC_1_SQRT_2)
}

/// A chi-square statistic with its degrees of freedom and p.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    pub chi_square: f64,
    pub degrees: usize,
    pub p: f64,
}

impl Test {
    /// With no degrees of freedom there is nothing to test: p is 1.
    pub fn of(chi_square: f64, degrees: usize) -> Test {
        let law = ChiSquared::new(degrees as f64);
        Test {
            chi_square,
            degrees,
            p: law.map_or(1.0, |law| law.sf(chi_square.max(0.0))),
        }
    }
}

/// One coefficient with its errors; the interval and `p` stand on the robust error where there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    pub name: String,
    pub estimate: f64,
    /// `None` for an aliased column: nothing can be said of it.
    pub se: Option<f64>,
    pub robust_se: Option<f64>,
    pub z: Option<f64>,
    pub p: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

/// The table that a statistician reads first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub level: f64,
    pub coefficients: Vec<Coefficient>,
}

impl Summary {
    /// A variance of 0 (or less) marks an aliased column. Missing names are `x1`, `x2`, …
    pub fn of(
        names: &[String],
        estimates: ArrayView1<f64>,
        covariance: &Array2<f64>,
        robust: Option<&Array2<f64>>,
        level: f64,
    ) -> Result<Summary, Error> {
        let width = z(level)?;
        let error = |matrix: &Array2<f64>, j: usize| {
            let variance = matrix[[j, j]];
            (variance > 0.0).then(|| variance.sqrt())
        };
        let coefficients = (estimates.iter().enumerate())
            .map(|(j, &estimate)| {
                let se = error(covariance, j);
                let robust_se = robust.and_then(|matrix| error(matrix, j));
                let used = robust_se.or(se);
                let ratio = used.map(|se| estimate / se);
                Coefficient {
                    name: names.get(j).cloned().unwrap_or_else(|| format!("x{}", j + 1)),
                    estimate,
                    se,
                    robust_se,
                    z: ratio,
                    p: ratio.map(two_sided),
                    lower: used.map(|se| estimate - width * se),
                    upper: used.map(|se| estimate + width * se),
                }
            })
            .collect();
        Ok(Summary { level, coefficients })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let robust = self.coefficients.iter().any(|c| c.robust_se.is_some());
        let longest = self
            .coefficients
            .iter()
            .map(|c| c.name.chars().count())
            .max()
            .unwrap_or(0);
        let name = longest.max("coefficient".len());
        let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.6}"));
        write!(f, "{:<name$} {:>12} {:>12}", "coefficient", "estimate", "SE")?;
        if robust {
            write!(f, " {:>12}", "robust SE")?;
        }
        let level = 100.0 * self.level;
        writeln!(f, " {:>9} {:>10}   {level} % interval", "z", "p")?;
        for c in &self.coefficients {
            write!(f, "{:<name$} {:>12.6} {:>12}", c.name, c.estimate, cell(c.se))?;
            if robust {
                write!(f, " {:>12}", cell(c.robust_se))?;
            }
            let z = c.z.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
            let p = c.p.map_or_else(|| "-".to_owned(), |v| format!("{v:.3e}"));
            writeln!(f, " {z:>9} {p:>10}   {} to {}", cell(c.lower), cell(c.upper))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::oracle::close;

    /// R's qnorm and pnorm.
    #[test]
    fn quantiles_and_tails_to_the_last_digits() {
        close(z(0.95).unwrap(), 1.959963984540054, 1e-15);
        close(z(0.5).unwrap(), 0.6744897501960817, 1e-15);
        close(normal_quantile(0.1), -1.281551565544601, 1e-15);
        close(normal_quantile(1e-12), -7.034483825301131, 1e-14);
        close(two_sided(1.0), 0.317310507862914, 1e-14);
        close(two_sided(-7.0), 2.55962508777167e-12, 1e-14);
        assert!(z(1.0).is_err() && z(f64::NAN).is_err());
    }
}
