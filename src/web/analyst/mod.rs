//! The analyst's pages.

mod chart;
pub mod cohort;
mod filter;
mod words;
