//! A flag is a request to act: raised, seen, acted on, snoozed, closed.

use chrono::NaiveDate;

use super::event::{Happening, RelapseKind};
use super::history::History;
use super::id::{FlagId, ObservationId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    CtdnaRising,
    RiskThreshold,
}

impl Cause {
    pub fn code(self) -> &'static str {
        match self {
            Cause::CtdnaRising => "ctdna_rising",
            Cause::RiskThreshold => "risk_threshold",
        }
    }

    pub fn from_code(code: &str) -> Option<Cause> {
        [Cause::CtdnaRising, Cause::RiskThreshold]
            .into_iter()
            .find(|cause| cause.code() == code)
    }

    pub fn words(self) -> &'static str {
        match self {
            Cause::CtdnaRising => "ctDNA is rising",
            Cause::RiskThreshold => "alert score above the threshold",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    High,
    Medium,
    /// A relapse or progression that the clinic has seen: no news, and beneath all that may be.
    OnFile,
}

impl Severity {
    /// The codes are in the order of the alphabet, as lists are sorted by them.
    pub fn code(self) -> &'static str {
        match self {
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::OnFile => "on_file",
        }
    }

    pub fn from_code(code: &str) -> Option<Severity> {
        let all = [Severity::High, Severity::Medium, Severity::OnFile];
        all.into_iter().find(|severity| severity.code() == code)
    }
}

/// What a rule or the model asks to raise; `store::flags` turns it into at most one open flag per patient and cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    pub cause: Cause,
    pub severity: Severity,
    /// One sentence with the numbers that made it.
    pub reason: String,
    pub triggers: Vec<ObservationId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    New,
    Seen,
    Acting,
    Snoozed,
    Closed,
}

impl State {
    pub fn code(self) -> &'static str {
        match self {
            State::New => "new",
            State::Seen => "seen",
            State::Acting => "acting",
            State::Snoozed => "snoozed",
            State::Closed => "closed",
        }
    }

    pub fn from_code(code: &str) -> Option<State> {
        [State::New, State::Seen, State::Acting, State::Snoozed, State::Closed]
            .into_iter()
            .find(|s| s.code() == code)
    }
}

/// Why a clinician acknowledged a flag (data dictionary, 8.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AckReason {
    RepeatTest,
    Imaging,
    Watching,
    Explained,
    DataError,
    NotRelevant,
}

impl AckReason {
    pub const ALL: [AckReason; 6] = [
        AckReason::RepeatTest,
        AckReason::Imaging,
        AckReason::Watching,
        AckReason::Explained,
        AckReason::DataError,
        AckReason::NotRelevant,
    ];

    pub fn code(self) -> &'static str {
        match self {
            AckReason::RepeatTest => "repeat_test",
            AckReason::Imaging => "imaging",
            AckReason::Watching => "watching",
            AckReason::Explained => "explained",
            AckReason::DataError => "data_error",
            AckReason::NotRelevant => "not_relevant",
        }
    }

    pub fn from_code(code: &str) -> Option<AckReason> {
        AckReason::ALL.into_iter().find(|reason| reason.code() == code)
    }

    pub fn words(self) -> &'static str {
        match self {
            AckReason::RepeatTest => "Repeat test ordered",
            AckReason::Imaging => "Imaging ordered",
            AckReason::Watching => "Known, watching",
            AckReason::Explained => "Explained by an event",
            AckReason::DataError => "Data error",
            AckReason::NotRelevant => "Not relevant",
        }
    }

    /// Where the flag goes: acted on, watched, or closed.
    pub fn next(self) -> State {
        match self {
            AckReason::RepeatTest | AckReason::Imaging => State::Acting,
            AckReason::Watching => State::Seen,
            AckReason::Explained | AckReason::DataError | AckReason::NotRelevant => State::Closed,
        }
    }
}

/// A flag on a patient's page.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    pub id: FlagId,
    pub cause: Cause,
    pub severity: Severity,
    pub reason: String,
    pub triggers: Vec<ObservationId>,
    pub state: State,
    pub opened_on: NaiveDate,
    pub ack: Option<Ack>,
    pub closed: Option<Closed>,
    pub version: i32,
}

/// The end of a flag.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    pub on: NaiveDate,
    pub why: Why,
}

/// How a flag came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// By a person.
    Dismissed,
    /// What happened to the patient ended it.
    Ended(Ending),
    /// Its evidence went: a corrected value, a burden that fell back.
    Withdrawn,
    /// No night of a long time found it again.
    Quiet,
}

impl Why {
    /// From the columns `outcome` and `lead_days`.
    pub fn from_code(code: &str, lead_days: Option<i32>) -> Option<Why> {
        Some(match (code, lead_days) {
            ("dismissed", _) => Why::Dismissed,
            ("relapse_confirmed", Some(lead_days)) => Why::Ended(Ending::RelapseConfirmed { lead_days }),
            ("censored", _) => Why::Ended(Ending::Censored),
            ("withdrawn_evidence", _) => Why::Withdrawn,
            ("quiet", _) => Why::Quiet,
            _ => return None,
        })
    }

    pub fn words(self) -> String {
        match self {
            Why::Dismissed => "Dismissed".into(),
            Why::Ended(Ending::RelapseConfirmed { lead_days: 0 }) => "The relapse came that day".into(),
            Why::Ended(Ending::RelapseConfirmed { lead_days }) => format!(
                "The relapse {} {} {}",
                if lead_days > 0 { "came" } else { "had been" },
                match lead_days.unsigned_abs() {
                    1 => "1 day".into(),
                    days => format!("{days} days"),
                },
                if lead_days > 0 { "later" } else { "before" }
            ),
            Why::Ended(Ending::Censored) => "Death, loss or withdrawal came first".into(),
            Why::Withdrawn => "Its evidence is gone, or fell back".into(),
            Why::Quiet => "No night found it again for long".into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ack {
    pub by: String,
    pub on: NaiveDate,
    pub reason: AckReason,
    pub note: Option<String>,
}

/// How a flag ends by what happens to the patient. (Dismissal and evidence that goes are the other ends.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// What it warned of came; `lead_days` after it was opened, negative where the day was told later than it was true.
    RelapseConfirmed { lead_days: i32 },
    /// Death, loss or withdrawal came first: nobody will know.
    Censored,
}

impl Ending {
    pub fn code(self) -> &'static str {
        match self {
            Ending::RelapseConfirmed { .. } => "relapse_confirmed",
            Ending::Censored => "censored",
        }
    }

    pub fn lead_days(self) -> Option<i32> {
        match self {
            Ending::RelapseConfirmed { lead_days } => Some(lead_days),
            Ending::Censored => None,
        }
    }

    /// The end of a flag that was opened on that day, if the history holds one. A distant relapse or progression that was
    /// known when the flag was opened is no news to it.
    pub fn of(opened_on: NaiveDate, history: &History) -> Option<Ending> {
        let awaited = |what: &Happening| {
            let distant = |kind: &RelapseKind| *kind == RelapseKind::Distant;
            matches!(what, Happening::Relapse { kind, .. } if distant(kind)) || *what == Happening::Progression
        };
        let news = |event: &&super::event::Event| event.occurred_on >= opened_on || event.known_on > opened_on;
        let came = history.events.iter().filter(|event| awaited(&event.what)).find(news);
        match came {
            Some(event) => Some(Ending::RelapseConfirmed {
                lead_days: (event.occurred_on - opened_on).num_days() as i32,
            }),
            None => (history.died_on().is_some() || history.left_on().is_some()).then_some(Ending::Censored),
        }
    }
}

/// Why a step in a flag's life is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the flag is closed")]
    Closed,
    #[error("this reason needs a note of at least 5 characters")]
    NeedsNote,
    #[error("no person closed the flag")]
    NotDismissed,
}

impl Flag {
    /// The state after an acknowledgement. Closing a flag needs a note, so that the next reader knows why.
    pub fn acknowledge(&self, reason: AckReason, note: Option<&str>) -> Result<State, Refused> {
        if self.state == State::Closed {
            return Err(Refused::Closed);
        }
        let next = reason.next();
        if next == State::Closed && note.is_none_or(|note| note.trim().chars().count() < 5) {
            return Err(Refused::NeedsNote);
        }
        Ok(next)
    }

    /// Whether a person closed it, who may have second thoughts. What ended by what happened stays ended.
    pub fn may_reopen(&self) -> Result<(), Refused> {
        let dismissed = self.closed.as_ref().is_some_and(|closed| closed.why == Why::Dismissed);
        if dismissed { Ok(()) } else { Err(Refused::NotDismissed) }
    }
}
