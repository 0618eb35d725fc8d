//! The clinician's pages: who needs me today, and one patient.

mod burden;
mod course;
mod facts;
mod parts;
mod past;
pub mod patient;
mod risk;
pub mod triage;
