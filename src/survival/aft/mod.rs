//! Accelerated failure time: location-scale regression of the logarithm of time, and of a measurement as it is, with values
//! known exactly, only from below, only from above, or between two numbers.

mod fit;
pub(in crate::survival) mod law;
mod likelihood;
mod newton;
mod observed;
mod params;
mod predict;
mod residuals;
pub(in crate::survival) mod robust;
#[cfg(test)]
mod tests;

pub use observed::{Observed, Response};
pub use params::{Aft, AftParams, AftValidParams, Distribution};
pub use predict::Estimate;
pub use residuals::Residual;

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::{Error, Provenance, Summary};

/// A fitted model: `y = coefficients · (1, row) + scale · e`, where y is the logarithm of time (the value itself for
/// `Gaussian`) and e follows the standard law. A larger linear predictor is a longer time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AftModel {
    pub distribution: Distribution,
    pub cause: Option<u32>,
    pub n: usize,
    /// Values known exactly or between two numbers.
    pub events: usize,
    /// Of the columns; empty where the data set had none.
    pub names: Vec<String>,
    /// The intercept, then one a column; 0 in aliased columns.
    pub coefficients: Array1<f64>,
    /// Columns that are constant or follow from those before them: nothing can be said of them.
    pub aliased: Vec<usize>,
    /// One a stratum, in ascending order of the strata's numbers.
    pub scales: Vec<f64>,
    /// The scale was given, not estimated.
    pub scale_fixed: bool,
    /// Inverse observed information of the coefficients and (where estimated) the logarithms of the scales, in that order, as R
    /// has them; 0 in aliased rows and columns.
    pub covariance: Array2<f64>,
    /// Sandwich over the clusters, where they were given.
    pub robust_covariance: Option<Array2<f64>>,
    /// Of the model without columns, with scales of its own.
    pub log_likelihood_null: f64,
    /// On the scale of the times, as R: the Jacobian of the logarithm is counted for values known exactly.
    pub log_likelihood: f64,
    pub iterations: usize,
    pub provenance: Provenance,
}

impl AftModel {
    /// `(Intercept)`, the columns, and `log(scale)` (one a stratum), in the order of the covariance.
    pub fn terms(&self) -> Vec<String> {
        let columns = self.coefficients.len() - 1;
        let mut terms = vec!["(Intercept)".to_owned()];
        terms.extend((0..columns).map(|j| {
            let name = self.names.get(j).cloned();
            name.unwrap_or_else(|| format!("x{}", j + 1))
        }));
        match self.scales.len() {
            _ if self.scale_fixed => {}
            1 => terms.push("log(scale)".to_owned()),
            strata => terms.extend((1..=strata).map(|s| format!("log(scale) {s}"))),
        }
        terms
    }

    /// The estimates to `terms`: coefficients, then logarithms of the scales.
    pub fn estimates(&self) -> Array1<f64> {
        let scales = self.scales.iter().filter(|_| !self.scale_fixed).map(|s| s.ln());
        self.coefficients.iter().copied().chain(scales).collect()
    }

    /// Of the term at `place`; `None` for an aliased column.
    pub fn standard_error(&self, place: usize) -> Option<f64> {
        let variance = self.covariance[[place, place]];
        (variance > 0.0).then(|| variance.sqrt())
    }

    /// Coefficients and logarithms of the scales with their errors. Errors: a level outside (0, 1).
    pub fn summary(&self, level: f64) -> Result<Summary, Error> {
        Summary::of(
            &self.terms(),
            self.estimates().view(),
            &self.covariance,
            self.robust_covariance.as_ref(),
            level,
        )
    }

    /// The model of one stratum, with its scale alone. Errors: no such stratum.
    pub fn in_stratum(&self, stratum: usize) -> Result<AftModel, Error> {
        if stratum >= self.scales.len() {
            return Err(Error::Parameter {
                name: "the stratum",
                value: stratum as f64,
            });
        }
        let columns = self.coefficients.len();
        let kept: Vec<usize> = (0..self.covariance.nrows())
            .filter(|j| *j < columns || *j == columns + stratum)
            .collect();
        let part =
            |matrix: &Array2<f64>| Array2::from_shape_fn((kept.len(), kept.len()), |(i, j)| matrix[[kept[i], kept[j]]]);
        Ok(AftModel {
            scales: vec![self.scales[stratum]],
            covariance: part(&self.covariance),
            robust_covariance: self.robust_covariance.as_ref().map(part),
            ..self.clone()
        })
    }

    /// The scale of a model with one stratum. Errors: several; take `in_stratum` first.
    pub fn scale(&self) -> Result<f64, Error> {
        match self.scales[..] {
            [scale] => Ok(scale),
            _ => Err(Error::Parameter {
                name: "the number of strata in a prediction",
                value: self.scales.len() as f64,
            }),
        }
    }
}
