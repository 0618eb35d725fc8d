//! The end of a run: the list checked, the scores sealed, and then flags, list and pointer in one transaction (S-137).

use std::collections::BTreeSet;

use super::walk::{self, BATCH};
use super::{End, Progress, Step, Watch, list};
use crate::actions::Result;
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::flag::Ending;
use crate::domain::id::PatientId;
use crate::risk::flags::{EVIDENCE_DAYS, Hysteresis};
use crate::store::runs::{self, OpenFlag, Run};
use crate::store::{self, flags, triage};

/// A visit that is saved at the same moment can wait for us as we wait for it; the server then ends one of the two.
const TRIES: u32 = 5;

pub async fn publish(app: &App, run: &Run, watch: Watch<'_>) -> Result<End> {
    let stopped = End::Stopped { as_of: run.as_of };
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let shown = runs::is_newest(&mut work, run).await?;
    work.finish(Entry::by_trigger()).await?;
    if shown && list::check(app, run, watch).await?.is_none() {
        return Ok(stopped);
    }
    let of = run.counts.patients as u64;
    let step = Step::Publishing;
    let shards = None;
    if watch(Progress {
        step,
        done: 0,
        of,
        shards,
    })
    .is_break()
    {
        return Ok(stopped);
    }
    let mut work = app.db.begin_night(app.clock.now()).await?;
    work.take_minutes(30).await?;
    runs::seal(&mut work, run).await?;
    work.finish(Entry::by_trigger()).await?;
    let mut attempt = 1;
    let flags_raised = loop {
        match at_once(app, run, shown).await {
            Err(error) if error.is_deadlock() && attempt < TRIES => attempt += 1,
            done => break done?,
        }
    };
    let done = of;
    let _ = watch(Progress { step, done, of, shards });
    tracing::info!(
        run = run.id.0,
        shown,
        flags_raised,
        patients = run.counts.patients,
        "night published"
    );
    Ok(End::Published {
        as_of: run.as_of,
        counts: run.counts,
        carried: run.carried,
        flags_raised,
        shown,
    })
}

/// All or nothing; how many flags were opened.
async fn at_once(app: &App, run: &Run, shown: bool) -> store::Result<usize> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    work.take_minutes(30).await?;
    runs::hold(&mut work, run).await?;
    let mut raised = 0;
    if shown {
        let endings = endings(&mut work, run).await?;
        runs::close(&mut work, run, &endings).await?;
        let candidates = runs::candidates(&mut work, run).await?;
        raised = flags::raise_all(&mut work, &candidates, run.as_of, Some(run.id)).await?;
        runs::gather(&mut work, run).await?;
        runs::withdraw(&mut work, run, Hysteresis::default().quiet_days, EVIDENCE_DAYS).await?;
        triage::refresh_all_flags(&mut work).await?;
    }
    runs::publish(&mut work, run, shown, raised).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(raised)
}

/// Open flags that what happened to their patients brings to an end.
async fn endings(work: &mut store::Work, run: &Run) -> store::Result<Vec<(OpenFlag, Ending)>> {
    let open = runs::open_flags(work, run).await?;
    let mut endings = vec![];
    for centre in open.chunk_by(|a, b| a.patient.site == b.patient.site) {
        for piece in centre.chunks(BATCH as usize) {
            let ids: BTreeSet<PatientId> = piece.iter().map(|open| open.patient.patient).collect();
            let ids: Vec<PatientId> = ids.into_iter().collect();
            let batch = walk::readable(work, piece[0].patient.site, &ids, run.cutoff_at).await?;
            for record in batch.records {
                let history = record.as_of(run.as_of);
                let of_patient = piece.iter().filter(|open| open.patient.patient == record.patient.id);
                endings.extend(of_patient.filter_map(|open| Some((*open, Ending::of(open.opened_on, &history)?))));
            }
        }
    }
    Ok(endings)
}
