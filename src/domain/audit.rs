//! What is said of an act: the audit entry that closes a `Work`.

use serde_json::{Map, Value, json};

use super::id::PatientRef;

/// An act that no trigger sees (a page opened, an export). Changes to rows write their own entries by trigger.
#[derive(Clone, Debug)]
pub struct Entry {
    pub action: &'static str,
    pub table: &'static str,
    pub record: i64,
    pub subject: Option<PatientRef>,
    /// What was done, in ids and numbers; never names, never results.
    pub facts: Map<String, Value>,
    /// Pages that are read often leave one entry per user, page and hour.
    pub hourly: bool,
    /// The rows' own triggers said it all; only the commit is wanted.
    pub silent: bool,
}

impl Entry {
    pub fn of(action: &'static str) -> Entry {
        Entry {
            action,
            table: "-",
            record: 0,
            subject: None,
            facts: Map::new(),
            hourly: false,
            silent: false,
        }
    }

    /// A page was read. One entry a user, page, patient and hour.
    pub fn viewed(page: &'static str) -> Entry {
        Entry {
            hourly: true,
            table: page,
            ..Entry::of("viewed")
        }
    }

    /// The triggers of the changed rows have written the entries.
    pub fn by_trigger() -> Entry {
        Entry {
            silent: true,
            ..Entry::of("changed")
        }
    }

    pub fn about(mut self, patient: PatientRef) -> Entry {
        self.subject = Some(patient);
        self
    }

    pub fn fact(mut self, name: &str, value: impl serde::Serialize) -> Entry {
        self.facts.insert(name.to_owned(), json!(value));
        self
    }
}
