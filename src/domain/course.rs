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

/// Days that a course of systemic treatment usually takes, by category of the data dictionary, 8.1: what adjuvant trials plan. A trial's
/// drug is not among them: it would tell the arm of a blinded trial (S-036).
const USUAL_DAYS: [(&str, i32); 6] = [
    ("chemotherapy", 180),
    ("endocrine", 1826),
    ("her2_directed", 365),
    ("cdk46", 1096),
    ("immunotherapy", 365),
    ("other_targeted", 1096),
];

impl Treatment {
    /// How long such a course usually takes; `None` where that is not known of its category.
    pub fn usual_days(&self) -> Option<i32> {
        let of_category = USUAL_DAYS.iter().find(|(category, _)| *category == self.category);
        of_category.map(|(_, days)| *days)
    }

    /// The last day on file, or the one after which such a course is usually over.
    pub fn ends_on(&self) -> Option<NaiveDate> {
        let usual = || Some(self.started_on + chrono::Days::new(self.usual_days()?.unsigned_abs().into()));
        self.stopped_on.or_else(usual)
    }
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
