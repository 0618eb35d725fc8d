//! What a night need not work out again: scores of the night before whose facts and model are the same, copied set-wise.
//!
//! A score also moves with the day, if slowly: how old one may become is the caller's choice. It keeps the day it is of.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Run, hold};
use crate::domain::id::{ModelId, RunId};
use crate::store::{Result, Work};

/// The run on show, where a run can build on it.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    pub id: RunId,
    pub as_of: NaiveDate,
    pub cutoff_at: DateTime<Utc>,
    pub model: ModelId,
}

/// None for a run that asks for everything anew, and none where one of the two is of a day before the one it was run on: what
/// came to be known between their days can then not be told from what was recorded between their cut-offs.
pub async fn base(work: &mut Work, run: &Run) -> Result<Option<Base>> {
    if run.whole {
        return Ok(None);
    }
    let row = sqlx::query!(
        "select b.id, b.as_of, b.cutoff_at, b.model_id as \"model_id!\"
         from publication p
         join run b on b.id = p.run_id
         join run r on r.id = $1
         where b.as_of < r.as_of
           and b.model_id is not null
           and b.as_of >= (b.cutoff_at at time zone 'UTC')::date
           and r.as_of >= (r.cutoff_at at time zone 'UTC')::date",
        run.id.0,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(row.map(|row| Base {
        id: RunId(row.id),
        as_of: row.as_of,
        cutoff_at: row.cutoff_at,
        model: ModelId(row.model_id),
    }))
}

/// How old a score may grow where nothing changes, in days: of whoever is flagged for a risk or near it, and of the others.
#[derive(Clone, Copy, Debug)]
pub struct KeepDays {
    pub flagged: i32,
    pub others: i32,
}

/// Copies scores and flags of the base to the run. Not those of patients
/// - of whom anything was entered or changed since the base's cut-off. The trail of the audit is the one place that knows all of
///   it; it is read from six hours before, because what was written then may not have been committed when the base was read,
/// - whose trial was blinded or opened since: the arm went into the score, or may now,
/// - of whom something was on file whose day had not come,
/// - whose record or calculation was at fault,
/// - whose score would be as old as `keep` says; and each night one in so many of the others, so that they don't all fall due at once.
///
/// The caller holds the run, which has the base's model, and calls this once. How many were carried over.
pub async fn carry(work: &mut Work, run: &Run, base: &Base, keep: KeepDays) -> Result<u64> {
    hold(work, run).await?;
    let carried = sqlx::query!(
        "with changed as materialized (
           select site_id, subject as patient_id
           from audit_entry
           where at > $4::timestamptz - interval '6 hours'
             and subject > 0
             and action in ('insert', 'update', 'delete')
             and table_name <> 'flag'
           union
           select site_id, patient_id
           from observation
           where (reported_on > (recorded_at at time zone 'UTC')::date or collected_on > (recorded_at at time zone 'UTC')::date)
             and greatest(reported_on, collected_on) > $3
           union
           select site_id, patient_id from event where greatest(reported_on, occurred_on) > $3
           union
           select site_id, patient_id from treatment where reported_on > $3
           union
           select site_id, patient_id from surgery where reported_on > $3
           union
           select site_id, patient_id from tumour where reported_on > $3
           union
           select site_id, patient_id from enrolment where reported_on > $3
           union
           select e.site_id, e.patient_id
           from enrolment e
           join trial t on t.id = e.trial_id
           where t.blinded_at > $4::timestamptz - interval '6 hours'
         )
         insert into score (site_id, run_id, patient_id, model_id, horizon_days, risk, risk_lo, risk_hi, contributions, detail, missing,
           stale, outside, not_scored, failed, fingerprint, scored_on)
         select s.site_id, $1, s.patient_id, s.model_id, s.horizon_days, s.risk, s.risk_lo, s.risk_hi, s.contributions, s.detail, s.missing,
           s.stale, s.outside, s.not_scored, s.failed, s.fingerprint, coalesce(s.scored_on, $3)
         from score s
         cross join lateral (
           select case when (s.site_id, s.patient_id) in (select site_id, patient_id from run_flag where run_id = $2 and cause = 'risk_threshold')
             then $6::int else $7::int end as days
         ) keep
         where s.run_id = $2
           and not s.failed
           and $5::date - coalesce(s.scored_on, $3) < keep.days
           and (app.spread(s.site_id, s.patient_id) / 65536 + ($5::date - date '2000-01-01')) % keep.days <> 0
           and not exists (select from changed c where c.site_id = s.site_id and c.patient_id = s.patient_id)",
        run.id.0,
        base.id.0,
        base.as_of,
        base.cutoff_at,
        run.as_of,
        keep.flagged,
        keep.others,
    )
    .execute(work.connection())
    .await?
    .rows_affected();
    sqlx::query!(
        "insert into run_flag (site_id, run_id, patient_id, cause, severity, reason_text, trigger_ids, keeps)
         select f.site_id, $1, f.patient_id, f.cause, f.severity, f.reason_text, f.trigger_ids, f.keeps
         from run_flag f
         join score s on s.site_id = f.site_id and s.run_id = $1 and s.patient_id = f.patient_id
         where f.run_id = $2",
        run.id.0,
        base.id.0,
    )
    .execute(work.connection())
    .await?;
    sqlx::query!(
        "update run
         set base_run_id = $2, carried = $3
         where id = $1",
        run.id.0,
        base.id.0,
        carried as i32,
    )
    .execute(work.connection())
    .await?;
    Ok(carried)
}
