//! The night: fits the model, scores every patient, raises and ends flags, and shows it all at once.
//!
//! One at a time (a lock in the database), resumable (a checkpoint in the transaction of each batch), published by one update
//! (S-134 to S-137). What counts is what was known on the run's day and recorded before the run began, so that a run that was
//! stopped anywhere ends equal to one that was not. One gap is left: a file whose import commits while the night reads may be in
//! for some batches and not for others; the next night has all of it.

mod fit;
mod judge;
mod publish;
mod walk;

use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::NaiveDate;

use super::{Error, Result};
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::id::SiteId;
use crate::domain::problem::{Problem, Severity};
use crate::risk::NightModel;
use crate::risk::model::HORIZON_DAYS;
use crate::store::housekeeping;
use crate::store::runs::{self, Counts, Line, Run, Taken};
use walk::Walk;

/// A run with more bad patients than this share is not shown (S-136).
const BAD_SHARE: f64 = 0.05;

/// Which night is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The day whose knowledge counts; today without it.
    pub as_of: Option<NaiveDate>,
    /// Do a date again that has its night.
    pub redo: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Reading,
    Fitting,
    Scoring,
    Listing,
    Publishing,
}

impl Step {
    pub fn words(self) -> &'static str {
        match self {
            Step::Reading => "reading the patients",
            Step::Fitting => "fitting the model",
            Step::Scoring => "scoring the patients",
            Step::Listing => "checking the list",
            Step::Publishing => "raising flags and publishing",
        }
    }
}

/// Patients done, of how many, in this step.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub step: Step,
    pub done: u64,
    pub of: u64,
}

/// Hears of each batch; a break stops the run at its checkpoint, where the next start goes on.
pub type Watch<'a> = &'a mut (dyn FnMut(Progress) -> ControlFlow<()> + Send);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Published {
        as_of: NaiveDate,
        counts: Counts,
        flags_raised: usize,
        /// No, where a later date is on show.
        shown: bool,
    },
    AlreadyDone {
        as_of: NaiveDate,
        counts: Counts,
    },
    AlreadyRunning,
    Stopped {
        as_of: NaiveDate,
    },
    /// Not shown: the run before stays.
    Failed {
        as_of: NaiveDate,
        problem: String,
    },
}

pub async fn run(app: &App, asked: &Asked, watch: Watch<'_>) -> Result<End> {
    let today = app.clock.now().date_naive();
    let as_of = asked.as_of.unwrap_or(today);
    if as_of > today {
        return Err(Error::Problems(vec![Problem {
            field: "as-of".into(),
            code: "V-DAT-02",
            severity: Severity::Hard,
            text: format!("{as_of} has not come yet; a night can be run for today or a day before."),
            suggestion: Some(today.to_string()),
        }]));
    }
    let Some(lock) = runs::lock(&app.db).await? else {
        return Ok(End::AlreadyRunning);
    };
    let end = locked(app, as_of, asked.redo, watch).await;
    if let Err(error) = lock.release().await {
        tracing::warn!(%error, "the night's lock was lost before its end");
    }
    if let Ok(End::Published { .. }) = end {
        super::audit::anchor(app).await?;
        forget_old(app).await?;
    }
    end
}

async fn forget_old(app: &App) -> Result<()> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    housekeeping::forget_old(&mut work).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(())
}

async fn locked(app: &App, as_of: NaiveDate, redo: bool, watch: Watch<'_>) -> Result<End> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let taken = runs::take(&mut work, as_of, redo).await?;
    work.finish(Entry::by_trigger()).await?;
    let mut run = match taken {
        Taken::Done(counts) => return Ok(End::AlreadyDone { as_of, counts }),
        Taken::Ours(run) => run,
    };
    tracing::info!(run = run.id.0, revision = run.revision, fence = run.fence, %as_of, "night begun");
    let Some(model) = fit::model(app, &mut run, watch).await? else {
        return Ok(End::Stopped { as_of });
    };
    if score_all(app, &mut run, model, watch).await?.is_break() {
        return Ok(End::Stopped { as_of });
    }
    if f64::from(run.counts.failed) > BAD_SHARE * f64::from(run.counts.patients) {
        return fail(app, &run).await;
    }
    publish::publish(app, &run, watch).await
}

async fn fail(app: &App, run: &Run) -> Result<End> {
    let Counts { patients, failed, .. } = run.counts;
    let problem =
        format!("{failed} of {patients} patients could not be scored because of their record or the calculation");
    let mut work = app.db.begin_night(app.clock.now()).await?;
    runs::fail(&mut work, run, &problem).await?;
    work.finish(Entry::by_trigger()).await?;
    tracing::error!(run = run.id.0, problem, "night not published");
    Ok(End::Failed {
        as_of: run.as_of,
        problem,
    })
}

/// Scores from the checkpoint on: while one batch is worked out and written, the next is read.
async fn score_all(
    app: &App,
    run: &mut Run,
    model: Option<Arc<NightModel>>,
    watch: Watch<'_>,
) -> Result<ControlFlow<()>> {
    let mut walk = Walk::new(app, run.known(), run.checkpoint).await?;
    let of = walk.patients;
    let mut next = walk.next(app).await?;
    while let Some(batch) = next {
        let (as_of, model, site) = (run.as_of, model.clone(), batch.site);
        let judged = tokio::task::spawn_blocking(move || judge::lines(&batch, as_of, model.as_deref()));
        let (lines, following) = tokio::join!(judged, walk.next(app));
        write(app, run, site, &lines.map_err(Error::internal)?).await?;
        next = following?;
        let done = run.counts.patients as u64;
        let step = Step::Scoring;
        if watch(Progress { step, done, of }).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// One batch, its counts and the checkpoint in one transaction (S-135).
async fn write(app: &App, run: &mut Run, site: SiteId, lines: &[Line]) -> Result<()> {
    let Some(last) = lines.last() else { return Ok(()) };
    let mut further = run.clone();
    further.checkpoint = Some((site, last.patient));
    let count = |which: fn(&Line) -> bool| lines.iter().filter(|line| which(line)).count() as i32;
    further.counts.patients += lines.len() as i32;
    further.counts.scored += count(|line| line.risk.is_some());
    further.counts.not_scored += count(|line| line.risk.is_none() && !line.failed);
    further.counts.failed += count(|line| line.failed);
    let mut work = app.db.begin_night(app.clock.now()).await?;
    runs::advance(&mut work, &further).await?;
    runs::insert(&mut work, &further, HORIZON_DAYS, site, lines).await?;
    work.finish(Entry::by_trigger()).await?;
    *run = further;
    Ok(())
}
