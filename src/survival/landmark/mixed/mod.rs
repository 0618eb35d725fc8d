//! A linear mixed model with a random intercept and slope for each subject: where a noisy marker stands, and where it goes.

mod fit;
mod params;
mod profile;

pub use params::{Mixed, MixedParams, MixedValidParams};

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::survival::{Error, Provenance, Summary};
use profile::{Two, kernel};

/// What is maximised: the likelihood, or that of the residuals, which does not lose variance to the fixed effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likelihood {
    Ml,
    Reml,
}

/// A fitted mixed model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixedModel {
    pub likelihood: Likelihood,
    /// `intercept`, then the columns.
    pub names: Vec<String>,
    pub n: usize,
    pub subjects: usize,
    pub fixed: Array1<f64>,
    /// Of the fixed effects, the variances taken for known.
    pub covariance: Array2<f64>,
    /// Of a subject's intercept and slope about the fixed ones.
    pub random: [[f64; 2]; 2],
    pub residual_variance: f64,
    pub log_likelihood: f64,
    pub iterations: usize,
    pub provenance: Provenance,
}

/// A subject's own line, its best linear unbiased prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blup {
    pub intercept: f64,
    pub slope: f64,
    /// Of both, given the values and the model.
    pub covariance: [[f64; 2]; 2],
}

impl Blup {
    /// The line at a time; columns after the first add their fixed effects to it.
    pub fn at(&self, time: f64) -> f64 {
        self.intercept + self.slope * time
    }
}

impl MixedModel {
    /// Standard deviations of a subject's intercept and slope, and their correlation (0 where one does not vary).
    pub fn random_effects(&self) -> ([f64; 2], f64) {
        let sd = [self.random[0][0].sqrt(), self.random[1][1].sqrt()];
        let product = sd[0] * sd[1];
        (
            sd,
            if product > 0.0 {
                self.random[0][1] / product
            } else {
                0.0
            },
        )
    }

    /// The fixed effects. Errors: a level outside (0, 1).
    pub fn summary(&self, level: f64) -> Result<Summary, Error> {
        Summary::of(&self.names, self.fixed.view(), &self.covariance, None, level)
    }

    /// The line of a subject with these rows and values, be it of the fit or not; with no rows, the fixed effects.
    /// Errors: `Width`, `Lengths`, `NotFinite`.
    pub fn blup(&self, records: ArrayView2<f64>, values: ArrayView1<f64>) -> Result<Blup, Error> {
        let expected = self.fixed.len() - 1;
        if records.ncols() != expected {
            let given = records.ncols();
            return Err(Error::Width { given, expected });
        }
        if records.nrows() != values.len() {
            return Err(Error::Lengths {
                records: records.nrows(),
                targets: values.len(),
            });
        }
        let (mut zz, mut zr) = ([[0.0; 2]; 2], [0.0; 2]);
        for (row, (record, value)) in records.axis_iter(Axis(0)).zip(values).enumerate() {
            let fitted = self.fixed[0]
                + record
                    .iter()
                    .zip(self.fixed.iter().skip(1))
                    .map(|(x, b)| x * b)
                    .sum::<f64>();
            let left = value - fitted;
            if !left.is_finite() {
                let column = record.iter().position(|v| !v.is_finite()).unwrap_or(expected);
                return Err(Error::NotFinite { row, column });
            }
            let z = [1.0, record[0]];
            for a in 0..2 {
                zr[a] += z[a] * left;
                zz[a][0] += z[a] * z[0];
                zz[a][1] += z[a] * z[1];
            }
        }
        let (k, _) = kernel(self.root(), zz);
        Ok(Blup {
            intercept: self.fixed[0] + k[0][0] * zr[0] + k[0][1] * zr[1],
            slope: self.fixed[1] + k[1][0] * zr[0] + k[1][1] * zr[1],
            covariance: k.map(|row| row.map(|v| v * self.residual_variance)),
        })
    }

    /// The lower factor of `random` over the residual variance.
    fn root(&self) -> Two {
        let d = self.random.map(|row| row.map(|v| v / self.residual_variance));
        let first = d[0][0].sqrt();
        let below = if first > 0.0 { d[1][0] / first } else { 0.0 };
        [[first, 0.0], [below, (d[1][1] - below * below).max(0.0).sqrt()]]
    }
}
