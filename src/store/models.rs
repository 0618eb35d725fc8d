//! Models and the scores that they gave.

use chrono::NaiveDate;
use serde_json::Value;

use super::{Result, Work};
use crate::domain::id::PatientRef;

/// The published score of one patient.
#[derive(Clone, Debug)]
pub struct Score {
    /// The day of which the score is: an earlier night's where it was carried over.
    pub as_of: NaiveDate,
    pub model_id: Option<i32>,
    pub model_version: Option<String>,
    pub horizon_days: i32,
    pub risk: Option<f64>,
    pub risk_lo: Option<f64>,
    pub risk_hi: Option<f64>,
    /// Of all risks of the run, how many in a hundred lie below it, to a tenth; equal ones count half.
    pub percentile: Option<f64>,
    /// `[{label, value, effect}]`; the effects add up to the risk.
    pub contributions: Value,
    /// Other horizons, organs, the burden line.
    pub detail: Value,
    pub missing: Vec<String>,
    pub stale: Vec<String>,
    pub outside: Option<String>,
    pub not_scored: Option<String>,
    pub risk_before: Option<f64>,
}

pub async fn score_of(work: &mut Work, patient: PatientRef) -> Result<Option<Score>> {
    let score = sqlx::query_as!(
        Score,
        "select coalesce(s.scored_on, o.as_of) as \"as_of!\", s.model_id, m.version as \"model_version?\", s.horizon_days as \"horizon_days!\", s.risk, s.risk_lo, s.risk_hi,
           coalesce(
             (select (count(*) filter (where least < s.risk) + count(*) filter (where least <= s.risk)) / 20.0::float8
              from unnest(r.risk_spread) as spread (least)
              having count(*) > 0 and s.risk is not null),
             s.percentile
           ) as percentile,
           s.contributions, s.detail, s.missing as \"missing!\", s.stale as \"stale!\", s.outside, s.not_scored, b.risk as \"risk_before?\"
         from publication p
         join run r on r.id = p.run_id
         cross join lateral app.standing_score($1, $2, r.scores_from) s
         join run o on o.id = s.run_id
         left join model m on m.id = s.model_id
         left join run before on before.id = p.previous_run_id
         left join lateral app.standing_score($1, $2, before.scores_from) b on true",
        patient.site.0,
        patient.patient.0,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(score)
}

#[derive(Clone, Debug)]
pub struct Model {
    pub id: i32,
    pub kind: String,
    pub version: String,
    pub fitted_at: chrono::DateTime<chrono::Utc>,
    pub as_of: NaiveDate,
    pub fingerprint: String,
    pub card: Value,
}

/// The model behind the published scores.
pub async fn published(work: &mut Work) -> Result<Option<Model>> {
    let model = sqlx::query_as!(
        Model,
        "select m.id, m.kind, m.version, m.fitted_at, m.as_of, m.fingerprint, m.card
         from publication p
         join run r on r.id = p.run_id
         join model m on m.id = r.model_id",
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(model)
}
