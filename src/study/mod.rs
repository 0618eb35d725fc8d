//! Whole cohorts in files: read into records, put through the night's code, and held against what then happened.

pub mod answer;
pub mod course;
pub mod folder;
pub mod follow;
pub mod measures;
pub mod rules;
pub mod training;

pub use answer::Answer;
pub use course::Course;
pub use folder::{Cohort, Landmark, Person, ReadError};
pub use follow::{Follows, Said};
pub use rules::Rule;
pub use training::Training;
