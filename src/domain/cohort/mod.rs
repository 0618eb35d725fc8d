//! A cohort as an analyst asks for it: which patients, which endpoint, told apart by what, and what may be shown of it.

pub mod count;
pub mod endpoint;
pub mod question;

pub use count::{Count, FEW};
pub use endpoint::{Endpoint, Outcome, Unwatched};
pub use question::{Choices, Grouping, Question, View};

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Map, Value};

use super::id::PatientRef;

/// Which patients: of the first primary tumour, and of enrolment. Empty fields ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    pub organ: Option<String>,
    /// The centre's code.
    pub centre: Option<String>,
    pub trial: Option<String>,
    pub arm: Option<String>,
    pub diagnosed_from: Option<NaiveDate>,
    pub diagnosed_to: Option<NaiveDate>,
}

/// One patient of a cohort as of a day: what was found at diagnosis, and when things happened. `patient` stays inside: it
/// orders rows and makes pseudonyms, and is never shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    pub patient: PatientRef,
    pub centre: String,
    pub sex: String,
    pub birth_year: i32,
    pub menopausal_status: Option<String>,
    pub organ: String,
    pub diagnosed_on: NaiveDate,
    pub grade: Option<i32>,
    pub size_mm: Option<f64>,
    pub size_band: Option<String>,
    pub nodes_positive: Option<i32>,
    pub er_fmol: Option<i32>,
    pub pgr_fmol: Option<i32>,
    pub her2: Option<String>,
    pub metastatic_at_entry: bool,
    pub trial: Option<String>,
    /// `None` without one, or where it is a secret from the reader.
    pub arm: Option<String>,
    pub operated_on: Option<NaiveDate>,
    pub distant_on: Option<NaiveDate>,
    /// The first relapse of this cancer anywhere: local, regional, distant, or its place unknown.
    pub relapse_on: Option<NaiveDate>,
    pub progression_on: Option<NaiveDate>,
    pub died_on: Option<NaiveDate>,
    /// Lost or withdrawn: no longer watched from that day.
    pub left_on: Option<NaiveDate>,
    /// The last event or result on file.
    pub last_seen_on: Option<NaiveDate>,
}

impl Subject {
    /// Day zero: surgery, else diagnosis.
    pub fn origin(&self) -> NaiveDate {
        self.operated_on.unwrap_or(self.diagnosed_on)
    }

    /// The last day of observation.
    pub fn last_on(&self) -> NaiveDate {
        let last = self.last_seen_on.map_or(self.origin(), |seen| seen.max(self.origin()));
        self.left_on.map_or(last, |left| left.min(last))
    }

    /// Days from day zero.
    pub fn day(&self, date: NaiveDate) -> i64 {
        (date - self.origin()).num_days()
    }
}

/// One result of a patient of the cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    pub patient: PatientRef,
    pub measure: String,
    pub analyte: String,
    pub assay: String,
    pub assay_version: String,
    pub specimen: String,
    pub unit: String,
    /// Days from the patient's day zero.
    pub day: i64,
    pub detection: String,
    pub lo: Option<f64>,
    pub hi: Option<f64>,
    pub lod: Option<f64>,
    pub loq: Option<f64>,
    pub screened: Option<f64>,
    pub failed_reason: Option<String>,
    pub detail: Map<String, Value>,
}
