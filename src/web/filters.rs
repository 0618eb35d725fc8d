//! `write` for templates.

use super::write;
use askama::Values;
use chrono::NaiveDate;

#[askama::filter_fn]
pub fn day(value: &NaiveDate, _: &dyn Values) -> askama::Result<String> {
    Ok(write::day(*value))
}

/// 2026-11-13, for `datetime` attributes.
#[askama::filter_fn]
pub fn iso(value: &NaiveDate, _: &dyn Values) -> askama::Result<String> {
    Ok(value.to_string())
}

#[askama::filter_fn]
pub fn thousands(value: &u64, _: &dyn Values) -> askama::Result<String> {
    Ok(write::thousands(*value))
}

#[askama::filter_fn]
pub fn figure(value: &f64, _: &dyn Values) -> askama::Result<String> {
    Ok(write::figure(*value))
}

#[askama::filter_fn]
pub fn percent(value: &f64, _: &dyn Values) -> askama::Result<String> {
    Ok(write::percent(*value))
}
