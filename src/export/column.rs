//! A column, declared once: its name and meaning for the dictionary, its cell for the file.

use std::borrow::Cow;

use super::{Cell, Shape, measurements, patients};
use crate::domain::cohort::Endpoint;

pub struct Column<R> {
    pub name: Cow<'static, str>,
    pub kind: &'static str,
    pub unit: Cow<'static, str>,
    /// The codes it may hold, or its range.
    pub values: Cow<'static, str>,
    pub meaning: Cow<'static, str>,
    pub cell: Box<dyn Fn(&R) -> Cell + Send + Sync>,
}

impl<R> Column<R> {
    pub fn new(
        name: &'static str,
        kind: &'static str,
        meaning: &'static str,
        cell: impl Fn(&R) -> Cell + Send + Sync + 'static,
    ) -> Column<R> {
        Column {
            name: name.into(),
            kind,
            unit: "".into(),
            values: "".into(),
            meaning: meaning.into(),
            cell: Box::new(cell),
        }
    }

    #[must_use]
    pub fn unit(mut self, unit: impl Into<Cow<'static, str>>) -> Column<R> {
        self.unit = unit.into();
        self
    }

    #[must_use]
    pub fn values(mut self, values: impl Into<Cow<'static, str>>) -> Column<R> {
        self.values = values.into();
        self
    }
}

/// The dictionary of both shapes as CSV. `rules` says what holds for every file.
pub fn dictionary(endpoint: Endpoint) -> String {
    let mut out = String::from("\"file\",\"column\",\"type\",\"unit\",\"values\",\"meaning\"\n");
    for (what, rule) in RULES {
        line(&mut out, ["both", what, "rule", "", "", rule]);
    }
    entries(&mut out, Shape::Patients, &patients::columns(endpoint));
    entries(&mut out, Shape::Measurements, &measurements::columns());
    out
}

const RULES: &[(&str, &str)] = &[
    (
        "(text)",
        "All text is in quotes. Text that a spreadsheet would calculate (it starts with = + - @ | % or a tab, after blanks and characters that are not seen, in any width) has a leading apostrophe; numbers are as they are.",
    ),
    (
        "(missing)",
        "A value that is not known is empty, without quotes. Inf is a value without an upper bound.",
    ),
    (
        "(last line)",
        "# rows=N sha256=H: N rows of data, H the SHA-256 of every byte before that line. A file without it is not complete. R: read.csv(file, comment.char = \"#\"); pandas: read_csv(file, comment=\"#\").",
    ),
    (
        "(days)",
        "Dates are days from day zero: the first operation, else the diagnosis. Only the year of diagnosis is a calendar date.",
    ),
    (
        "(known)",
        "Facts as the registry knew them at the instant of the export: amended values in their last version, entries made in error left out.",
    ),
    (
        "(names)",
        "Pseudonyms and the order of rows come from a random key that is used for one file and forgotten. Two exports of one question over the same data differ in nothing else.",
    ),
];

fn entries<R>(out: &mut String, shape: Shape, columns: &[Column<R>]) {
    for column in columns {
        line(
            out,
            [
                shape.code(),
                &column.name,
                column.kind,
                &column.unit,
                &column.values,
                &column.meaning,
            ],
        );
    }
}

fn line(out: &mut String, cells: [&str; 6]) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        Cell::from(cell).write(out);
    }
    out.push('\n');
}
