//! Nights: one at a time, resumable, each write held against the fence in the run's row (S-134, S-135).

mod cohort;
mod lock;
mod model;
mod publish;
mod scores;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Error, Result, Work};
use crate::domain::id::{ModelId, PatientId, RunId, SiteId};

pub use cohort::{Known, cohort, page};
pub use lock::{Lock, lock};
pub use model::{Fitted, keep_model, last_model, parameters, use_model};
pub use publish::{OpenFlag, close, is_newest, open_flags, publish, withdraw};
pub use scores::{Line, candidates, insert, percentiles};

/// A run that is ours to go on with.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: RunId,
    pub as_of: NaiveDate,
    pub revision: i32,
    /// Every taking-over adds one; a former runner's writes are refused.
    pub fence: i64,
    /// Facts recorded later do not count.
    pub cutoff_at: DateTime<Utc>,
    pub model: Option<ModelId>,
    /// The last patient whose score is written.
    pub checkpoint: Option<(SiteId, PatientId)>,
    pub counts: Counts,
}

/// Patients looked at so far: scored, not scored for a reason of medicine, and those whose record or calculation is at fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub patients: i32,
    pub scored: i32,
    pub not_scored: i32,
    pub failed: i32,
}

impl Run {
    pub fn known(&self) -> Known {
        Known {
            by: self.as_of,
            until: self.cutoff_at,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Taken {
    /// Begun now, or left behind by a runner that was stopped.
    Ours(Run),
    /// This date has its night.
    Done(Counts),
}

/// The run of this date: a running one is taken over, a published one is left alone unless it is to be done again. Runs of
/// other dates that were left behind are given up. The caller holds the lock.
pub async fn take(work: &mut Work, as_of: NaiveDate, redo: bool) -> Result<Taken> {
    give_up_others(work, as_of).await?;
    if let Some(run) = take_over(work, as_of).await? {
        return Ok(Taken::Ours(run));
    }
    if !redo && let Some(counts) = published(work, as_of).await? {
        return Ok(Taken::Done(counts));
    }
    let row = sqlx::query!(
        "insert into run (as_of, revision)
         select $1, 1 + coalesce(max(revision), 0)
         from run
         where as_of = $1
         returning id, revision, fence, cutoff_at",
        as_of,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(Taken::Ours(Run {
        id: RunId(row.id),
        as_of,
        revision: row.revision,
        fence: row.fence,
        cutoff_at: row.cutoff_at,
        model: None,
        checkpoint: None,
        counts: Counts::default(),
    }))
}

async fn give_up_others(work: &mut Work, as_of: NaiveDate) -> Result<()> {
    sqlx::query!(
        "update run
         set state = 'failed', fence = fence + 1, finished_at = clock_timestamp(),
           problem = 'Stopped before its end; the night of another date was begun'
         where state = 'running'
           and as_of <> $1",
        as_of,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

async fn take_over(work: &mut Work, as_of: NaiveDate) -> Result<Option<Run>> {
    let row = sqlx::query!(
        "update run
         set fence = fence + 1
         where as_of = $1
           and state = 'running'
         returning id, revision, fence, cutoff_at, model_id, checkpoint_site, checkpoint_patient, patients, scored,
           not_scored, failed",
        as_of,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(row.map(|row| Run {
        id: RunId(row.id),
        as_of,
        revision: row.revision,
        fence: row.fence,
        cutoff_at: row.cutoff_at,
        model: row.model_id.map(ModelId),
        checkpoint: (row.checkpoint_site > 0)
            .then_some((SiteId(row.checkpoint_site), PatientId(row.checkpoint_patient))),
        counts: Counts {
            patients: row.patients,
            scored: row.scored,
            not_scored: row.not_scored,
            failed: row.failed,
        },
    }))
}

async fn published(work: &mut Work, as_of: NaiveDate) -> Result<Option<Counts>> {
    let counts = sqlx::query_as!(
        Counts,
        "select patients, scored, not_scored, failed
         from run
         where as_of = $1
           and state = 'published'
         order by revision desc
         limit 1",
        as_of,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(counts)
}

/// One write to the run's row succeeded, or somebody else holds the run now.
fn fenced(rows: u64) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Error::Overtaken) }
}

/// The first write of a batch: it locks the run's row, so nobody takes the run over between here and the commit.
pub async fn advance(work: &mut Work, run: &Run) -> Result<()> {
    let (site, patient) = run.checkpoint.unwrap_or((SiteId(0), PatientId(0)));
    let done = sqlx::query!(
        "update run
         set checkpoint_site = $3, checkpoint_patient = $4, patients = $5, scored = $6, not_scored = $7, failed = $8
         where id = $1
           and fence = $2
           and state = 'running'",
        run.id.0,
        run.fence,
        site.0,
        patient.0,
        run.counts.patients,
        run.counts.scored,
        run.counts.not_scored,
        run.counts.failed,
    )
    .execute(work.connection())
    .await?;
    fenced(done.rows_affected())
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
