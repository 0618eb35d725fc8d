//! What is waited for: how long a patient was free of it, and what ended the wait.

use chrono::NaiveDate;
use serde::Serialize;

use super::Subject;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    DistantFree,
    RelapseFree,
    ProgressionFree,
    Overall,
}

/// The end of one patient's wait: 0 still waiting, 1 the event, 2 death before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub days: i64,
    pub event: u32,
}

/// Why a patient of the cohort has no wait to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwatched {
    /// Disease was already elsewhere at entry: there is no first relapse to wait for.
    Metastatic,
    /// Nothing is known of the patient after day zero.
    NoFollowUp,
}

impl Endpoint {
    pub const ALL: [Endpoint; 4] = [
        Endpoint::DistantFree,
        Endpoint::RelapseFree,
        Endpoint::ProgressionFree,
        Endpoint::Overall,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Endpoint::DistantFree => "distant",
            Endpoint::RelapseFree => "relapse",
            Endpoint::ProgressionFree => "progression",
            Endpoint::Overall => "death",
        }
    }

    pub fn from_code(code: &str) -> Option<Endpoint> {
        Endpoint::ALL.into_iter().find(|endpoint| endpoint.code() == code)
    }

    pub fn words(self) -> &'static str {
        match self {
            Endpoint::DistantFree => "Distant-metastasis-free survival",
            Endpoint::RelapseFree => "Relapse-free survival",
            Endpoint::ProgressionFree => "Progression-free survival",
            Endpoint::Overall => "Overall survival",
        }
    }

    /// The event itself, without death.
    pub fn event(self) -> &'static str {
        match self {
            Endpoint::DistantFree => "distant relapse",
            Endpoint::RelapseFree => "relapse",
            Endpoint::ProgressionFree => "progression",
            Endpoint::Overall => "death",
        }
    }

    /// What the curve counts.
    pub fn free(self) -> &'static str {
        match self {
            Endpoint::DistantFree => "alive without distant relapse",
            Endpoint::RelapseFree => "alive without relapse",
            Endpoint::ProgressionFree => "alive without progression",
            Endpoint::Overall => "alive",
        }
    }

    fn event_on(self, subject: &Subject) -> Option<NaiveDate> {
        match self {
            Endpoint::DistantFree => subject.distant_on,
            Endpoint::RelapseFree => subject.relapse_on,
            Endpoint::ProgressionFree => [subject.progression_on, subject.relapse_on].into_iter().flatten().min(),
            Endpoint::Overall => subject.died_on,
        }
    }

    /// First relapses are waited for in patients who entered without metastases; progression and death in all.
    fn needs_no_metastasis(self) -> bool {
        matches!(self, Endpoint::DistantFree | Endpoint::RelapseFree)
    }

    /// What happened first, seen until the last day of observation. On one day a relapse comes before the death.
    pub fn outcome(self, subject: &Subject) -> Result<Outcome, Unwatched> {
        if self.needs_no_metastasis() && subject.metastatic_at_entry {
            return Err(Unwatched::Metastatic);
        }
        let last = subject.last_on();
        let seen = |on: Option<NaiveDate>| on.filter(|on| *on <= last);
        let (event, death) = (seen(self.event_on(subject)), seen(subject.died_on));
        let (end, event) = match (event, death) {
            (Some(event), Some(death)) if death < event => (death, 2),
            (Some(event), _) => (event, 1),
            (None, Some(death)) => (death, 2),
            (None, None) => (last, 0),
        };
        match subject.day(end) {
            days if days > 0 => Ok(Outcome { days, event }),
            _ => Err(Unwatched::NoFollowUp),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::id::{PatientId, PatientRef, SiteId};

    pub(crate) fn day(days: i64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Duration::days(days)
    }

    pub(crate) fn subject(last: i64) -> Subject {
        Subject {
            patient: PatientRef {
                site: SiteId(1),
                patient: PatientId(7),
            },
            centre: "ROT-N".into(),
            sex: "F".into(),
            birth_year: 1960,
            menopausal_status: None,
            organ: "breast".into(),
            diagnosed_on: day(-20),
            grade: Some(3),
            size_mm: None,
            size_band: Some("<=20".into()),
            nodes_positive: Some(0),
            er_fmol: None,
            pgr_fmol: None,
            her2: None,
            metastatic_at_entry: false,
            trial: None,
            arm: None,
            operated_on: Some(day(0)),
            distant_on: None,
            relapse_on: None,
            progression_on: None,
            died_on: None,
            left_on: None,
            last_seen_on: Some(day(last)),
        }
    }

    fn ends(endpoint: Endpoint, subject: &Subject) -> Option<(i64, u32)> {
        endpoint.outcome(subject).ok().map(|o| (o.days, o.event))
    }

    #[test]
    fn what_comes_first_counts_and_a_relapse_comes_before_the_death_of_its_day() {
        let mut s = subject(900);
        assert_eq!(ends(Endpoint::DistantFree, &s), Some((900, 0)));
        s.died_on = Some(day(900));
        assert_eq!(ends(Endpoint::DistantFree, &s), Some((900, 2)));
        assert_eq!(ends(Endpoint::Overall, &s), Some((900, 1)));
        s.distant_on = Some(day(900));
        assert_eq!(ends(Endpoint::DistantFree, &s), Some((900, 1)));
        s.relapse_on = Some(day(300));
        assert_eq!(ends(Endpoint::RelapseFree, &s), Some((300, 1)));
        assert_eq!(ends(Endpoint::ProgressionFree, &s), Some((300, 1)));
    }

    #[test]
    fn nobody_is_watched_after_leaving() {
        let mut s = subject(900);
        s.left_on = Some(day(400));
        s.distant_on = Some(day(500));
        s.died_on = Some(day(900));
        assert_eq!(ends(Endpoint::DistantFree, &s), Some((400, 0)));
        assert_eq!(ends(Endpoint::Overall, &s), Some((400, 0)));
    }

    #[test]
    fn metastases_at_entry_leave_no_first_relapse_to_wait_for() {
        let mut s = subject(900);
        s.metastatic_at_entry = true;
        assert_eq!(Endpoint::DistantFree.outcome(&s), Err(Unwatched::Metastatic));
        assert_eq!(ends(Endpoint::Overall, &s), Some((900, 0)));
        assert_eq!(Endpoint::Overall.outcome(&subject(0)), Err(Unwatched::NoFollowUp));
    }
}
