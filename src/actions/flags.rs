//! What is done with a flag.

use super::{Error, Form, Posted, Result};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::flag::{AckReason, Flag, Refused, Why};
use crate::domain::id::{FlagId, PatientRef};
use crate::domain::measure;
use crate::domain::problem::{Problem, Severity};
use crate::store::{self, Work};

pub struct Acknowledgement {
    pub flag: FlagId,
    /// The version that the page showed.
    pub version: i32,
    pub reason: AckReason,
    pub note: Option<String>,
}

/// Somebody, or the night, changed the flag since the page was opened: as it stands now, and what that means for what was typed.
fn changed(flag: &Flag) -> Error {
    let stands = match (&flag.closed, &flag.ack) {
        (Some(closed), Some(ack)) if closed.why == Why::Dismissed => {
            let note = ack.note.as_deref().map_or(String::new(), |note| format!(": “{note}”"));
            format!(
                "{} closed this flag meanwhile, {}{note}.",
                ack.by,
                ack.reason.words().to_lowercase()
            )
        }
        (Some(closed), _) => format!("This flag was closed meanwhile. {}.", closed.why.words()),
        (None, Some(ack)) => format!(
            "This flag changed since you opened the page. By {} it says “{}”, and its evidence is as shown here.",
            ack.by,
            ack.reason.words()
        ),
        (None, None) => "This flag changed since you opened the page; its evidence is as shown here.".into(),
    };
    let yours = match flag.closed {
        Some(_) => "Yours is not saved.",
        None => "Yours is not saved but kept below: send it again to put it in the place of theirs.",
    };
    Error::Problems(vec![
        Problem::changed_meanwhile(format!("{stands} {yours}")).at("reason"),
    ])
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
    let (patient, flag) = flag(&mut work, site, key, ack.flag).await?;
    if flag.version != ack.version {
        return Err(changed(&flag));
    }
    if !problems.is_empty() {
        return Err(Error::Problems(problems));
    }
    let next = flag.acknowledge(ack.reason, note.as_deref()).map_err(|refused| match refused {
        Refused::Closed | Refused::NotDismissed => changed(&flag),
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
        return Err(meanwhile(app, actor, work, site, key, ack.flag).await?);
    }
    done(work, patient, site, key, form).await
}

/// Takes a dismissal back: the flag is open as it was, and whoever dismissed it stands in the record's history.
pub async fn reopen(
    app: &App,
    actor: &Actor,
    (site, key, id): (&str, &str, FlagId),
    version: i32,
    form: &Form,
) -> Result<Posted> {
    actor.may(Permission::AcknowledgeFlag)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    if let Some(before) = form.before(&mut work).await? {
        return Ok(before);
    }
    let (patient, flag) = flag(&mut work, site, key, id).await?;
    if flag.version != version || flag.may_reopen().is_err() {
        return Err(changed(&flag));
    }
    work.because("The dismissal was taken back").await?;
    match store::flags::reopen(&mut work, patient, id, version).await {
        Ok(true) => done(work, patient, site, key, form).await,
        Ok(false) => Err(meanwhile(app, actor, work, site, key, id).await?),
        Err(store::Error::Conflict(name)) if name == "flag_one_open" => Err(Error::Problems(vec![
            Problem::changed_meanwhile("A newer flag of this cause is open: act on that one.".into()).at("closed"),
        ])),
        Err(error) => Err(error.into()),
    }
}

async fn flag(work: &mut Work, site: &str, key: &str, id: FlagId) -> Result<(PatientRef, Flag)> {
    let site = store::sites::by_code(work, site).await?;
    let patient = store::patients::by_key(work, site.id, key).await?;
    let flags = store::flags::of_patient(work, patient).await?;
    let flag = flags.into_iter().find(|flag| flag.id == id).ok_or(Error::NotFound)?;
    Ok((patient, flag))
}

/// What there is to tell when the update found another version: the flag as the other one left it.
async fn meanwhile(app: &App, actor: &Actor, work: Work, site: &str, key: &str, id: FlagId) -> Result<Error> {
    drop(work);
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let (patient, flag) = flag(&mut work, site, key, id).await?;
    work.finish(Entry::viewed("patient").about(patient)).await?;
    Ok(changed(&flag))
}

async fn done(mut work: Work, patient: PatientRef, site: &str, key: &str, form: &Form) -> Result<Posted> {
    store::triage::refresh_flags(&mut work, patient).await?;
    let location = format!("/patients/{site}/{key}");
    form.keep(&mut work, &location).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(Posted::Done(location))
}
