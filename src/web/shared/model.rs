//! The model card: what the number says, how good it was on patients not seen, for whom, on what it rests, and what the last nights
//! decided. The card is made by `risk::card`; this page only lays it out.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use serde::Deserialize;

use super::super::shell::Shell;
use super::super::{Result, filters};
use super::centre;
use super::model_card::Card;
use super::model_history::{self, Entry};
use crate::actions::models::{self, Decided, Decision, Model, Site};
use crate::app::App;
use crate::domain::access::Actor;

#[derive(Template, WebTemplate)]
#[template(path = "shared/model.html")]
pub struct ModelPage {
    page: Shell,
    model: Option<(Model, Laid)>,
    arranged: String,
    /// Why there is none.
    why_none: Option<String>,
    plot: Option<String>,
    history: Vec<Entry>,
}

/// The card of this program's models, or one of another program's, of which only a sentence can be shown.
enum Laid {
    Out(Box<Card>),
    Other(Option<String>),
}

pub async fn show(State(app): State<App>, actor: Actor) -> Result<ModelPage> {
    let shown = models::published(&app, &actor).await?;
    // how the model does at a centre is that centre's to know by name
    let held: Vec<&Site> = shown
        .sites
        .iter()
        .filter(|site| actor.sites.contains(&site.id))
        .collect();
    let model = shown.model.map(|model| {
        let laid = match Card::read(&model.card, &held) {
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
        arranged: centre::arranged(&shown.sites),
        why_none: model_history::why_none(&shown.nights),
        plot: model_history::plot(&shown.nights),
        history: shown.nights.iter().map(model_history::entry).collect(),
    })
}

impl Card {
    fn verdict(&self) -> (&'static str, &'static str) {
        match self.decision {
            Decision::Publish => model_history::tag(Decided::Publish),
            Decision::Recalibrate => model_history::tag(Decided::Recalibrate),
            Decision::Hold => model_history::tag(Decided::Hold),
        }
    }
}
