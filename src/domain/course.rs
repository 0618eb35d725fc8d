//! Things with a start and an end: treatment, and surgery as a day.

use chrono::NaiveDate;

use super::patient::Precision;

#[derive(Clone, Debug, PartialEq)]
pub struct Treatment {
    pub id: i64,
    pub supersedes: Option<i64>,
    /// Code of the data dictionary, 8.1: `chemotherapy`, `endocrine`, `immunotherapy`, …
    pub category: String,
    pub agent: Option<String>,
    pub phase: Option<String>,
    pub started_on: NaiveDate,
    pub precision: Precision,
    pub stopped_on: Option<NaiveDate>,
    pub known_on: NaiveDate,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Surgery {
    pub id: i64,
    pub supersedes: Option<i64>,
    pub procedure: String,
    pub performed_on: NaiveDate,
    pub precision: Precision,
    pub known_on: NaiveDate,
}
