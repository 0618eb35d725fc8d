//! Nights as the administrator sees them: counts and reasons, nothing of a patient.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::store::{Result, Work};

/// One run, under way or ended.
#[derive(Clone, Debug)]
pub struct Night {
    pub id: i64,
    pub as_of: NaiveDate,
    pub revision: i32,
    /// `running`, `published`, `failed`.
    pub state: String,
    /// `fitting`, `scoring`, `publishing`.
    pub step: String,
    pub step_at: Option<DateTime<Utc>>,
    pub replay: bool,
    pub on_show: bool,
    pub patients: i32,
    pub carried: i32,
    pub scored: i32,
    pub not_scored: i32,
    pub failed: i32,
    pub flags_raised: i32,
    pub model_note: Option<String>,
    /// `[{reason, patients, failed}]`.
    pub reasons: Value,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub problem: Option<String>,
}

/// The last runs, newest first.
pub async fn nights(work: &mut Work, limit: i64) -> Result<Vec<Night>> {
    let nights = sqlx::query_as!(
        Night,
        "select r.id, r.as_of, r.revision, r.state, r.step, r.step_at, r.replay, p.run_id is not null as \"on_show!\", r.patients,
           r.carried, r.scored, r.not_scored, r.failed, r.flags_raised, r.model_note, r.reasons, r.started_at, r.finished_at, r.problem
         from run r
         left join publication p on p.run_id = r.id
         order by r.id desc
         limit $1",
        limit,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(nights)
}
