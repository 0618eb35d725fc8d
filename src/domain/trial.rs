//! Trials, arms, and who is in which. In a blinded trial the arm is a secret (S-036).

use chrono::NaiveDate;

use super::id::TrialId;

#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    pub id: TrialId,
    pub code: String,
    pub title: String,
    pub blinded: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Enrolment {
    pub trial: Trial,
    /// `None` where no arm is assigned, or where the reader may not know it.
    pub arm: Option<String>,
    pub enrolled_on: NaiveDate,
    pub off_study_on: Option<NaiveDate>,
    pub known_on: NaiveDate,
}
