//! A run's scores, and the flags it would raise, kept aside until it is published.

use serde_json::Value;

use super::copy::Rows;
use super::{Run, fenced, hold};
use crate::domain::flag::{Cause, Raised, Severity};
use crate::domain::id::{ObservationId, PatientId, PatientRef, SiteId};
use crate::store::{Error, Result, Work};

/// One patient's row.
#[derive(Clone, Debug)]
pub struct Line {
    pub patient: PatientId,
    pub risk: Option<f64>,
    pub risk_lo: Option<f64>,
    pub risk_hi: Option<f64>,
    pub contributions: Value,
    /// Other horizons, organs, the burden line.
    pub detail: Value,
    pub missing: Vec<String>,
    pub stale: Vec<String>,
    pub outside: Option<String>,
    pub not_scored: Option<String>,
    pub failed: bool,
    pub fingerprint: String,
    pub raised: Vec<Raised>,
    /// Flags that stay where they are open, and are not raised.
    pub kept: Vec<Raised>,
}

impl Line {
    /// Neither a risk nor a reason yet.
    pub fn empty(patient: PatientId, fingerprint: String) -> Line {
        Line {
            patient,
            risk: None,
            risk_lo: None,
            risk_hi: None,
            contributions: Value::Array(vec![]),
            detail: Value::Object(serde_json::Map::new()),
            missing: vec![],
            stale: vec![],
            outside: None,
            not_scored: None,
            failed: false,
            fingerprint,
            raised: vec![],
            kept: vec![],
        }
    }
}

/// The scores of a batch of one centre and its flags. Together with `advance` in one transaction: a patient has one score a run.
///
/// They come by COPY into a table of the session's own, because row security knows no COPY, and from there into `score` in one
/// statement. That table is emptied by each commit.
pub async fn insert(work: &mut Work, run: &Run, horizon_days: i32, site: SiteId, lines: &[Line]) -> Result<()> {
    copy_in(work, lines).await?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the checker does not know a table of the session's own"
    )]
    let insert = sqlx::query(
        "insert into score (site_id, run_id, patient_id, model_id, horizon_days, risk, risk_lo, risk_hi, contributions, detail, missing,
           stale, outside, not_scored, failed, fingerprint)
         select $1, $2, patient_id, case when risk is not null then $3::int end, $4, risk, risk_lo, risk_hi, contributions, detail, missing,
           stale, outside, not_scored, failed, fingerprint
         from incoming_score",
    );
    insert
        .bind(site.0)
        .bind(run.id.0)
        .bind(run.model.map(|model| model.0))
        .bind(horizon_days)
        .execute(work.connection())
        .await?;
    insert_candidates(work, run, site, lines).await
}

async fn copy_in(work: &mut Work, lines: &[Line]) -> Result<()> {
    sqlx::Executor::execute(
        work.connection(),
        "create temporary table if not exists incoming_score (
           patient_id bigint, risk float8, risk_lo float8, risk_hi float8, contributions jsonb, detail jsonb, missing text[], stale text[],
           outside text, not_scored text, failed bool, fingerprint text
         ) on commit delete rows",
    )
    .await?;
    let mut rows = Rows::default();
    for line in lines {
        rows.plain(line.patient.0);
        rows.plain_or_null(line.risk);
        rows.plain_or_null(line.risk_lo);
        rows.plain_or_null(line.risk_hi);
        rows.text(&line.contributions.to_string());
        rows.text(&line.detail.to_string());
        rows.texts(&line.missing);
        rows.texts(&line.stale);
        rows.text_or_null(line.outside.as_deref());
        rows.text_or_null(line.not_scored.as_deref());
        rows.plain(line.failed);
        rows.text(&line.fingerprint);
        rows.end();
    }
    let mut copy = work
        .connection()
        .copy_in_raw(
            "copy incoming_score (patient_id, risk, risk_lo, risk_hi, contributions, detail, missing, stale, outside, not_scored, failed,
               fingerprint) from stdin",
        )
        .await?;
    copy.send(rows.into_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

async fn insert_candidates(work: &mut Work, run: &Run, site: SiteId, lines: &[Line]) -> Result<()> {
    let all: Vec<(i64, &Raised, bool)> = lines
        .iter()
        .flat_map(|line| {
            let raised = line.raised.iter().map(|raised| (line.patient.0, raised, false));
            raised.chain(line.kept.iter().map(|kept| (line.patient.0, kept, true)))
        })
        .collect();
    if all.is_empty() {
        return Ok(());
    }
    let patients: Vec<i64> = all.iter().map(|(patient, ..)| *patient).collect();
    let keeps: Vec<bool> = all.iter().map(|(.., keeps)| *keeps).collect();
    let causes: Vec<String> = all
        .iter()
        .map(|(_, raised, _)| raised.cause.code().to_owned())
        .collect();
    let severities: Vec<String> = all
        .iter()
        .map(|(_, raised, _)| raised.severity.code().to_owned())
        .collect();
    let reasons: Vec<String> = all.iter().map(|(_, raised, _)| raised.reason.clone()).collect();
    let triggers: Vec<Value> = all
        .iter()
        .map(|(_, raised, _)| serde_json::json!(raised.triggers))
        .collect();
    sqlx::query!(
        "insert into run_flag (site_id, run_id, patient_id, cause, severity, reason_text, trigger_ids, keeps)
         select $1, $2, l.patient_id, l.cause, l.severity, l.reason_text,
           array(select jsonb_array_elements_text(l.triggers)::bigint), l.keeps
         from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::boolean[])
           as l (patient_id, cause, severity, reason_text, triggers, keeps)",
        site.0,
        run.id.0,
        &patients,
        &causes,
        &severities,
        &reasons,
        &triggers,
        &keeps,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Gives the run its fingerprint: of everything it found, scores with their reasons and flags, and of the run it builds on. Two runs on
/// the same facts have the same one. The same however often it is done.
pub async fn seal(work: &mut Work, run: &Run) -> Result<()> {
    hold(work, run).await?;
    // a run that the planner has never heard of is joined badly; one that found few scores is joined by index whatever it thinks
    if run.base.is_none() {
        sqlx::query!("select app.take_stock('score')")
            .fetch_one(work.connection())
            .await?;
    }
    // of the rows' own digests: a text of all rows of a large registry would be longer than a text may be
    let done = sqlx::query!(
        "update run r
         set fingerprint = encode(sha256(
           coalesce((select convert_to(fingerprint, 'UTF8') from run where id = r.base_run_id), '') || coalesce((
             select string_agg(sha256(convert_to(concat_ws('|', site_id, patient_id, fingerprint, risk, risk_lo, risk_hi,
               contributions, detail, missing, stale, outside, not_scored), 'UTF8')), '' order by site_id, patient_id)
             from score
             where run_id = $1
           ), '') || coalesce((
             select string_agg(sha256(convert_to(concat_ws('|', site_id, patient_id, cause, severity, reason_text, trigger_ids, keeps), 'UTF8')),
               '' order by site_id, patient_id, cause)
             from run_flag
             where run_id = $1
           ), '')), 'hex')
         where id = $1
           and fence = $2
           and state = 'running'",
        run.id.0,
        run.fence,
    )
    .execute(work.connection())
    .await?;
    fenced(done.rows_affected())
}

/// The flags that the run would raise and the one it builds on has not: of patients carried over it has raised all. Without those that
/// later facts than the run's own have overtaken: of patients of whom anything was entered or changed since its cut-off, or on whose flag
/// somebody acted (the next night has them), or with a reading that was corrected, or an open flag that was given evidence, whose day has
/// come since the run's.
pub async fn candidates(work: &mut Work, run: &Run) -> Result<Vec<(PatientRef, Raised)>> {
    let rows = sqlx::query!(
        "select r.site_id, r.patient_id, r.cause, r.severity, r.reason_text, r.trigger_ids
         from run_flag r
         where r.run_id = $1
           and not r.keeps
           and ($4::bigint is null
             or exists (select from run_due d where d.site_id = r.site_id and d.run_id = $1 and d.patient_id = r.patient_id))
           and not exists (
             select from audit_entry a
             where a.site_id = r.site_id
               and a.subject = r.patient_id
               and a.at > $2
               and a.action in ('insert', 'update', 'delete')
               and (a.table_name <> 'flag' or a.role <> 'system')
           )
           and not exists (
             select from observation o
             where o.site_id = r.site_id
               and o.supersedes_id = any (r.trigger_ids)
               and (o.recorded_at > $2 or greatest(o.collected_on, o.reported_on) > $3)
           )
           and not exists (
             select from flag f
             join observation o on o.site_id = f.site_id and o.id = any (f.trigger_ids)
             where f.site_id = r.site_id
               and f.patient_id = r.patient_id
               and f.cause = r.cause
               and f.state <> 'closed'
               and (o.recorded_at > $2 or greatest(o.collected_on, o.reported_on) > $3)
           )
         order by r.site_id, r.patient_id, r.cause",
        run.id.0,
        run.cutoff_at,
        run.as_of,
        run.base.map(|base| base.0),
    )
    .fetch_all(work.connection())
    .await?;
    rows.into_iter()
        .map(|row| {
            let patient = PatientRef {
                site: SiteId(row.site_id),
                patient: PatientId(row.patient_id),
            };
            let inconsistent = |column| Error::Inconsistent {
                table: "run_flag",
                column,
                id: row.patient_id,
            };
            let raised = Raised {
                cause: Cause::from_code(&row.cause).ok_or_else(|| inconsistent("cause"))?,
                severity: Severity::from_code(&row.severity).ok_or_else(|| inconsistent("severity"))?,
                reason: row.reason_text,
                triggers: row.trigger_ids.into_iter().map(ObservationId).collect(),
            };
            Ok((patient, raised))
        })
        .collect()
}
