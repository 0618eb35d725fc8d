//! How good predictions are.
//!
//! [`concordance`] and [`Comparison`] rank; [`Ipcw`] holds predicted risks against what came at a horizon (AUC, Brier); [`calibration`]
//! asks whether they are as high as they should be, [`net_benefit`] whether acting on them does good. All count time from the origin:
//! for predictions made later, see [`since`].
//!
//! ```
//! use metwatch::survival::FollowUp;
//! use metwatch::survival::metrics::{CaseWeight, Ipcw, net_benefit, observed_risk, prediction_accuracy};
//!
//! let subjects = [
//!     FollowUp::until(1.0, 1)?,
//!     FollowUp::until(2.0, 0)?,
//!     FollowUp::until(3.0, 1)?,
//!     FollowUp::until(6.0, 0)?,
//!     FollowUp::until(7.0, 0)?,
//! ];
//! let risks = [0.8, 0.3, 0.6, 0.1, 0.2];
//! let ipcw = Ipcw::new(&subjects, None, CaseWeight::Before)?;
//! let five = ipcw.at(5.0)?;
//! let brier = five.brier(&risks)?.value;
//! let null = five.brier_null(observed_risk(&subjects, None, 5.0)?)?;
//! assert!(prediction_accuracy(brier, null) > Some(0.5));
//! assert_eq!(five.auc(&risks)?.map(|auc| auc.value), Some(1.0));
//! assert!(net_benefit(&subjects, None, &risks, 5.0, &[0.5])?[0].model > 0.0);
//! # Ok::<(), metwatch::survival::Error>(())
//! ```

pub mod calibration;
mod censoring;
mod concordance;
mod influence;
mod ipcw;
mod landmark;
mod net_benefit;
mod observed;
mod packed;
#[cfg(test)]
mod tests;

pub use censoring::{CaseWeight, Censoring};
pub use concordance::{Comparison, Concordance, Pairs, concordance};
pub use ipcw::{Estimate, Horizon, Ipcw, prediction_accuracy};
pub use landmark::since;
pub use net_benefit::{NetBenefit, net_benefit};
pub use observed::observed_risk;

pub(super) use calibration::quantile;
