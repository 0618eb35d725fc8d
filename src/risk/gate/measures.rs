//! Discrimination, accuracy and calibration at a horizon, those lost before it made up for by inverse weights.

use serde::{Deserialize, Serialize};

use super::{Judged, patients};
use crate::burden::case::Day;
use crate::survival::FollowUp;
use crate::survival::metrics::{CaseWeight, Ipcw, calibration, observed_risk, prediction_accuracy};

/// Landmarks of one patient are not independent: standard errors here are told by patients, not by landmarks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    pub horizon_days: Day,
    /// Cumulative cases, dynamic controls; death counts as no relapse.
    pub auc: f64,
    /// 1 − Brier / Brier of one risk for all.
    pub scaled_brier: f64,
    /// By Aalen-Johansen.
    pub observed: f64,
    pub expected: f64,
    pub observed_over_expected: f64,
    /// Relative standard error of the former: 1 over the root of the patients who relapsed within the horizon.
    pub relative_error: f64,
    /// Of the complementary log-log risk; `None` where the predictions do not differ.
    pub slope: Option<f64>,
    pub slope_error: Option<f64>,
}

/// Risks are kept this far from 0 and 1.
const EDGE: f64 = 1e-9;

/// `None` where nobody was watched until the horizon, or nobody relapsed by it.
pub(super) fn at(rows: &[Judged], k: usize, horizon_days: Day) -> Option<Measures> {
    let horizon = f64::from(horizon_days);
    let subjects: Vec<FollowUp> = rows.iter().map(|row| row.subject).collect();
    let risks: Vec<f64> = rows.iter().map(|row| row.risks[k]).collect();
    let weighed = Ipcw::new(&subjects, Some(1), CaseWeight::Before).ok()?;
    let here = weighed.at(horizon).ok()?;
    let observed = observed_risk(&subjects, Some(1), horizon).ok()?;
    let expected = risks.iter().sum::<f64>() / risks.len() as f64;
    let fell = rows.iter().filter(|row| row.relapsed && row.subject.exit() <= horizon);
    let slope = slope(&subjects, &risks, horizon);
    Some(Measures {
        horizon_days,
        auc: here.auc(&risks).ok()??.value,
        scaled_brier: prediction_accuracy(here.brier(&risks).ok()?.value, here.brier_null(observed).ok()?)?,
        observed,
        expected,
        observed_over_expected: observed / expected.max(EDGE),
        relative_error: 1.0 / (patients(fell).max(1) as f64).sqrt(),
        slope: slope.map(|slope| slope.estimate),
        slope_error: slope.and_then(|slope| slope.se),
    })
}

/// Of a Cox model within the horizon.
fn slope(subjects: &[FollowUp], risks: &[f64], horizon: f64) -> Option<calibration::Slope> {
    let within = |subject: &FollowUp| {
        let event = if subject.exit() <= horizon { subject.event() } else { 0 };
        FollowUp::until(subject.exit().min(horizon), event).ok()
    };
    let cut: Vec<FollowUp> = subjects.iter().map(within).collect::<Option<_>>()?;
    let predictor: Vec<f64> = (risks.iter())
        .map(|p| (-(-p.clamp(EDGE, 1.0 - EDGE)).ln_1p()).ln())
        .collect();
    calibration::slope(&cut, Some(1), &predictor).ok()
}
