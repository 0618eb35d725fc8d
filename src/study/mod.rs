//! Whole cohorts in files: read into records, put through the night's code, and held against what then happened.

pub mod answer;
pub mod checks;
pub mod course;
pub mod evaluation;
pub mod folder;
pub mod follow;
pub mod measures;
mod night;
pub mod real;
pub mod recovery;
pub mod rules;
pub mod run;
pub mod training;
pub mod truth;

pub use answer::Answer;
pub use checks::{Check, Wanted};
pub use course::Course;
pub use evaluation::Evaluation;
pub use folder::{Cohort, Landmark, Person, ReadError, Reader};
pub use follow::Follows;
pub use recovery::Recovery;
pub use rules::Rule;
pub use run::{Error, Stage, Study};
pub use training::Training;
pub use truth::{Truth, Truths};
