//! How good predicted risks were: at each landmark, over all landmarks, at one horizon.
//!
//! A case is who relapses within the horizon; everybody known to be free of it then is a control, those who died without it among them.
//! Who was lost before the horizon is made up for by those like them who were not (inverse probability of censoring, the censoring curve
//! by the reverse Kaplan-Meier estimate over the pairs that are judged together).

mod recalibration;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::burden::case::Day;
use crate::study::course::RELAPSE;
use crate::survival::metrics::{CaseWeight, Censoring, Estimate, Ipcw};
use crate::survival::{Error, FollowUp};

pub use recalibration::slope;

/// One predicted risk, with what followed: time from the landmark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// The landmark's day since surgery, by which pairs are grouped.
    pub landmark: i64,
    pub followed: FollowUp,
    pub risk: f64,
}

/// Measures of pairs that are judged together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    pub pairs: usize,
    /// Relapses seen within the horizon.
    pub cases: usize,
    /// Cumulative cases, dynamic controls (Blanche et al., Stat Med 2013;32:5381). `None` without either.
    pub auc: Option<Estimate>,
    pub brier: f64,
    /// The Brier score of the weighted share of cases told to everybody.
    pub brier_null: f64,
    /// Weighted share of cases.
    pub observed: f64,
    /// Mean risk.
    pub expected: f64,
    /// Of the logit of the risk in a weighted logistic regression of the cases: 1 is right, below 1 risks are too far apart. `None` where
    /// risks do not differ or part cases from controls altogether.
    pub slope: Option<f64>,
}

impl Judged {
    /// Errors: `Empty`, `BeyondFollowUp` and `NoWeight` where nobody was watched for so long, `Parameter` for what is no risk.
    pub fn of(pairs: &[Predicted], horizon: Day) -> Result<Judged, Error> {
        let time = f64::from(horizon);
        let followed: Vec<FollowUp> = pairs.iter().map(|p| p.followed).collect();
        let risks: Vec<f64> = pairs.iter().map(|p| p.risk).collect();
        let ipcw = Ipcw::new(&followed, Some(RELAPSE), CaseWeight::Before)?;
        let at = ipcw.at(time)?;
        // the weighted shares of cases and of controls, which add to about 1
        let (cases, controls) = (at.brier_null(0.0)?, at.brier_null(1.0)?);
        let observed = cases / (cases + controls);
        let is_case: Vec<bool> = followed
            .iter()
            .map(|f| f.exit() <= time && f.event() == RELAPSE)
            .collect();
        Ok(Judged {
            pairs: pairs.len(),
            cases: is_case.iter().filter(|case| **case).count(),
            auc: at.auc(&risks)?,
            brier: at.brier(&risks)?.value,
            brier_null: at.brier_null(observed)?,
            observed,
            expected: risks.iter().sum::<f64>() / risks.len() as f64,
            slope: slope(&risks, &is_case, &weights(&followed, time)?),
        })
    }

    /// How much of the null model's Brier score the risks take away.
    pub fn scaled_brier(&self) -> Option<f64> {
        (self.brier_null > 0.0).then(|| 1.0 - self.brier / self.brier_null)
    }

    pub fn observed_over_expected(&self) -> Option<f64> {
        (self.expected > 0.0).then(|| self.observed / self.expected)
    }
}

/// 1 / G(T-) of who had an event by `time`, 1 / G(time) of who was watched on, 0 of who was lost before.
fn weights(followed: &[FollowUp], time: f64) -> Result<Vec<f64>, Error> {
    let censoring = Censoring::fit(followed, None)?;
    let free = 1.0 / censoring.at(time);
    let weight = |f: &FollowUp| match f.event() {
        _ if f.exit() > time => free,
        0 => 0.0,
        _ => censoring.case_weight(f.exit(), CaseWeight::Before),
    };
    Ok(followed.iter().map(weight).collect())
}

/// All landmarks at one horizon.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy {
    pub horizon: Day,
    /// By the landmark's day; those that nobody was watched long enough after, or without a relapse, are not there.
    pub landmarks: Vec<(i64, Judged)>,
    /// All pairs as one sample, under one censoring curve.
    pub pooled: Judged,
    /// Means over the landmarks, each weighted by its relapses.
    pub mean: Mean,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    pub auc: Option<f64>,
    pub scaled_brier: Option<f64>,
    /// Relapses observed at all landmarks over those expected.
    pub observed_over_expected: Option<f64>,
    pub slope: Option<f64>,
}

impl Accuracy {
    /// Errors: as `Judged::of` over all pairs.
    pub fn of(pairs: &[Predicted], horizon: Day) -> Result<Accuracy, Error> {
        let mut by_landmark: BTreeMap<i64, Vec<Predicted>> = BTreeMap::new();
        for pair in pairs {
            by_landmark.entry(pair.landmark).or_default().push(*pair);
        }
        let judged = |(day, pairs): (i64, Vec<Predicted>)| {
            let judged = Judged::of(&pairs, horizon).ok().filter(|judged| judged.cases > 0)?;
            Some((day, judged))
        };
        let landmarks: Vec<(i64, Judged)> = by_landmark.into_iter().filter_map(judged).collect();
        Ok(Accuracy {
            horizon,
            pooled: Judged::of(pairs, horizon)?,
            mean: Mean::of(&landmarks),
            landmarks,
        })
    }
}

impl Mean {
    fn of(landmarks: &[(i64, Judged)]) -> Mean {
        let weighted = |value: &dyn Fn(&Judged) -> Option<f64>| {
            let each = landmarks.iter().filter_map(|(_, j)| Some((value(j)?, j.cases as f64)));
            let (sum, weight) = each.fold((0.0, 0.0), |(sum, all), (value, w)| (sum + w * value, all + w));
            (weight > 0.0).then(|| sum / weight)
        };
        let sum =
            |value: &dyn Fn(&Judged) -> f64| -> f64 { landmarks.iter().map(|(_, j)| j.pairs as f64 * value(j)).sum() };
        let expected = sum(&|j| j.expected);
        Mean {
            auc: weighted(&|j| j.auc.map(|auc| auc.value)),
            scaled_brier: weighted(&Judged::scaled_brier),
            observed_over_expected: (expected > 0.0).then(|| sum(&|j| j.observed) / expected),
            slope: weighted(&|j| j.slope),
        }
    }
}
