//! The model of a run.

use serde_json::Value;

use super::{Run, fenced, hold};
use crate::domain::id::ModelId;
use crate::store::{Result, Work};

/// A fitted model, on its way into the registry.
pub struct Fitted<'a> {
    pub kind: &'a str,
    pub version: &'a str,
    pub fingerprint: &'a str,
    pub parameters: &'a Value,
    pub card: &'a Value,
}

/// Keeps the model and ties the run to it. The same rows give the same model: one that is there already is taken.
pub async fn keep_model(work: &mut Work, run: &Run, fitted: &Fitted<'_>, note: &str) -> Result<ModelId> {
    hold(work, run).await?;
    let same = sqlx::query_scalar!(
        "select id
         from model
         where kind = $1
           and version = $2
           and fingerprint = $3
           and parameters = $4
           and as_of <= $5
         order by id desc
         limit 1",
        fitted.kind,
        fitted.version,
        fitted.fingerprint,
        fitted.parameters,
        run.as_of,
    )
    .fetch_optional(work.connection())
    .await?;
    let id = match same {
        Some(id) => id,
        None => {
            sqlx::query_scalar!(
                "insert into model (kind, version, as_of, fingerprint, parameters, card)
                 values ($1, $2, $3, $4, $5, $6)
                 returning id",
                fitted.kind,
                fitted.version,
                run.as_of,
                fitted.fingerprint,
                fitted.parameters,
                fitted.card,
            )
            .fetch_one(work.connection())
            .await?
        }
    };
    use_model(work, run, Some(ModelId(id)), note).await?;
    Ok(ModelId(id))
}

/// Ties the run to a model that is there, or to none, and says why.
pub async fn use_model(work: &mut Work, run: &Run, model: Option<ModelId>, note: &str) -> Result<()> {
    let done = sqlx::query!(
        "update run
         set model_id = $3, model_note = $4
         where id = $1
           and fence = $2
           and state = 'running'",
        run.id.0,
        run.fence,
        model.map(|model| model.0),
        note,
    )
    .execute(work.connection())
    .await?;
    fenced(done.rows_affected())
}

/// The parameters of a model.
pub async fn parameters(work: &mut Work, model: ModelId) -> Result<Value> {
    let parameters = sqlx::query_scalar!(
        "select parameters
         from model
         where id = $1",
        model.0,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(parameters)
}

/// The model of the last published night before that day: what a night's own is held against, and what it has without one. What a replay
/// fitted serves replays alone.
pub async fn last_model(work: &mut Work, kind: &str, version: &str, run: &Run) -> Result<Option<ModelId>> {
    let id = sqlx::query_scalar!(
        "select m.id
         from run r
         join model m on m.id = r.model_id
         where r.state = 'published'
           and r.as_of < $3
           and (not r.replay or $4)
           and m.kind = $1
           and m.version = $2
         order by r.as_of desc, r.id desc
         limit 1",
        kind,
        version,
        run.as_of,
        run.replay,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(id.map(ModelId))
}
