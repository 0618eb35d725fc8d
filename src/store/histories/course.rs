//! Treatments and surgery.

use super::{Asked, precision};
use crate::domain::course::{Surgery, Treatment};
use crate::store::{Result, Work};

/// Whoever is blinded reads of a trial's drug when it was given and not which: it would tell the arm (S-036).
pub(super) async fn treatments(work: &mut Work, of: Asked<'_>, mut each: impl FnMut(i64, Treatment)) -> Result<()> {
    let unblinded = work.actor().unblinded;
    let rows = sqlx::query!(
        "select patient_id, id, supersedes_id, category,
           case when $4 or category <> 'trial_drug' or not exists (
             select from enrolment e
             join trial t on t.id = e.trial_id
             where e.site_id = treatment.site_id
               and e.patient_id = treatment.patient_id
               and t.blinded
           ) then agent end as agent, phase, started_on, start_precision, stopped_on,
           case when supersedes_id is null or reported_on >
             (select first.reported_on from treatment first where first.site_id = treatment.site_id and first.id = treatment.supersedes_id)
             then coalesce(reported_on, (recorded_at at time zone 'UTC')::date)
             else (recorded_at at time zone 'UTC')::date end as \"known_on!\"
         from treatment
         where site_id = $1
           and patient_id = any ($2)
           and ($3::timestamptz is null or recorded_at <= $3)
         order by patient_id, id",
        of.site.0,
        of.ids,
        of.until,
        unblinded,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        each(
            row.patient_id,
            Treatment {
                id: row.id,
                supersedes: row.supersedes_id,
                category: row.category,
                agent: row.agent,
                phase: row.phase,
                started_on: row.started_on,
                precision: precision(&row.start_precision, "treatment", row.id)?,
                stopped_on: row.stopped_on,
                known_on: row.known_on,
            },
        );
    }
    Ok(())
}

pub(super) async fn surgeries(work: &mut Work, of: Asked<'_>, mut each: impl FnMut(i64, Surgery)) -> Result<()> {
    let rows = sqlx::query!(
        "select patient_id, id, supersedes_id, procedure, performed_on, date_precision,
           case when supersedes_id is null or reported_on >
             (select first.reported_on from surgery first where first.site_id = surgery.site_id and first.id = surgery.supersedes_id)
             then coalesce(reported_on, (recorded_at at time zone 'UTC')::date)
             else (recorded_at at time zone 'UTC')::date end as \"known_on!\"
         from surgery
         where site_id = $1
           and patient_id = any ($2)
           and ($3::timestamptz is null or recorded_at <= $3)
         order by patient_id, id",
        of.site.0,
        of.ids,
        of.until,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        each(
            row.patient_id,
            Surgery {
                id: row.id,
                supersedes: row.supersedes_id,
                procedure: row.procedure,
                performed_on: row.performed_on,
                precision: precision(&row.date_precision, "surgery", row.id)?,
                known_on: row.known_on,
            },
        );
    }
    Ok(())
}
