//! The model of a run: the one it already has, one fitted now on all that was known, the one in use where the refit says the same, or
//! the last one that could be fitted.
//!
//! `rows` and `fit` are the two steps that know what a model is made of: what is kept of a record, and the fit of all of that.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::NaiveDate;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::walk::{Batch, Walk};
use super::{Progress, Step, Watch, judge};
use crate::actions::{Error, Result};
use crate::app::App;
use crate::burden::words;
use crate::domain::audit::Entry;
use crate::domain::history::Record;
use crate::domain::id::ModelId;
use crate::risk::model::{self, KIND, VERSION};
use crate::risk::{NightModel, TrainingRow};
use crate::store::Work;
use crate::store::runs::{self, Base, Fitted, Run};

/// A larger registry teaches no more than this many of its patients; chosen by their ids alone, so that no outcome is over-represented.
const LEARNED_FROM: i64 = 20_000;
/// Patients for whom a refit is held against the model in use.
const COMPARED: usize = 1000;
/// A refit takes the place of the model in use where it moves the risk of more than one patient in a hundred by more than this.
const SAME: f64 = 0.005;

/// What is learned from, in small numbers; and some whole records to compare models on.
#[derive(Default)]
struct Lessons {
    rows: Vec<TrainingRow>,
    /// How many patients are in no row for which reason.
    left_out: BTreeMap<&'static str, usize>,
    compared: Vec<Record>,
}

/// Gives the run its model, unless it has one already; none where none could ever be fitted: the rules on ctDNA go on without it
/// (S-137). A break where the watcher said stop.
pub async fn choose(app: &App, run: &mut Run, watch: Watch<'_>) -> Result<ControlFlow<()>> {
    if run.model.is_some() {
        return Ok(ControlFlow::Continue(()));
    }
    let ControlFlow::Continue(lessons) = read(app, run, watch).await? else {
        return Ok(ControlFlow::Break(()));
    };
    let of = lessons.rows.len() as u64;
    let fitting = Progress {
        step: Step::Fitting,
        done: 0,
        of,
        shards: None,
    };
    if watch(fitting).is_break() {
        return Ok(ControlFlow::Break(()));
    }
    run.model = settle(app, run, lessons).await?;
    Ok(ControlFlow::Continue(()))
}

/// The model as it is stored, always: a resumed run, and every process that helps, predicts with the same bits.
pub async fn load(app: &App, model: Option<ModelId>) -> Result<Option<Arc<NightModel>>> {
    let Some(id) = model else { return Ok(None) };
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let model = stored(&mut work, id).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(Some(Arc::new(model)))
}

async fn stored(work: &mut Work, id: ModelId) -> Result<NightModel> {
    let parameters = runs::parameters(work, id).await?;
    serde_json::from_value(parameters).map_err(Error::internal)
}

async fn read(app: &App, run: &Run, watch: Watch<'_>) -> Result<ControlFlow<(), Lessons>> {
    let mut walk = Walk::new(app, run.known(), LEARNED_FROM).await?;
    let (as_of, of) = (run.as_of, walk.patients);
    let every = (of as usize).div_ceil(COMPARED).max(1);
    let (mut lessons, mut done) = (Lessons::default(), 0);
    let mut next = walk.next(app).await?;
    while let Some(batch) = next {
        done += (batch.records.len() + batch.unreadable.len()) as u64;
        let learning = tokio::task::spawn_blocking(move || {
            lessons.add(batch, as_of, every);
            lessons
        });
        let (learned, following) = tokio::join!(learning, walk.next(app));
        lessons = learned.map_err(Error::internal)?;
        next = following?;
        let reading = Progress {
            step: Step::Reading,
            done,
            of,
            shards: None,
        };
        if watch(reading).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(lessons))
}

impl Lessons {
    fn add(&mut self, batch: Batch, as_of: NaiveDate, every: usize) {
        if !batch.unreadable.is_empty() {
            *self.left_out.entry("can't be read").or_default() += batch.unreadable.len();
        }
        let answers: Vec<_> = batch
            .records
            .par_iter()
            .map(|record| judge::training_row(record, as_of))
            .collect();
        for answer in answers {
            match answer {
                Ok(row) => self.rows.push(row),
                Err(why) => *self.left_out.entry(why).or_default() += 1,
            }
        }
        self.compared.extend(batch.records.into_iter().step_by(every));
    }
}

/// Fits, and decides which model the run has.
async fn settle(app: &App, run: &Run, lessons: Lessons) -> Result<Option<ModelId>> {
    let as_of = run.as_of;
    let Lessons {
        rows,
        left_out,
        compared,
    } = lessons;
    let patients = rows.len();
    let fitted = tokio::task::spawn_blocking(move || model::fit(&rows, as_of)).await;
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let id = match fitted.map_err(Error::internal)? {
        Ok(model) => {
            let model = Arc::new(model);
            match in_use(&mut work, run).await? {
                Some((base, before)) => {
                    let (before, now) = (Arc::new(before), model.clone());
                    let moved = tokio::task::spawn_blocking(move || moved(&before, &now, &compared, as_of)).await;
                    let moved = moved.map_err(Error::internal)?;
                    if moved <= SAME {
                        let note = format!(
                            "The model of {} stays: fitted anew on {patients} patients it moves the risk of 99 in 100 by at most {:.2} points.",
                            words::date(base.as_of),
                            moved * 100.0
                        );
                        runs::hold(&mut work, run).await?;
                        runs::use_model(&mut work, run, base.model, &note).await?;
                        Some(base.model)
                    } else {
                        let note = format!(
                            "Fitted on {patients} patients; it moves risks by more than {} points against the model before.",
                            SAME * 100.0
                        );
                        Some(keep(&mut work, run, &model, &left_out, &note).await?)
                    }
                }
                None => Some(
                    keep(
                        &mut work,
                        run,
                        &model,
                        &left_out,
                        &format!("Fitted on {patients} patients."),
                    )
                    .await?,
                ),
            }
        }
        Err(why) => {
            let last = runs::last_model(&mut work, KIND, VERSION, as_of).await?;
            tracing::warn!(%why, model = ?last.map(|id| id.0), "no model could be fitted; the last one is used, if there is one");
            if let Some(last) = last {
                runs::hold(&mut work, run).await?;
                runs::use_model(
                    &mut work,
                    run,
                    last,
                    &format!("None could be fitted ({why}); the last one stays."),
                )
                .await?;
            }
            last
        }
    };
    work.finish(Entry::by_trigger()).await?;
    Ok(id)
}

async fn keep(
    work: &mut Work,
    run: &Run,
    model: &NightModel,
    left_out: &BTreeMap<&'static str, usize>,
    note: &str,
) -> Result<ModelId> {
    let parameters = serde_json::to_value(model).map_err(Error::internal)?;
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
    Ok(runs::keep_model(work, run, &fitted, note).await?)
}

/// The model of the run that this one could build on, if this program still speaks its version.
async fn in_use(work: &mut Work, run: &Run) -> Result<Option<(Base, NightModel)>> {
    let Some(base) = runs::base(work, run).await? else {
        return Ok(None);
    };
    let (kind, version) = runs::model_of(work, base.model).await?;
    if (kind.as_str(), version.as_str()) != (KIND, VERSION) {
        return Ok(None);
    }
    Ok(Some((base, stored(work, base.model).await?)))
}

/// The 99th percentile of how far a risk moves from one model to the other; 1 where somebody has a risk by one of them alone.
fn moved(before: &NightModel, now: &NightModel, records: &[Record], as_of: NaiveDate) -> f64 {
    let mut moves: Vec<f64> = records
        .par_iter()
        .filter_map(
            |record| match (judge::risk(record, as_of, before), judge::risk(record, as_of, now)) {
                (Some(before), Some(now)) => Some((before - now).abs()),
                (None, None) => None,
                _ => Some(1.0),
            },
        )
        .collect();
    moves.sort_by(f64::total_cmp);
    let last = moves.len().saturating_sub(1);
    moves.get(last - last / 100).copied().unwrap_or(0.0)
}
