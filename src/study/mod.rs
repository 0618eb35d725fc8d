//! Whole cohorts in files: read into records, put through the night's code, and held against what then happened.

pub mod folder;

pub use folder::{Cohort, Landmark, Person, ReadError};
