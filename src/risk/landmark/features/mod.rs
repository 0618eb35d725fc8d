//! What a model sees of a case on a day: one number a column, NaN where nothing is known. Names learned from the cases of the fit
//! (facts, analytes) come with fixed ones (last values, time since, the burden line).

mod facts;
mod line;
mod readings;
mod summary;

pub use facts::{Form, Numeric};
pub use line::is_forecast;
pub(super) use summary::Readings;

use serde::{Deserialize, Serialize};

use crate::burden::{Case, Line, case::Day};

/// One column: its name, and the fact it belongs to in what a score explains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// Place in `Schema::labels`.
    pub label: usize,
}

/// The columns of a model, in order; a function of the cases of its fit alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Baseline facts that are numbers.
    pub numeric: Vec<Numeric>,
    /// Baseline facts that hold or do not.
    pub categories: Vec<String>,
    pub analytes: Vec<String>,
    pub columns: Vec<Column>,
    pub labels: Vec<String>,
    /// Whether the burden line is among the columns, as the last of them.
    pub line: bool,
}

/// A fact or an analyte that fewer of the cases have than this is no column.
const LEAST_SHARE: f64 = 0.01;
const LEAST_CASES: usize = 20;

impl Schema {
    /// The names that occur often enough among what was known of `cases` on their day.
    pub fn learn<'a>(cases: impl Iterator<Item = (&'a Case, Day)> + Clone) -> Schema {
        let n = cases.clone().count();
        let least = LEAST_CASES.min(n / 10 + 1).max((LEAST_SHARE * n as f64) as usize);
        let mut schema = Schema::default();
        (schema.numeric, schema.categories) = facts::learn(cases.clone(), least, n);
        schema.analytes = readings::analytes(cases, least);
        schema.lay_out();
        schema
    }

    fn lay_out(&mut self) {
        for i in 0..self.numeric.len() {
            let name = self.numeric[i].name.clone();
            self.add(&name, &[&name]);
        }
        for i in 0..self.categories.len() {
            let name = self.categories[i].clone();
            let label = name.split('=').next().unwrap_or(&name).to_owned();
            self.add(&label, &[&name]);
        }
        for (label, names) in readings::FIXED {
            self.add(label, names);
        }
        for i in 0..self.analytes.len() {
            let analyte = self.analytes[i].clone();
            let names = readings::MARKER.map(|name| format!("{analyte} {name}"));
            self.add(&analyte, &names.each_ref().map(String::as_str));
        }
        self.add(line::LABEL, &line::NAMES);
        self.line = true;
    }

    /// The same but for the burden line.
    pub fn without_line(&self) -> Schema {
        let mut schema = self.clone();
        if schema.line {
            schema.labels.pop();
            schema.columns.truncate(self.columns.len() - line::NAMES.len());
            schema.line = false;
        }
        schema
    }

    fn add(&mut self, label: &str, names: &[&str]) {
        let place = self.labels.iter().position(|own| own == label).unwrap_or_else(|| {
            self.labels.push(label.to_owned());
            self.labels.len() - 1
        });
        self.columns.extend(names.iter().map(|name| Column {
            name: (*name).to_owned(),
            label: place,
        }));
    }

    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The row of `case` on `day`, from what was on file on that day; `line` is that of the same day. `out` is overwritten.
    pub fn fill(&self, case: &Case, day: Day, line: Option<&Line>, out: &mut Vec<f64>) {
        out.clear();
        facts::fill(self, case, day, out);
        let readings = Readings::of(case, day, &self.analytes);
        readings::fill(&readings, day, out);
        if self.line {
            line::fill(line, day, out);
        }
        debug_assert_eq!(out.len(), self.width(), "one number a column");
    }
}
