//! The administrator's pages.

mod acts; // the last acts in words
pub mod night;
pub mod overview;
