//! What was true of a synthetic cohort: truth.csv, truth_patients.csv and truth_errors.csv beside its other files, as
//! `metwatch simulate --with-truth` writes them. Only who judges the burden lines reads it.

use std::collections::HashMap;
use std::io::{self, Read};

use chrono::NaiveDate;

use super::folder::table::{Row, Table};
use super::folder::{ReadError, row_id};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    Cleared,
    Silent,
    Growing,
    Overt,
}

/// One day of one patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    pub on: NaiveDate,
    /// Natural logarithm of the expected mutant fraction; `None` without living tumour.
    pub level: Option<f64>,
    pub regime: Regime,
}

/// Of one patient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// In the order of the file.
    pub days: Vec<Day>,
    /// The first day of growth, which may lie after the follow-up; `None` where nothing ever grows.
    pub began: Option<NaiveDate>,
    /// Readings that were entered wrongly: the signal's id, and how.
    pub errors: Vec<(i64, String)>,
}

/// By `patient_id`.
pub type Truths = HashMap<String, Truth>;

/// `open` answers as a `Reader`'s does. `None` where there is no truth.csv: the patients are real, or nobody tells. Errors: those of
/// `Reader::cohort`.
pub fn read<R: Read>(mut open: impl FnMut(&'static str) -> io::Result<Option<R>>) -> Result<Option<Truths>, ReadError> {
    let mut truths = Truths::new();
    let mut all = |file: &'static str, columns: &'static [&'static str], take: Take| {
        let Some(content) = open(file).map_err(|source| ReadError::Io { file, source })? else {
            return Ok(false);
        };
        let mut table = Table::begin(file, content, columns)?;
        while let Some(row) = table.next()? {
            let key = row.required("patient_id", "a patient")?;
            if !truths.contains_key(key) {
                truths.insert(key.to_owned(), Truth::default());
            }
            let truth = truths.get_mut(key).expect("it was just put there");
            take(&row, truth)?;
        }
        Ok(true)
    };
    let day = &["patient_id", "date", "ln_mutant_fraction_expected", "regime"];
    if !all("truth.csv", day, on_a_day)? {
        return Ok(None);
    }
    for (file, columns, take) in [
        (
            "truth_patients.csv",
            &["patient_id", "growth_began_on"][..],
            began as Take,
        ),
        ("truth_errors.csv", &["file", "row_id", "patient_id", "kind"], error),
    ] {
        if !all(file, columns, take)? {
            return Err(ReadError::Missing { file });
        }
    }
    Ok(Some(truths))
}

type Take = fn(&Row, &mut Truth) -> Result<(), ReadError>;

fn on_a_day(row: &Row, truth: &mut Truth) -> Result<(), ReadError> {
    let column = "ln_mutant_fraction_expected";
    let level = |text: &str| {
        let level = text.parse::<f64>().ok().filter(|level| level.is_finite());
        level.ok_or_else(|| row.bad(column, "a number"))
    };
    let regime = match row.text("regime") {
        Some("cleared") => Regime::Cleared,
        Some("silent") => Regime::Silent,
        Some("growing") => Regime::Growing,
        Some("overt") => Regime::Overt,
        _ => return Err(row.bad("regime", "cleared, silent, growing or overt")),
    };
    truth.days.push(Day {
        on: row.date("date")?,
        level: row.text(column).map(level).transpose()?,
        regime,
    });
    Ok(())
}

fn began(row: &Row, truth: &mut Truth) -> Result<(), ReadError> {
    truth.began = row.date_or_none("growth_began_on")?;
    Ok(())
}

fn error(row: &Row, truth: &mut Truth) -> Result<(), ReadError> {
    let file = row.required("file", "a file's name")?;
    let id = row_id(row, file)?.ok_or_else(|| row.bad("file", "ctdna, ctc, dtc or markers"))?;
    let kind = row.required("kind", "the kind of error")?.to_owned();
    truth.errors.push((id, kind));
    Ok(())
}
