//! Whole cohorts in files: read into records, put through the night's code, and held against what then happened.

pub mod course;
pub mod folder;
pub mod measures;

pub use course::Course;
pub use folder::{Cohort, Landmark, Person, ReadError};
