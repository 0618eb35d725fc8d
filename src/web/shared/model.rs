//! The model card: what the number says, how good it was on patients not seen, for whom, on what it rests, and what the last nights
//! decided. The card is made by `risk::card`; this page only lays it out.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;

use super::super::shell::Shell;
use super::super::{Result, filters};
use super::model_card::Card;
use crate::actions::models::{self, Decision, Model, Night};
use crate::app::App;
use crate::domain::access::Actor;

#[derive(Template, WebTemplate)]
#[template(path = "shared/model.html")]
pub struct ModelPage {
    page: Shell,
    model: Option<(Model, Laid)>,
    history: Vec<Entry>,
}

/// The card of this program's models, or one of another program's, of which only a sentence can be shown.
enum Laid {
    Out(Box<Card>),
    Other(Option<String>),
}

/// What became of one night's model.
struct Entry {
    on: NaiveDate,
    state: &'static str,
    note: String,
}

fn entry(night: Night) -> Option<Entry> {
    let state = match (night.on_show, night.state.as_str()) {
        (true, _) => "on show",
        (false, "published") if night.replay => "replayed",
        (false, "published") => "done",
        (false, "running") => "under way",
        (false, _) => "failed",
    };
    Some(Entry {
        on: night.as_of,
        state,
        note: night.model_note?,
    })
}

pub async fn show(State(app): State<App>, actor: Actor) -> Result<ModelPage> {
    let shown = models::published(&app, &actor).await?;
    let model = shown.model.map(|model| {
        let laid = match Card::read(&model.card, &shown.sites) {
            Ok(card) => Laid::Out(Box::new(card)),
            Err(error) => {
                tracing::warn!(%error, version = model.version, "a card of another shape");
                Laid::Other(Option::deserialize(&model.card["says"]).ok().flatten())
            }
        };
        (model, laid)
    });
    Ok(ModelPage {
        page: Shell::of(&actor, "Model card").at("/model"),
        model,
        history: shown.nights.into_iter().filter_map(entry).collect(),
    })
}

impl Card {
    fn verdict(&self) -> (&'static str, &'static str) {
        match self.decision {
            Decision::Publish => ("ok", "Published"),
            Decision::Recalibrate => ("risk", "Recalibrated, then published"),
            Decision::Hold => ("risk", "Held back"),
        }
    }
}
