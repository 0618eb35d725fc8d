//! How good predictions are.

mod concordance;

pub use concordance::{Concordance, concordance};
