//! The model card: on whom the model was fitted, how, and where it has not been shown to hold. The card itself is made by
//! the model's own code (`risk::model`); this page only lays it out.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use serde::Deserialize;

use super::super::shell::Shell;
use super::super::{Result, filters, write};
use crate::actions::models::{self, Model};
use crate::app::App;
use crate::domain::access::Actor;

#[derive(Template, WebTemplate)]
#[template(path = "shared/model.html")]
pub struct ModelPage {
    page: Shell,
    model: Option<(Model, Card)>,
}

#[derive(Deserialize)]
struct Card {
    says: String,
    method: String,
    missing_inputs: String,
    limits: Vec<String>,
    fitted_on: FittedOn,
    models: Pair,
}

#[derive(Deserialize)]
struct FittedOn {
    who: String,
    n: u64,
    sexes: Vec<String>,
    followed_years: f64,
    ranges: Vec<Range>,
    means: Vec<Mean>,
}

#[derive(Deserialize)]
struct Range {
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Mean {
    mean: f64,
}

#[derive(Deserialize)]
struct Pair {
    distant_relapse: Cause,
    death_without_it: Cause,
}

#[derive(Deserialize)]
struct Cause {
    events: u64,
    concordance_apparent: Option<f64>,
    coefficients: Vec<Coefficient>,
}

#[derive(Deserialize)]
struct Coefficient {
    name: String,
    hazard_ratio: Option<f64>,
    hazard_ratio_lower: Option<f64>,
    hazard_ratio_upper: Option<f64>,
}

/// One line of the table: an input, what the patients of the fit had, and its effect on both causes.
struct Line {
    input: String,
    seen: String,
    relapse: String,
    death: String,
}

/// The input in words. Inputs are counted per unit: a ratio per year of age says little, and the table says so.
fn words(name: &str) -> &str {
    match name {
        "age" => "Age at surgery, per year",
        "meno" => "After the menopause",
        "size_20_50" => "Tumour 20 to 50 mm, against up to 20",
        "size_gt50" => "Tumour over 50 mm, against up to 20",
        "grade3" => "Grade 3, against 1 or 2",
        "nodes" => "Positive nodes, per node",
        "er" => "Oestrogen receptor, per fmol/mg",
        "pr" => "Progesterone receptor, per fmol/mg",
        "hormon" => "Endocrine treatment",
        "chemo" => "Chemotherapy",
        other => other,
    }
}

fn ratio(coefficient: &Coefficient) -> String {
    let (Some(ratio), Some(lower), Some(upper)) = (
        coefficient.hazard_ratio,
        coefficient.hazard_ratio_lower,
        coefficient.hazard_ratio_upper,
    ) else {
        return "not to be told apart".into();
    };
    // receptors move by hundreds of units: with two decimals every ratio would read as 1
    let decimals = if (ratio - 1.0).abs() < 0.005 { 5 } else { 2 };
    format!("{ratio:.decimals$} ({lower:.decimals$}–{upper:.decimals$})")
}

impl Card {
    fn lines(&self) -> Vec<Line> {
        let seen = |i: usize| {
            let (Some(range), Some(mean)) = (self.fitted_on.ranges.get(i), self.fitted_on.means.get(i)) else {
                return String::new();
            };
            if range.low == 0.0 && range.high == 1.0 {
                format!("{:.0} % of them", mean.mean * 100.0)
            } else {
                let figure = write::figure;
                format!("{}–{}, mean {:.1}", figure(range.low), figure(range.high), mean.mean)
            }
        };
        let pairs = self
            .models
            .distant_relapse
            .coefficients
            .iter()
            .zip(&self.models.death_without_it.coefficients);
        pairs
            .enumerate()
            .map(|(i, (relapse, death))| Line {
                input: words(&relapse.name).to_owned(),
                seen: seen(i),
                relapse: ratio(relapse),
                death: ratio(death),
            })
            .collect()
    }

    fn sexes(&self) -> String {
        let word = |code: &String| match code.as_str() {
            "F" => "women".to_owned(),
            "M" => "men".to_owned(),
            other => other.to_owned(),
        };
        self.fitted_on.sexes.iter().map(word).collect::<Vec<_>>().join(" and ")
    }

    fn concordance(cause: &Cause) -> String {
        cause
            .concordance_apparent
            .map_or_else(|| "–".into(), |c| format!("{c:.3}"))
    }
}

pub async fn show(State(app): State<App>, actor: Actor) -> Result<ModelPage> {
    let model = models::published(&app, &actor).await?;
    let model = match model {
        Some(model) => {
            let card = Card::deserialize(&model.card).map_err(crate::actions::Error::internal)?;
            Some((model, card))
        }
        None => None,
    };
    Ok(ModelPage {
        page: Shell::of(&actor, "Model card").at("/model"),
        model,
    })
}
