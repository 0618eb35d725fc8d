//! How the night's model does on them.

use chrono::NaiveDate;

use super::{Followed, date};
use crate::burden::case::{Case, Day};
use crate::risk::landmark::{self, Landmarks, Settings};
use crate::study::course::RELAPSE;
use crate::survival::FollowUp;
use crate::survival::metrics::calibration::in_the_large;
use crate::survival::metrics::{CaseWeight, Ipcw};

/// The last day of the data.
fn cut(patients: &[Followed]) -> NaiveDate {
    date(patients.iter().map(|p| p.time).fold(0.0, f64::max).ceil() as i64)
}

/// The window of pbcseq's landmarks, in days.
const WINDOW: f64 = 730.5;
const FOLDS: usize = 5;

/// The AUC at each landmark year from 1 to 5, predictions of five folds together (fold: rank of the id, mod 5). `None` where a fit
/// failed or the window was not watched.
pub fn pbcseq_auc(patients: &[Followed], seed: u64) -> [Option<f64>; 5] {
    let settings = Settings {
        seed,
        ..Settings::default()
    };
    let mut found: [Vec<(FollowUp, f64)>; 5] = Default::default();
    for fold in 0..FOLDS {
        let others: Vec<Case> = (0..patients.len())
            .filter(|i| i % FOLDS != fold)
            .map(|i| patients[i].case.clone())
            .collect();
        let Ok(model) = landmark::fit(&others, cut(patients), &settings) else {
            return [None; 5];
        };
        for patient in patients.iter().skip(fold).step_by(FOLDS) {
            let mut scorer = model.follow(&patient.case);
            for (year, pairs) in found.iter_mut().enumerate() {
                let from = 365.25 * (year + 1) as f64;
                let Ok(risks) = scorer.risks_on(from as Day) else {
                    continue;
                };
                if let Ok(followed) = FollowUp::until(patient.time - from, patient.event) {
                    pairs.push((followed, risks[2]));
                }
            }
        }
    }
    found.map(|pairs| {
        let (followed, risks): (Vec<FollowUp>, Vec<f64>) = pairs.into_iter().unzip();
        let ipcw = Ipcw::new(&followed, Some(RELAPSE), CaseWeight::Before).ok()?;
        Some(ipcw.at(WINDOW).ok()?.auc(&risks).ok()??.value)
    })
}

/// At 2, 5 and 10 years from entry: AUC and observed over expected of those with an even id, by a model of those with an odd one.
pub fn rotterdam_at(patients: &[Followed], seed: u64) -> [Option<(f64, f64)>; 3] {
    const YEARS: [f64; 3] = [2.0, 5.0, 10.0];
    let settings = Settings {
        horizons: YEARS.map(|years| (years * 365.25) as Day),
        landmarks: Landmarks::At(vec![0]),
        lines: false,
        seed,
        ..Settings::default()
    };
    let odd: Vec<Case> = patients
        .iter()
        .filter(|p| p.id % 2 == 1)
        .map(|p| p.case.clone())
        .collect();
    let Ok(model) = landmark::fit(&odd, cut(patients), &settings) else {
        return [None; 3];
    };
    let even = patients.iter().filter(|p| p.id % 2 == 0);
    let scored: Vec<(FollowUp, [f64; 3])> = even
        .filter_map(|p| {
            Some((
                FollowUp::until(p.time, p.event).ok()?,
                model.follow(&p.case).risks_on(0).ok()?,
            ))
        })
        .collect();
    let followed: Vec<FollowUp> = scored.iter().map(|(followed, _)| *followed).collect();
    let at = |place: usize| {
        let time = YEARS[place] * 365.25;
        let risks: Vec<f64> = scored.iter().map(|(_, risks)| risks[place]).collect();
        let ipcw = Ipcw::new(&followed, Some(RELAPSE), CaseWeight::Before).ok()?;
        let auc = ipcw.at(time).ok()?.auc(&risks).ok()??.value;
        let large = in_the_large(&followed, Some(RELAPSE), &risks, time).ok()?;
        Some((auc, large.observed_over_expected?))
    };
    [at(0), at(1), at(2)]
}
