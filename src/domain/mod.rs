//! What is true of patients and trials, in their words. Pure: no SQL, no HTTP, no clock.

pub mod access;
pub mod audit;
pub mod count;
pub mod course;
pub mod cts5;
pub mod date;
pub mod event;
pub mod flag;
pub mod history;
pub mod id;
pub mod import;
pub mod measure;
pub mod molecule;
pub mod node;
pub mod number;
pub mod observation;
pub mod patient;
pub mod problem;
pub mod psa;
pub mod reading;
pub mod recist;
pub mod text;
pub mod trial;
pub mod unit;
pub mod visit;
pub mod visit_window;
