//! What stands in a cell.

use chrono::{Datelike, NaiveDate};

/// A patient's key in the folder.
pub(in crate::simulate) fn key(number: u32) -> String {
    format!("S{number:06}")
}

pub(in crate::simulate) struct Date(pub(in crate::simulate) NaiveDate);

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

/// A number with so many significant digits.
pub(in crate::simulate) struct Significant(pub(in crate::simulate) f64, pub(in crate::simulate) i32);

impl std::fmt::Display for Significant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = if self.0 == 0.0 {
            0
        } else {
            self.0.abs().log10().floor() as i32
        };
        let places = (self.1 - 1 - size).clamp(0, 12) as usize;
        write!(f, "{:.places$}", self.0)
    }
}

/// Nothing, or the value.
pub(in crate::simulate) struct Maybe<T>(pub(in crate::simulate) Option<T>);

impl<T: std::fmt::Display> std::fmt::Display for Maybe<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |value| value.fmt(f))
    }
}
