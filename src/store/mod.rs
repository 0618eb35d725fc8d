//! All SQL. Patient data is reached through a [`Work`] and in no other way.

pub mod assays;
pub mod audit;
pub mod budgets;
pub mod cohorts;
mod db;
mod error;
pub mod flag_ledger;
pub mod flags;
pub mod health;
pub mod histories;
pub mod housekeeping;
pub mod import;
pub mod kept;
pub mod links;
pub mod models;
pub mod patients;
pub mod posts;
pub mod runs;
pub mod server; // the private PostgreSQL server, and the ground in any server
pub mod sessions;
pub mod sites;
pub mod statements;
pub mod triage;
pub mod users;
pub mod visits;
mod work;

pub use db::Db;
pub use error::Error;
pub use work::Work;

pub type Result<T> = std::result::Result<T, Error>;
