//! Estimators on plain arrays, in linfa's shape; they know no patients.
//!
//! Times are numbers in one unit of the caller's choice. At a tied time events come before censorings, and a subject is at
//! risk at `t` when `entry < t <= exit`. Formulas, sources and checks are in `docs/models.md`.

pub mod error;
pub mod follow_up;
mod risk_set;
mod symmetric;

pub mod aalen_johansen;
pub mod cause_specific;
pub mod cox;
pub mod kaplan_meier;
pub mod log_rank;
pub mod metrics;

#[cfg(test)]
pub(crate) mod oracle;

pub use aalen_johansen::AalenJohansen;
pub use cause_specific::{CauseSpecific, Risk, Shares};
pub use cox::{Cox, CoxModel, Ties};
pub use error::Error;
pub use follow_up::FollowUp;
pub use kaplan_meier::{KaplanMeier, Limits};
pub use log_rank::LogRank;

use ndarray::{Array2, ArrayView2};

/// What a fitted survival model gives beyond linfa's `Predict`: the curve of each row at the times asked for.
pub trait SurvivalModel {
    /// One row a record, one column a time.
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error>;
}
