mod joint_model;
mod mixed_model;
mod stacking;

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, Axis, array};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::survival::oracle::{Table, close, json, near, numbers, table};
use crate::survival::{Cox, CoxModel, Error, FollowUp, Ties};

const WINDOW: f64 = 730.5;
const VALUES: [&str; 4] = ["log_bili", "albumin", "log_protime", "age"];

fn whole(table: &Table, name: &str) -> Vec<usize> {
    table.column(name).iter().map(|v| *v as usize).collect()
}

/// The columns of `VALUES`, then the first log bilirubin of each.
fn stacked(landmarks: &[f64]) -> Stacked {
    let visits = table("pbcseq_intervals.csv");
    let id = whole(&visits, "id");
    let mut values = visits.design(&["log_bili", "albumin", "log_protime", "age", "log_bili"]);
    for i in 0..visits.rows {
        let first = (0..visits.rows).filter(|j| id[*j] == id[i]);
        let first = first
            .min_by(|a, b| visits.column("start")[*a].total_cmp(&visits.column("start")[*b]))
            .unwrap();
        values[[i, 4]] = visits.column("log_bili")[first];
    }
    let event: Vec<u32> = visits.column("event").iter().map(|v| *v as u32).collect();
    let rows = LongRows {
        id: &id,
        start: visits.column("start"),
        stop: visits.column("stop"),
        event: &event,
        values: values.view(),
    };
    let stack = Stack {
        landmarks: landmarks.to_vec(),
        window: WINDOW,
        with_age: false,
    };
    stack.of(&rows).unwrap()
}

fn landmarks() -> Vec<f64> {
    (1..=5).map(|year| 365.25 * f64::from(year)).collect()
}

/// Five parts by the rank of the id among all subjects.
fn folds(set: &Stacked) -> Vec<usize> {
    let mut ids = whole(&table("pbcseq_intervals.csv"), "id");
    ids.sort_unstable();
    ids.dedup();
    set.id.iter().map(|id| ids.partition_point(|i| i < id) % 5).collect()
}

fn cox(x: &Array2<f64>, y: &Array1<FollowUp>) -> CoxModel {
    Cox::params()
        .ties(Ties::Efron)
        .fit(&Dataset::new(x.clone(), y.clone()))
        .unwrap()
}

/// Survival of the window, as the reference has it: from the hazard at covariates of 0.
fn kept(model: &CoxModel, x: &Array2<f64>, end: f64) -> Vec<f64> {
    let hazard = model.baseline_at_zero(end);
    x.dot(&model.coefficients)
        .iter()
        .map(|lp| (-hazard * lp.exp()).exp())
        .collect()
}

fn crossed(x: &Array2<f64>, set: &Stacked, end: f64) -> Vec<f64> {
    let fold = folds(set);
    let mut all = vec![0.0; fold.len()];
    for k in 0..5 {
        let (out, rest): (Vec<usize>, Vec<usize>) = (0..fold.len()).partition(|i| fold[*i] == k);
        let model = cox(&x.select(Axis(0), &rest), &set.targets.select(Axis(0), &rest));
        for (i, s) in out.iter().zip(kept(&model, &x.select(Axis(0), &out), end)) {
            all[*i] = s;
        }
    }
    all
}

/// Area under the curve, Brier's score of the model and of nobody's covariates, and observed over expected, weighted by the
/// inverse chance of not being censored: the reference's lines.
fn judge(set: &Stacked, s: f64, survival: &[f64], expected: &Value, within: f64) {
    let n = survival.len();
    let subjects: Vec<(f64, bool)> = (set.targets.iter())
        .map(|y| {
            let whole = y.event() == 0 && y.exit() >= s + WINDOW;
            (if whole { WINDOW + 1.0 } else { y.exit() - s }, y.event() > 0)
        })
        .collect();
    let mut times: Vec<f64> = subjects.iter().map(|(t, _)| *t).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let (mut free, mut uncensored) = (1.0, 1.0);
    let (mut curve, mut null) = (vec![], 1.0);
    for t in times {
        let at_risk = subjects.iter().filter(|(u, _)| *u >= t).count() as f64;
        let events = subjects.iter().filter(|(u, e)| *u == t && *e).count() as f64;
        let lost = subjects.iter().filter(|(u, e)| *u == t && !*e).count() as f64;
        curve.push((t, uncensored));
        if at_risk > events {
            uncensored *= 1.0 - lost / (at_risk - events);
        }
        free *= 1.0 - events / at_risk;
        if t <= WINDOW {
            null = free;
        }
    }
    // Just before a time, and at the end of the window (nobody is censored between it and the next time).
    let before = |t: f64| curve[curve.partition_point(|(u, _)| *u < t)].1;
    let at_end = before(WINDOW + 1.0);
    let brier = |survival: &dyn Fn(usize) -> f64| {
        let part = |i: usize| match subjects[i] {
            (t, true) if t <= WINDOW => survival(i).powi(2) / before(t),
            (t, _) if t > WINDOW => (1.0 - survival(i)).powi(2) / at_end,
            _ => 0.0,
        };
        (0..n).map(part).sum::<f64>() / n as f64
    };
    let (mut won, mut pairs) = (0.0, 0.0);
    for i in (0..n).filter(|i| subjects[*i].1 && subjects[*i].0 <= WINDOW) {
        for j in (0..n).filter(|j| subjects[*j].0 > WINDOW) {
            let weight = 1.0 / before(subjects[i].0);
            pairs += weight;
            let (case, control) = (1.0 - survival[i], 1.0 - survival[j]);
            won += weight
                * if case > control {
                    1.0
                } else if case == control {
                    0.5
                } else {
                    0.0
                };
        }
    }
    let theirs = |name: &str| expected[name].as_f64().unwrap();
    near(won / pairs, theirs("auc"), within);
    near(brier(&|i| survival[i]), theirs("brier"), within);
    near(brier(&|_| null), theirs("brier_null"), 1e-10);
    let mean = survival.iter().map(|s| 1.0 - s).sum::<f64>() / n as f64;
    near((1.0 - null) / mean, theirs("oe"), 10.0 * within);
}

#[test]
fn each_landmark_equals_the_reference() {
    let all = json("landmark.json");
    for (expected, s) in all["landmarks"].as_array().unwrap().iter().zip(landmarks()) {
        near(expected["landmark_days"].as_f64().unwrap(), s, 0.0);
        let set = stacked(&[s]);
        let x = set.records.select(Axis(1), &[0, 1, 2, 3]);
        let model = cox(&x, &set.targets);
        assert_eq!(
            expected["terms"]
                .as_array()
                .unwrap()
                .iter()
                .map(|t| t.as_str().unwrap())
                .collect::<Vec<_>>(),
            VALUES
        );
        assert_eq!(model.n, expected["n"].as_u64().unwrap() as usize);
        assert_eq!(model.events, expected["events"].as_u64().unwrap() as usize);
        for j in 0..4 {
            close(model.coefficients[j], numbers(&expected["coef"])[j], 1e-8);
            close(model.standard_error(j).unwrap(), numbers(&expected["se"])[j], 1e-8);
        }
        close(model.log_likelihood, expected["loglik"].as_f64().unwrap(), 1e-8);
        close(
            model.baseline_at_zero(s + WINDOW),
            expected["cumhaz0_at_horizon"].as_f64().unwrap(),
            1e-8,
        );
        let survival = kept(&model, &x, s + WINDOW);
        for (i, theirs) in numbers(&expected["surv_first5"]["surv"]).into_iter().enumerate() {
            assert_eq!(set.id[i], expected["surv_first5"]["id"][i].as_u64().unwrap() as usize);
            near(survival[i], theirs, 1e-9);
        }
        judge(&set, s, &survival, &expected["apparent"], 1e-10);

        let change = &set.records.column(0) - &set.records.column(4);
        let mut with_change = x.clone();
        with_change.push_column(change.view()).unwrap();
        let first = set.records.select(Axis(1), &[4, 3]);
        for (x, name) in [
            (&x, "current_values"),
            (&with_change, "current_plus_change"),
            (&first, "baseline_only"),
        ] {
            judge(&set, s, &crossed(x, &set, s + WINDOW), &expected["cv5"][name], 1e-10);
        }
    }
}
