//! What a night need not work out again: scores of the nights before whose facts and model are the same. They stay where they are,
//! with the run that worked them out, and the run names those that it builds on (`run.scores_from`).
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

/// Decides which scores of the base hold for the run, and copies the flags of their patients. Those do not hold of patients
/// - of whom anything was entered or changed since the base's cut-off, or on whose flag somebody acted. The trail of the audit is the one
///   place that knows all of it; it is read from six hours before, because what was written then may not have been committed when the
///   base was read,
/// - whose trial was blinded or opened since: the arm went into the score, or may now,
/// - of whom something was on file whose day had not come,
/// - whose record or calculation was at fault,
/// - whose score would be as old as `keep` says; and each night one in so many of the others, so that they don't all fall due at once,
/// - who have no score, or no row in the list.
///
/// The caller holds the run, which has the base's model, and calls this once. How many are carried over.
pub async fn carry(work: &mut Work, run: &Run, base: &Base, keep: KeepDays) -> Result<i32> {
    hold(work, run).await?;
    sqlx::query!(
        "with changed as materialized (
           select site_id, subject as patient_id
           from audit_entry
           where at > $4::timestamptz - interval '6 hours'
             and subject > 0
             and action in ('insert', 'update', 'delete')
             and (table_name <> 'flag' or role <> 'system')
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
         ), kept as materialized (
           select s.site_id, s.patient_id, s.failed, coalesce(s.scored_on, r.as_of) as day
           from run b
           cross join lateral app.standing_scores(b.scores_from) s
           join run r on r.id = s.run_id
           where b.id = $2
         ), flagged as materialized (
           select site_id, patient_id from run_flag where run_id = $2 and cause = 'risk_threshold'
         )
         insert into run_due (site_id, run_id, patient_id)
         select p.site_id, $1, p.id
         from patient p
         left join kept on kept.site_id = p.site_id and kept.patient_id = p.id
         left join flagged on flagged.site_id = p.site_id and flagged.patient_id = p.id
         left join changed on changed.site_id = p.site_id and changed.patient_id = p.id
         left join triage t on t.site_id = p.site_id and t.patient_id = p.id
         cross join lateral (select case when flagged.patient_id is null then $7::int else $6::int end as days) keep
         where p.recorded_at <= $8
           and coalesce(p.reported_on, (p.recorded_at at time zone 'UTC')::date) <= $5
           and (kept.failed is not false
             or $5::date - kept.day >= keep.days
             or (app.spread(p.site_id, p.id) / 65536 + ($5::date - date '2000-01-01')) % keep.days = 0
             or changed.patient_id is not null
             or t.patient_id is null)",
        run.id.0,
        base.id.0,
        base.as_of,
        base.cutoff_at,
        run.as_of,
        keep.flagged,
        keep.others,
        run.cutoff_at,
    )
    .execute(work.connection())
    .await?;
    sqlx::query!(
        "insert into run_flag (site_id, run_id, patient_id, cause, severity, reason_text, trigger_ids, keeps)
         select f.site_id, $1, f.patient_id, f.cause, f.severity, f.reason_text, f.trigger_ids, f.keeps
         from run_flag f
         where f.run_id = $2
           and not exists (
             select from run_due d
             where d.site_id = f.site_id
               and d.run_id = $1
               and d.patient_id = f.patient_id
           )",
        run.id.0,
        base.id.0,
    )
    .execute(work.connection())
    .await?;
    // of runs so old that each of their scores has fallen due nothing is left
    let carried = sqlx::query_scalar!(
        "update run r
         set base_run_id = $2,
           carried_from = array(
             select o.id
             from run b, unnest(b.scores_from) with ordinality as s (id, place)
             join run o on o.id = s.id
             where b.id = $2
               and o.as_of > $3::date - $4::int
             order by s.place
           ),
           carried = (
             select count(*)
             from patient p
             where p.recorded_at <= $5
               and coalesce(p.reported_on, (p.recorded_at at time zone 'UTC')::date) <= $3
           ) - (select count(*) from run_due where run_id = $1)
         where r.id = $1
         returning carried",
        run.id.0,
        base.id.0,
        run.as_of,
        keep.others,
        run.cutoff_at,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(carried)
}
