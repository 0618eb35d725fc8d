//! The model of a run: the one it already has, one fitted now on all that was known, or the last one that could be fitted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::walk::Walk;
use super::{Progress, Step, Watch, judge};
use crate::actions::{Error, Result};
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::id::ModelId;
use crate::risk::model::{self, KIND, VERSION};
use crate::risk::{NightModel, TrainingRow};
use crate::store::runs::{self, Fitted, Run};

/// The model, or `Some(None)` where none could ever be fitted; the rules on ctDNA go on without it (S-137). `None` where the
/// watcher said stop.
pub async fn model(app: &App, run: &mut Run, watch: Watch<'_>) -> Result<Option<Option<Arc<NightModel>>>> {
    if run.model.is_none() {
        let ControlFlow::Continue((rows, left_out)) = read(app, run, watch).await? else {
            return Ok(None);
        };
        let of = rows.len() as u64;
        let step = Step::Fitting;
        if watch(Progress { step, done: 0, of }).is_break() {
            return Ok(None);
        }
        run.model = fit(app, run, rows, &left_out).await?;
    }
    let Some(id) = run.model else { return Ok(Some(None)) };
    // always the stored one, so that a resumed run predicts with the same bits
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let parameters = runs::parameters(&mut work, id).await?;
    work.finish(Entry::by_trigger()).await?;
    let model = serde_json::from_value(parameters).map_err(Error::internal)?;
    Ok(Some(Some(Arc::new(model))))
}

type Read = (Vec<TrainingRow>, BTreeMap<&'static str, usize>);

/// The rows of the fit, and how many patients are in none for which reason.
async fn read(app: &App, run: &Run, watch: Watch<'_>) -> Result<ControlFlow<(), Read>> {
    let mut walk = Walk::new(app, run.known(), None).await?;
    let (as_of, of) = (run.as_of, walk.patients);
    let (mut rows, mut left_out, mut done) = (vec![], BTreeMap::new(), 0);
    let mut next = walk.next(app).await?;
    while let Some(batch) = next {
        done += (batch.records.len() + batch.unreadable.len()) as u64;
        *left_out.entry("can't be read").or_default() += batch.unreadable.len();
        let asked = tokio::task::spawn_blocking(move || {
            let records = batch.records.par_iter();
            records
                .map(|record| judge::training_row(record, as_of))
                .collect::<Vec<_>>()
        });
        let (answers, following) = tokio::join!(asked, walk.next(app));
        for answer in answers.map_err(Error::internal)? {
            match answer {
                Ok(row) => rows.push(row),
                Err(why) => *left_out.entry(why).or_default() += 1,
            }
        }
        next = following?;
        let step = Step::Reading;
        if watch(Progress { step, done, of }).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    left_out.retain(|_, patients| *patients > 0);
    Ok(ControlFlow::Continue((rows, left_out)))
}

async fn fit(
    app: &App,
    run: &Run,
    rows: Vec<TrainingRow>,
    left_out: &BTreeMap<&'static str, usize>,
) -> Result<Option<ModelId>> {
    let as_of = run.as_of;
    let fitted = tokio::task::spawn_blocking(move || model::fit(&rows, as_of)).await;
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let id = match fitted.map_err(Error::internal)? {
        Ok(model) => {
            let parameters = serde_json::to_value(&model).map_err(Error::internal)?;
            let mut card = model.card();
            if let Value::Object(card) = &mut card {
                card.insert("not_in_the_fit".into(), json!(left_out));
            }
            let fitted = Fitted {
                kind: KIND,
                version: VERSION,
                fingerprint: &model.fingerprint,
                parameters: &parameters,
                card: &card,
            };
            Some(runs::keep_model(&mut work, run, &fitted).await?)
        }
        Err(why) => {
            let last = runs::last_model(&mut work, KIND, VERSION, as_of).await?;
            tracing::warn!(%why, model = ?last.map(|id| id.0), "no model could be fitted; the last one is used, if there is one");
            if let Some(last) = last {
                runs::use_model(&mut work, run, last).await?;
            }
            last
        }
    };
    work.finish(Entry::by_trigger()).await?;
    Ok(id)
}
