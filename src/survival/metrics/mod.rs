//! How good predictions are.
//!
//! [`concordance`] and [`Comparison`] rank; [`Ipcw`] holds predicted risks against what came at a horizon (AUC, Brier); [`calibration`]
//! asks whether they are as high as they should be, [`net_benefit`] whether acting on them does good. All count time from the origin:
//! for predictions made later, see [`since`].

pub mod calibration;
mod censoring;
mod concordance;
mod influence;
mod ipcw;
mod landmark;
mod net_benefit;
mod observed;
#[cfg(test)]
mod tests;

pub use censoring::{CaseWeight, Censoring};
pub use concordance::{Comparison, Concordance, Pairs, concordance};
pub use ipcw::{Estimate, Horizon, Ipcw, prediction_accuracy};
pub use landmark::since;
pub use net_benefit::{NetBenefit, net_benefit};
pub use observed::observed_risk;

pub(super) use calibration::quantile;
