//! Whose turn it is: to begin a run, to take over one that was left behind, or to help the one that is under way.

use chrono::NaiveDate;

use super::worker::WorkerId;
use super::{Counts, Run, Step, fenced};
use crate::domain::id::{ModelId, RunId};
use crate::store::{Error, Result, Work};

/// The run that somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub as_of: NaiveDate,
    /// Also where the date has its night; and nothing is carried over.
    pub redo: bool,
    /// Of the past: never shown, nothing is carried over.
    pub replay: bool,
}

#[derive(Clone, Debug)]
pub enum Taken {
    /// Ours to lead: begun now, or left behind by a process that is gone.
    Ours(Run),
    /// Another process leads it; of this date or of another.
    Others(Run),
    /// This date has its night.
    Done(Counts),
}

/// Whoever asks at the same moment waits here until the other's answer is committed: the row of the pointer is the lock.
pub async fn take(work: &mut Work, wanted: Wanted, worker: WorkerId) -> Result<Taken> {
    sqlx::query!("select run_id from publication for no key update")
        .fetch_one(work.connection())
        .await?;
    if let Some((run, led)) = under_way(work, worker).await? {
        if led {
            return Ok(Taken::Others(run));
        }
        if run.as_of == wanted.as_of && run.replay == wanted.replay {
            if let Some(run) = take_over(work, &run, worker).await? {
                return Ok(Taken::Ours(run));
            }
        } else {
            give_up(work, &run).await?;
        }
    }
    if !wanted.redo
        && let Some(counts) = published(work, wanted).await?
    {
        return Ok(Taken::Done(counts));
    }
    let run = begin(work, wanted, worker).await?;
    Ok(Taken::Ours(run))
}

/// The run that is under way, if its state is still that.
pub async fn look(work: &mut Work, run: RunId) -> Result<Option<Run>> {
    let row = sqlx::query_as!(
        Row,
        "select id, as_of, revision, fence, cutoff_at, replay, whole, step, model_id, base_run_id, carried, patients, scored,
           not_scored, failed, false as \"led!\"
         from run
         where id = $1
           and state = 'running'",
        run.0,
    )
    .fetch_optional(work.connection())
    .await?;
    row.map(|row| Ok(row.run()?.0)).transpose()
}

/// And whether a process other than this one is there to lead it.
async fn under_way(work: &mut Work, worker: WorkerId) -> Result<Option<(Run, bool)>> {
    let row = sqlx::query_as!(
        Row,
        "select id, as_of, revision, fence, cutoff_at, replay, whole, step, model_id, base_run_id, carried, patients, scored,
           not_scored, failed, coalesce(worker_id <> $1 and app.at_work(worker_id), false) as \"led!\"
         from run
         where state = 'running'",
        worker.0,
    )
    .fetch_optional(work.connection())
    .await?;
    row.map(Row::run).transpose()
}

struct Row {
    id: i64,
    as_of: NaiveDate,
    revision: i32,
    fence: i64,
    cutoff_at: chrono::DateTime<chrono::Utc>,
    replay: bool,
    whole: bool,
    step: String,
    model_id: Option<i32>,
    base_run_id: Option<i64>,
    carried: i32,
    patients: i32,
    scored: i32,
    not_scored: i32,
    failed: i32,
    led: bool,
}

impl Row {
    fn run(self) -> Result<(Run, bool)> {
        let step = match self.step.as_str() {
            "fitting" => Step::Fitting,
            "scoring" => Step::Scoring,
            "publishing" => Step::Publishing,
            _ => {
                return Err(Error::Inconsistent {
                    table: "run",
                    column: "step",
                    id: self.id,
                });
            }
        };
        let run = Run {
            id: RunId(self.id),
            as_of: self.as_of,
            revision: self.revision,
            fence: self.fence,
            cutoff_at: self.cutoff_at,
            replay: self.replay,
            whole: self.whole,
            step,
            model: self.model_id.map(ModelId),
            base: self.base_run_id.map(RunId),
            carried: self.carried,
            counts: Counts {
                patients: self.patients,
                scored: self.scored,
                not_scored: self.not_scored,
                failed: self.failed,
            },
        };
        Ok((run, self.led))
    }
}

async fn begin(work: &mut Work, wanted: Wanted, worker: WorkerId) -> Result<Run> {
    let row = sqlx::query!(
        "insert into run (as_of, revision, replay, whole, worker_id, step_at)
         select $1, 1 + coalesce(max(revision), 0), $2, $3, $4, clock_timestamp()
         from run
         where as_of = $1
         returning id, revision, fence, cutoff_at",
        wanted.as_of,
        wanted.replay,
        wanted.replay || wanted.redo,
        worker.0,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(Run {
        id: RunId(row.id),
        as_of: wanted.as_of,
        revision: row.revision,
        fence: row.fence,
        cutoff_at: row.cutoff_at,
        replay: wanted.replay,
        whole: wanted.replay || wanted.redo,
        step: Step::Fitting,
        model: None,
        base: None,
        carried: 0,
        counts: Counts::default(),
    })
}

/// The lead of a run changes hands; who works on its shards goes on. The row may have waited for a step that its former leader was about to
/// commit, so it is read again; `None` where that was the last one.
async fn take_over(work: &mut Work, run: &Run, worker: WorkerId) -> Result<Option<Run>> {
    sqlx::query!(
        "update run
         set fence = fence + 1, worker_id = $2
         where id = $1
           and state = 'running'",
        run.id.0,
        worker.0,
    )
    .execute(work.connection())
    .await?;
    look(work, run.id).await
}

/// A run of another date that was left behind: neither its leader nor the holders of its shards write again.
async fn give_up(work: &mut Work, run: &Run) -> Result<()> {
    sqlx::query!(
        "update shard
         set fence = fence + 1, state = case state when 'held' then 'free' else state end
         where run_id = $1",
        run.id.0,
    )
    .execute(work.connection())
    .await?;
    sqlx::query!(
        "update run
         set state = 'failed', fence = fence + 1, finished_at = clock_timestamp(),
           problem = 'Stopped before its end; the night of another date was begun'
         where id = $1
           and state = 'running'",
        run.id.0,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// A replay of a date is not its night, but its night is good enough for a replay.
async fn published(work: &mut Work, wanted: Wanted) -> Result<Option<Counts>> {
    let counts = sqlx::query_as!(
        Counts,
        "select patients, scored, not_scored, failed
         from run
         where as_of = $1
           and state = 'published'
           and (not replay or $2)
         order by revision desc
         limit 1",
        wanted.as_of,
        wanted.replay,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(counts)
}

/// The run ends without being shown; why stands in its row.
pub async fn fail(work: &mut Work, run: &Run, problem: &str) -> Result<()> {
    let done = sqlx::query!(
        "update run
         set state = 'failed', finished_at = clock_timestamp(), problem = $3
         where id = $1
           and fence = $2
           and state = 'running'",
        run.id.0,
        run.fence,
        problem,
    )
    .execute(work.connection())
    .await?;
    fenced(done.rows_affected())
}

/// Whether the process that leads the run is at work.
pub async fn is_led(work: &mut Work, run: RunId) -> Result<bool> {
    let led = sqlx::query_scalar!(
        "select coalesce(app.at_work(worker_id), false) as \"led!\"
         from run
         where id = $1",
        run.0,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(led)
}
