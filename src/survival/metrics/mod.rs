//! How good predictions are.

mod concordance;

pub use concordance::{Comparison, Concordance, Pairs, concordance};
