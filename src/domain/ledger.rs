//! Flags that were raised and what then happened, as the running ledger judges them.

use chrono::NaiveDate;

use super::id::SiteId;

/// How it went on after a flag, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Came {
    Relapse,
    Death,
    /// Nothing, until the patient was last seen or left.
    Nothing,
}

impl Came {
    pub fn from_code(code: &str) -> Option<Came> {
        match code {
            "relapse" => Some(Came::Relapse),
            "death" => Some(Came::Death),
            "nothing" => Some(Came::Nothing),
            _ => None,
        }
    }
}

/// A flag on a patient under watch who had no other one open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    pub on: NaiveDate,
    /// The day of what came, or the day on which the patient was last seen.
    pub to: NaiveDate,
    pub came: Came,
    /// Raised by the first night that knew of the patient, or the first of a higher budget, on what had gathered before: no part of the load.
    pub backlog: bool,
}

/// A first distant relapse under watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detected {
    pub on: NaiveDate,
    /// The patient's first flag on an earlier day.
    pub first_alert: Option<NaiveDate>,
}

/// What one centre's flags are judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    pub site: SiteId,
    /// On each day how many watches begin, less those that end. A watch begins 30 days after day zero or with the first night on show that
    /// knew of the patient, whichever is later; it ends with relapse, death, loss, on the day on which somebody long not seen was last seen, or after today.
    pub watches: Vec<(NaiveDate, i64)>,
    pub alerts: Vec<Alert>,
    pub relapses: Vec<Detected>,
    /// Flags of patients who were not under watch: metastatic at entry, or relapsed before.
    pub beside: usize,
}
