//! The fields of a validation, in the words of the reference results.

use serde::Serialize;

#[derive(Serialize)]
pub struct Answer {
    pub n: usize,
    pub events: usize,
    pub harrell: Harrell,
    pub uno_c: Uno,
    pub auc: Auc,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier: Option<Brier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ibs: Option<Integrated>,
    pub calibration: Calibration,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub net_benefit: Vec<Decision>,
}

#[derive(Serialize)]
pub struct Harrell {
    pub c: Option<f64>,
    pub se: Option<f64>,
    pub concordant: f64,
    pub discordant: f64,
    pub tied_x: f64,
    pub tied_y: f64,
    pub tied_xy: f64,
}

/// The field without another name: weights 1/G(T-) from the rows themselves.
#[derive(Serialize)]
pub struct Uno {
    pub tau: f64,
    pub c: Option<f64>,
    pub se: Option<f64>,
    pub scikit_survival_convention: Option<f64>,
    pub censoring_from_development: Option<f64>,
}

/// One place a horizon.
#[derive(Default, Serialize)]
pub struct Auc {
    pub t: Vec<f64>,
    pub auc: Vec<Option<f64>>,
    pub se: Vec<Option<f64>>,
    pub lower: Vec<Option<f64>>,
    pub upper: Vec<Option<f64>>,
    pub scikit_survival_convention: Vec<Option<f64>>,
    pub censoring_from_development: Vec<Option<f64>>,
}

#[derive(Default, Serialize)]
pub struct Brier {
    pub t: Vec<f64>,
    pub brier: Vec<f64>,
    pub se: Vec<Option<f64>>,
    pub scikit_survival_convention: Vec<Option<f64>>,
    pub censoring_from_development: Vec<Option<f64>>,
    /// Where everybody is told the curve of the rows themselves, or of those the model was fitted to.
    pub null_validation: Vec<f64>,
    pub null_development: Vec<Option<f64>>,
    /// One less the ratio to `null_validation`.
    pub ipa: Vec<Option<f64>>,
}

#[derive(Serialize)]
pub struct Integrated {
    pub from: f64,
    pub to: f64,
    pub times: usize,
    pub model: f64,
    pub null_validation: f64,
    pub null_development: Option<f64>,
}

#[derive(Serialize)]
pub struct Calibration {
    pub slope: Option<f64>,
    pub slope_se: Option<f64>,
    pub at: Vec<At>,
}

#[derive(Serialize)]
pub struct At {
    pub t: f64,
    pub mean_predicted_risk: f64,
    /// By Kaplan-Meier, or by Aalen-Johansen for one of several causes.
    pub observed_risk: f64,
    pub oe: Option<f64>,
    pub poisson_observed: Option<f64>,
    pub poisson_expected: Option<f64>,
    pub citl_log_oe: Option<f64>,
    pub citl_se: Option<f64>,
    pub poisson_slope: Option<f64>,
    pub poisson_slope_se: Option<f64>,
    /// Distances of the smooth curve from the diagonal: mean, median, 90th percentile, largest.
    pub ici: Option<f64>,
    pub e50: Option<f64>,
    pub e90: Option<f64>,
    pub emax: Option<f64>,
    /// Mean predicted, observed, rows.
    pub deciles: Vec<(f64, f64, usize)>,
    #[serde(skip)]
    pub smooth: Option<Vec<f64>>,
}

#[derive(Serialize)]
pub struct Decision {
    pub t: f64,
    pub threshold: Vec<f64>,
    pub model: Vec<f64>,
    pub treat_all: Vec<f64>,
}
