//! What makes a run the one that is shown, all in one transaction (S-137).

use chrono::NaiveDate;

use super::{Run, fenced};
use crate::domain::flag::Ending;
use crate::domain::id::{FlagId, PatientId, PatientRef, SiteId};
use crate::store::{Error, Result, Work};

/// A flag that is open, and since when.
#[derive(Clone, Copy, Debug)]
pub struct OpenFlag {
    pub flag: FlagId,
    pub patient: PatientRef,
    pub opened_on: NaiveDate,
}

/// Open flags of patients of whom more than a contact is on file, centre by centre: what happened to the others is nothing. Of patients
/// carried over nothing has come to light since the run that this one builds on.
pub async fn open_flags(work: &mut Work, run: &Run) -> Result<Vec<OpenFlag>> {
    let rows = sqlx::query!(
        "select f.site_id, f.id, f.patient_id, f.opened_on
         from flag f
         where f.state <> 'closed'
           and exists (select from event e where e.site_id = f.site_id and e.patient_id = f.patient_id and e.kind <> 'last_contact')
           and ($2::bigint is null
             or exists (select from run_due d where d.site_id = f.site_id and d.run_id = $1 and d.patient_id = f.patient_id))
         order by f.site_id, f.patient_id, f.id",
        run.id.0,
        run.base.map(|base| base.0),
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| OpenFlag {
            flag: FlagId(row.id),
            patient: PatientRef {
                site: SiteId(row.site_id),
                patient: PatientId(row.patient_id),
            },
            opened_on: row.opened_on,
        })
        .collect())
}

/// Closes flags by what happened to their patients, unless somebody closed them meanwhile.
pub async fn close(work: &mut Work, run: &Run, endings: &[(OpenFlag, Ending)]) -> Result<()> {
    let sites: Vec<i32> = endings.iter().map(|(open, _)| open.patient.site.0).collect();
    let ids: Vec<i64> = endings.iter().map(|(open, _)| open.flag.0).collect();
    let outcomes: Vec<String> = endings.iter().map(|(_, ending)| ending.code().to_owned()).collect();
    let leads: Vec<Option<i32>> = endings.iter().map(|(_, ending)| ending.lead_days()).collect();
    sqlx::query!(
        "update flag f
         set state = 'closed', closed_on = $5, outcome = e.outcome, lead_days = e.lead_days, version = version + 1
         from unnest($1::int[], $2::bigint[], $3::text[], $4::int[]) as e (site_id, id, outcome, lead_days)
         where f.site_id = e.site_id
           and f.id = e.id
           and f.state <> 'closed'",
        &sites,
        &ids,
        &outcomes,
        &leads as &[Option<i32>],
        run.as_of,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Gives open flags the evidence that the run found for them where it does not raise them anew: between its two thresholds a flag gathers, too.
/// Not where the run's own has been overtaken: a reading that was corrected since its cut-off or its day.
pub async fn gather(work: &mut Work, run: &Run) -> Result<()> {
    sqlx::query!(
        "update flag f
         set trigger_ids = r.trigger_ids, reason_text = r.reason_text, version = f.version + 1
         from run_flag r
         where r.run_id = $1
           and r.keeps
           and f.site_id = r.site_id
           and f.patient_id = r.patient_id
           and f.cause = r.cause
           and f.state <> 'closed'
           and f.opened_at <= $2
           and not f.trigger_ids @> r.trigger_ids
           and not exists (
             select from observation o
             where o.site_id = r.site_id
               and o.supersedes_id = any (r.trigger_ids)
               and (o.recorded_at > $2 or greatest(o.collected_on, o.reported_on) > $3)
           )",
        run.id.0,
        run.cutoff_at,
        run.as_of,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Closes the open flags for which this run found no cause any more. Not those that it can't judge: flags opened, or given
/// evidence, after its cut-off or its day; patients whose record or calculation is at fault; risks in a night without a model. A flag on
/// a risk closes once no night of the last `quiet_days` found the score above the lower threshold, or, below the upper one, at once where all
/// of its evidence was amended away or lies more than `evidence_days` back (docs/flags.md, the life of a flag).
pub async fn withdraw(work: &mut Work, run: &Run, quiet_days: i32, evidence_days: i32) -> Result<()> {
    sqlx::query!(
        "update flag f
         set state = 'closed', closed_on = $2, version = f.version + 1,
           outcome = case when f.cause = 'risk_threshold' and not e.gone then 'quiet' else 'withdrawn_evidence' end
         from (
           select g.site_id, g.id, s.failed, cardinality(g.trigger_ids) > 0 and not exists (
               select from observation o
               where o.site_id = g.site_id
                 and o.id = any (g.trigger_ids)
                 and o.collected_on >= $2::date - $6::int
                 and not exists (select from observation n where n.site_id = o.site_id and n.supersedes_id = o.id)
             ) as gone
           from flag g
           join run r on r.id = $1
           cross join lateral app.standing_score(g.site_id, g.patient_id, r.scores_from) s
           where g.state <> 'closed'
         ) e
         where e.site_id = f.site_id
           and e.id = f.id
           and not e.failed
           and f.state <> 'closed'
           and f.opened_at <= $3
           and (f.cause <> 'risk_threshold' or $4)
           and not exists (
             select from run_flag r
             where r.site_id = f.site_id
               and r.run_id = $1
               and r.patient_id = f.patient_id
               and r.cause = f.cause
               and not (r.keeps and e.gone)
           )
           and not exists (
             select from observation o
             where o.site_id = f.site_id
               and o.id = any (f.trigger_ids)
               and (o.recorded_at > $3 or greatest(o.collected_on, o.reported_on) > $2)
           )
           and (f.cause <> 'risk_threshold' or e.gone or (
             f.opened_on <= $2::date - $5::int
             and not exists (
               select from run n
               join run_flag r on r.site_id = f.site_id and r.run_id = n.id and r.patient_id = f.patient_id and r.cause = f.cause
               where n.state = 'published'
                 and not n.replay
                 and n.as_of > $2::date - $5::int
                 and n.as_of <= $2
             )
           ))",
        run.id.0,
        run.as_of,
        run.cutoff_at,
        run.model.is_some(),
        quiet_days,
        evidence_days,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// The run is complete, with so many flags opened. If it is to be shown the pages' pointer moves to it. The run shown before
/// is kept as the one to compare with; for a night that is done again that stays the night before it.
pub async fn publish(work: &mut Work, run: &Run, shown: bool, flags_raised: usize) -> Result<()> {
    let done = sqlx::query!(
        "update run
         set state = 'published', finished_at = clock_timestamp(), flags_raised = $3
         where id = $1
           and fence = $2
           and state = 'running'",
        run.id.0,
        run.fence,
        flags_raised as i32,
    )
    .execute(work.connection())
    .await?;
    fenced(done.rows_affected())?;
    if shown {
        // of patients carried over the list has it
        sqlx::query!(
            "update triage t
             set risk = s.risk
             from score s
             where s.site_id = t.site_id
               and s.run_id = $1
               and s.patient_id = t.patient_id
               and t.risk is distinct from s.risk",
            run.id.0,
        )
        .execute(work.connection())
        .await?;
        // the next reader's plans should know what has come in; where most was there already the server sees to it itself
        if run.base.is_none() {
            sqlx::query!("select app.take_stock('triage')")
                .fetch_one(work.connection())
                .await?;
        }
        // last: whoever asks for a turn waits for this row. What the run builds on is still on show: one runs at a time
        let shown = sqlx::query!(
            "update publication p
             set run_id = $1, published_at = clock_timestamp(),
               previous_run_id = case when (select as_of from run where id = p.run_id) = $2
                 then p.previous_run_id else p.run_id end
             where $3::bigint is null
               or p.run_id = $3",
            run.id.0,
            run.as_of,
            run.base.map(|base| base.0),
        )
        .execute(work.connection())
        .await?;
        if shown.rows_affected() != 1 {
            return Err(Error::Inconsistent {
                table: "publication",
                column: "run_id",
                id: run.id.0,
            });
        }
    }
    Ok(())
}

/// Whether the pages will show this run: a replay, or a run of an earlier date than the one on show, is kept and changes nothing there.
pub async fn is_newest(work: &mut Work, run: &Run) -> Result<bool> {
    if run.replay {
        return Ok(false);
    }
    let later = sqlx::query_scalar!(
        "select exists (
           select
           from publication p
           join run r on r.id = p.run_id
           where r.as_of > $1
         ) as \"later!\"",
        run.as_of,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(!later)
}
