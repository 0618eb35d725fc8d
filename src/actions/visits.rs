//! A visit is entered: judged by the catalogue against what is on file, saved whole or not at all.

use chrono::NaiveDate;

use super::follow::{self, known_by};
use super::{Error, Form, Posted, Result};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::flag::{Flag, State};
use crate::domain::history::{History, Record};
use crate::domain::id::{PatientRef, VisitId};
use crate::domain::measure::{self, Accepted, Assay};
use crate::domain::observation::Observation;
use crate::domain::problem::Problem;
use crate::domain::visit::{Draft, NewVisit};
use crate::domain::zone;
pub use crate::store::sites::Site;
use crate::store::visits::Supersedes;
pub use crate::store::visits::Visit;
use crate::store::{self, Work};

/// All that the form shows beside what is typed.
pub struct Sheet {
    pub site: Site,
    pub patient: PatientRef,
    /// The centre's.
    pub today: NaiveDate,
    pub history: History,
    pub assays: Vec<Assay>,
    /// Open flags.
    pub flags: Vec<Flag>,
    /// The visit that was just saved, with its results.
    pub saved: Option<(Visit, Vec<Observation>)>,
}

/// What became of a form.
pub enum Outcome {
    Posted(Posted),
    /// Not saved: what is to be mended, or what was asked to be checked.
    Back(Box<Sheet>, Vec<Problem>),
}

struct Loaded {
    sheet: Sheet,
    record: Record,
}

async fn load(work: &mut Work, site: &str, key: &str) -> Result<Loaded> {
    let site = store::sites::by_code(work, site).await?;
    let patient = store::patients::by_key(work, site.id, key).await?;
    let record = store::histories::of(work, patient).await?;
    let today = zone::today(&site.time_zone, work.now());
    let mut flags = store::flags::of_patient(work, patient).await?;
    flags.retain(|flag| flag.state != State::Closed);
    let sheet = Sheet {
        history: record.as_of(known_by(today, work)),
        assays: store::assays::all(work).await?,
        site,
        patient,
        today,
        flags,
        saved: None,
    };
    Ok(Loaded { sheet, record })
}

/// The empty form; `saved` is the visit that was entered just before.
pub async fn blank(app: &App, actor: &Actor, site: &str, key: &str, saved: Option<VisitId>) -> Result<Sheet> {
    actor.may(Permission::RecordVisit)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let mut sheet = load(&mut work, site, key).await?.sheet;
    if let Some(saved) = saved {
        let visit = store::visits::by_id(&mut work, sheet.patient, saved).await?;
        let results = sheet.history.observations.iter();
        let results = results.filter(|seen| seen.visit == Some(saved)).cloned().collect();
        sheet.saved = Some((visit, results));
    }
    let entry = Entry::viewed("visit form").about(sheet.patient);
    work.finish(entry).await?;
    Ok(sheet)
}

/// Judges the form without saving anything.
pub async fn check(
    app: &App,
    actor: &Actor,
    site: &str,
    key: &str,
    fields: &[(String, String)],
) -> Result<(Sheet, Vec<Problem>)> {
    actor.may(Permission::RecordVisit)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let sheet = load(&mut work, site, key).await?.sheet;
    let problems = match Draft::parse(fields).accept(&sheet.assays, &sheet.history, sheet.today) {
        Ok(visit) => visit.results.into_iter().flat_map(|accepted| accepted.notes).collect(),
        Err(problems) => problems,
    };
    work.finish(Entry::viewed("visit form").about(sheet.patient)).await?;
    Ok((sheet, problems))
}

/// Saves the visit with all its results, the flag that follows from them and the triage row, in one transaction.
pub async fn record(
    app: &App,
    actor: &Actor,
    site: &str,
    key: &str,
    fields: &[(String, String)],
    form: &Form,
) -> Result<Outcome> {
    actor.may(Permission::RecordVisit)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let Loaded { sheet, record } = load(&mut work, site, key).await?;
    if let Some(before) = form.before(&mut work).await? {
        return Ok(Outcome::Posted(before));
    }
    let judged = Draft::parse(fields).accept(&sheet.assays, &sheet.history, sheet.today);
    let visit = match judged {
        Ok(visit) => visit,
        Err(problems) => {
            work.finish(Entry::viewed("visit form").about(sheet.patient)).await?;
            return Ok(Outcome::Back(Box::new(sheet), problems));
        }
    };
    match save(&mut work, &sheet, &record, &visit).await? {
        Ok(id) => {
            follow::changed(&mut work, sheet.patient, sheet.today).await?;
            let location = format!("/patients/{}/{key}/visits/new?saved={id}", sheet.site.code);
            form.keep(&mut work, &location).await?;
            work.finish(Entry::by_trigger()).await?;
            Ok(Outcome::Posted(Posted::Done(location)))
        }
        Err(problem) => {
            // the transaction may be broken, and what is on file has changed: both are made anew
            drop(work);
            let (sheet, mut problems) = check(app, actor, site, key, fields).await?;
            problems.push(problem);
            Ok(Outcome::Back(Box::new(sheet), problems))
        }
    }
}

/// The inner result is what the person can mend and only the database could know.
async fn save(
    work: &mut Work,
    sheet: &Sheet,
    record: &Record,
    visit: &NewVisit,
) -> Result<std::result::Result<VisitId, Problem>> {
    let key = &record.patient.key;
    let id = match store::visits::insert(work, sheet.patient, key, visit).await? {
        Some(id) => id,
        None => match join(work, sheet.patient, visit).await? {
            Ok(id) => id,
            Err(problem) => return Ok(Err(problem)),
        },
    };
    for accepted in &visit.results {
        let seen = &accepted.observation;
        let old = replaced(record, sheet, accepted);
        if let Some(old) = &old {
            work.because(old.reason).await?;
        }
        let assay = sheet.assays.iter().find(|assay| assay.id == seen.assay);
        let identity = identity(key, assay, seen.collected_on);
        match store::visits::observe(work, sheet.patient, Some(id), &identity, seen, old).await {
            Ok(_) => {}
            Err(store::Error::Conflict(name)) if name.starts_with("observation_") => {
                let measure = measure::by_code(seen.measure).ok_or(Error::NotFound)?;
                let field = measure.field(measure.primary());
                return Ok(Err(Problem::on_file_meanwhile().at(field)));
            }
            Err(error) => return Err(error.into()),
        }
        work.because("").await?;
    }
    Ok(Ok(id))
}

/// What tells a result from the patient's others, as the import of files has it.
fn identity(key: &str, assay: Option<&Assay>, collected_on: NaiveDate) -> String {
    let (specimen, code, analyte) = assay.map_or(("", "", ""), |a| (&a.specimen_type, &a.code, &a.analyte));
    format!("{key}|{collected_on}||{specimen}|{code}|{analyte}")
}

/// Results are added to a visit that is on file already, unless the two contradict each other.
async fn join(work: &mut Work, patient: PatientRef, visit: &NewVisit) -> Result<std::result::Result<VisitId, Problem>> {
    let there = store::visits::on_file(work, patient, visit).await?;
    let (code, day) = (&visit.visit_code, visit.occurred_on);
    if let (Some(grade), Some(typed)) = (there.ecog, visit.ecog)
        && grade != typed
    {
        let what = format!("ECOG {grade}");
        return Ok(Err(Problem::visit_on_file(code, day, &what).at("ecog")));
    }
    if let (Some(on_file), Some(typed)) = (&there.note, &visit.note)
        && on_file != typed
    {
        return Ok(Err(Problem::visit_on_file(code, day, "another note").at("note")));
    }
    let adds = |there: bool, typed: bool| typed && !there;
    let completes =
        adds(there.ecog.is_some(), visit.ecog.is_some()) || adds(there.note.is_some(), visit.note.is_some());
    if completes {
        store::visits::complete(work, patient, there.id, visit.ecog, visit.note.as_deref()).await?;
    } else if visit.results.is_empty() {
        return Ok(Err(Problem::visit_unchanged(code, day).at("visit_code")));
    }
    Ok(Ok(there.id))
}

/// The row that this result takes the place of: the same assay of that day, kept as an amended report (V-DUP-01), or one
/// that was withdrawn.
fn replaced<'a>(record: &Record, sheet: &Sheet, accepted: &'a Accepted) -> Option<Supersedes<'a>> {
    let new = &accepted.observation;
    let same = |old: &&Observation| old.assay == new.assay && old.collected_on == new.collected_on;
    if let Some(old) = sheet.history.observations.iter().rfind(same) {
        let reason = new
            .confirmed
            .as_deref()
            .filter(|why| why.len() <= 2000)
            .unwrap_or("Amended report");
        return Some(Supersedes { id: old.id, reason });
    }
    let is_last = |old: &&Observation| record.observations.iter().all(|o| o.supersedes != Some(old.id));
    let withdrawn = record.observations.iter().filter(same).find(is_last)?;
    Some(Supersedes {
        id: withdrawn.id,
        reason: "Entered anew after it was withdrawn",
    })
}
