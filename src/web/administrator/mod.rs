//! The administrator's pages.

pub mod overview;
