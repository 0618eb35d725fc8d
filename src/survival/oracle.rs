//! Reads the reference data and results of `tests/data/oracles`, at test time only.

use std::collections::HashMap;
use std::path::PathBuf;

use ndarray::Array2;
use serde_json::Value;

use super::FollowUp;

fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/oracles")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&read(name)).unwrap()
}

pub(crate) struct Table {
    columns: HashMap<String, Vec<f64>>,
    pub rows: usize,
}

/// A field that is no number is NaN.
pub(crate) fn table(name: &str) -> Table {
    let text = read(name);
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns: HashMap<String, Vec<f64>> = names.iter().map(|n| ((*n).to_owned(), vec![])).collect();
    let mut rows = 0;
    for line in lines {
        rows += 1;
        for (name, field) in names.iter().zip(line.split(',')) {
            columns.get_mut(*name).unwrap().push(field.parse().unwrap_or(f64::NAN));
        }
    }
    Table { columns, rows }
}

impl Table {
    pub fn column(&self, name: &str) -> &[f64] {
        &self.columns[name]
    }

    /// Columns, and the transformations of the reference's models: `age_fp1`, `nodes_exp`, `log_pgr1`, …
    pub fn design(&self, names: &[&str]) -> Array2<f64> {
        Array2::from_shape_fn((self.rows, names.len()), |(i, j)| {
            let value = |name: &str| self.columns[name][i];
            match names[j] {
                "age_fp1" => (value("age") / 100.0).powi(3),
                "age_fp2" => (value("age") / 100.0).powi(3) * (value("age") / 100.0).ln(),
                "nodes_exp" => (-0.12 * value("nodes")).exp(),
                "log_pgr1" => (value("pgr") + 1.0).ln(),
                "log_pr1" => (value("pr") + 1.0).ln(),
                "log_er1" => (value("er") + 1.0).ln(),
                name => value(name),
            }
        })
    }

    pub fn follow_up(&self, exit: &str, event: &str) -> Vec<FollowUp> {
        let (exit, event) = (self.column(exit), self.column(event));
        (0..self.rows)
            .map(|i| FollowUp::until(exit[i], event[i] as u32).unwrap())
            .collect()
    }
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[track_caller]
pub(crate) fn near(ours: f64, theirs: f64, tolerance: f64) {
    assert!(
        (ours - theirs).abs() <= tolerance,
        "{ours} is not {theirs} (within {tolerance:e})"
    );
}

pub(crate) fn words(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

/// Relative to the reference.
#[track_caller]
pub(crate) fn close(ours: f64, theirs: f64, relative: f64) {
    near(ours, theirs, relative * theirs.abs());
}

pub(crate) const ROTTERDAM: [&str; 10] = [
    "age",
    "meno",
    "size_20_50",
    "size_gt50",
    "grade3",
    "nodes",
    "pgr",
    "er",
    "hormon",
    "chemo",
];
/// The linear model of the external validation: those but the last.
pub(crate) fn linear() -> [&'static str; 9] {
    std::array::from_fn(|j| ROTTERDAM[j])
}

pub(crate) const METASTASIS: [&str; 10] = [
    "age",
    "meno",
    "size_20_50",
    "size_gt50",
    "grade3",
    "nodes",
    "er",
    "hormon",
    "chemo",
    "pr",
];
