//! Estimators on plain arrays, in linfa's shape; they know no patients.
//!
//! Times are numbers in one unit of the caller's choice. At a tied time events come before censorings, and a subject is at
//! risk at `t` when `entry < t <= exit`. Formulas, sources and checks are in `docs/models.md`.

pub mod error;
pub mod follow_up;
pub mod inference; // tests and tables of coefficients
pub mod provenance;
mod risk_set;
mod symmetric;
mod tree;

// non-parametric
pub mod aalen_johansen;
pub mod gray;
pub mod kaplan_meier;
pub mod log_rank;
pub mod multi_state;
pub mod nelson_aalen;
pub mod rmst;

// regression
pub mod aft;
pub mod boosting;
pub mod cause_specific;
pub mod cox;
pub mod coxnet;
pub mod discrete;
pub mod fine_gray;
pub mod forest;
pub mod landmark;
pub mod transform;

// what is known to rise
pub mod isotonic;

// how good predictions are, and how large a trial must be
pub mod metrics;
pub mod resample;
pub mod trial_design;

#[cfg(test)]
pub(crate) mod oracle;

pub use aalen_johansen::AalenJohansen;
pub use aft::{Aft, AftModel, Distribution, Observed};
pub use boosting::{Boosting, BoostingModel};
pub use cause_specific::{CauseSpecific, Risk, Shares};
pub use cox::{Cox, CoxModel, Ties};
pub use coxnet::{CoxNet, CoxNetModel, CoxNetPath};
pub use discrete::{CompetingModel, Discrete, DiscreteModel, Intervals};
pub use error::Error;
pub use fine_gray::{FineGray, FineGrayModel};
pub use follow_up::FollowUp;
pub use forest::{Forest, ForestModel};
pub use gray::Gray;
pub use inference::{Summary, Test};
pub use kaplan_meier::{KaplanMeier, Limits};
pub use log_rank::LogRank;
pub use multi_state::{MultiState, Sojourn};
pub use nelson_aalen::NelsonAalen;
pub use provenance::Provenance;
pub use rmst::Rmst;
pub use transform::{FractionalPolynomial, Spline, Standardiser};

use ndarray::{Array2, ArrayView2};

/// What a fitted survival model gives beyond linfa's `Predict`: the curve of each row at the times asked for.
pub trait SurvivalModel {
    /// One row a record, one column a time.
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error>;
}
