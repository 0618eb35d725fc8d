//! The model card: on whom, how good, for whom not shown, what was decided and why. Written from the model, never typed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::flags::Past;
use super::gate::Verdict;
use super::landmark::{CAUSES, Family, Judged, MAIN, Model, WINDOWS};
use crate::burden::{Population, words};

/// Columns named as mattering most.
const NAMED: usize = 12;

/// The card's part on flags: the budget, the threshold that follows from it, and what the rule did on past days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flags {
    /// Alerts per 100 patient-years.
    pub budget: f64,
    /// Flags are raised on alert scores at or above it.
    pub raise: f64,
    /// What the alert score is.
    pub score: String,
    /// Patients and patient-years of the past days.
    pub patients: usize,
    pub years: f64,
    pub past: Option<Past>,
}

fn family(family: Family) -> &'static str {
    match family {
        Family::Regression => "ridge regression of both hazards",
        Family::Trees => "boosted trees",
        Family::Mechanism => "forecast of the burden line",
    }
}

fn families(all: &[Family]) -> String {
    all.iter().map(|own| family(*own)).collect::<Vec<_>>().join(", ")
}

/// The families, and that the burden line is not among their columns where it could be.
fn told(model: &Model, all: &[Family], line: bool) -> String {
    match line || model.population.is_none() {
        true => families(all),
        false => format!("{} without the burden line", families(all)),
    }
}

/// Everything a reader needs in order to trust a model as far as it deserves.
pub fn card(model: &Model, verdict: &Verdict) -> Value {
    let horizons = model.settings.horizons;
    json!({
        "version": model.version,
        "cut": model.cut,
        "says": format!(
            "The chance of a first distant relapse within {}, {} and {} days, death without it competing, for a patient free of it on the day of the score.",
            horizons[0], horizons[1], horizons[2]
        ),
        "method": method(model),
        "decision": verdict.decision,
        "reason": verdict.reason,
        "recalibrated": model.recalibrated,
        "fitted_on": model.fitted_on,
        "judged": model.judged,
        "validation": model.report,
        "rivals": model.rivals.iter().map(|rival| json!({
            "families": told(model, &rival.families, rival.line),
            "loss_a_relapse": rival.loss,
            "chosen": rival.chosen,
        })).collect::<Vec<_>>(),
        "weights": weights(model),
        "matter_most": matter_most(model),
        "ridge": model.learned.regressions.iter().map(|own| own.ridge).collect::<Vec<_>>(),
        "groups": model.reference.groups,
        "latest_landmark_days": model.reference.last_day,
        "too_small": too_small(model),
        "limits": limits(model),
    })
}

fn method(model: &Model) -> String {
    let by = match model.judged {
        Judged::OutOfTime(day) => format!(
            "fitted on what had happened by {}, judged on landmarks from then on",
            words::date(day)
        ),
        Judged::CrossFitted => {
            "judged on patients held out, as too few relapses part an earlier from a later time".to_owned()
        }
    };
    format!(
        "Landmarks; hazards of relapse and of death that are constant within each window. Chosen among its rivals by the likelihood of \
         what came ({by}), the blend of all unless one alone is better by more than the standard error: {}. Weights by predictions of patients not seen. 95 % limits by leaving out each of {} parts of the patients.{}",
        told(model, &model.learned.blend.families, model.schema.line),
        model.settings.folds,
        model.population.as_ref().map_or_else(String::new, slowed)
    )
}

/// What the burden lines have learned of treatment.
fn slowed(population: &Population) -> String {
    let share =
        |(category, left): (&String, &f64)| format!("{} {:.0} %", category.replace('_', " "), 100.0 * left.exp());
    let shares: Vec<String> = population.left.iter().map(share).collect();
    if shares.is_empty() {
        return String::new();
    }
    format!(
        " In the burden lines growth and reawakening run, under treatment, at this share of their usual speed: {}.",
        shares.join(", ")
    )
}

fn weights(model: &Model) -> Value {
    let weights = &model.learned.blend.weights;
    let one = |k: usize| {
        json!({
            "until_day": model.settings.horizons[k],
            "level": weights[[k, 0]],
            "regression": weights[[k, 1]],
            "trees": weights[[k, 2]],
            "mechanism": weights[[k, 3]],
        })
    };
    (0..WINDOWS).map(one).collect()
}

/// Root sum of squares of the standardised coefficients of each label, in the main window: what moves the regression.
fn matter_most(model: &Model) -> Value {
    let coefficients = &model.learned.regressions[0].mean;
    let mut sums = vec![0.0; model.schema.labels.len()];
    for (j, source) in model.basis.source.iter().enumerate() {
        sums[model.schema.columns[*source].label] += coefficients[[MAIN, j + 1]].powi(2);
    }
    let mut all: Vec<(&String, f64)> = model
        .schema
        .labels
        .iter()
        .zip(sums)
        .map(|(label, sum)| (label, sum.sqrt()))
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named = all.into_iter().take(NAMED);
    named
        .map(|(label, size)| json!({"fact": label, "size": size}))
        .collect()
}

fn too_small(model: &Model) -> Vec<String> {
    let small = model
        .report
        .subgroups
        .iter()
        .filter(|group| group.observed_over_expected.is_none());
    small.map(|group| format!("{} {}", group.by, group.is)).collect()
}

fn limits(model: &Model) -> Vec<String> {
    let mut limits = vec![
        "The limits of a risk hold what the fit leaves open by chance; not a wrong model, nor a change in care."
            .to_owned(),
        "Where a group is named as too small, nothing is known of the model's calibration in it.".to_owned(),
        "Not a medical device: it supports and does not replace clinical judgement.".to_owned(),
    ];
    if model.population.is_some() {
        limits.push(
            "The population of the burden lines is learned on the cut itself, also for the validation.".to_owned(),
        );
    }
    if model.judged == Judged::CrossFitted {
        limits.push("Not judged by time: how it does on later patients is not known.".to_owned());
    }
    debug_assert_eq!(model.learned.regressions.len(), CAUSES);
    limits
}
