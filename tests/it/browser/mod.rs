//! Each role's job, done in a real browser against a real server on the demonstration's data.

mod administrator;
mod analyst;
mod clinician;
mod coordinator;
mod door;
mod driver;
mod look;
mod page;
mod stage;
