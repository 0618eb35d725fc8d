//! Goes through patients, centre by centre, in batches: what is held in memory does not grow with the registry.

use chrono::{DateTime, Utc};

use crate::actions::Result;
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::history::Record;
use crate::domain::id::{PatientId, SiteId};
use crate::store::runs::{self, Known, Sample};
use crate::store::{self, Work, histories};

/// Patients whose histories are held at once.
pub const BATCH: i64 = 500;

/// Patients of one centre, in the order of their ids; those whose rows break a rule of `domain` apart.
pub struct Batch {
    pub site: SiteId,
    pub records: Vec<Record>,
    pub unreadable: Vec<PatientId>,
}

/// The patients from whom a model is learned.
pub struct Walk {
    /// Of all centres, about as many as there will be.
    pub patients: u64,
    /// Of all centres, all that are known by then.
    pub on_file: u64,
    sites: Vec<SiteId>,
    after: PatientId,
    known: Known,
    sample: Sample,
}

impl Walk {
    /// All patients of a run, or about `most` of them: the same ones each night, chosen by their ids alone.
    pub async fn new(app: &App, known: Known, most: i64) -> Result<Walk> {
        let cohort = cohort(app, Some(known)).await?;
        let patients: i64 = cohort.iter().map(|(_, patients)| *patients).sum();
        // the centre in hand is the last one: they are taken from the end
        let mut sites: Vec<SiteId> = cohort.iter().map(|(site, _)| *site).collect();
        sites.reverse();
        Ok(Walk {
            patients: patients.min(most).unsigned_abs(),
            on_file: patients.unsigned_abs(),
            after: PatientId(0),
            sites,
            known,
            sample: Sample::of(patients, most),
        })
    }

    /// The next batch: patients of one centre in the order of their ids.
    pub async fn next(&mut self, app: &App) -> Result<Option<Batch>> {
        let mut work = app.db.begin_night(app.clock.now()).await?;
        while let Some(&site) = self.sites.last() {
            let ids = runs::page(&mut work, site, self.after, self.known, self.sample, BATCH).await?;
            let Some(last) = ids.last() else {
                self.sites.pop();
                self.after = PatientId(0);
                continue;
            };
            self.after = *last;
            let batch = readable(&mut work, site, &ids, self.known.until).await?;
            work.finish(Entry::by_trigger()).await?;
            return Ok(Some(batch));
        }
        work.finish(Entry::by_trigger()).await?;
        Ok(None)
    }
}

/// The records of these patients. Where one can't be read they are read one by one, so that the others are.
pub async fn readable(work: &mut Work, site: SiteId, ids: &[PatientId], until: DateTime<Utc>) -> store::Result<Batch> {
    let mut batch = Batch {
        site,
        records: vec![],
        unreadable: vec![],
    };
    match histories::load_until(work, site, ids, Some(until)).await {
        Err(store::Error::Inconsistent { .. }) => {}
        records => {
            batch.records = records?;
            return Ok(batch);
        }
    }
    for id in ids {
        match histories::load_until(work, site, &[*id], Some(until)).await {
            Err(error @ store::Error::Inconsistent { .. }) => {
                tracing::warn!(%error, site = site.0, "a record can't be read");
                batch.unreadable.push(*id);
            }
            records => batch.records.extend(records?),
        }
    }
    Ok(batch)
}

/// The centres with their patients, of a run or of now.
pub async fn cohort(app: &App, known: Option<Known>) -> Result<Vec<(SiteId, i64)>> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let cohort = runs::cohort(&mut work, known).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(cohort)
}
