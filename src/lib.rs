//! Metwatch: the registry that tells a hospital which patient's cancer is coming back.
//!
//! The folders are the architecture; `docs/architecture.md` has the map, `tests/it/arrows.rs` holds it.

pub mod app; // App: the shared state
pub mod clock; // Clock, SystemClock, FixedClock
pub mod config; // settings from flags, environment and file

pub mod actions; // the verbs
pub mod burden; // from a history to a trend
pub mod domain; // what is true of patients and trials, in their words
pub mod export; // one writer per format
pub mod risk; // from histories to scores and flags, each with its reasons
pub mod simulate; // synthetic cohorts, with what was true of them
pub mod store; // all SQL
pub mod study; // whole cohorts in files, and what the night's code says of them
pub mod survival; // estimators on plain arrays; knows no patients
pub mod web; // routes, forms, pages
