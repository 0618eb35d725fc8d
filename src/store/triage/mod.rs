//! The triage row: one a patient, kept current in the transaction of whatever changes it. The page reads nothing else but
//! the published scores, so that it costs the same at ten readings a patient as at a thousand.

mod rows;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Result, Work};
use crate::domain::id::SiteId;

pub use rows::{Summary, lock, refresh, refresh_all_flags, refresh_flags};

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
    /// Who acknowledged the flag that is shown, or another one of the patient.
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
    // one plan serves every filter; left to itself the server plans this statement anew each time, which costs what it takes to run
    sqlx::query_scalar!("select set_config('plan_cache_mode', 'force_generic_plan', true)")
        .fetch_one(work.connection())
        .await?;
    let rows = sqlx::query_as!(
        Row,
        "with shown as (
           select now.scores_from as now_from, before.scores_from as before_from
           from publication p
           left join run now on now.id = p.run_id
           left join run before on before.id = p.previous_run_id
         ), flagged as (
           select t.*, 0 as part
           from triage t
           left join trial on trial.id = t.trial_id
           where t.site_id = any ($1)
             and t.flag_count > 0
             and ($2::int is null or t.trial_id = $2)
             and ($3::text is null or (t.arm_code = $3 and (not trial.blinded or $7)))
           order by t.flag_severity, t.flag_opened_on, t.risk desc nulls first, t.patient_id
           limit $4::bigint + $5::bigint
         ), risky as (
           select r.*, 1 as part
           from unnest($1::int[]) as held (site_id)
           cross join lateral (
             select t.*
             from triage t
             where t.site_id = held.site_id
               and t.flag_count = 0
               and t.risk is not null
               and not $6
               and ($2::int is null or t.trial_id = $2)
               and ($3::text is null
                 or (t.arm_code = $3 and ($7 or not (select trial.blinded from trial where trial.id = t.trial_id))))
             order by t.risk desc, t.patient_id
             limit $4::bigint + $5::bigint
           ) r
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
           case when t.part = 0 then (
             select u.name
             from flag f
             join app_user u on u.id = f.ack_by
             where f.site_id = t.site_id
               and f.patient_id = t.patient_id
               and f.state not in ('new', 'closed')
             order by f.cause = t.flag_cause desc
             limit 1
           ) end as flag_with,
           case when t.part = 1 then now_score.contributions end as contributions
         from chosen t
         join site on site.id = t.site_id
         cross join shown
         left join lateral app.standing_score(t.site_id, t.patient_id, shown.now_from) now_score on true
         left join lateral app.standing_score(t.site_id, t.patient_id, shown.before_from) before on true
         order by t.part, t.flag_severity, t.flag_opened_on, t.risk desc nulls first, t.patient_id",
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
