//! Which model a run has, and why: the night's own, where the gate lets it pass and it says something new; else the last one. The verdict is kept with the run.

use chrono::NaiveDate;
use rayon::prelude::*;

use super::fit::{Lessons, stored};
use super::judge;
use crate::actions::{Error, Result};
use crate::app::App;
use crate::burden::{Names, words};
use crate::domain::audit::Entry;
use crate::domain::budget::Budget;
use crate::domain::history::Record;
use crate::domain::id::ModelId;
use crate::domain::number::thousands;
use crate::domain::verdict::{Decided, Figures, Verdict};
use crate::risk::NightModel;
use crate::risk::gate::{Decision, Report};
use crate::risk::night::{KIND, VERSION};
use crate::store::runs::{self, Fitted, Run};
use crate::store::{Work, budgets};

/// A refit takes the place of the model in use where it moves the risk of more than one patient in a hundred by more than this.
const SAME: f64 = 0.02;

/// What came of the fit.
enum Outcome {
    /// The night's own takes the place of the one on show; why it does though it says the same.
    New(Box<NightModel>, Option<String>),
    /// The night's own moves the risk of 99 in 100 by at most so much: the one on show stays.
    Same(Box<NightModel>, Last, f64),
    /// The gate held the night's own back.
    Held(Box<NightModel>, Stays),
    Unfit(String, Stays),
}

/// The model of the last night before: its number, and the day that it was fitted for.
#[derive(Clone, Copy, Debug)]
struct Last {
    id: ModelId,
    cut: NaiveDate,
}

/// The one on show with thresholds for a new budget; `None` where there is none, or its budget is the setting.
type Stays = Option<Box<NightModel>>;

/// Fits, decides, and keeps model and verdict with the run.
pub(super) async fn settle(app: &App, run: &Run, lessons: Lessons) -> Result<Option<ModelId>> {
    let (as_of, patients) = (run.as_of, lessons.cases.len());
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let before = last(&mut work, run).await?;
    let last = before.as_ref().map(|(last, _)| *last);
    let setting = budgets::known(&mut work, as_of, run.cutoff_at).await?;
    work.finish(Entry::by_trigger()).await?;
    let watched = lessons.watched(as_of);
    let budget = setting.unwrap_or(Budget::USUAL).rate(watched);
    let weighing = tokio::task::spawn_blocking(move || weigh(&lessons, as_of, budget, before));
    let outcome = weighing.await.map_err(Error::internal)?;
    let verdict = outcome.verdict(patients, budget, watched);
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let id = match &outcome {
        Outcome::New(model, _) => {
            let note = format!(
                "Fitted on {} patients. {}",
                thousands(verdict.patients as u64),
                verdict.reason
            );
            Some(keep(&mut work, run, model, &note).await?)
        }
        Outcome::Same(_, last, _) => {
            runs::hold(&mut work, run).await?;
            runs::use_model(&mut work, run, Some(last.id), &verdict.reason).await?;
            Some(last.id)
        }
        Outcome::Held(_, Some(stays)) | Outcome::Unfit(_, Some(stays)) => {
            Some(keep(&mut work, run, stays, &verdict.reason).await?)
        }
        Outcome::Held(_, None) => stay(&mut work, run, last, &format!("Held back: {}", verdict.reason)).await?,
        Outcome::Unfit(_, None) => stay(&mut work, run, last, &verdict.reason).await?,
    };
    runs::keep_verdict(&mut work, run, &verdict).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(id)
}

/// The fit, held against the gate and against the model on show.
fn weigh(lessons: &Lessons, as_of: NaiveDate, budget: f64, before: Option<(Last, NightModel)>) -> Outcome {
    let report: Option<&Report> = before.as_ref().map(|(_, own)| &own.model.report);
    let stays = || {
        let (_, own) = before.as_ref()?;
        if own.budget() == Some(budget) {
            return None;
        }
        own.with_budget(&lessons.cases, as_of, budget).ok().map(Box::new)
    };
    let model = match NightModel::fit(&lessons.cases, as_of, budget, report) {
        Ok(model) => Box::new(NightModel {
            not_in_the_fit: lessons.left_out.clone(),
            ..model
        }),
        Err(why) => return Outcome::Unfit(why.to_string(), stays()),
    };
    if model.verdict.decision == Decision::Hold {
        return Outcome::Held(model, stays());
    }
    let Some((last, own)) = before else {
        return Outcome::New(model, None);
    };
    let moved = moved(&own, &model, &lessons.compared, as_of, &lessons.names);
    let told = |model: &NightModel| format!("{:?}: {}", model.verdict.decision, model.verdict.reason);
    tracing::info!(
        moved,
        own = told(&model),
        on_show = told(&own),
        "the night's own model against the one on show"
    );
    if moved > SAME {
        return Outcome::New(model, None);
    }
    match news(&own, &model) {
        Some(why) => Outcome::New(model, Some(why)),
        None => Outcome::Same(model, last, moved),
    }
}

/// Why a model that says the same takes the place of the one on show all the same.
fn news(own: &NightModel, new: &NightModel) -> Option<String> {
    if own.budget() != new.budget() {
        let told = |model: &NightModel| {
            model
                .budget()
                .map_or_else(|| "none".to_owned(), |rate| rate.to_string())
        };
        return Some(format!(
            "It says the same as the one before; its thresholds are for another budget: {} in place of {} alerts per 100 patient-years.",
            told(new),
            told(own)
        ));
    }
    let more = own.past.is_none() && new.past.is_some();
    more.then(|| "It says the same as the one before, which did not tell what its flags did on past days.".to_owned())
}

impl Outcome {
    fn model(&self) -> Option<&NightModel> {
        match self {
            Outcome::New(model, _) | Outcome::Same(model, ..) | Outcome::Held(model, _) => Some(model),
            Outcome::Unfit(..) => None,
        }
    }

    fn verdict(&self, patients: usize, budget: f64, watched: u64) -> Verdict {
        let (decided, reason) = match self {
            Outcome::New(model, why) => {
                let decided = match model.verdict.decision {
                    Decision::Recalibrate => Decided::Recalibrate,
                    Decision::Publish | Decision::Hold => Decided::Publish,
                };
                let why = why.as_ref().map_or(String::new(), |why| format!(" {why}"));
                (decided, format!("{}{why}", model.verdict.reason))
            }
            Outcome::Same(_, last, moved) => {
                let reason = format!(
                    "The model of {} stays: fitted anew on {} patients it moves the risk of 99 in 100 by at most {:.2} points.",
                    words::date(last.cut),
                    thousands(patients as u64),
                    moved * 100.0
                );
                (Decided::Stays, reason)
            }
            Outcome::Held(model, stays) => (
                Decided::Hold,
                format!("{}{}", model.verdict.reason, thresholds(stays, budget)),
            ),
            Outcome::Unfit(why, stays) => {
                let why = format!("None could be fitted ({why}).{}", thresholds(stays, budget));
                (Decided::Unfitted, why)
            }
        };
        Verdict {
            decided,
            reason,
            patients: self.model().map_or(patients, |own| own.model.fitted_on.patients),
            budget,
            watched: Some(watched),
            figures: self.model().and_then(figures),
        }
    }
}

fn figures(model: &NightModel) -> Option<Figures> {
    let own = model.measures()?;
    let known = own.auc.is_finite() && own.scaled_brier.is_finite() && own.observed_over_expected.is_finite();
    known.then_some(Figures {
        horizon_days: own.horizon_days,
        auc: own.auc,
        scaled_brier: own.scaled_brier,
        observed_over_expected: own.observed_over_expected,
        slope: own.slope.filter(|slope| slope.is_finite()),
    })
}

/// Thresholds go with their model; where that stays, they are made anew for a new budget.
fn thresholds(stays: &Stays, budget: f64) -> String {
    match stays {
        Some(own) => format!(
            " The model of {} stays, with thresholds for the new budget of {budget} alerts per 100 patient-years.",
            words::date(own.model.cut)
        ),
        None => String::new(),
    }
}

/// The last model that was good enough stays on show, if there is one.
async fn stay(work: &mut Work, run: &Run, last: Option<Last>, why: &str) -> Result<Option<ModelId>> {
    let last = last.map(|last| last.id);
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

async fn keep(work: &mut Work, run: &Run, model: &NightModel, note: &str) -> Result<ModelId> {
    let parameters = serde_json::to_value(model).map_err(Error::internal)?;
    let fitted = Fitted {
        kind: KIND,
        version: VERSION,
        fingerprint: &model.model.fitted_on.fingerprint,
        parameters: &parameters,
        card: &model.card(),
    };
    Ok(runs::keep_model(work, run, &fitted, note).await?)
}

/// The model of the last night before this one, of the version that this program speaks. So it is for a night that is done again, too: it is
/// held against what stood before it and not against itself.
async fn last(work: &mut Work, run: &Run) -> Result<Option<(Last, NightModel)>> {
    let Some(id) = runs::last_model(work, KIND, VERSION, run).await? else {
        return Ok(None);
    };
    let own = stored(work, id).await?;
    let cut = own.model.cut;
    Ok(Some((Last { id, cut }, own)))
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
