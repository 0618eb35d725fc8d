//! One saved result: its versions, its correction, its withdrawal.

use chrono::NaiveDate;

use super::follow::{self, known_by};
use super::{Error, Form, Posted, Result};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::correction::{Corrected, Draft};
use crate::domain::history::{History, Record};
use crate::domain::id::{ObservationId, PatientRef};
use crate::domain::measure::{self, Assay, Measure};
use crate::domain::observation::Observation;
use crate::domain::problem::Problem;
use crate::domain::zone;
pub use crate::store::sites::Site;
pub use crate::store::visits::Provenance;
use crate::store::visits::Supersedes;
use crate::store::{self, Work};

/// A result with all its versions, oldest first; the last one counts.
pub struct Page {
    pub site: Site,
    pub patient: PatientRef,
    pub key: String,
    pub measure: &'static dyn Measure,
    pub assay: Assay,
    pub versions: Vec<Version>,
    pub today: NaiveDate,
    pub history: History,
}

pub struct Version {
    pub seen: Observation,
    pub told: Provenance,
}

impl Page {
    /// The version that counts.
    pub fn last(&self) -> &Version {
        self.versions
            .last()
            .expect("a result has at least the version that was asked for")
    }

    pub fn version(&self, id: i64) -> Option<&Version> {
        self.versions.iter().find(|version| version.seen.id.0 == id)
    }
}

/// What became of a correction.
pub enum Outcome {
    Posted(Posted),
    Back(Box<Page>, Vec<Problem>),
    /// Somebody else corrected it first; the page has what is on file now (S-080).
    Stale(Box<Page>),
}

/// From the version asked for to the first, and from there to the last.
fn chain(record: &Record, id: ObservationId) -> Option<Vec<&Observation>> {
    let by_id = |id| record.observations.iter().find(|seen| seen.id == id);
    let mut first = by_id(id)?;
    while let Some(before) = first.supersedes.and_then(by_id) {
        first = before;
    }
    let mut chain = vec![first];
    let mut last = first.id;
    while let Some(next) = record.observations.iter().find(|seen| seen.supersedes == Some(last)) {
        last = next.id;
        chain.push(next);
    }
    Some(chain)
}

async fn load(work: &mut Work, site: &str, key: &str, id: ObservationId) -> Result<Page> {
    let site = store::sites::by_code(work, site).await?;
    let patient = store::patients::by_key(work, site.id, key).await?;
    let record = store::histories::of(work, patient).await?;
    let chain = chain(&record, id).ok_or(Error::NotFound)?;
    let ids: Vec<ObservationId> = chain.iter().map(|seen| seen.id).collect();
    let told = store::visits::provenance(work, patient, &ids).await?;
    let today = zone::today(&site.time_zone, work.now());
    let assay = chain[0].assay;
    let assay = store::assays::all(work)
        .await?
        .into_iter()
        .find(|known| known.id == assay);
    let versions = chain
        .into_iter()
        .filter_map(|seen| {
            let told = told.iter().find(|told| told.id == seen.id)?.clone();
            Some(Version {
                seen: seen.clone(),
                told,
            })
        })
        .collect::<Vec<_>>();
    let measure = versions
        .first()
        .and_then(|version| measure::by_code(&version.seen.measure));
    Ok(Page {
        key: record.patient.key.clone(),
        history: record.as_of(known_by(today, work)),
        measure: measure.ok_or(Error::NotFound)?,
        assay: assay.ok_or(Error::NotFound)?,
        site,
        patient,
        versions,
        today,
    })
}

pub async fn show(app: &App, actor: &Actor, site: &str, key: &str, id: ObservationId) -> Result<Page> {
    actor.may(Permission::ReadPatient)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let page = load(&mut work, site, key, id).await?;
    work.finish(Entry::viewed("reading").about(page.patient)).await?;
    Ok(page)
}

/// What a correction does with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Only judges it.
    Check,
    Replace,
    /// Says that it was entered in error; it counts for nothing from then on.
    Withdraw,
}

/// Saves a new version in the place of the one that the page showed.
pub async fn correct(
    app: &App,
    actor: &Actor,
    (site, key, id): (&str, &str, ObservationId),
    deed: Deed,
    fields: &[(String, String)],
    form: &Form,
) -> Result<Outcome> {
    actor.may(Permission::RecordVisit)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let page = load(&mut work, site, key, id).await?;
    if let Some(before) = form.before(&mut work).await? {
        return Ok(Outcome::Posted(before));
    }
    let draft = Draft::parse(page.measure, fields);
    let old = &page.last().seen;
    if draft.version.is_some_and(|version| version != old.id.0) {
        return stale(work, page).await;
    }
    let judged = match deed {
        Deed::Withdraw => draft.withdrawal().map(|reason| (None, reason)),
        Deed::Check | Deed::Replace => draft
            .accept(old, &page.assay, &page.history, page.today)
            .map(|Corrected { accepted, reason }| (Some(accepted), reason)),
    };
    let (accepted, reason) = match judged {
        Ok(judged) if deed != Deed::Check => judged,
        judged => {
            let problems = judged.map_or_else(
                |problems| problems,
                |(new, _)| new.map(|new| new.notes).unwrap_or_default(),
            );
            work.finish(Entry::viewed("reading").about(page.patient)).await?;
            return Ok(Outcome::Back(Box::new(page), problems));
        }
    };
    work.because(&reason).await?;
    let supersedes = Supersedes {
        id: old.id,
        reason: &reason,
    };
    let saved = match &accepted {
        Some(new) => store::visits::observe(
            &mut work,
            page.patient,
            old.visit,
            "",
            &new.observation,
            Some(supersedes),
        )
        .await
        .map(|_| ()),
        None => store::visits::withdraw(&mut work, page.patient, supersedes).await,
    };
    match saved {
        Ok(()) => {}
        Err(store::Error::Conflict(name)) if name == "observation_superseded_once" => {
            drop(work);
            let mut work = app.db.begin(actor, app.clock.now()).await?;
            let page = load(&mut work, site, key, id).await?;
            return stale(work, page).await;
        }
        Err(error) => return Err(error.into()),
    }
    follow::changed(&mut work, page.patient, page.today).await?;
    let location = format!("/patients/{}/{key}/readings/{id}?saved=1", page.site.code);
    form.keep(&mut work, &location).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(Outcome::Posted(Posted::Done(location)))
}

async fn stale(work: Work, page: Page) -> Result<Outcome> {
    work.finish(Entry::viewed("reading").about(page.patient)).await?;
    Ok(Outcome::Stale(Box::new(page)))
}
