//! The patient under a study pseudonym, and the primary tumour.

use chrono::NaiveDate;

use super::id::{PatientId, SiteId, TumourId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    Female,
    Male,
    Intersex,
    Unknown,
}

impl Sex {
    pub const ALL: [Sex; 4] = [Sex::Female, Sex::Male, Sex::Intersex, Sex::Unknown];

    pub fn code(self) -> &'static str {
        match self {
            Sex::Female => "F",
            Sex::Male => "M",
            Sex::Intersex => "I",
            Sex::Unknown => "U",
        }
    }

    pub fn from_code(code: &str) -> Option<Sex> {
        Sex::ALL.into_iter().find(|sex| sex.code() == code)
    }

    pub fn word(self) -> &'static str {
        match self {
            Sex::Female => "Female",
            Sex::Male => "Male",
            Sex::Intersex => "Intersex",
            Sex::Unknown => "Sex not recorded",
        }
    }
}

/// How much of a date is known. Only history may be approximate, never a specimen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    Day,
    Month,
    Year,
}

impl Precision {
    pub fn code(self) -> &'static str {
        match self {
            Precision::Day => "day",
            Precision::Month => "month",
            Precision::Year => "year",
        }
    }

    pub fn from_code(code: &str) -> Option<Precision> {
        [Precision::Day, Precision::Month, Precision::Year]
            .into_iter()
            .find(|p| p.code() == code)
    }
}

/// Known by `patient_key` alone; direct identifiers have no place here (design decision 5).
#[derive(Clone, Debug, PartialEq)]
pub struct Patient {
    pub site: SiteId,
    pub id: PatientId,
    pub key: String,
    pub birth_year: i32,
    pub sex: Sex,
    pub menopausal_status: Option<String>,
    pub known_on: NaiveDate,
    pub version: i32,
}

/// A primary tumour with what decides its course. Codes are those of the data dictionary, 2.2.
#[derive(Clone, Debug, PartialEq)]
pub struct Tumour {
    pub id: TumourId,
    pub supersedes: Option<TumourId>,
    pub diagnosed_on: NaiveDate,
    pub precision: Precision,
    pub organ: String,
    pub subtype: Option<String>,
    pub laterality: Option<String>,
    pub grade: Option<i32>,
    pub size_mm: Option<f64>,
    /// Where only a band was recorded: `<=20`, `20-50`, `>50` mm.
    pub size_band: Option<String>,
    pub nodes_positive: Option<i32>,
    pub er_fmol: Option<i32>,
    pub pgr_fmol: Option<i32>,
    /// Share of cells in cycle, in per cent.
    pub ki67_percent: Option<f64>,
    pub her2: Option<String>,
    /// Entered with metastatic disease: never at risk of a *first* distant relapse.
    pub metastatic_at_entry: bool,
    pub known_on: NaiveDate,
}
