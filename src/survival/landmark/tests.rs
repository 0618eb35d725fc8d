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

/// The log bilirubin of some visits with their years, whose they are, and the model of it.
fn mixed(keep: &dyn Fn(usize, f64) -> bool, likelihood: Likelihood) -> (Vec<(usize, f64, f64)>, MixedModel) {
    let visits = table("pbcseq_intervals.csv");
    let (id, start, value) = (whole(&visits, "id"), visits.column("start"), visits.column("log_bili"));
    let rows: Vec<_> = (0..visits.rows)
        .filter(|i| keep(id[*i], start[*i]))
        .map(|i| (id[i], start[i] / 365.25, value[i]))
        .collect();
    let data = Dataset::new(
        Array2::from_shape_fn((rows.len(), 1), |(i, _)| rows[i].1),
        rows.iter().map(|r| r.2).collect::<Array1<f64>>(),
    );
    let params = Mixed::params()
        .likelihood(likelihood)
        .subjects(rows.iter().map(|r| r.0).collect());
    let model = params.fit(&data.with_feature_names(vec!["year"])).unwrap();
    (rows, model)
}

fn line(rows: &[(usize, f64, f64)], model: &MixedModel, id: usize) -> Blup {
    let (times, values): (Vec<f64>, Vec<f64>) = rows.iter().filter(|r| r.0 == id).map(|r| (r.1, r.2)).unzip();
    let records = Array2::from_shape_vec((times.len(), 1), times).unwrap();
    model.blup(records.view(), Array1::from(values).view()).unwrap()
}

/// How near each part of a mixed model comes: log-likelihood, parameters, and what follows from a subject's line.
struct Within {
    likelihood: f64,
    parameters: f64,
    lines: f64,
}

/// The maximum as `nlminb` finds it (`scripts/mixed_converged.R`).
const CONVERGED: Within = Within {
    likelihood: 1e-9,
    parameters: 1e-6,
    lines: 1e-5,
};
/// The reference's own optimiser stops this far below the maximum.
const STOPPED: Within = Within {
    likelihood: 1e-4,
    parameters: 1e-3,
    lines: 1e-3,
};

fn same_model(model: &MixedModel, converged: &Value, stopped: &Value, likelihood: &str) {
    let (sd, correlation) = model.random_effects();
    near(
        model.log_likelihood,
        converged["loglik"].as_f64().unwrap(),
        CONVERGED.likelihood,
    );
    let theirs = stopped[likelihood].as_f64().unwrap();
    near(model.log_likelihood, theirs, STOPPED.likelihood);
    assert!(model.log_likelihood >= theirs - 1e-9, "ours is the maximum");
    let parameters = CONVERGED.parameters;
    near(
        model.residual_variance,
        converged["residual_variance"].as_f64().unwrap(),
        parameters,
    );
    near(
        model.residual_variance.sqrt(),
        stopped["sd_resid"].as_f64().unwrap(),
        STOPPED.parameters,
    );
    near(correlation, stopped["corr"].as_f64().unwrap(), 5e-3);
    let summary = model.summary(0.95).unwrap();
    for a in 0..2 {
        near(model.fixed[a], numbers(&converged["fixed"])[a], parameters);
        near(model.fixed[a], numbers(&stopped["fixed"])[a], STOPPED.parameters);
        near(sd[a], numbers(&stopped["sd_intercept_slope"])[a], STOPPED.parameters);
        let se = summary.coefficients[a].se.unwrap();
        near(se, numbers(&converged["fixed_se"])[a], parameters);
        if let Some(theirs) = stopped.get("fixed_se") {
            near(se, numbers(theirs)[a], 1e-4);
        }
        for b in 0..2 {
            near(model.random[a][b], numbers(&converged["random"][a])[b], parameters);
        }
    }
}

#[test]
fn the_mixed_model_equals_the_reference() {
    let (converged, stopped) = (json("landmark_mixed_converged.json"), json("landmark.json"));
    for (likelihood, name) in [(Likelihood::Ml, "ml"), (Likelihood::Reml, "reml")] {
        let (rows, model) = mixed(&|_, _| true, likelihood);
        let part = |all: &Value| all["mixed_model_log_bili"][name].clone();
        let (converged, stopped) = (part(&converged), part(&stopped));
        same_model(&model, &converged, &stopped, "loglik");
        for id in 1..=5 {
            let ours = line(&rows, &model, id);
            for (theirs, within) in [(&converged, CONVERGED.lines), (&stopped, STOPPED.lines)] {
                let theirs = numbers(&theirs["blup_id_1_to_5"][id - 1]);
                near(ours.intercept, theirs[0], within);
                near(ours.slope, theirs[1], within);
            }
        }
    }
}

#[test]
fn two_stages_equal_the_reference() {
    let (converged, stopped) = (json("landmark_mixed_converged.json"), json("landmark.json"));
    for (place, s) in landmarks().into_iter().enumerate() {
        let part = |all: &Value| all["two_stage_blup"][place].clone();
        let (converged, stopped) = (part(&converged), part(&stopped));
        near(stopped["landmark_days"].as_f64().unwrap(), s, 0.0);
        let set = stacked(&[s]);
        let (rows, model) = mixed(&|id, start| set.id.contains(&id) && start <= s, Likelihood::Ml);
        same_model(&model, &converged, &stopped, "loglik_ml");
        let lines: Vec<Blup> = set.id.iter().map(|id| line(&rows, &model, *id)).collect();
        let x = Array2::from_shape_fn((lines.len(), 5), |(i, j)| match j {
            0 => lines[i].at(s / 365.25),
            1 => lines[i].slope,
            _ => set.records[[i, j - 1]],
        });
        let terms = stopped["cox_terms"].as_array().unwrap();
        assert!(
            terms
                .iter()
                .zip(["cur", "slope", "albumin", "log_protime", "age"])
                .all(|(a, b)| a == b)
        );
        let model = cox(&x, &set.targets);
        let crossed = crossed(&x, &set, s + WINDOW);
        for (theirs, within) in [(&converged, CONVERGED.lines), (&stopped, STOPPED.lines)] {
            let first = &theirs["blup_first5"];
            for i in 0..5 {
                assert_eq!(set.id[i], first["id"][i].as_u64().unwrap() as usize);
                near(x[[i, 0]], numbers(&first["current"])[i], within);
                near(x[[i, 1]], numbers(&first["slope"])[i], within);
            }
            for (ours, coefficient) in model.coefficients.iter().zip(numbers(&theirs["cox_coef"])) {
                near(*ours, coefficient, 10.0 * within * coefficient.abs().max(1.0));
            }
            judge(&set, s, &crossed, &theirs["cv5"], within);
        }
    }
}

/// A joint model of the five landmarks, years counted from the first.
fn joint(baseline: LandmarkBaseline, interactions: Vec<usize>) -> (Stacked, LandmarkModel) {
    let mut set = stacked(&landmarks());
    set.records = set.records.select(Axis(1), &[0, 1, 2, 3]);
    let params = Supermodel::params()
        .stacked(&set)
        .baseline(baseline)
        .interactions(interactions)
        .unit(365.25);
    let model = params.fit(&set.dataset(&VALUES)).unwrap();
    (set, model)
}

#[test]
fn supermodels_equal_the_reference() {
    let all = json("landmark.json");
    let cases = [
        ("supermodel_stratified", LandmarkBaseline::Stratified, vec![]),
        ("supermodel_stratified_bili_by_s", LandmarkBaseline::Stratified, vec![0]),
        ("supermodel_ipl", LandmarkBaseline::Smooth, vec![0]),
    ];
    for (name, baseline, interactions) in cases {
        let (_, model) = joint(baseline, interactions);
        let (expected, cox) = (&all[name], &model.cox);
        assert_eq!(expected["ties"], "breslow");
        let size = |name: &str| expected[name].as_u64().unwrap() as usize;
        assert_eq!((cox.n, cox.events), (size("n"), size("events")));
        let robust = cox.robust_covariance.as_ref().unwrap();
        let summary = cox.summary(0.95).unwrap();
        let theirs: Vec<&str> = expected["terms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap())
            .collect();
        for (j, row) in summary.coefficients.iter().enumerate() {
            let same = match theirs[j] {
                "bili_s" => "log_bili:s",
                "s1" => "s",
                "s2" => "s^2",
                name => name,
            };
            assert_eq!(row.name, same);
            close(row.estimate, numbers(&expected["coef"])[j], 1e-8);
            close(row.se.unwrap(), numbers(&expected["se"])[j], 1e-8);
            close(row.robust_se.unwrap(), numbers(&expected["robust_se"])[j], 1e-8);
            for i in 0..theirs.len() {
                let scale = |m: &Array2<f64>| 1e-8 * (m[[i, i]] * m[[j, j]]).sqrt();
                near(
                    cox.covariance[[i, j]],
                    numbers(&expected["vcov"][i])[j],
                    scale(&cox.covariance),
                );
                near(robust[[i, j]], numbers(&expected["robust_vcov"][i])[j], scale(robust));
            }
        }
        assert_eq!(summary.coefficients.len(), theirs.len());
        let number = |name: &str| expected[name].as_f64().unwrap();
        close(cox.log_likelihood_null, number("loglik_null"), 1e-8);
        close(cox.log_likelihood, number("loglik"), 1e-8);
        close(cox.likelihood_ratio_test().chi_square, number("lr_chisq"), 1e-8);
        close(cox.score_test.chi_square, number("score_chisq"), 1e-8);
        close(cox.wald_test().chi_square, number("wald_chisq"), 1e-8);
    }
}

#[test]
fn a_joint_model_of_one_landmark_is_the_model_of_that_landmark() {
    let s = landmarks()[1];
    let mut set = stacked(&[s]);
    set.records = set.records.select(Axis(1), &[0, 1, 2, 3]);
    let alone = Cox::params().ties(Ties::Breslow).fit(&set.dataset(&VALUES)).unwrap();
    for baseline in [LandmarkBaseline::Stratified, LandmarkBaseline::Smooth] {
        let model = Supermodel::params()
            .stacked(&set)
            .baseline(baseline)
            .fit(&set.dataset(&VALUES))
            .unwrap();
        let risk = model.risk(set.records.view(), s).unwrap();
        for (ours, survival) in risk.iter().zip(kept(&alone, &set.records, s + WINDOW)) {
            near(*ours, 1.0 - survival, 1e-10);
        }
    }
}

#[test]
fn risks_of_a_joint_model_follow_from_its_hazard() {
    let (set, smooth) = joint(LandmarkBaseline::Smooth, vec![0]);
    let (_, strata) = joint(LandmarkBaseline::Stratified, vec![]);
    let rows = set.records.select(Axis(0), &[0, 7, 100, 900]);
    // Between two landmarks of the fit the smooth model still speaks.
    let s = 2.5 * 365.25;
    let sy = 1.5;
    let risk = smooth.risk(rows.view(), s).unwrap();
    let hazard = smooth.cox.baseline_at_zero(s + WINDOW) - smooth.cox.baseline_at_zero(s);
    for (i, row) in rows.rows().into_iter().enumerate() {
        let b = &smooth.cox.coefficients;
        let lp: f64 = (0..4).map(|j| b[j] * row[j]).sum::<f64>() + b[4] * row[0] * sy + b[5] * sy + b[6] * sy * sy;
        near(risk[i], 1.0 - (-hazard * lp.exp()).exp(), 1e-12);
    }
    assert!(matches!(strata.risk(rows.view(), s), Err(Error::Parameter { .. })));
    assert!(matches!(smooth.risk(rows.view(), 10.0), Err(Error::Parameter { .. })));
    let s = landmarks()[2];
    let times = [s - 1.0, s, s + 100.0, s + WINDOW];
    for model in [&smooth, &strata] {
        let curves = model.survival_from(rows.view(), s, &times).unwrap();
        let risk = model.risk(rows.view(), s).unwrap();
        for (curve, risk) in curves.rows().into_iter().zip(&risk) {
            assert_eq!((curve[0], curve[1]), (1.0, 1.0));
            assert!(curve[2] <= 1.0 && curve[3] <= curve[2] && curve[3] > 0.0);
            near(1.0 - curve[3], *risk, 1e-14);
        }
        let beyond = model.survival_from(rows.view(), s, &[s + WINDOW + 1.0]);
        assert!(matches!(beyond, Err(Error::BeyondFollowUp { .. })));
        let again: LandmarkModel = serde_json::from_str(&serde_json::to_string(model).unwrap()).unwrap();
        assert_eq!(again.risk(rows.view(), s).unwrap(), risk);
    }
    assert!(matches!(
        smooth.risk(Array2::zeros((1, 3)).view(), s),
        Err(Error::Width { .. })
    ));
    let mut wrong = rows.clone();
    wrong[[2, 1]] = f64::NAN;
    assert!(matches!(
        smooth.risk(wrong.view(), s),
        Err(Error::NotFinite { row: 2, column: 1 })
    ));
}

const ID: [usize; 4] = [2, 1, 1, 2];
const START: [f64; 4] = [0.0, 0.0, 2.0, 3.0];
const STOP: [f64; 4] = [3.0, 2.0, 5.0, 9.0];
const EVENT: [u32; 4] = [0, 0, 2, 0];

fn four<'a>(values: &'a Array2<f64>) -> LongRows<'a> {
    LongRows {
        id: &ID,
        start: &START,
        stop: &STOP,
        event: &EVENT,
        values: values.view(),
    }
}

fn stack(landmarks: &[f64], window: f64) -> Stack {
    Stack {
        landmarks: landmarks.to_vec(),
        window,
        with_age: true,
    }
}

#[test]
fn a_stack_has_whoever_is_at_risk_with_the_last_value() {
    let values = Array2::from_shape_fn((4, 1), |(i, _)| 10.0 * i as f64);
    let set = stack(&[4.0, 2.0, 1.0], 2.0).of(&four(&values)).unwrap();
    assert_eq!(set.landmark, [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]);
    assert_eq!(set.id, [1, 2, 1, 2, 1, 2]);
    // A row ends before the landmark at which it stops: at 2 the value measured at 2 counts.
    assert_eq!(set.row, [1, 0, 2, 0, 2, 3]);
    assert_eq!(set.records.column(1).to_vec(), [1.0, 1.0, 0.0, 2.0, 2.0, 1.0]);
    let ends: Vec<(f64, f64, u32)> = set.targets.iter().map(|y| (y.entry(), y.exit(), y.event())).collect();
    assert_eq!(ends[0], (1.0, 3.0, 0));
    assert_eq!(ends[3], (2.0, 4.0, 0));
    assert_eq!(ends[4], (4.0, 5.0, 2));
    // The event on the last day of the window counts.
    let last = stack(&[3.0], 2.0).of(&four(&values)).unwrap();
    assert_eq!(last.targets[0].event(), 2);
}

#[test]
fn what_can_not_be_stacked_has_a_name() {
    let values = Array2::zeros((4, 1));
    let good = four(&values);
    let refused = |stack: Stack, rows: LongRows| stack.of(&rows).unwrap_err();
    for (landmarks, window) in [
        (vec![], 1.0),
        (vec![1.0, 1.0], 1.0),
        (vec![-1.0], 1.0),
        (vec![f64::NAN], 1.0),
    ] {
        assert!(matches!(
            refused(stack(&landmarks, window), good),
            Error::Parameter { .. }
        ));
    }
    for window in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(refused(stack(&[1.0], window), good), Error::Parameter { .. }));
    }
    assert!(matches!(refused(stack(&[9.0], 1.0), good), Error::Empty));
    let short = LongRows { id: &ID[..3], ..good };
    assert!(matches!(refused(stack(&[1.0], 1.0), short), Error::Lengths { .. }));
    let bad = array![[0.0], [0.0], [f64::NAN], [0.0]];
    assert!(matches!(
        refused(stack(&[1.0], 1.0), four(&bad)),
        Error::NotFinite { row: 2, column: 0 }
    ));
    let back = LongRows {
        start: &[0.0, 0.0, 6.0, 3.0],
        ..good
    };
    assert!(matches!(refused(stack(&[1.0], 1.0), back), Error::NoTimeAtRisk { .. }));
    let twice = LongRows {
        start: &[0.0, 0.0, 1.0, 3.0],
        ..good
    };
    assert!(matches!(
        refused(stack(&[1.0], 1.0), twice),
        Error::Overlap { row: 2, .. }
    ));
    // After its first event a subject is no more at risk.
    let early = LongRows {
        event: &[1, 0, 2, 0],
        ..good
    };
    let set = stack(&[4.0], 1.0).of(&early).unwrap();
    assert_eq!(set.id, [1]);
}

#[test]
fn what_a_mixed_model_can_not_fit_has_a_name() {
    let fit = |x: Array2<f64>, y: Vec<f64>, ids: Vec<usize>| {
        Mixed::params().subjects(ids).fit(&Dataset::new(x, Array1::from(y)))
    };
    let times = |n: usize| Array2::from_shape_fn((n, 1), |(i, _)| (i % 3) as f64);
    let noise = |n: usize| (0..n).map(|i| (i as f64 * 0.618_034).fract()).collect::<Vec<f64>>();
    let ids = |n: usize| (0..n).map(|i| i / 3).collect::<Vec<usize>>();
    assert!(matches!(fit(times(0), vec![], vec![]), Err(Error::Empty)));
    assert!(matches!(fit(times(9), noise(9), ids(8)), Err(Error::Lengths { .. })));
    assert!(matches!(fit(times(2), noise(2), ids(2)), Err(Error::Parameter { .. })));
    assert!(matches!(
        fit(Array2::zeros((9, 0)), noise(9), ids(9)),
        Err(Error::Width { .. })
    ));
    assert!(matches!(
        fit(Array2::ones((9, 1)), noise(9), ids(9)),
        Err(Error::NotConverged { .. })
    ));
    assert!(matches!(
        fit(times(9), vec![f64::NAN; 9], ids(9)),
        Err(Error::NotFinite { .. })
    ));
    // The same value throughout leaves nothing to chance.
    assert!(matches!(
        fit(times(9), vec![2.0; 9], ids(9)),
        Err(Error::Parameter { .. })
    ));
    let same = Array2::from_shape_fn((9, 2), |(i, _)| (i % 3) as f64);
    assert!(fit(same, noise(9), ids(9)).is_err());
    // One subject, and one row each: an answer or a name.
    for ids in [vec![7; 30], (0..30).collect()] {
        let model = fit(times(30), noise(30), ids);
        assert!(model.as_ref().map_or_else(
            |e| matches!(e, Error::NotConverged { .. }),
            |m| m.log_likelihood.is_finite()
        ));
    }
    let model = fit(times(30), noise(30), ids(30)).unwrap();
    let nobody = model.blup(Array2::zeros((0, 1)).view(), array![].view()).unwrap();
    assert_eq!((nobody.intercept, nobody.slope), (model.fixed[0], model.fixed[1]));
    assert!(matches!(
        model.blup(times(2).view(), array![1.0].view()),
        Err(Error::Lengths { .. })
    ));
    assert!(matches!(
        model.blup(Array2::zeros((1, 2)).view(), array![1.0].view()),
        Err(Error::Width { .. })
    ));
    assert!(matches!(
        model.blup(times(1).view(), array![f64::NAN].view()),
        Err(Error::NotFinite { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// Units of time and value, the order of rows and the names of subjects change what they should and nothing else.
    #[test]
    fn a_mixed_model_has_no_favourite_unit(
        rows in prop::collection::vec((0usize..8, 0.0..5.0, -1.0..1.0), 40..80),
        unit in 0.01..100.0,
        shift in -100.0..100.0,
    ) {
        let (n, level) = (rows.len(), |id: usize| (id as f64 * 0.37).fract() * 4.0);
        let fit = |scale: f64, shift: f64, turn: bool| {
            let at = |i: usize| rows[if turn { n - 1 - i } else { i }];
            let x = Array2::from_shape_fn((n, 1), |(i, _)| at(i).1 * scale);
            let y = (0..n).map(|i| shift + level(at(i).0) + at(i).2 + 0.3 * level(at(i).0) * at(i).1).collect::<Array1<f64>>();
            let ids = (0..n).map(|i| if turn { 1000 - at(i).0 } else { at(i).0 }).collect();
            Mixed::params().subjects(ids).fit(&Dataset::new(x, y)).unwrap()
        };
        let (one, other) = (fit(1.0, 0.0, false), fit(unit, shift, true));
        // The residual likelihood knows the unit of the columns.
        near(other.log_likelihood + unit.ln(), one.log_likelihood, 1e-6);
        near(other.fixed[0] - shift, one.fixed[0], 1e-4);
        near(other.fixed[1] * unit, one.fixed[1], 1e-4);
        near(other.residual_variance, one.residual_variance, 1e-4);
        near(other.random[1][1] * unit * unit, one.random[1][1], 1e-3);
    }
}
