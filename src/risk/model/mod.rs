//! The model of the night: fitted on all women with a known course, kept whole, and asked for one patient at a time.

mod card;
mod fit;
mod score;

pub use fit::fit;
pub use score::{Contribution, NotScored, Score, percentiles};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::survival::CauseSpecific;

/// Kept with its scores; changes when the covariates, the estimator or the reading of a score change.
pub const VERSION: &str = "cause-specific-cox-2";
pub const KIND: &str = "first_distant_relapse";
/// The window of the risk.
pub const HORIZON_DAYS: i32 = 365;

/// Two Cox models (first distant relapse; death without it) with what is needed to use them honestly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NightModel {
    pub version: String,
    pub pair: CauseSpecific,
    pub features: Vec<String>,
    /// Smallest and largest value of each covariate in the fit.
    pub ranges: Vec<(f64, f64)>,
    /// Codes of the sexes in the fit.
    pub sexes: Vec<String>,
    pub n: usize,
    /// Of cause 1 and 2.
    pub events: [usize; 2],
    /// Harrell's, on the rows of the fit (apparent).
    pub concordance: [Option<f64>; 2],
    /// SHA-256 of the ordered rows, in hexadecimal.
    pub fingerprint: String,
    pub as_of: NaiveDate,
}
