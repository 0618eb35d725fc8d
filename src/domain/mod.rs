//! What is true of patients and trials, in their words. Pure: no SQL, no HTTP, no clock.

pub mod access;
pub mod audit;
pub mod course;
pub mod event;
pub mod flag;
pub mod history;
pub mod id;
pub mod measure;
pub mod observation;
pub mod patient;
pub mod problem;
pub mod reading;
pub mod trial;
pub mod visit;
