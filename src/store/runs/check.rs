//! Scores as a run stored them, to be held against what the same run gives now.

use chrono::NaiveDate;

use super::{Counts, Run, Step};
use crate::domain::id::{ModelId, PatientId, RunId, SiteId};
use crate::store::{Result, Work};

/// The published runs of these days, in order; of a date that was done again the last one.
pub async fn stored_runs(work: &mut Work, from: NaiveDate, to: NaiveDate) -> Result<Vec<Run>> {
    let rows = sqlx::query!(
        "select distinct on (as_of) id, as_of, revision, fence, cutoff_at, replay, whole, model_id, base_run_id, carried, patients,
           scored, not_scored, failed
         from run
         where as_of between $1 and $2
           and state = 'published'
         order by as_of, replay, revision desc",
        from,
        to,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Run {
            id: RunId(row.id),
            as_of: row.as_of,
            revision: row.revision,
            fence: row.fence,
            cutoff_at: row.cutoff_at,
            replay: row.replay,
            whole: row.whole,
            step: Step::Publishing,
            model: row.model_id.map(ModelId),
            base: row.base_run_id.map(RunId),
            carried: row.carried,
            counts: Counts {
                patients: row.patients,
                scored: row.scored,
                not_scored: row.not_scored,
                failed: row.failed,
            },
        })
        .collect())
}

/// What counts of one stored score, down to the bits of its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub patient: PatientId,
    pub risk: Option<u64>,
    pub risk_lo: Option<u64>,
    pub risk_hi: Option<u64>,
    pub contributions: serde_json::Value,
    pub detail: serde_json::Value,
    pub missing: Vec<String>,
    pub stale: Vec<String>,
    pub outside: Option<String>,
    pub not_scored: Option<String>,
    pub failed: bool,
    pub fingerprint: String,
}

/// The scores that the run worked out itself, of these patients.
pub async fn stored(work: &mut Work, run: &Run, site: SiteId, patients: &[PatientId]) -> Result<Vec<Stored>> {
    let ids: Vec<i64> = patients.iter().map(|patient| patient.0).collect();
    let rows = sqlx::query!(
        "select patient_id, risk, risk_lo, risk_hi, contributions, detail, missing, stale, outside, not_scored, failed, fingerprint
         from score
         where site_id = $1
           and run_id = $2
           and patient_id = any ($3)
           and scored_on is null
         order by patient_id",
        site.0,
        run.id.0,
        &ids,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Stored {
            patient: PatientId(row.patient_id),
            risk: row.risk.map(f64::to_bits),
            risk_lo: row.risk_lo.map(f64::to_bits),
            risk_hi: row.risk_hi.map(f64::to_bits),
            contributions: row.contributions,
            detail: row.detail,
            missing: row.missing,
            stale: row.stale,
            outside: row.outside,
            not_scored: row.not_scored,
            failed: row.failed,
            fingerprint: row.fingerprint,
        })
        .collect())
}

/// How many scores the run has from the runs it builds on.
pub async fn carried_over(work: &mut Work, run: &Run) -> Result<i64> {
    let carried = sqlx::query_scalar!(
        "select count(*) as \"carried!\"
         from run r
         cross join lateral app.standing_scores(r.scores_from) s
         where r.id = $1
           and (s.run_id <> r.id or s.scored_on is not null)",
        run.id.0,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(carried)
}
