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
use crate::store::runs::{self, Listed, Run};
use crate::store::{self, triage};

/// Where the loops are: the centre in hand is the last one.
type Place = Arc<Mutex<(Vec<SiteId>, PatientId)>>;

/// Works rows of the list out anew, on all that is on file now: entry and import keep the list current, but what they wrote before
/// its day came (a result reported for tomorrow) shows only now. Where the run carried scores over it knows of whom nothing came to
/// light; else it looks at everybody. `None` where the watcher said stop.
pub async fn check(app: &App, run: &Run, watch: Watch<'_>) -> Result<Option<()>> {
    let (which, of) = match run.base {
        Some(_) => (Listed::ScoredIn(run.id), run.counts.patients - run.carried),
        None => (Listed::All, run.counts.patients),
    };
    let mut sites: Vec<SiteId> = walk::cohort(app, None).await?.iter().map(|(site, _)| *site).collect();
    sites.reverse();
    let place: Place = Arc::new(Mutex::new((sites, PatientId(0))));
    let mut done = 0;
    let flow = crew::run(
        crew::lanes(),
        |line| pages(app.clone(), which, place.clone(), line),
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

async fn pages(app: App, which: Listed, place: Place, line: crew::Line) -> Result<()> {
    while let Some((site, ids)) = next(&app, which, &place).await? {
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

async fn next(app: &App, which: Listed, place: &Place) -> Result<Option<(SiteId, Vec<PatientId>)>> {
    let mut place = place.lock().await;
    let (sites, after) = &mut *place;
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let mut found = None;
    while let Some(&site) = sites.last() {
        let ids = runs::to_list(&mut work, site, *after, which, BATCH).await?;
        if let Some(last) = ids.last() {
            *after = *last;
            found = Some((site, ids));
            break;
        }
        sites.pop();
        *after = PatientId(0);
    }
    work.finish(Entry::by_trigger()).await?;
    Ok(found)
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
