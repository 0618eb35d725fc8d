//! One patient's risk in the coming year, with its reasons and its doubts.

use chrono::NaiveDate;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::{HORIZON_DAYS, NightModel};
use crate::burden::words;
use crate::domain::history::History;
use crate::risk::features::{Covariates, FACTS, NAMES, ON_A_SCALE, covariates, years};
use crate::survival::{Error, Shares};

/// A contact older than this makes "free of relapse until today" doubtful.
const STALE_AFTER_DAYS: i64 = 183;
/// With fewer relapses seen in the same window after surgery, the model has no answer, not a risk of nothing.
const LEAST_SEEN: usize = 5;
const LEVEL: f64 = 0.95;
/// A risk is shown to a tenth of a per cent; so are its parts.
const STEP: f64 = 1000.0;

/// The chance of a first distant relapse within `HORIZON_DAYS` after the history's day, death competing, for somebody free of it
/// until then.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    pub risk: f64,
    /// 95 % limits: what the fit leaves open, not what care may change.
    pub lower: f64,
    pub upper: f64,
    /// The average patient of the fit first, then what each fact adds, the largest first. They add up to the risk as shown, in tenths of a
    /// per cent.
    pub contributions: Vec<Contribution>,
    /// Facts the registry does not know; the mean of the fit stands in for them.
    pub missing: Vec<String>,
    pub stale: Vec<String>,
    /// How this patient lies outside what the model has seen.
    pub outside: Option<String>,
}

/// In probability, a whole number of thousandths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    pub label: String,
    pub value: String,
    pub effect: f64,
}

/// Why there is no risk.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotScored {
    #[error("No primary tumour on file")]
    NoTumour,
    #[error("The model was fitted on breast cancer; this is {0}")]
    NotBreast(String),
    #[error("Metastatic at entry: a first distant relapse can't come")]
    MetastaticAtEntry,
    #[error("Distant relapse on {}", words::date(*.0))]
    Relapsed(NaiveDate),
    #[error("Died on {}", words::date(*.0))]
    Died(NaiveDate),
    #[error("Left observation on {}", words::date(*.0))]
    Left(NaiveDate),
    #[error("Day zero, {}, has not come", words::date(*.0))]
    NotYet(NaiveDate),
    #[error("{0:.1} years after surgery: the window ends beyond the {1:.1} years that the model has seen")]
    BeyondFollowUp(f64, f64),
    #[error("{years:.1} years after surgery: the fit saw only {seen} relapses in the 12 months that follow")]
    TooFewSeen { years: f64, seen: usize },
    #[error("A covariate is not a number the model can take")]
    Unusable,
}

impl NightModel {
    /// The score on the history's day.
    pub fn score(&self, history: &History) -> Result<Score, NotScored> {
        let origin = at_risk(history)?;
        let known = covariates(history).ok_or(NotScored::NoTumour)?;
        let row: Array1<f64> = (0..NAMES.len())
            .map(|j| known.values[j].unwrap_or(self.pair.models[0].means[j]))
            .collect();
        let from = years(origin, history.as_of);
        let to = from + f64::from(HORIZON_DAYS) / 365.25;
        let refused = |error: Error| match error {
            Error::BeyondFollowUp { followed, .. } => NotScored::BeyondFollowUp(from, followed),
            _ => NotScored::Unusable,
        };
        let risk = self
            .pair
            .risk_with_interval(row.view(), from, to, LEVEL)
            .map_err(refused)?;
        let seen = self.pair.seen(from, to);
        if seen < LEAST_SEEN {
            return Err(NotScored::TooFewSeen { years: from, seen });
        }
        let shares = self.pair.shares(row.view(), from, to).map_err(refused)?;
        Ok(Score {
            risk: risk.value,
            lower: risk.lower,
            upper: risk.upper,
            contributions: contributions(&known, &shares),
            missing: known.missing().into_iter().map(str::to_owned).collect(),
            stale: stale(history),
            outside: self.outside(history, &known),
        })
    }

    fn outside(&self, history: &History, known: &Covariates) -> Option<String> {
        let mut remarks = Vec::new();
        if !self.sexes.iter().any(|sex| sex == history.patient.sex.code()) {
            let sex = history.patient.sex.word().to_lowercase();
            remarks.push(format!("Nobody in the fit is recorded as {sex}."));
        }
        for column in ON_A_SCALE {
            let (low, high) = self.ranges[column];
            let fact = FACTS.iter().position(|fact| fact.columns.contains(&column));
            if let (Some(fact), Some(value)) = (fact, known.values[column])
                && !(low..=high).contains(&value)
            {
                let (label, shown) = (FACTS[fact].label, &known.shown[fact]);
                let (low, high) = (words::number(low), words::number(high));
                remarks.push(format!("{label} {shown} lies outside {low} to {high}."));
            }
        }
        if let Some(relapse) = earlier_relapse(history) {
            remarks.push(format!(
                "The model does not know of the local relapse on {}.",
                words::date(relapse)
            ));
        }
        (!remarks.is_empty()).then(|| remarks.join(" "))
    }
}

/// The origin of somebody who may have a first distant relapse.
fn at_risk(history: &History) -> Result<NaiveDate, NotScored> {
    let tumour = history.tumour().ok_or(NotScored::NoTumour)?;
    if let Some(day) = history.died_on() {
        return Err(NotScored::Died(day));
    }
    if tumour.organ != "breast" {
        return Err(NotScored::NotBreast(match tumour.organ.as_str() {
            "other" => "another".into(),
            organ => organ.replace('_', " and "),
        }));
    }
    if tumour.metastatic_at_entry {
        return Err(NotScored::MetastaticAtEntry);
    }
    if let Some(day) = history.distant_relapse_on() {
        return Err(NotScored::Relapsed(day));
    }
    if let Some(day) = history.left_on() {
        return Err(NotScored::Left(day));
    }
    match history.origin() {
        Some(origin) if origin > history.as_of => Err(NotScored::NotYet(origin)),
        Some(origin) => Ok(origin),
        None => Err(NotScored::NoTumour),
    }
}

fn earlier_relapse(history: &History) -> Option<NaiveDate> {
    use crate::domain::event::{Happening, RelapseKind};
    let near = |kind: &RelapseKind| matches!(kind, RelapseKind::Local | RelapseKind::Regional);
    let event = history
        .events
        .iter()
        .find(|e| matches!(&e.what, Happening::Relapse { kind, .. } if near(kind)));
    event.map(|e| e.occurred_on)
}

fn stale(history: &History) -> Vec<String> {
    let Some(last) = history.last_contact_on() else {
        return vec![];
    };
    let days = (history.as_of - last).num_days();
    if days <= STALE_AFTER_DAYS {
        return vec![];
    }
    vec![format!(
        "Last contact {}, {} months ago",
        words::date(last),
        days * 12 / 365
    )]
}

/// Rounds to tenths of a per cent so that the parts still make up the whole: what rounding takes or adds goes to those nearest the
/// next step.
fn contributions(known: &Covariates, shares: &Shares) -> Vec<Contribution> {
    let part = |columns: &[usize]| columns.iter().map(|column| shares.effects[*column]).sum::<f64>();
    let mut parts = vec![("Average patient of the fit".to_owned(), String::new(), shares.at_means)];
    for (fact, shown) in FACTS.iter().zip(&known.shown) {
        parts.push((fact.label.to_owned(), shown.clone(), part(fact.columns)));
    }
    let whole = (shares.value * STEP).round() as i64;
    let mut steps: Vec<i64> = parts
        .iter()
        .map(|(_, _, effect)| (effect * STEP).floor() as i64)
        .collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let rest = |i: usize| parts[i].2 * STEP - (parts[i].2 * STEP).floor();
    order.sort_by(|a, b| rest(*b).total_cmp(&rest(*a)));
    let short = usize::try_from(whole - steps.iter().sum::<i64>()).unwrap_or(0);
    for i in order.into_iter().cycle().take(short) {
        steps[i] += 1;
    }
    let mut all: Vec<Contribution> = parts
        .into_iter()
        .zip(steps)
        .map(|((label, value, _), step)| Contribution {
            label,
            value,
            effect: step as f64 / STEP,
        })
        .collect();
    all[1..].sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    all
}

/// For each risk the share (in per cent) of all risks below it, equal ones counted half.
pub fn percentiles(risks: &[f64]) -> Vec<f64> {
    let mut sorted = risks.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = |risk: f64| sorted.partition_point(|other| *other < risk) as f64;
    let up_to = |risk: f64| sorted.partition_point(|other| *other <= risk) as f64;
    let place = |risk: &f64| 50.0 * (below(*risk) + up_to(*risk)) / sorted.len() as f64;
    risks.iter().map(place).collect()
}
