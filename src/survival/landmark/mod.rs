//! Dynamic prediction by landmarks: who is at risk on a day, with what is known that day, and what comes in the window after it.
//!
//! Van Houwelingen, Scand J Stat 2007;34:70; van Houwelingen & Putter, Dynamic Prediction in Clinical Survival Analysis, 2012.
//! `stack` makes the rows; a plain `Cox` fits one landmark. `MixedModel` turns a noisy marker into its current value and slope
//! first (two-stage landmarking; Rizopoulos et al., Biom J 2017;59:1261).

mod dynamic;
mod mixed;
mod stack;
mod supermodel;
#[cfg(test)]
mod tests;

pub use dynamic::LandmarkModel;
pub use mixed::{Blup, Likelihood, Mixed, MixedModel, MixedParams, MixedValidParams};
pub use stack::{LongRows, Stack, Stacked};
pub use supermodel::{LandmarkBaseline, Supermodel, SupermodelParams, SupermodelValidParams};
