//! Whether predicted risks are as high as they should be: on the whole, by groups, and along a smooth curve.

mod curve;
mod groups;
mod poisson;

pub use curve::{Smooth, smooth};
pub use groups::{Group, by_risk};
pub use poisson::{Poisson, poisson};

pub(in crate::survival) use groups::quantile;

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2};

use super::censoring::{one_a_subject, risks_of};
use super::observed::observed_risk;
use crate::survival::{Cox, Error, FollowUp};

/// What was predicted at a horizon and what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InTheLarge {
    pub horizon: f64,
    pub mean_predicted: f64,
    /// By Kaplan-Meier, or by Aalen-Johansen for one cause of several.
    pub observed: f64,
    /// `None` where no risk was predicted at all.
    pub observed_over_expected: Option<f64>,
}

/// Observed over expected. Errors: as `observed_risk`; `Lengths`, `NotFinite`, `Parameter` (a risk).
pub fn in_the_large(
    subjects: &[FollowUp],
    cause: Option<u32>,
    risks: &[f64],
    horizon: f64,
) -> Result<InTheLarge, Error> {
    risks_of(subjects, risks)?;
    let observed = observed_risk(subjects, cause, horizon)?;
    let mean_predicted = risks.iter().sum::<f64>() / risks.len() as f64;
    Ok(InTheLarge {
        horizon,
        mean_predicted,
        observed,
        observed_over_expected: (mean_predicted > 0.0).then(|| observed / mean_predicted),
    })
}

/// A coefficient that should be 1, with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    pub estimate: f64,
    /// `None` where the predictions do not differ.
    pub se: Option<f64>,
}

/// The coefficient of the linear predictor in a Cox model of the validation data: below 1, predictions are too far apart. van Houwelingen,
/// Stat Med 2000;19:3401. Errors: `Lengths`, `NotFinite`, and those of the Cox fit.
pub fn slope(subjects: &[FollowUp], cause: Option<u32>, linear_predictor: &[f64]) -> Result<Slope, Error> {
    one_a_subject(subjects, linear_predictor)?;
    let records = Array2::from_shape_fn((subjects.len(), 1), |(i, _)| linear_predictor[i]);
    let params = cause.map_or_else(Cox::params, |cause| Cox::params().cause(cause));
    let model = params.fit(&Dataset::new(records, Array1::from(subjects.to_vec())))?;
    Ok(Slope {
        estimate: model.coefficients[0],
        se: model.standard_error(0),
    })
}
