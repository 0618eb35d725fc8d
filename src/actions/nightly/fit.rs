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
use crate::burden::{Case, Names, words};
use crate::domain::audit::Entry;
use crate::domain::history::Record;
use crate::domain::id::ModelId;
use crate::risk::NightModel;
use crate::risk::gate::{Decision, Report};
use crate::risk::night::{KIND, USUAL_BUDGET, VERSION};
use crate::store::Work;
use crate::store::runs::{self, Base, Fitted, Run};

/// A larger registry teaches no more than this many of its patients; chosen by their ids alone, so that no outcome is over-represented.
const LEARNED_FROM: i64 = 20_000;
/// Patients for whom a refit is held against the model in use.
const COMPARED: usize = 1000;
/// A refit takes the place of the model in use where it moves the risk of more than one patient in a hundred by more than this.
const SAME: f64 = 0.02;

/// What is learned from, in small numbers; and some whole records to compare models on.
#[derive(Default)]
struct Lessons {
    cases: Vec<Case>,
    names: Names,
    /// From how many patients nothing is learned for which reason.
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
    let of = lessons.cases.len() as u64;
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
            .map(|record| judge::lesson(record, as_of, &self.names))
            .collect();
        for answer in answers {
            match answer {
                Ok(case) => self.cases.push(case),
                Err(why) => *self.left_out.entry(why).or_default() += 1,
            }
        }
        self.compared.extend(batch.records.into_iter().step_by(every));
    }
}

/// Fits, and decides which model the run has: the candidate, where the gate lets it pass and it says something new; else the one on
/// show, and without one the last that could be fitted.
async fn settle(app: &App, run: &Run, lessons: Lessons) -> Result<Option<ModelId>> {
    let as_of = run.as_of;
    let Lessons {
        cases,
        names,
        left_out,
        compared,
    } = lessons;
    let patients = cases.len();
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let before = in_use(&mut work, run).await?;
    work.finish(Entry::by_trigger()).await?;
    let last: Option<Report> = before.as_ref().map(|(_, own)| own.model.report.clone());
    let fitted = tokio::task::spawn_blocking(move || NightModel::fit(&cases, as_of, USUAL_BUDGET, last.as_ref())).await;
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let id = match fitted.map_err(Error::internal)? {
        Ok(model) if model.verdict.decision == Decision::Hold => {
            stay(&mut work, run, &format!("Held back: {}", model.verdict.reason)).await?
        }
        Ok(model) => {
            let model = Arc::new(model);
            let moved = match before {
                None => None,
                Some((base, before)) => {
                    let now = model.clone();
                    let compare = move || moved(&before, &now, &compared, as_of, &names);
                    let moved = tokio::task::spawn_blocking(compare).await.map_err(Error::internal)?;
                    Some((base, moved))
                }
            };
            match moved {
                Some((base, moved)) if moved <= SAME => {
                    let note = format!(
                        "The model of {} stays: fitted anew on {patients} patients it moves the risk of 99 in 100 by at most {:.2} points.",
                        words::date(base.as_of),
                        moved * 100.0
                    );
                    runs::hold(&mut work, run).await?;
                    runs::use_model(&mut work, run, Some(base.model), &note).await?;
                    Some(base.model)
                }
                _ => {
                    let note = format!("Fitted on {patients} patients. {}", model.verdict.reason);
                    Some(keep(&mut work, run, &model, &left_out, &note).await?)
                }
            }
        }
        Err(why) => stay(&mut work, run, &format!("None could be fitted ({why})")).await?,
    };
    work.finish(Entry::by_trigger()).await?;
    Ok(id)
}

/// The last model that was good enough stays on show, if there is one.
async fn stay(work: &mut Work, run: &Run, why: &str) -> Result<Option<ModelId>> {
    let last = runs::last_model(work, KIND, VERSION, run.as_of).await?;
    tracing::warn!(%why, model = ?last.map(|id| id.0), "no new model; the last one is used, if there is one");
    let what = match last {
        Some(_) => "The last one stays.",
        None => "There is none to fall back on.",
    };
    runs::hold(work, run).await?;
    runs::use_model(work, run, last, &format!("{} {what}", ended(why))).await?;
    Ok(last)
}

/// With one full stop.
fn ended(sentence: &str) -> String {
    format!("{}.", sentence.trim_end_matches('.'))
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
        fingerprint: &model.model.fitted_on.fingerprint,
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
fn moved(before: &NightModel, now: &NightModel, records: &[Record], as_of: NaiveDate, names: &Names) -> f64 {
    let risk = |record: &Record, model: &NightModel| judge::risk(record, as_of, model, names);
    let mut moves: Vec<f64> = records
        .par_iter()
        .filter_map(|record| match (risk(record, before), risk(record, now)) {
            (Some(before), Some(now)) => Some((before - now).abs()),
            (None, None) => None,
            _ => Some(1.0),
        })
        .collect();
    moves.sort_by(f64::total_cmp);
    let last = moves.len().saturating_sub(1);
    moves.get(last - last / 100).copied().unwrap_or(0.0)
}
