//! What is done with a flag.

use super::{Error, Form, Posted, Result};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::flag::{AckReason, Refused};
use crate::domain::id::FlagId;
use crate::domain::measure;
use crate::domain::problem::{Problem, Severity};
use crate::store::{self};

pub struct Acknowledgement {
    pub flag: FlagId,
    /// The version that the page showed.
    pub version: i32,
    pub reason: AckReason,
    pub note: Option<String>,
}

/// Acknowledges a flag with a reason. The flag must be this patient's (S-035).
pub async fn acknowledge(
    app: &App,
    actor: &Actor,
    site: &str,
    key: &str,
    ack: &Acknowledgement,
    form: &Form,
) -> Result<Posted> {
    actor.may(Permission::AcknowledgeFlag)?;
    let mut problems = vec![];
    let note = measure::free_text(ack.note.as_deref(), "note", &mut problems);
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    if let Some(before) = form.before(&mut work).await? {
        return Ok(before);
    }
    let site = store::sites::by_code(&mut work, site).await?;
    let patient = store::patients::by_key(&mut work, site.id, key).await?;
    let flags = store::flags::of_patient(&mut work, patient).await?;
    let flag = flags.iter().find(|flag| flag.id == ack.flag).ok_or(Error::NotFound)?;
    if !problems.is_empty() {
        return Err(Error::Problems(problems));
    }
    let changed = || {
        Error::Conflict(
            "Somebody changed this flag since you opened the page. Open it again to see what was done.".into(),
        )
    };
    let next = flag.acknowledge(ack.reason, note.as_deref()).map_err(|refused| match refused {
        Refused::Closed => changed(),
        Refused::NeedsNote => Error::Problems(vec![Problem {
            field: "note".into(),
            code: "flag-note",
            severity: Severity::Hard,
            text: "This reason closes the flag. Say why in a few words (at least 5 characters), for whoever reads it next.".into(),
            suggestion: None,
        }]),
    })?;
    work.because(note.as_deref().unwrap_or(ack.reason.words())).await?;
    if !store::flags::acknowledge(
        &mut work,
        patient,
        ack.flag,
        ack.version,
        ack.reason,
        note.as_deref(),
        next,
    )
    .await?
    {
        return Err(changed());
    }
    store::triage::refresh_flags(&mut work, patient).await?;
    let location = format!("/patients/{}/{key}", site.code);
    form.keep(&mut work, &location).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(Posted::Done(location))
}
