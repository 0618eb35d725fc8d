//! Shards of a run: ranges of one centre's patients, claimed by whoever is free, each write held against the shard's fence.

use chrono::{DateTime, Utc};

use super::worker::WorkerId;
use super::{Counts, Run, fenced, hold};
use crate::domain::id::{PatientId, RunId, SiteId};
use crate::store::{Result, Work};

/// A shard that is ours to work on.
#[derive(Clone, Debug)]
pub struct Shard {
    pub run: RunId,
    pub site: SiteId,
    pub id: i32,
    /// Every claim adds one; a former holder's writes are refused.
    pub fence: i64,
    /// The last patient whose score is written; before the first one, the patient before the range.
    pub checkpoint: PatientId,
    /// The last patient of the range.
    pub last: PatientId,
    /// Of the patients behind the checkpoint.
    pub counts: Counts,
}

/// Cuts the patients whom the run works out itself, all or those due, into shards of at most `size`, each within one centre. The caller holds
/// the run, and calls it once.
pub async fn cut(work: &mut Work, run: &Run, size: i64) -> Result<()> {
    hold(work, run).await?;
    sqlx::query!(
        "with due as (
           select p.site_id, p.id, (row_number() over (partition by p.site_id order by p.id) - 1) / $4 as n
           from patient p
           where p.recorded_at <= $2
             and coalesce(p.reported_on, (p.recorded_at at time zone 'UTC')::date) <= $3
             and ($5 or (p.site_id, p.id) in (select site_id, patient_id from run_due where run_id = $1))
         )
         insert into shard (site_id, run_id, id, from_patient, to_patient, of_patients, checkpoint)
         select site_id, $1, n + 1, min(id), max(id), count(*), min(id) - 1
         from due
         group by site_id, n",
        run.id.0,
        run.cutoff_at,
        run.as_of,
        size,
        run.base.is_none(),
    )
    .execute(work.connection())
    .await?;
    let done = sqlx::query!(
        "update run
         set step = 'scoring', step_at = clock_timestamp()
         where id = $1
           and fence = $2
           and state = 'running'",
        run.id.0,
        run.fence,
    )
    .execute(work.connection())
    .await?;
    fenced(done.rows_affected())
}

/// The next shard that nobody works on: free, or held by a process that is gone or has written nothing for ten minutes. Shards
/// that another transaction is writing at this moment are passed over.
pub async fn claim(work: &mut Work, run: RunId, worker: WorkerId) -> Result<Option<Shard>> {
    let row = sqlx::query!(
        "update shard s
         set state = 'held', worker_id = $2, fence = s.fence + 1, claimed_at = clock_timestamp(), written_at = clock_timestamp()
         from (
           select site_id, run_id, id
           from shard
           where run_id = $1
             and case state
               when 'free' then true
               when 'held' then written_at < clock_timestamp() - interval '10 minutes' or not app.at_work(worker_id)
               else false end
           order by site_id, id
           limit 1
           for update skip locked
         ) f
         where s.site_id = f.site_id
           and s.run_id = f.run_id
           and s.id = f.id
         returning s.site_id, s.id, s.fence, s.to_patient, s.checkpoint, s.patients, s.scored, s.not_scored, s.failed",
        run.0,
        worker.0,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(row.map(|row| Shard {
        run,
        site: SiteId(row.site_id),
        id: row.id,
        fence: row.fence,
        checkpoint: PatientId(row.checkpoint),
        last: PatientId(row.to_patient),
        counts: Counts {
            patients: row.patients,
            scored: row.scored,
            not_scored: row.not_scored,
            failed: row.failed,
        },
    }))
}

/// The first write of a batch: it locks the shard's row, so nobody takes the shard over between here and the commit. `Overtaken`
/// where somebody has, or where the run was given up.
pub async fn advance(work: &mut Work, shard: &Shard) -> Result<()> {
    let done = sqlx::query!(
        "update shard
         set checkpoint = $5, patients = $6, scored = $7, not_scored = $8, failed = $9, written_at = clock_timestamp()
         where site_id = $1
           and run_id = $2
           and id = $3
           and fence = $4
           and state = 'held'",
        shard.site.0,
        shard.run.0,
        shard.id,
        shard.fence,
        shard.checkpoint.0,
        shard.counts.patients,
        shard.counts.scored,
        shard.counts.not_scored,
        shard.counts.failed,
    )
    .execute(work.connection())
    .await?;
    fenced(done.rows_affected())
}

/// All of the shard's patients are behind its checkpoint.
pub async fn done(work: &mut Work, shard: &Shard) -> Result<()> {
    let done = sqlx::query!(
        "update shard
         set state = 'done', written_at = clock_timestamp()
         where site_id = $1
           and run_id = $2
           and id = $3
           and fence = $4
           and state = 'held'",
        shard.site.0,
        shard.run.0,
        shard.id,
        shard.fence,
    )
    .execute(work.connection())
    .await?;
    fenced(done.rows_affected())
}

/// The patients of a shard after its checkpoint, in the order of their ids.
pub async fn rest(work: &mut Work, run: &Run, shard: &Shard) -> Result<Vec<PatientId>> {
    let ids = sqlx::query_scalar!(
        "select p.id
         from patient p
         where p.site_id = $1
           and p.id > $2
           and p.id <= $3
           and p.recorded_at <= $4
           and coalesce(p.reported_on, (p.recorded_at at time zone 'UTC')::date) <= $5
           and ($7 or exists (
             select from run_due d
             where d.site_id = p.site_id
               and d.run_id = $6
               and d.patient_id = p.id
           ))
         order by p.id",
        shard.site.0,
        shard.checkpoint.0,
        shard.last.0,
        run.cutoff_at,
        run.as_of,
        run.id.0,
        run.base.is_none(),
    )
    .fetch_all(work.connection())
    .await?;
    Ok(ids.into_iter().map(PatientId).collect())
}

/// How far all processes together are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub shards: i64,
    pub shards_done: i64,
    pub of_patients: i64,
    pub counts: Counts,
}

impl Tally {
    pub fn is_done(&self) -> bool {
        self.shards == self.shards_done
    }
}

pub async fn tally(work: &mut Work, run: RunId) -> Result<Tally> {
    let row = sqlx::query!(
        "select count(*) as \"shards!\", count(*) filter (where state = 'done') as \"done!\",
           coalesce(sum(of_patients), 0)::bigint as \"of!\", coalesce(sum(patients), 0)::int as \"patients!\",
           coalesce(sum(scored), 0)::int as \"scored!\", coalesce(sum(not_scored), 0)::int as \"not_scored!\",
           coalesce(sum(failed), 0)::int as \"failed!\"
         from shard
         where run_id = $1",
        run.0,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(Tally {
        shards: row.shards,
        shards_done: row.done,
        of_patients: row.of,
        counts: Counts {
            patients: row.patients,
            scored: row.scored,
            not_scored: row.not_scored,
            failed: row.failed,
        },
    })
}

/// A process and what it holds, for the page of the night.
#[derive(Clone, Debug)]
pub struct AtWork {
    pub host: String,
    pub process: i32,
    pub leads: bool,
    pub alive: bool,
    pub shards_held: i64,
    pub shards_done: i64,
    pub patients: i64,
    pub last_wrote_at: Option<DateTime<Utc>>,
}

/// The processes that work or worked on a run.
pub async fn at_work(work: &mut Work, run: RunId) -> Result<Vec<AtWork>> {
    let rows = sqlx::query_as!(
        AtWork,
        "select w.host, w.process, w.id is not distinct from r.worker_id as \"leads!\", app.at_work(w.id) as \"alive!\",
           count(s.id) filter (where s.state = 'held') as \"shards_held!\",
           count(s.id) filter (where s.state = 'done') as \"shards_done!\",
           coalesce(sum(s.patients), 0)::bigint as \"patients!\", max(s.written_at) as last_wrote_at
         from run r
         cross join night_worker w
         left join shard s on s.run_id = r.id and s.worker_id = w.id
         where r.id = $1
           and (s.id is not null or w.id = r.worker_id)
         group by w.id, r.worker_id
         order by w.id",
        run.0,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows)
}
