//! Two-year risks from each of five landmarks: apparent, and in five folds of patients.

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, Axis};
use serde_json::Value;

use super::super::*;
use crate::survival::oracle::{json, near, table};
use crate::survival::resample::{Split, folds_of};
use crate::survival::{Cox, FollowUp, SurvivalModel};

const WINDOW: f64 = 730.5;

fn perf(at_risk: &[FollowUp], risks: &[f64], expected: &Value) {
    let ipcw = Ipcw::new(at_risk, None, CaseWeight::Before).unwrap();
    let horizon = ipcw.at(WINDOW).unwrap();
    let value = |name: &str| expected[name].as_f64().unwrap();
    near(horizon.auc(risks).unwrap().unwrap().value, value("auc"), 1e-10);
    near(horizon.brier(risks).unwrap().value, value("brier"), 1e-10);
    let observed = observed_risk(at_risk, None, WINDOW).unwrap();
    near(horizon.brier_null(observed).unwrap(), value("brier_null"), 1e-10);
    let large = calibration::in_the_large(at_risk, None, risks, WINDOW).unwrap();
    near(large.observed_over_expected.unwrap(), value("oe"), 1e-9);
}

#[test]
fn predictions_from_a_landmark() {
    let visits = table("pbcseq_intervals.csv");
    let value = |name: &str, i: usize| visits.column(name)[i];
    let expected = json("landmark.json");
    let mut patients: Vec<usize> = visits.column("id").iter().map(|id| *id as usize).collect();
    patients.dedup();
    for expected in expected["landmarks"].as_array().unwrap() {
        let landmark = expected["landmark_days"].as_f64().unwrap();
        let rows: Vec<usize> = (0..visits.rows)
            .filter(|i| value("start", *i) <= landmark && value("stop", *i) > landmark)
            .collect();
        let last = |id: f64| {
            (0..visits.rows)
                .filter(|i| value("id", *i) == id)
                .max_by(|a, b| value("stop", *a).total_cmp(&value("stop", *b)))
                .unwrap()
        };
        let whole: Vec<FollowUp> = rows
            .iter()
            .map(|i| {
                let end = last(value("id", *i));
                FollowUp::until(value("stop", end), value("event", end) as u32).unwrap()
            })
            .collect();
        let at_risk: Vec<FollowUp> = since(&whole, landmark, WINDOW)
            .unwrap()
            .into_iter()
            .map(|(_, f)| f)
            .collect();
        assert_eq!(at_risk.len() as u64, expected["n"].as_u64().unwrap());
        let cut = |f: &FollowUp| {
            if f.exit() > WINDOW {
                FollowUp::until(WINDOW, 0).unwrap()
            } else {
                *f
            }
        };
        let targets: Array1<FollowUp> = at_risk.iter().map(cut).collect();
        let x = visits
            .design(&["log_bili", "albumin", "log_protime", "age"])
            .select(Axis(0), &rows);
        let risks = |split: &Split| -> Vec<f64> {
            let train = |rows: &[usize]| {
                (
                    x.select(Axis(0), rows),
                    rows.iter().map(|i| targets[*i]).collect::<Array1<FollowUp>>(),
                )
            };
            let (records, targets) = train(&split.train);
            let model = Cox::params().fit(&Dataset::new(records, targets)).unwrap();
            let held: Array2<f64> = x.select(Axis(0), &split.test);
            let free = model.survival_at(held.view(), &[WINDOW]).unwrap();
            free.iter().map(|s| 1.0 - s).collect()
        };
        let all: Vec<usize> = (0..rows.len()).collect();
        perf(
            &at_risk,
            &risks(&Split {
                train: all.clone(),
                test: all,
            }),
            &expected["apparent"],
        );
        let fold: Vec<usize> = rows
            .iter()
            .map(|i| patients.iter().position(|p| *p == value("id", *i) as usize).unwrap() % 5)
            .collect();
        let mut held = vec![0.0; rows.len()];
        for split in folds_of(&fold).unwrap() {
            for (i, risk) in split.test.iter().zip(risks(&split)) {
                held[*i] = risk;
            }
        }
        perf(&at_risk, &held, &expected["cv5"]["current_values"]);
    }
}
