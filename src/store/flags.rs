//! Flags: at most one open per patient and cause, held by a partial unique index; later evidence is added to it.

use super::{Error, Result, Work};
use crate::domain::flag::{Ack, AckReason, Cause, Flag, Raised, Severity, State};
use crate::domain::id::{FlagId, ObservationId, PatientRef, RunId};

/// Opens a flag, or adds the evidence to the open one. A flag that says nothing new stays as it is, unaudited.
/// Evidence that was already there when a flag was closed does not raise it again (design decision 7).
pub async fn raise(work: &mut Work, patient: PatientRef, raised: &Raised, run: Option<RunId>) -> Result<()> {
    let triggers: Vec<i64> = raised.triggers.iter().map(|id| id.0).collect();
    let opened_on = work.today();
    sqlx::query!(
        "insert into flag as f (site_id, patient_id, cause, severity, opened_on, run_id, reason_text, trigger_ids)
         select $1, $2, $3, $4, $5, $6, $7, $8
         where not exists (
           select from flag c
           where c.site_id = $1
             and c.patient_id = $2
             and c.cause = $3
             and c.state = 'closed'
             and c.trigger_ids @> $8
         )
         on conflict (site_id, patient_id, cause) where state <> 'closed'
         do update set reason_text = excluded.reason_text, trigger_ids = excluded.trigger_ids,
           severity = excluded.severity, version = f.version + 1
         where (f.reason_text, f.trigger_ids) is distinct from (excluded.reason_text, excluded.trigger_ids)",
        patient.site.0,
        patient.patient.0,
        raised.cause.code(),
        raised.severity.code(),
        opened_on,
        run.map(|run| run.0),
        raised.reason,
        &triggers,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Closes an open flag whose evidence is gone: a corrected value, or a burden that fell back.
pub async fn withdraw(work: &mut Work, patient: PatientRef, cause: Cause) -> Result<()> {
    let today = work.today();
    sqlx::query!(
        "update flag
         set state = 'closed', closed_on = $4, outcome = 'withdrawn_evidence', version = version + 1
         where site_id = $1
           and patient_id = $2
           and cause = $3
           and state <> 'closed'",
        patient.site.0,
        patient.patient.0,
        cause.code(),
        today,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// A patient's flags, open ones first.
pub async fn of_patient(work: &mut Work, patient: PatientRef) -> Result<Vec<Flag>> {
    let rows = sqlx::query!(
        "select f.id, f.cause, f.severity, f.reason_text, f.trigger_ids, f.state, f.opened_on, f.ack_at, f.ack_reason,
           f.ack_note, f.closed_on, f.version, u.name as \"ack_name?\"
         from flag f
         left join app_user u on u.id = f.ack_by
         where f.site_id = $1
           and f.patient_id = $2
         order by f.state = 'closed', f.opened_on desc, f.id desc",
        patient.site.0,
        patient.patient.0,
    )
    .fetch_all(work.connection())
    .await?;
    rows.into_iter()
        .map(|row| {
            let inconsistent = |column| Error::Inconsistent {
                table: "flag",
                column,
                id: row.id,
            };
            let ack = match (row.ack_at, row.ack_reason) {
                (Some(at), Some(reason)) => Some(Ack {
                    by: row.ack_name.unwrap_or_default(),
                    on: at.date_naive(),
                    reason: AckReason::from_code(&reason).ok_or_else(|| inconsistent("ack_reason"))?,
                    note: row.ack_note,
                }),
                _ => None,
            };
            Ok(Flag {
                id: FlagId(row.id),
                cause: Cause::from_code(&row.cause).ok_or_else(|| inconsistent("cause"))?,
                severity: if row.severity == "high" {
                    Severity::High
                } else {
                    Severity::Medium
                },
                reason: row.reason_text,
                triggers: row.trigger_ids.into_iter().map(ObservationId).collect(),
                state: State::from_code(&row.state).ok_or_else(|| inconsistent("state"))?,
                opened_on: row.opened_on,
                ack,
                closed_on: row.closed_on,
                version: row.version,
            })
        })
        .collect()
}

/// Writes an acknowledgement if nobody changed the flag meanwhile; `false` if somebody did (S-080).
pub async fn acknowledge(
    work: &mut Work,
    patient: PatientRef,
    flag: FlagId,
    version: i32,
    reason: AckReason,
    note: Option<&str>,
    next: State,
) -> Result<bool> {
    let (user, now, today) = (work.actor().user.0, work.now(), work.today());
    let done = sqlx::query!(
        "update flag
         set state = $4, ack_by = $5, ack_at = $6, ack_reason = $7, ack_note = $8, version = version + 1,
           closed_on = case when $4 = 'closed' then $9::date end,
           outcome = case when $4 = 'closed' then 'dismissed' end
         where site_id = $1
           and patient_id = $2
           and id = $3
           and version = $10",
        patient.site.0,
        patient.patient.0,
        flag.0,
        next.code(),
        user,
        now,
        reason.code(),
        note,
        today,
        version,
    )
    .execute(work.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}
