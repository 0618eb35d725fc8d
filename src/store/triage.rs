//! The triage row: one a patient, kept current in the transaction of whatever changes it. The page reads nothing else but
//! the published scores, so that it costs the same at ten readings a patient as at a thousand.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Result, Work};
use crate::domain::id::{PatientId, PatientRef, SiteId};

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

/// What the clinician filters by. Empty means all of the actor's centres, any trial, any arm.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub site: Option<i32>,
    pub trial: Option<i32>,
    pub arm: Option<String>,
    pub flagged_only: bool,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub site_id: i32,
    pub patient_id: i64,
    pub site_code: String,
    pub patient_key: String,
    pub sex: String,
    pub birth_year: i32,
    pub cancer: String,
    pub spark_days: Vec<i32>,
    pub spark_log10: Vec<f32>,
    pub spark_mark: Vec<String>,
    pub last_reading: Option<String>,
    pub state_text: String,
    pub flag_cause: Option<String>,
    pub flag_severity: Option<String>,
    pub flag_reason: Option<String>,
    pub flag_state: Option<String>,
    pub flag_opened_on: Option<NaiveDate>,
    pub flag_count: i32,
    pub last_contact_on: Option<NaiveDate>,
    pub risk: Option<f64>,
    pub risk_lo: Option<f64>,
    pub risk_hi: Option<f64>,
    pub risk_before: Option<f64>,
    pub not_scored: Option<String>,
    /// Who acknowledged the flag that is shown.
    pub flag_with: Option<String>,
    /// Of patients without a flag: what made the risk, `[{label, value, effect}]`.
    pub contributions: Option<serde_json::Value>,
}

/// One page of the list: flags first, oldest severe ones on top (of one day those without a
/// score, which a reading raised, then the highest risks), then the highest published risks. The two halves read
/// an index each and stop at the page's end, so a million unflagged patients cost nothing.
pub async fn page(work: &mut Work, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<Row>> {
    let sites: Vec<i32> = match filter.site {
        Some(site) => work.actor().sites.iter().map(|s| s.0).filter(|s| *s == site).collect(),
        None => work.actor().sites.iter().map(|s| s.0).collect(),
    };
    let unblinded = work.actor().unblinded;
    let rows = sqlx::query_as!(
        Row,
        "with shown as (
           select run_id, previous_run_id from publication
         ), flagged as (
           select t.site_id, t.patient_id, 0 as part, t.flag_severity, t.flag_opened_on, s.risk
           from triage t
           left join trial on trial.id = t.trial_id
           left join score s on s.site_id = t.site_id and s.patient_id = t.patient_id and s.run_id = (select run_id from shown)
           where t.site_id = any ($1)
             and t.flag_count > 0
             and ($2::int is null or t.trial_id = $2)
             and ($3::text is null or (t.arm_code = $3 and (not trial.blinded or $7)))
           order by t.flag_severity, t.flag_opened_on, s.risk desc nulls first, t.patient_id
           limit $4::bigint + $5::bigint
         ), risky as (
           select t.site_id, t.patient_id, 1 as part, null::text as flag_severity, null::date as flag_opened_on, s.risk
           from score s
           join triage t on t.site_id = s.site_id and t.patient_id = s.patient_id
           left join trial on trial.id = t.trial_id
           where s.site_id = any ($1)
             and s.run_id = (select run_id from shown)
             and not $6
             and s.risk is not null
             and t.flag_count = 0
             and ($2::int is null or t.trial_id = $2)
             and ($3::text is null or (t.arm_code = $3 and (not trial.blinded or $7)))
           order by s.risk desc, t.patient_id
           limit $4::bigint + $5::bigint
         ), chosen as (
           select * from flagged
           union all
           select * from risky
           order by part, flag_severity, flag_opened_on, risk desc nulls first, patient_id
           offset $4::bigint
           limit $5::bigint
         )
         select t.site_id as \"site_id!\", t.patient_id as \"patient_id!\", site.code as \"site_code!\", t.patient_key as \"patient_key!\",
           t.sex as \"sex!\", t.birth_year as \"birth_year!\", t.cancer as \"cancer!\", t.spark_days as \"spark_days!\",
           t.spark_log10 as \"spark_log10!\", t.spark_mark as \"spark_mark!\", t.last_reading, t.state_text as \"state_text!\",
           t.flag_cause, t.flag_severity, t.flag_reason, t.flag_state, t.flag_opened_on, t.flag_count as \"flag_count!\",
           t.last_contact_on, now_score.risk as \"risk?\", now_score.risk_lo as \"risk_lo?\", now_score.risk_hi as \"risk_hi?\",
           before.risk as \"risk_before?\", now_score.not_scored as \"not_scored?\",
           case when t.flag_state <> 'new' then (
             select u.name
             from flag f
             join app_user u on u.id = f.ack_by
             where f.site_id = t.site_id
               and f.patient_id = t.patient_id
               and f.cause = t.flag_cause
               and f.state <> 'closed'
           ) end as flag_with,
           case when c.part = 1 then now_score.contributions end as contributions
         from chosen c
         join triage t on t.site_id = c.site_id and t.patient_id = c.patient_id
         join site on site.id = c.site_id
         left join score now_score on now_score.site_id = c.site_id and now_score.patient_id = c.patient_id
           and now_score.run_id = (select run_id from shown)
         left join score before on before.site_id = c.site_id and before.patient_id = c.patient_id
           and before.run_id = (select previous_run_id from shown)
         order by c.part, c.flag_severity, c.flag_opened_on, c.risk desc nulls first, c.patient_id",
        &sites,
        filter.trial,
        filter.arm,
        offset,
        limit,
        filter.flagged_only,
        unblinded,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows)
}

/// The numbers above the list.
#[derive(Clone, Copy, Debug)]
pub struct Totals {
    pub patients: i64,
    pub flagged: i64,
    pub new_flags: i64,
}

pub async fn totals(work: &mut Work, sites: &[SiteId]) -> Result<Totals> {
    let sites: Vec<i32> = sites.iter().map(|site| site.0).collect();
    let totals = sqlx::query_as!(
        Totals,
        "select (select count(*) from triage where site_id = any ($1)) as \"patients!\",
           (select count(*) from triage where site_id = any ($1) and flag_count > 0) as \"flagged!\",
           (select count(*) from triage where site_id = any ($1) and flag_count > 0 and flag_state = 'new') as \"new_flags!\"",
        &sites,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(totals)
}

/// A trial arm that patients of the actor's centres are in, for the filters. Arms of blinded trials are not named.
#[derive(Clone, Debug)]
pub struct TrialChoice {
    pub trial: i32,
    pub code: String,
    pub arms: Vec<String>,
}

pub async fn trials(work: &mut Work) -> Result<Vec<TrialChoice>> {
    let unblinded = work.actor().unblinded;
    let choices = sqlx::query_as!(
        TrialChoice,
        "select t.id as trial, t.code,
           array(select a.code from arm a where a.trial_id = t.id and (not t.blinded or $1) order by a.code) as \"arms!\"
         from trial t
         order by t.code",
        unblinded,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(choices)
}

/// The run whose scores the pages show.
#[derive(Clone, Debug)]
pub struct Night {
    pub run_id: i64,
    pub as_of: NaiveDate,
    pub published_at: DateTime<Utc>,
    pub model_id: Option<i32>,
    pub model_version: Option<String>,
    pub scored: i32,
    pub failed_after: Option<NaiveDate>,
}

pub async fn night(work: &mut Work) -> Result<Option<Night>> {
    let night = sqlx::query_as!(
        Night,
        "select r.id as run_id, r.as_of, p.published_at as \"published_at!\", r.model_id, m.version as \"model_version?\", r.scored,
           (select max(f.as_of) from run f where f.state = 'failed' and f.id > r.id) as failed_after
         from publication p
         join run r on r.id = p.run_id
         left join model m on m.id = r.model_id",
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(night)
}
