//! A row of outcomes.csv as events: first distant relapse, death, the last day under observation. Each is known on its day.

use chrono::NaiveDate;

use super::{Person, ReadError, Row};
use crate::domain::event::{Event, Happening, RelapseKind};
use crate::domain::id::EventId;

pub const COLUMNS: &[&str] = &[
    "patient_id",
    "last_follow_up",
    "relapse_date",
    "relapse_site",
    "detected_by",
    "death_date",
    "death_cause",
];

/// Errors: a cell that is no day, or one before surgery.
pub fn add(row: &Row, person: &mut Person) -> Result<(), ReadError> {
    let surgery = person.record.surgeries.first().map(|surgery| surgery.performed_on);
    let since = |column: &'static str| match (row.date_or_none(column)?, surgery) {
        (Some(on), Some(surgery)) if on < surgery => Err(row.bad(column, "a day on or after surgery")),
        (on, _) => Ok(on),
    };
    let (relapsed, died, followed) = (since("relapse_date")?, since("death_date")?, since("last_follow_up")?);
    let mut happened = |id: i64, on: Option<NaiveDate>, what: Happening| {
        person.record.events.extend(on.map(|on| event(id, on, what)));
    };
    let relapse = Happening::Relapse {
        kind: RelapseKind::Distant,
        organs: row.text("relapse_site").map(str::to_owned).into_iter().collect(),
        detected_by: row.text("detected_by").map(str::to_owned),
    };
    let death = Happening::Death {
        cause: row.text("death_cause").map(str::to_owned),
    };
    happened(1, relapsed, relapse);
    happened(2, died, death);
    happened(3, followed, Happening::LastContact);
    Ok(())
}

fn event(id: i64, on: NaiveDate, what: Happening) -> Event {
    Event {
        id: EventId(id),
        supersedes: None,
        what,
        last_clear_on: None,
        occurred_on: on,
        known_on: on,
    }
}

/// Kinds of visit that tell of a relapse that has been found.
pub const AFTER_RELAPSE: [&str; 2] = ["relapse_workup", "post_relapse"];

/// Where nobody told the outcome: a relapse in an organ that is not stated, known from the first such visit on.
pub fn found_by(person: &mut Person) {
    let relapse = Happening::Relapse {
        kind: RelapseKind::Distant,
        organs: vec![],
        detected_by: None,
    };
    person
        .record
        .events
        .extend(person.workup.map(|visit| event(1, visit, relapse)));
}
