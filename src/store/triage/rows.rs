//! Writes the rows.

use chrono::NaiveDate;

use crate::domain::id::{PatientId, PatientRef, SiteId};
use crate::store::{Result, Work};

/// What is worked out from a history for the row (see `burden`); the rest the database joins itself.
#[derive(Clone, Debug)]
pub struct Summary {
    pub patient: PatientRef,
    pub spark_days: Vec<i32>,
    pub spark_log10: Vec<f32>,
    pub spark_mark: Vec<String>,
    pub last_reading: Option<String>,
    pub state_text: String,
    pub at_risk: bool,
    pub last_contact_on: Option<NaiveDate>,
}

/// Writes the rows of these patients of one centre: patient, tumour, trial and open flags are joined here, once. A row that
/// would say the same stays as it is.
pub async fn refresh(work: &mut Work, summaries: &[Summary]) -> Result<()> {
    let sites: Vec<i32> = summaries.iter().map(|s| s.patient.site.0).collect();
    let ids: Vec<i64> = summaries.iter().map(|s| s.patient.patient.0).collect();
    // arrays of arrays have no place in unnest: they travel as json
    let sparks: Vec<serde_json::Value> = summaries
        .iter()
        .map(|s| serde_json::json!({"d": s.spark_days, "y": s.spark_log10, "m": s.spark_mark}))
        .collect();
    let last: Vec<Option<String>> = summaries.iter().map(|s| s.last_reading.clone()).collect();
    let states: Vec<String> = summaries.iter().map(|s| s.state_text.clone()).collect();
    let at_risk: Vec<bool> = summaries.iter().map(|s| s.at_risk).collect();
    let contacts: Vec<Option<NaiveDate>> = summaries.iter().map(|s| s.last_contact_on).collect();
    sqlx::query!(
        "insert into triage as old (site_id, patient_id, patient_key, sex, birth_year, cancer, trial_id, arm_code, spark_days, spark_log10,
           spark_mark, last_reading, state_text, at_risk, flag_cause, flag_severity, flag_reason, flag_state, flag_opened_on,
           flag_count, last_contact_on, updated_at)
         select p.site_id, p.id, p.patient_key, p.sex, p.birth_year, coalesce(t.cancer, 'no tumour on file'), e.trial_id, e.arm_code,
           array(select jsonb_array_elements_text(s.spark -> 'd')::int),
           array(select jsonb_array_elements_text(s.spark -> 'y')::real),
           array(select jsonb_array_elements_text(s.spark -> 'm')),
           s.last_reading, s.state_text, s.at_risk, f.cause, f.severity, f.reason_text, f.state, f.opened_on,
           coalesce(f.open, 0), s.last_contact_on, clock_timestamp()
         from unnest($1::int[], $2::bigint[], $3::jsonb[], $4::text[], $5::text[], $6::bool[], $7::date[])
           as s (site_id, patient_id, spark, last_reading, state_text, at_risk, last_contact_on)
         join patient p on p.site_id = s.site_id and p.id = s.patient_id
         left join lateral (
           select replace(organ, '_', ' and ') || coalesce(' ' || subtype, '') as cancer
           from tumour
           where tumour.site_id = s.site_id
             and tumour.patient_id = s.patient_id
             and not exists (select from tumour later where later.site_id = tumour.site_id and later.supersedes_id = tumour.id)
           order by diagnosed_on, id
           limit 1
         ) t on true
         left join lateral (
           select trial_id, arm_code
           from enrolment
           where enrolment.site_id = s.site_id
             and enrolment.patient_id = s.patient_id
           order by enrolled_on desc
           limit 1
         ) e on true
         left join lateral (
           select cause, severity, reason_text, state, opened_on, (count(*) over ())::int as open
           from flag
           where flag.site_id = s.site_id
             and flag.patient_id = s.patient_id
             and flag.state <> 'closed'
           order by severity, opened_on
           limit 1
         ) f on true
         on conflict (site_id, patient_id) do update set
           patient_key = excluded.patient_key, sex = excluded.sex, birth_year = excluded.birth_year, cancer = excluded.cancer,
           trial_id = excluded.trial_id, arm_code = excluded.arm_code, spark_days = excluded.spark_days,
           spark_log10 = excluded.spark_log10, spark_mark = excluded.spark_mark, last_reading = excluded.last_reading,
           state_text = excluded.state_text, at_risk = excluded.at_risk, flag_cause = excluded.flag_cause,
           flag_severity = excluded.flag_severity, flag_reason = excluded.flag_reason, flag_state = excluded.flag_state,
           flag_opened_on = excluded.flag_opened_on, flag_count = excluded.flag_count,
           last_contact_on = excluded.last_contact_on, updated_at = excluded.updated_at
         where (
           old.patient_key, old.sex, old.birth_year, old.cancer, old.trial_id, old.arm_code, old.spark_days,
           old.spark_log10, old.spark_mark, old.last_reading, old.state_text, old.at_risk, old.flag_cause,
           old.flag_severity, old.flag_reason, old.flag_state, old.flag_opened_on, old.flag_count,
           old.last_contact_on
         ) is distinct from (
           excluded.patient_key, excluded.sex, excluded.birth_year, excluded.cancer, excluded.trial_id,
           excluded.arm_code, excluded.spark_days, excluded.spark_log10, excluded.spark_mark, excluded.last_reading,
           excluded.state_text, excluded.at_risk, excluded.flag_cause, excluded.flag_severity, excluded.flag_reason,
           excluded.flag_state, excluded.flag_opened_on, excluded.flag_count, excluded.last_contact_on
         )",
        &sites,
        &ids,
        &sparks,
        &last as &[Option<String>],
        &states,
        &at_risk,
        &contacts as &[Option<NaiveDate>],
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Only the flag columns of one row, after a flag has changed.
pub async fn refresh_flags(work: &mut Work, patient: PatientRef) -> Result<()> {
    sqlx::query!(
        "update triage t
         set flag_cause = f.cause, flag_severity = f.severity, flag_reason = f.reason_text, flag_state = f.state,
           flag_opened_on = f.opened_on, flag_count = coalesce(f.open, 0), updated_at = clock_timestamp()
         from (select $1::int as site_id, $2::bigint as patient_id) s
         left join lateral (
           select cause, severity, reason_text, state, opened_on, (count(*) over ())::int as open
           from flag
           where flag.site_id = s.site_id
             and flag.patient_id = s.patient_id
             and flag.state <> 'closed'
           order by severity, opened_on
           limit 1
         ) f on true
         where t.site_id = $1
           and t.patient_id = $2",
        patient.site.0,
        patient.patient.0,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Locks these patients' rows: whoever writes them next waits, so that what is read now is not older than what is written.
pub async fn lock(work: &mut Work, site: SiteId, ids: &[PatientId]) -> Result<()> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sqlx::query!(
        "select
         from triage
         where site_id = $1
           and patient_id = any ($2)
         order by patient_id
         for update",
        site.0,
        &ids,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// The flag columns of all rows whose open flags are not what the row says, at every centre the actor may see.
pub async fn refresh_all_flags(work: &mut Work) -> Result<()> {
    sqlx::query!(
        "update triage t
         set flag_cause = f.cause, flag_severity = f.severity, flag_reason = f.reason_text, flag_state = f.state,
           flag_opened_on = f.opened_on, flag_count = coalesce(f.open, 0), updated_at = clock_timestamp()
         from (
           select site_id, patient_id from triage where flag_count > 0
           union
           select site_id, patient_id from flag where state <> 'closed'
         ) s
         left join lateral (
           select cause, severity, reason_text, state, opened_on, (count(*) over ())::int as open
           from flag
           where flag.site_id = s.site_id
             and flag.patient_id = s.patient_id
             and flag.state <> 'closed'
           order by severity, opened_on
           limit 1
         ) f on true
         where t.site_id = s.site_id
           and t.patient_id = s.patient_id
           and (t.flag_cause, t.flag_severity, t.flag_reason, t.flag_state, t.flag_opened_on, t.flag_count)
             is distinct from (f.cause, f.severity, f.reason_text, f.state, f.opened_on, coalesce(f.open, 0))",
    )
    .execute(work.connection())
    .await?;
    Ok(())
}
