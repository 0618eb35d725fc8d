//! Publish, recalibrate or hold: the thresholds stand here and nowhere else.

use serde::{Deserialize, Serialize};

use super::{Measures, Report};
use crate::burden::case::Day;

/// Observed over expected and slope within these: as good as the registry asks of a model it shows (Van Calster et al.,
/// BMC Med 2019;17:230 on levels of calibration).
const CALIBRATED: (f64, f64) = (0.9, 1.1);
/// Beyond these a shift of level and slope does not mend what is wrong.
const MENDABLE: (f64, f64) = (0.5, 2.0);
/// A candidate may rank this much worse than the last good model before it is held: about one standard error of an AUC with 150 relapses
/// (Hanley & McNeil, Radiology 1982;143:29).
const WORSE: f64 = 0.02;
/// Below this a model hardly ranks at all.
const LEAST_AUC: f64 = 0.6;
/// With fewer relapsed patients in the validation nothing is known of the model's calibration.
const LEAST_RELAPSED: usize = 20;
/// An index from here on is a shift that is named (Siddiqi 2006).
const SHIFTED: f64 = 0.25;
/// Standard errors that chance is given.
const CHANCE: f64 = 1.96;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Publish,
    /// Level and slope are corrected by what came, then it is published.
    Recalibrate,
    /// The last good model stays.
    Hold,
}

/// A decision with its reason in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub decision: Decision,
    pub reason: String,
}

fn verdict(decision: Decision, reason: String) -> Verdict {
    Verdict { decision, reason }
}

/// Whether `value` is outside `limits` by more than chance.
fn beyond(value: f64, error: f64, limits: (f64, f64)) -> bool {
    value + CHANCE * error < limits.0 || value - CHANCE * error > limits.1
}

/// On the candidate's report at its main horizon; `last` is that of the model which is shown today. Without a model to keep,
/// a candidate that would be recalibrated or ranks worse is still held to the same limits: no model is better than a wrong one.
pub fn decide(candidate: &Report, last: Option<&Report>, horizon_days: Day) -> Verdict {
    let Some(own) = candidate.at(horizon_days) else {
        return verdict(
            Decision::Hold,
            "No landmark of the validation was watched to the main horizon with a relapse before it.".to_owned(),
        );
    };
    if candidate.relapsed < LEAST_RELAPSED {
        let n = candidate.relapsed;
        let reason =
            format!("Only {n} patients of the validation relapsed; {LEAST_RELAPSED} are needed to judge a model.");
        return verdict(Decision::Hold, reason);
    }
    if let Some(reason) = unfit(own, last.and_then(|last| last.at(horizon_days))) {
        return verdict(Decision::Hold, reason);
    }
    if let Some(reason) = off(own, CALIBRATED) {
        return match off(own, MENDABLE) {
            Some(worse) => verdict(Decision::Hold, worse),
            None => verdict(Decision::Recalibrate, reason),
        };
    }
    verdict(Decision::Publish, praise(own, candidate))
}

fn unfit(own: &Measures, last: Option<&Measures>) -> Option<String> {
    if own.auc < LEAST_AUC {
        return Some(format!("AUC {:.3} is below {LEAST_AUC}: it hardly ranks.", own.auc));
    }
    if own.scaled_brier <= 0.0 {
        let brier = own.scaled_brier;
        return Some(format!(
            "Scaled Brier score {brier:.3}: one risk for everybody would be as good."
        ));
    }
    let last = last?;
    (own.auc < last.auc - WORSE).then(|| {
        let (now, then) = (own.auc, last.auc);
        format!("AUC {now:.3} is more than {WORSE} below the {then:.3} of the model that is shown.")
    })
}

fn off(own: &Measures, limits: (f64, f64)) -> Option<String> {
    let (low, high) = limits;
    let ratio = own.observed_over_expected;
    if beyond(ratio, ratio * own.relative_error, limits) {
        return Some(format!(
            "Observed over expected {ratio:.2} lies outside {low} to {high} by more than chance."
        ));
    }
    let slope = own.slope?;
    let error = own.slope_error.unwrap_or(0.0);
    beyond(slope, error, limits)
        .then(|| format!("Calibration slope {slope:.2} lies outside {low} to {high} by more than chance."))
}

fn praise(own: &Measures, report: &Report) -> String {
    let slope = own.slope.map_or(String::new(), |slope| format!(", slope {slope:.2}"));
    let mut reason = format!(
        "AUC {:.3}, scaled Brier {:.3}, observed over expected {:.2}{slope}.",
        own.auc, own.scaled_brier, own.observed_over_expected
    );
    let shifted: Vec<&str> = report
        .drift
        .iter()
        .filter(|drift| drift.index >= SHIFTED)
        .take(3)
        .map(|drift| drift.column.as_str())
        .collect();
    if !shifted.is_empty() {
        reason.push_str(&format!(" Inputs have shifted: {}.", shifted.join(", ")));
    }
    reason
}
