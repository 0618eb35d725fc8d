//! The administrator's pages.

pub mod night;
pub mod overview;
