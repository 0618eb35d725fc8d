//! What happens to a patient once: relapse with its organs, progression, death, loss, withdrawal; and the last contact.

use chrono::NaiveDate;

use super::id::EventId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelapseKind {
    Local,
    Regional,
    Distant,
    SecondPrimary,
    Unknown,
}

impl RelapseKind {
    pub const ALL: [RelapseKind; 5] = [
        RelapseKind::Local,
        RelapseKind::Regional,
        RelapseKind::Distant,
        RelapseKind::SecondPrimary,
        RelapseKind::Unknown,
    ];

    pub fn code(self) -> &'static str {
        match self {
            RelapseKind::Local => "local",
            RelapseKind::Regional => "regional",
            RelapseKind::Distant => "distant",
            RelapseKind::SecondPrimary => "second_primary",
            RelapseKind::Unknown => "unknown",
        }
    }

    pub fn from_code(code: &str) -> Option<RelapseKind> {
        RelapseKind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    Relapse {
        kind: RelapseKind,
        organs: Vec<String>,
        detected_by: Option<String>,
    },
    /// Growth of disease that was already metastatic (RECIST); not a first relapse.
    Progression,
    Death {
        cause: Option<String>,
    },
    Lost,
    Withdrawn,
    /// Known alive and under observation on that day.
    LastContact,
}

impl Happening {
    pub fn code(&self) -> &'static str {
        match self {
            Happening::Relapse { .. } => "relapse",
            Happening::Progression => "progression",
            Happening::Death { .. } => "death",
            Happening::Lost => "lost",
            Happening::Withdrawn => "withdrawn",
            Happening::LastContact => "last_contact",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: EventId,
    pub supersedes: Option<EventId>,
    pub what: Happening,
    /// The last day on which it was known not to have happened: relapse lies in (last_clear_on, occurred_on].
    pub last_clear_on: Option<NaiveDate>,
    pub occurred_on: NaiveDate,
    pub known_on: NaiveDate,
}
