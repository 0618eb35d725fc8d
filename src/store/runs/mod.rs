//! Nights: one run at a time, worked on by however many processes, resumable; each write is held against a fence, the run's or a
//! shard's (S-134, S-135).

mod carry;
mod check;
mod cohort;
mod copy;
mod model;
mod nights;
mod publish;
mod scores;
mod shards;
mod take;
mod verdict;
mod worker;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Error, Result, Work};
use crate::domain::id::{ModelId, RunId};

pub use carry::{Base, KeepDays, base, carry};
pub use check::{Stored, carried_over, stored, stored_runs};
pub use cohort::{Known, Sample, cohort, page, to_list};
pub use model::{Fitted, keep_model, last_model, parameters, use_model};
pub use nights::{Night, nights};
pub use publish::{OpenFlag, close, gather, is_newest, open_flags, publish, withdraw};
pub use scores::{Line, candidates, insert, seal};
pub use shards::{AtWork, Shard, Tally, advance, at_work, claim, cut, done, rest, tally};
pub use take::{Taken, Wanted, fail, is_led, look, take};
pub use verdict::{Judged, Reckoned, keep_verdict, reckoned, verdicts};
pub use worker::{Worker, WorkerId, enlist};

/// What the run's leader does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing can be claimed yet.
    Fitting,
    Scoring,
    Publishing,
}

/// A run that is under way.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: RunId,
    pub as_of: NaiveDate,
    pub revision: i32,
    /// Every taking-over of the lead adds one; a former leader's writes are refused.
    pub fence: i64,
    /// Facts recorded later do not count.
    pub cutoff_at: DateTime<Utc>,
    /// Of the past: kept, and never shown.
    pub replay: bool,
    /// Nothing is carried over from another run.
    pub whole: bool,
    pub step: Step,
    pub model: Option<ModelId>,
    /// The run whose scores were carried over.
    pub base: Option<RunId>,
    /// Of all patients, those carried over included; final once all shards are done.
    pub counts: Counts,
    pub carried: i32,
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

/// One write to a row with a fence succeeded, or somebody else holds it now.
fn fenced(rows: u64) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Error::Overtaken) }
}

/// The first write of the leader's transactions: it locks the run's row, so nobody takes the run over between here and the commit.
pub async fn hold(work: &mut Work, run: &Run) -> Result<()> {
    let held = sqlx::query_scalar!(
        "select id
         from run
         where id = $1
           and fence = $2
           and state = 'running'
         for no key update",
        run.id.0,
        run.fence,
    )
    .fetch_optional(work.connection())
    .await?;
    fenced(u64::from(held.is_some()))
}

/// All shards are done: what all scores say together, those carried over included, becomes the run's: counts, reasons, and how the risks
/// are spread, from which a page reads where one stands among all. The same however often it is done.
pub async fn sum_up(work: &mut Work, run: &mut Run) -> Result<()> {
    hold(work, run).await?;
    let row = sqlx::query!(
        "with standing as materialized (
           select s.risk, s.failed, s.not_scored, s.run_id <> r.id as carried
           from run r
           cross join lateral app.standing_scores(r.scores_from) s
           where r.id = $1
         )
         update run r
         set step = 'publishing', step_at = clock_timestamp(), patients = s.patients, scored = s.scored, not_scored = s.not_scored,
           failed = s.failed, carried = s.carried,
           reasons = (
             select coalesce(jsonb_agg(jsonb_build_object('reason', reason, 'patients', patients, 'failed', failed)
               order by failed desc, patients desc, reason), '[]')
             from (
               select regexp_replace(split_part(not_scored, ':', 1), ' on [0-9].*$', '') as reason, failed, count(*) as patients
               from standing
               where not_scored is not null
               group by 1, 2
               order by failed desc, patients desc, reason
               limit 12
             ) why
           ),
           risk_spread = (
             select percentile_disc(array(select k / 1000.0::float8 from generate_series(1, 1000) k order by k)) within group (order by risk)
             from standing
             where risk is not null
           )
         from (
           select count(*)::int as patients, count(risk)::int as scored,
             (count(*) filter (where risk is null and not failed))::int as not_scored,
             (count(*) filter (where failed))::int as failed,
             (count(*) filter (where carried))::int as carried
           from standing
         ) s
         where r.id = $1
           and r.fence = $2
           and r.state = 'running'
         returning r.patients, r.scored, r.not_scored, r.failed, r.carried",
        run.id.0,
        run.fence,
    )
    .fetch_optional(work.connection())
    .await?
    .ok_or(Error::Overtaken)?;
    run.counts = Counts {
        patients: row.patients,
        scored: row.scored,
        not_scored: row.not_scored,
        failed: row.failed,
    };
    run.carried = row.carried;
    run.step = Step::Publishing;
    Ok(())
}
