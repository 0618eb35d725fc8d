//! The list of triage, checked at the end of a night.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::walk::{self, BATCH};
use super::{Progress, Step, Watch, crew};
use crate::actions::{Error, Result, triage_row};
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::id::{PatientId, PatientRef, SiteId};
use crate::store::runs::{self, Run};
use crate::store::{self, triage};

/// What is left for the loops to do.
#[derive(Default)]
struct Rest {
    centres: Vec<SiteId>,
    /// Of the centre in hand.
    patients: std::vec::IntoIter<PatientId>,
    centre: Option<SiteId>,
}

type Place = Arc<Mutex<Rest>>;

/// Works rows of the list out anew, on all that is on file now: entry and import keep the list current, but what they wrote before
/// its day came (a result reported for tomorrow) shows only now. Where the run carries scores over it knows of whom nothing came to
/// light; else it looks at everybody. `None` where the watcher said stop.
pub async fn check(app: &App, run: &Run, watch: Watch<'_>) -> Result<Option<()>> {
    let of = run.counts.patients - run.carried;
    let centres = walk::cohort(app, None).await?.iter().map(|(site, _)| *site).collect();
    let place: Place = Arc::new(Mutex::new(Rest {
        centres,
        ..Rest::default()
    }));
    let mut done = 0;
    let flow = crew::run(
        crew::lanes(),
        |line| pages(app.clone(), run.clone(), place.clone(), line),
        |patients| {
            done += patients;
            let flow = watch(Progress {
                step: Step::Listing,
                done,
                of: of.unsigned_abs().into(),
                shards: None,
            });
            async move { Ok(flow) }
        },
    )
    .await?;
    Ok(match flow {
        ControlFlow::Continue(()) => Some(()),
        ControlFlow::Break(()) => None,
    })
}

async fn pages(app: App, run: Run, place: Place, line: crew::Line) -> Result<()> {
    while let Some((site, ids)) = next(&app, &run, &place).await? {
        let mut work = app.db.begin_night(app.clock.now()).await?;
        // locked before it reads, so that a visit saved meanwhile is either seen or writes after us
        triage::lock(&mut work, site, &ids).await?;
        let patients = ids.iter().map(|patient| PatientRef {
            site,
            patient: *patient,
        });
        refresh(&mut work, &patients.collect()).await?;
        work.finish(Entry::by_trigger()).await?;
        if !line.done(ids.len() as u64).await {
            break;
        }
    }
    Ok(())
}

async fn next(app: &App, run: &Run, place: &Place) -> Result<Option<(SiteId, Vec<PatientId>)>> {
    let mut rest = place.lock().await;
    loop {
        let ids: Vec<PatientId> = rest.patients.by_ref().take(BATCH as usize).collect();
        if let Some(site) = rest.centre.filter(|_| !ids.is_empty()) {
            return Ok(Some((site, ids)));
        }
        rest.centre = rest.centres.pop();
        let Some(site) = rest.centre else { return Ok(None) };
        let mut work = app.db.begin_night(app.clock.now()).await?;
        rest.patients = runs::to_list(&mut work, site, run).await?.into_iter();
        work.finish(Entry::by_trigger()).await?;
    }
}

/// A record that can't be read keeps the row it has; it does not keep the others from theirs.
async fn refresh(work: &mut store::Work, patients: &BTreeSet<PatientRef>) -> Result<()> {
    let inconsistent = |done: &Result<()>| matches!(done, Err(Error::Internal(why)) if is_inconsistent(why.as_ref()));
    let done = triage_row::refresh(work, patients).await;
    if !inconsistent(&done) {
        return done;
    }
    for patient in patients {
        let done = triage_row::refresh(work, &BTreeSet::from([*patient])).await;
        if !inconsistent(&done) {
            done?;
        }
    }
    Ok(())
}

fn is_inconsistent(why: &(dyn std::error::Error + 'static)) -> bool {
    matches!(why.downcast_ref(), Some(store::Error::Inconsistent { .. }))
}
