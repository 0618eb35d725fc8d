//! Finding a patient, and all that one patient's page shows.

use super::Result;
use crate::app::App;
pub use crate::burden::line::HORIZONS;
pub use crate::burden::population::LATTICE;
pub use crate::burden::{Band, Line, Slip, words};
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::flag::Flag;
use crate::domain::history::{History, Record};
use crate::domain::id::PatientRef;
pub use crate::risk::landmark::{Risk, Share};
pub use crate::store::audit::Change;
pub use crate::store::models::Score;
pub use crate::store::patients::Found;
pub use crate::store::sites::Site;
pub use crate::store::triage::Night;
use crate::store::{self};

/// At most this many patients are listed for a search.
pub const FOUND: i64 = 50;

/// The patient's page shows the last so many changes of the record.
pub const CHANGES: i64 = 200;

pub struct Page {
    pub site: Site,
    pub patient: PatientRef,
    /// What is known today, in the last version of each fact.
    pub history: History,
    /// All that is on file, superseded rows included: for the history of a value.
    pub record: Record,
    pub flags: Vec<Flag>,
    pub score: Option<Score>,
    pub changes: Vec<Change>,
    /// Of the first tumour, in words: `pT2 N1 M0, stage IIB`.
    pub stage: Option<String>,
    pub night: Option<Night>,
}

pub async fn find(app: &App, actor: &Actor, term: &str) -> Result<Vec<Found>> {
    actor.may(Permission::ReadPatient)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let found = store::patients::search(&mut work, term.trim(), FOUND).await?;
    // terms are kept hashed: somebody will type a name (S-054)
    let entry = match term.trim() {
        "" => Entry::viewed("patients"),
        term => {
            let digest: String = super::sign_in::hash_of(term)
                .iter()
                .take(8)
                .map(|b| format!("{b:02x}"))
                .collect();
            Entry::of("searched")
                .fact("term_sha256", digest)
                .fact("found", found.len())
        }
    };
    work.finish(entry).await?;
    Ok(found)
}

pub async fn show(app: &App, actor: &Actor, site: &str, key: &str) -> Result<Page> {
    actor.may(Permission::ReadPatient)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let site = store::sites::by_code(&mut work, site).await?;
    let patient = store::patients::by_key(&mut work, site.id, key).await?;
    let record = store::histories::of(&mut work, patient).await?;
    let page = Page {
        patient,
        history: record.as_of(work.today_at(&site.time_zone)),
        record,
        flags: store::flags::of_patient(&mut work, patient).await?,
        score: store::models::score_of(&mut work, patient).await?,
        changes: store::audit::of_patient(&mut work, patient, CHANGES).await?,
        stage: store::patients::stage_of(&mut work, patient).await?,
        night: store::triage::night(&mut work).await?,
        site,
    };
    work.finish(Entry::viewed("patient").about(patient)).await?;
    Ok(page)
}
