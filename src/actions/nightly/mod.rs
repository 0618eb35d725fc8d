//! The night: fits the model, scores every patient, raises and ends flags, and shows it all at once.
//!
//! One run at a time, by however many processes: one leads it (fits, cuts it into shards, publishes), all claim shards from the
//! database, and whoever stalls is overtaken: a fence in each row refuses what it still would write. Resumable (a checkpoint in the
//! transaction of each batch), published by one update (S-134 to S-137). What counts is what was known on the run's day and recorded
//! before the run began, so that a run that was stopped anywhere ends equal to one that was not. One gap is left: a file whose import
//! commits while the night reads may be in for some batches and not for others; the next night has all of it.

mod check;
mod crew;
mod fit;
mod judge;
mod list;
mod publish;
mod score;
mod settle;
pub mod view;
mod walk;

use std::ops::ControlFlow;

use chrono::NaiveDate;

use super::{Error, Result};
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::id::ModelId;
use crate::domain::problem::{Problem, Severity};
use crate::store::runs::{self, Counts, KeepDays, Run, Taken, Wanted, WorkerId};
use crate::store::{self, housekeeping};

pub use check::{Verdict, check, stored_nights};

/// A run with more bad patients than this share is not shown (S-136).
const BAD_SHARE: f64 = 0.05;
/// Patients of one shard.
const SHARD: i64 = 2000;
/// A score whose facts and model are unchanged is worked out anew when it would be this old, where the risk asks for a flag or keeps one.
pub const KEEP_DAYS: u16 = 7;
/// Of all others when it would be so many times as old: four weeks, about the month between days without news from which thresholds
/// are learned (`risk::flags::TICK_DAYS`).
const OTHERS_KEPT: i32 = 4;

/// Which night is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The day whose knowledge counts; today without it.
    pub as_of: Option<NaiveDate>,
    /// Do a date again that has its night, everything worked out anew.
    pub redo: bool,
    /// Keep it beside what is shown: no flag, no list and no page changes.
    pub replay: bool,
    /// In place of `KEEP_DAYS`; 1 works everything out anew.
    pub keep_days: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// For a process that leads the run.
    Waiting,
    Reading,
    Fitting,
    Scoring,
    Listing,
    Publishing,
}

impl Step {
    pub fn words(self) -> &'static str {
        match self {
            Step::Waiting => "another process leads this night; waiting to help",
            Step::Reading => "reading the patients",
            Step::Fitting => "fitting the model",
            Step::Scoring => "scoring the patients",
            Step::Listing => "checking the list",
            Step::Publishing => "raising flags and publishing",
        }
    }
}

/// Patients done, of how many, in this step; by all processes together.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub step: Step,
    pub done: u64,
    pub of: u64,
    /// Done, of how many.
    pub shards: Option<(u64, u64)>,
}

impl Progress {
    fn of(step: Step) -> Progress {
        Progress {
            step,
            done: 0,
            of: 0,
            shards: None,
        }
    }
}

/// Hears of each batch; a break stops this process at its checkpoints, where the next start goes on.
pub type Watch<'a> = &'a mut (dyn FnMut(Progress) -> ControlFlow<()> + Send);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Published {
        as_of: NaiveDate,
        counts: Counts,
        /// Of the patients, those whose score is of an earlier night.
        carried: i32,
        flags_raised: usize,
        /// No, where a later date is on show, and for a replay.
        shown: bool,
    },
    AlreadyDone {
        as_of: NaiveDate,
        counts: Counts,
    },
    /// Another process led it to its end; this one scored so many patients of it.
    Helped {
        as_of: NaiveDate,
        patients: u64,
    },
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
    let worker = runs::enlist(&app.db, &host(), std::process::id()).await?;
    let end = turn(app, as_of, asked, worker.id, watch).await;
    worker.leave().await;
    if let Ok(End::Published { .. }) = end {
        super::audit::anchor(app).await?;
        forget_old(app).await?;
    }
    end
}

fn host() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "this machine".to_owned())
}

async fn forget_old(app: &App) -> Result<()> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    housekeeping::forget_old(&mut work).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(())
}

/// Leads the run, or helps whoever leads it; a run of another date that is under way is helped first.
async fn turn(app: &App, as_of: NaiveDate, asked: &Asked, worker: WorkerId, watch: Watch<'_>) -> Result<End> {
    let wanted = Wanted {
        as_of,
        redo: asked.redo,
        replay: asked.replay,
    };
    // of the wanted run, scored here
    let mut helped = None;
    loop {
        let mut work = app.db.begin_night(app.clock.now()).await?;
        let taken = runs::take(&mut work, wanted, worker).await?;
        work.finish(Entry::by_trigger()).await?;
        match taken {
            Taken::Done(counts) => {
                return Ok(match helped {
                    Some(patients) => End::Helped { as_of, patients },
                    None => End::AlreadyDone { as_of, counts },
                });
            }
            Taken::Ours(run) => match lead(app, run, asked, worker, watch).await {
                // whoever overtook us needs help
                Err(Error::Internal(why)) if is_overtaken(why.as_ref()) => helped = helped.or(Some(0)),
                end => return end,
            },
            Taken::Others(run) => {
                let (flow, patients) = help(app, &run, worker, watch).await?;
                let same = (run.as_of, run.replay) == (as_of, asked.replay);
                if flow.is_break() {
                    return Ok(End::Stopped { as_of });
                }
                if same {
                    let patients = helped.unwrap_or(0) + patients;
                    helped = Some(patients);
                    if look(app, &run).await?.is_none() {
                        return Ok(End::Helped { as_of, patients });
                    }
                }
            }
        }
    }
}

fn is_overtaken(why: &(dyn std::error::Error + 'static)) -> bool {
    matches!(why.downcast_ref(), Some(store::Error::Overtaken))
}

async fn look(app: &App, run: &Run) -> Result<Option<Run>> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let now = runs::look(&mut work, run.id).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(now)
}

async fn lead(app: &App, mut run: Run, asked: &Asked, worker: WorkerId, watch: Watch<'_>) -> Result<End> {
    let as_of = run.as_of;
    let stopped = Ok(End::Stopped { as_of });
    tracing::info!(run = run.id.0, revision = run.revision, fence = run.fence, %as_of, "leading the night");
    if run.step == runs::Step::Fitting {
        if fit::choose(app, &mut run, watch).await?.is_break() {
            return stopped;
        }
        plan(app, &mut run, keep(asked.keep_days.unwrap_or(KEEP_DAYS))).await?;
    }
    let model = fit::load(app, run.model).await?;
    loop {
        let tally = score::tally(app, &run).await?;
        if watch(score::progress(&tally)).is_break() {
            return stopped;
        }
        if tally.is_done() {
            break;
        }
        let (flow, patients) = score::help(app, &run, model.clone(), worker, watch).await?;
        if flow.is_break() {
            return stopped;
        }
        if patients == 0 {
            // others are at the last shards, or died at them
            tokio::time::sleep(score::PAUSE).await;
        }
    }
    let mut work = app.db.begin_night(app.clock.now()).await?;
    work.take_minutes(30).await?;
    runs::sum_up(&mut work, &mut run).await?;
    work.finish(Entry::by_trigger()).await?;
    if f64::from(run.counts.failed) > BAD_SHARE * f64::from(run.counts.patients) {
        return fail(app, &run).await;
    }
    publish::publish(app, &run, watch).await
}

fn keep(days: u16) -> KeepDays {
    let flagged = i32::from(days).max(1);
    KeepDays {
        flagged,
        others: if flagged == 1 { 1 } else { OTHERS_KEPT * flagged },
    }
}

/// What is carried over, and shards for the rest: in one transaction, so that a run has its plan or none.
async fn plan(app: &App, run: &mut Run, keep: KeepDays) -> Result<()> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    work.take_minutes(30).await?;
    if let Some(base) = runs::base(&mut work, run).await?
        && run.model == Some(base.model)
    {
        let carried = runs::carry(&mut work, run, &base, keep).await?;
        run.base = Some(base.id);
        tracing::info!(run = run.id.0, base = base.id.0, carried, "scores carried over");
    }
    runs::cut(&mut work, run, SHARD).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(())
}

/// Works on another process's run until it ends or nobody leads it any more; how many patients were scored here.
async fn help(app: &App, run: &Run, worker: WorkerId, watch: Watch<'_>) -> Result<(ControlFlow<()>, u64)> {
    let mut ours = 0;
    let mut model: Option<(Option<ModelId>, _)> = None;
    loop {
        if watch(Progress::of(Step::Waiting)).is_break() {
            return Ok((ControlFlow::Break(()), ours));
        }
        let Some(now) = look(app, run).await? else {
            return Ok((ControlFlow::Continue(()), ours));
        };
        if now.step == runs::Step::Scoring {
            let own = match model.take().filter(|(id, _)| *id == now.model) {
                Some((_, own)) => own,
                None => fit::load(app, now.model).await?,
            };
            model = Some((now.model, own.clone()));
            match score::help(app, &now, own, worker, watch).await {
                Ok((flow, patients)) if flow.is_break() => return Ok((flow, ours + patients)),
                Ok((_, patients)) => ours += patients,
                Err(Error::Internal(why)) if is_overtaken(why.as_ref()) => {}
                Err(error) => return Err(error),
            }
        }
        if !is_led(app, &now).await? {
            return Ok((ControlFlow::Continue(()), ours));
        }
        tokio::time::sleep(score::PAUSE).await;
    }
}

async fn is_led(app: &App, run: &Run) -> Result<bool> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let led = runs::is_led(&mut work, run.id).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(led)
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
