//! Flags: at most one open per patient and cause, held by a partial unique index; later evidence is added to it.

use chrono::NaiveDate;

use super::{Error, Result, Work};
use crate::domain::flag::{Ack, AckReason, Cause, Closed, Flag, Raised, Severity, State, Why};
use crate::domain::id::{FlagId, ObservationId, PatientRef, RunId};

/// Opens a flag, or adds the evidence to the open one. A flag that says nothing new stays as it is, unaudited.
/// Evidence that was already there when a flag was closed does not raise it again (design decision 7).
pub async fn raise(work: &mut Work, patient: PatientRef, raised: &Raised, run: Option<RunId>) -> Result<()> {
    let opened_on = work.today();
    raise_all(work, &[(patient, raised.clone())], opened_on, run).await?;
    Ok(())
}

/// The same for many patients at once; how many flags were opened. A flag that a person closed, or a long quiet time, stays closed while
/// its evidence is no more than it was (for the rules on ctDNA: and no more severe; a risk moves with each refit); one that was withdrawn
/// because its evidence went is raised when it comes back, and one that ended with a relapse, loss or death is raised when
/// that turns out to be wrong.
pub async fn raise_all(
    work: &mut Work,
    all: &[(PatientRef, Raised)],
    opened_on: NaiveDate,
    run: Option<RunId>,
) -> Result<usize> {
    let sites: Vec<i32> = all.iter().map(|(patient, _)| patient.site.0).collect();
    let ids: Vec<i64> = all.iter().map(|(patient, _)| patient.patient.0).collect();
    let causes: Vec<String> = all.iter().map(|(_, raised)| raised.cause.code().to_owned()).collect();
    let severities: Vec<String> = all
        .iter()
        .map(|(_, raised)| raised.severity.code().to_owned())
        .collect();
    let reasons: Vec<String> = all.iter().map(|(_, raised)| raised.reason.clone()).collect();
    // arrays of arrays have no place in unnest: they travel as json
    let triggers: Vec<serde_json::Value> = all
        .iter()
        .map(|(_, raised)| serde_json::json!(raised.triggers))
        .collect();
    let versions = sqlx::query_scalar!(
        "insert into flag as f (site_id, patient_id, cause, severity, opened_on, run_id, reason_text, trigger_ids)
         select n.site_id, n.patient_id, n.cause, n.severity, $7, $8, n.reason_text, t.ids
         from unnest($1::int[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
           as n (site_id, patient_id, cause, severity, reason_text, triggers)
         cross join lateral (select array(select jsonb_array_elements_text(n.triggers)::bigint) as ids) t
         where not exists (
           select from flag c
           where c.site_id = n.site_id
             and c.patient_id = n.patient_id
             and c.cause = n.cause
             and c.state = 'closed'
             and coalesce(c.outcome, '') not in ('withdrawn_evidence', 'censored')
             and (c.outcome is distinct from 'relapse_confirmed' or exists (
               select from event e
               where e.site_id = c.site_id
                 and e.patient_id = c.patient_id
                 and (e.kind = 'progression' or e.relapse_kind = 'distant')
                 and not exists (select from event n where n.site_id = e.site_id and n.supersedes_id = e.id)
             ))
             and (c.severity <= n.severity or n.cause = 'risk_threshold')
             and c.trigger_ids @> t.ids
         )
         on conflict (site_id, patient_id, cause) where state <> 'closed'
         do update set reason_text = excluded.reason_text, trigger_ids = excluded.trigger_ids,
           severity = excluded.severity, version = f.version + 1
         where (f.reason_text, f.trigger_ids, f.severity)
           is distinct from (excluded.reason_text, excluded.trigger_ids, excluded.severity)
         returning version",
        &sites,
        &ids,
        &causes,
        &severities,
        &reasons,
        &triggers,
        opened_on,
        run.map(|run| run.0),
    )
    .fetch_all(work.connection())
    .await?;
    Ok(versions.into_iter().filter(|version| *version == 1).count())
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
           f.ack_note, f.closed_on, f.outcome, f.lead_days, f.version, u.name as \"ack_name?\"
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
            let closed = match row.closed_on {
                Some(on) => Some(Closed {
                    on,
                    why: row
                        .outcome
                        .as_deref()
                        .and_then(|code| Why::from_code(code, row.lead_days))
                        .ok_or_else(|| inconsistent("outcome"))?,
                }),
                None => None,
            };
            Ok(Flag {
                id: FlagId(row.id),
                cause: Cause::from_code(&row.cause).ok_or_else(|| inconsistent("cause"))?,
                severity: Severity::from_code(&row.severity).ok_or_else(|| inconsistent("severity"))?,
                reason: row.reason_text,
                triggers: row.trigger_ids.into_iter().map(ObservationId).collect(),
                state: State::from_code(&row.state).ok_or_else(|| inconsistent("state"))?,
                opened_on: row.opened_on,
                ack,
                closed,
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

/// Opens a dismissed flag again as it was before anybody acted on it; `false` if somebody changed it meanwhile.
/// `Conflict("flag_one_open")` where another flag of its cause is open.
pub async fn reopen(work: &mut Work, patient: PatientRef, flag: FlagId, version: i32) -> Result<bool> {
    let done = sqlx::query!(
        "update flag
         set state = 'new', ack_by = null, ack_at = null, ack_reason = null, ack_note = null, closed_on = null,
           outcome = null, version = version + 1
         where site_id = $1
           and patient_id = $2
           and id = $3
           and version = $4
           and outcome = 'dismissed'",
        patient.site.0,
        patient.patient.0,
        flag.0,
        version,
    )
    .execute(work.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}
