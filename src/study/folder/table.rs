//! One CSV file row by row, its cells asked for by name.

use std::io::Read;

use chrono::NaiveDate;
use csv::{ErrorKind, StringRecord, Trim};

use super::ReadError;

pub(in crate::study) struct Table<R> {
    file: &'static str,
    columns: &'static [&'static str],
    places: Vec<usize>,
    head: StringRecord,
    reader: csv::Reader<R>,
    record: StringRecord,
}

impl<R: Read> Table<R> {
    /// Columns may come in any order and beside others.
    pub fn begin(file: &'static str, content: R, columns: &'static [&'static str]) -> Result<Table<R>, ReadError> {
        let mut reader = csv::ReaderBuilder::new().trim(Trim::All).from_reader(content);
        let head = reader.headers().map_err(|error| broken(file, error))?.clone();
        let place = |column: &&'static str| {
            let at = head
                .iter()
                .position(|name| name.trim_start_matches('\u{feff}') == *column);
            at.ok_or(ReadError::NoColumn { file, column })
        };
        Ok(Table {
            file,
            places: columns.iter().map(place).collect::<Result<_, _>>()?,
            columns,
            head,
            reader,
            record: StringRecord::new(),
        })
    }

    pub fn next(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        let more = self
            .reader
            .read_record(&mut self.record)
            .map_err(|error| broken(self.file, error))?;
        Ok(more.then_some(Row {
            file: self.file,
            columns: self.columns,
            places: &self.places,
            head: &self.head,
            record: &self.record,
        }))
    }
}

fn broken(file: &'static str, error: csv::Error) -> ReadError {
    let line = error.position().map_or(1, csv::Position::line);
    let what = match error.into_kind() {
        ErrorKind::Io(source) => return ReadError::Io { file, source },
        ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} cells where the head has {expected_len}"),
        ErrorKind::Utf8 { .. } => "a cell is not UTF-8".to_owned(),
        _ => "not a row of CSV".to_owned(),
    };
    ReadError::Row { file, line, what }
}

pub(in crate::study) struct Row<'t> {
    file: &'static str,
    columns: &'static [&'static str],
    places: &'t [usize],
    head: &'t StringRecord,
    record: &'t StringRecord,
}

impl<'t> Row<'t> {
    /// `None` where the cell is empty.
    pub fn text(&self, column: &'static str) -> Option<&'t str> {
        let known = self.columns.iter().position(|name| *name == column);
        let place = self.places[known.expect("the table was begun with this column")];
        Some(&self.record[place]).filter(|text| !text.is_empty())
    }

    /// Of a column that a file may lack; `None` too where the cell is empty.
    pub fn if_there(&self, column: &str) -> Option<&'t str> {
        let place = self.head.iter().position(|name| name == column)?;
        Some(&self.record[place]).filter(|text| !text.is_empty())
    }

    pub fn bad(&self, column: &'static str, wanted: &'static str) -> ReadError {
        ReadError::Cell {
            file: self.file,
            line: self.record.position().map_or(0, csv::Position::line),
            column,
            text: self.text(column).unwrap_or("").to_owned(),
            wanted,
        }
    }

    pub fn required(&self, column: &'static str, wanted: &'static str) -> Result<&'t str, ReadError> {
        self.text(column).ok_or_else(|| self.bad(column, wanted))
    }

    pub fn date(&self, column: &'static str) -> Result<NaiveDate, ReadError> {
        self.date_or_none(column)?.ok_or_else(|| self.bad(column, DATE))
    }

    pub fn date_or_none(&self, column: &'static str) -> Result<Option<NaiveDate>, ReadError> {
        let read = |text: &str| iso(text).ok_or_else(|| self.bad(column, DATE));
        self.text(column).map(read).transpose()
    }

    /// Finite and not below 0.
    pub fn number(&self, column: &'static str) -> Result<Option<f64>, ReadError> {
        let read = |text: &str| {
            let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
            number.ok_or_else(|| self.bad(column, "a number of at least 0"))
        };
        self.text(column).map(read).transpose()
    }

    /// At least 0. `3.0` is a whole number too: some programs write them so.
    pub fn whole(&self, column: &'static str) -> Result<Option<i64>, ReadError> {
        const MOST: f64 = 1e15;
        let read = |text: &str| {
            let plain = text.parse::<i64>().ok().filter(|n| *n >= 0);
            let written = || {
                text.parse::<f64>()
                    .ok()
                    .filter(|n| n.fract() == 0.0 && (0.0..MOST).contains(n))
            };
            let number = plain.or_else(|| written().map(|n| n as i64));
            number.ok_or_else(|| self.bad(column, "a whole number of at least 0"))
        };
        self.text(column).map(read).transpose()
    }

    pub fn small(&self, column: &'static str) -> Result<Option<i32>, ReadError> {
        let fit = |n: i64| i32::try_from(n).map_err(|_| self.bad(column, "a number that small"));
        self.whole(column)?.map(fit).transpose()
    }

    /// `1` or `0`.
    pub fn flag(&self, column: &'static str) -> Result<Option<bool>, ReadError> {
        match self.text(column) {
            None => Ok(None),
            Some("1") => Ok(Some(true)),
            Some("0") => Ok(Some(false)),
            Some(_) => Err(self.bad(column, "0 or 1")),
        }
    }
}

const DATE: &str = "a day such as 2024-04-03, from 1900 to 2100";
/// A day outside was mistyped, and would be followed through all the years to it.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2100;

/// `2024-04-03`, with all its zeros; by hand, since a cohort has a million of them.
fn iso(text: &str) -> Option<NaiveDate> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let digits = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0_u32, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
        })
    };
    (bytes[4] == b'-' && bytes[7] == b'-').then_some(())?;
    let year = digits(0..4).filter(|year| YEARS.contains(year))?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, digits(5..7)?, digits(8..10)?)
}
