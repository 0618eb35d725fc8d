//! The verbs: each is one function that the web and the command line both call.

pub mod audit;
pub mod budget;
pub mod cohorts;
mod error;
pub mod flag_ledger;
pub mod flags;
mod follow;
pub mod health;
pub mod import;
pub mod kept;
pub mod models;
pub mod nightly;
mod once;
mod password;
pub mod patients;
pub mod readings;
pub mod sign_in;
pub mod sites;
pub mod triage;
pub mod triage_row;
pub mod users;
pub mod visits;

pub use error::{Error, Result};
pub use once::{Form, Posted};
