//! The clinician's pages: who needs me today, and one patient.

mod course;
mod facts;
mod past;
pub mod patient;
mod risk;
pub mod triage;
