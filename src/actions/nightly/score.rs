//! The scoring of a run: shards claimed from the database, by this process and any other, until none is left.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::walk::{self, BATCH, Batch};
use super::{Progress, Step, Watch, crew, judge};
use crate::actions::{Error, Result};
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::id::{PatientId, SiteId};
use crate::risk::NightModel;
use crate::risk::night::HORIZON_DAYS;
use crate::store::runs::{self, Counts, Line, Run, Shard, Tally, WorkerId};

/// How often somebody who can do nothing looks again.
pub const PAUSE: Duration = Duration::from_millis(200);

/// What the loops share.
#[derive(Clone)]
struct Job {
    app: App,
    run: Arc<Run>,
    model: Option<Arc<NightModel>>,
    worker: WorkerId,
}

/// Works on shards until none can be claimed; how many patients this process scored. Others may still be at theirs.
pub async fn help(
    app: &App,
    run: &Run,
    model: Option<Arc<NightModel>>,
    worker: WorkerId,
    watch: Watch<'_>,
) -> Result<(ControlFlow<()>, u64)> {
    let job = Job {
        app: app.clone(),
        run: Arc::new(run.clone()),
        model,
        worker,
    };
    let mut ours = 0;
    // the watcher is lent out batch by batch
    let watch = std::sync::Mutex::new(watch);
    let flow = crew::run(
        crew::lanes(),
        |line| shards(job.clone(), line),
        |patients| {
            ours += patients;
            let watch = &watch;
            let job = &job;
            async move {
                let tally = tally(&job.app, &job.run).await?;
                let mut watch = watch.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                Ok(watch(progress(&tally)))
            }
        },
    )
    .await?;
    Ok((flow, ours))
}

pub fn progress(tally: &Tally) -> Progress {
    Progress {
        step: Step::Scoring,
        done: u64::try_from(tally.counts.patients).unwrap_or(0),
        of: tally.of_patients.unsigned_abs(),
        shards: Some((tally.shards_done.unsigned_abs(), tally.shards.unsigned_abs())),
    }
}

/// How far all processes are.
pub async fn tally(app: &App, run: &Run) -> Result<Tally> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let tally = runs::tally(&mut work, run.id).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(tally)
}

/// One loop: shard after shard.
async fn shards(job: Job, line: crew::Line) -> Result<()> {
    loop {
        let mut work = job.app.db.begin_night(job.app.clock.now()).await?;
        let claimed = runs::claim(&mut work, job.run.id, job.worker).await?;
        work.finish(Entry::by_trigger()).await?;
        let Some(shard) = claimed else { return Ok(()) };
        if score(&job, shard, &line).await?.is_break() {
            return Ok(());
        }
    }
}

/// One shard from its checkpoint on: while one batch is worked out and written, the next is read.
async fn score(job: &Job, mut shard: Shard, line: &crew::Line) -> Result<ControlFlow<()>> {
    let site = shard.site;
    let ids = rest(job, &shard).await?;
    let mut batches = ids.chunks(BATCH as usize);
    let mut next = read(job, site, batches.next()).await?;
    while let Some(batch) = next {
        let (as_of, model) = (job.run.as_of, job.model.clone());
        let judged = tokio::task::spawn_blocking(move || judge::lines(&batch, as_of, model.as_deref()));
        let write = async { write(job, &mut shard, &judged.await.map_err(Error::internal)?).await };
        let (written, following) = tokio::join!(write, read(job, site, batches.next()));
        next = following?;
        if !line.done(written?).await {
            return Ok(ControlFlow::Break(()));
        }
    }
    let mut work = job.app.db.begin_night(job.app.clock.now()).await?;
    runs::done(&mut work, &shard).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(ControlFlow::Continue(()))
}

async fn rest(job: &Job, shard: &Shard) -> Result<Vec<PatientId>> {
    let mut work = job.app.db.begin_night(job.app.clock.now()).await?;
    let ids = runs::rest(&mut work, &job.run, shard).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(ids)
}

async fn read(job: &Job, site: SiteId, ids: Option<&[PatientId]>) -> Result<Option<Batch>> {
    let Some(ids) = ids else { return Ok(None) };
    let mut work = job.app.db.begin_night(job.app.clock.now()).await?;
    let batch = walk::readable(&mut work, site, ids, job.run.cutoff_at).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(Some(batch))
}

/// One batch, its counts and the shard's checkpoint in one transaction (S-135). How many patients it had.
async fn write(job: &Job, shard: &mut Shard, lines: &[Line]) -> Result<u64> {
    let Some(last) = lines.last() else { return Ok(0) };
    let count = |which: fn(&Line) -> bool| lines.iter().filter(|line| which(line)).count() as i32;
    let mut further = Shard {
        checkpoint: last.patient,
        ..shard.clone()
    };
    let counts: &mut Counts = &mut further.counts;
    counts.patients += lines.len() as i32;
    counts.scored += count(|line| line.risk.is_some());
    counts.not_scored += count(|line| line.risk.is_none() && !line.failed);
    counts.failed += count(|line| line.failed);
    let mut work = job.app.db.begin_night(job.app.clock.now()).await?;
    runs::advance(&mut work, &further).await?;
    runs::insert(&mut work, &job.run, HORIZON_DAYS, shard.site, lines).await?;
    work.finish(Entry::by_trigger()).await?;
    *shard = further;
    Ok(lines.len() as u64)
}
