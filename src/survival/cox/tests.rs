use linfa::prelude::*;
use ndarray::{Array, Array1, Array2, array};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::survival::metrics::concordance;
use crate::survival::oracle::{METASTASIS, ROTTERDAM, Table, close, json, near, numbers, table};
use crate::survival::{Error, FollowUp, SurvivalModel};

const RELATIVE: f64 = 1e-8;

fn same_fit(model: &CoxModel, expected: &Value) {
    assert_eq!(model.n as u64, expected["n"].as_u64().unwrap());
    assert_eq!(model.events as u64, expected["events"].as_u64().unwrap());
    close(
        model.log_likelihood_null,
        expected["loglik_null"].as_f64().unwrap(),
        RELATIVE,
    );
    close(model.log_likelihood, expected["loglik"].as_f64().unwrap(), RELATIVE);
    let (coef, se) = (numbers(&expected["coef"]), numbers(&expected["se"]));
    for j in 0..coef.len() {
        close(model.coefficients[j], coef[j], RELATIVE);
        close(model.standard_error(j).unwrap(), se[j], RELATIVE);
        for (k, cell) in numbers(&expected["vcov"][j]).into_iter().enumerate() {
            near(model.covariance[[j, k]], cell, RELATIVE * se[j] * se[k]);
        }
    }
    if let Some(base) = expected.get("baseline_cumhaz_at_x0") {
        for (time, hazard) in numbers(&base["time"]).into_iter().zip(numbers(&base["cumhaz"])) {
            close(model.baseline_at_zero(time), hazard, RELATIVE);
        }
    }
}

fn same_concordance(model: &CoxModel, x: &Array2<f64>, subjects: &[FollowUp], expected: &Value) {
    let scores = model.predict(x);
    let c = concordance(subjects, scores.as_slice().unwrap(), model.cause).unwrap();
    near(c.index().unwrap(), expected["c"].as_f64().unwrap(), 1e-10);
    near(c.pairs.concordant, expected["counts"]["concordant"].as_f64().unwrap(), 0.0);
    near(c.pairs.tied_score, expected["counts"]["tied.x"].as_f64().unwrap(), 0.0);
}

fn rotterdam() -> (Table, Array2<f64>, Vec<FollowUp>) {
    let women = table("rotterdam.csv");
    let (x, y) = (women.design(&ROTTERDAM), women.follow_up("rfs_days", "rfs_event"));
    (women, x, y)
}

#[test]
fn efron_and_breslow_equal_the_reference() {
    let (_, x, y) = rotterdam();
    let expected = json("cox.json");
    for (ties, name) in [(Ties::Efron, "efron"), (Ties::Breslow, "breslow")] {
        let data = Dataset::new(x.clone(), Array1::from(y.clone()));
        let model = Cox::params().ties(ties).fit(&data).unwrap();
        same_fit(&model, &expected[name]);
        same_concordance(&model, &x, &y, &expected[name]["concordance"]);
        let predicted = &expected[name]["predicted"];
        let times = numbers(&predicted["time"]);
        let curves = model
            .survival_at(x.select(ndarray::Axis(0), &[0, 1, 2, 3, 4]).view(), &times)
            .unwrap();
        for (k, time) in times.iter().enumerate() {
            let (surv, se) = (numbers(&predicted["surv"][k]), numbers(&predicted["se_surv"][k]));
            for i in 0..5 {
                let (survival, error) = model.survival_with_error(x.row(i), *time).unwrap();
                near(survival, surv[i], 1e-9);
                near(curves[[i, k]], surv[i], 1e-9);
                near(error, se[i], 1e-9);
            }
        }
        for (i, lp) in numbers(&expected[name]["linear_predictor_uncentred"])
            .into_iter()
            .enumerate()
        {
            close(model.predict(&x)[i], lp, RELATIVE);
        }
    }
}

#[test]
fn heavy_ties_and_case_weights() {
    let (women, x, y) = rotterdam();
    let expected = json("cox.json");
    let yearly: Array1<FollowUp> = y
        .iter()
        .map(|f| FollowUp::until((f.exit() / 365.25).ceil(), f.event()).unwrap())
        .collect();
    for (ties, name) in [(Ties::Efron, "efron"), (Ties::Breslow, "breslow")] {
        let data = Dataset::new(x.clone(), yearly.clone());
        same_fit(
            &Cox::params().ties(ties).fit(&data).unwrap(),
            &expected["yearly_ties_time_is_ceil_days_over_365_25"][name],
        );
    }
    let weights: Array1<f32> = women.column("pid").iter().map(|pid| 1.0 + (pid % 3.0) as f32).collect();
    let data = Dataset::new(women.design(&["age", "grade3", "nodes", "hormon"]), Array1::from(y)).with_weights(weights);
    same_fit(
        &Cox::params().fit(&data).unwrap(),
        &expected["case_weights_1_plus_pid_mod_3"],
    );
}

#[test]
fn delayed_entry() {
    let markers = table("pbcseq_intervals.csv");
    let subjects: Vec<FollowUp> = (0..markers.rows)
        .map(|i| {
            let event = markers.column("event")[i] as u32;
            FollowUp::new(markers.column("start")[i], markers.column("stop")[i], event).unwrap()
        })
        .collect();
    let x = markers.design(&["log_bili", "albumin", "log_protime", "age", "trt"]);
    for (ties, name) in [(Ties::Efron, "efron"), (Ties::Breslow, "breslow")] {
        let data = Dataset::new(x.clone(), Array1::from(subjects.clone()));
        let model = Cox::params().ties(ties).fit(&data).unwrap();
        let expected = &json("cox.json")["time_varying_pbcseq_intervals"][name];
        same_fit(&model, expected);
        same_concordance(&model, &x, &subjects, &expected["concordance"]);
    }
}

#[test]
fn metastasis_with_death_competing() {
    let women = table("brca_metastasis.csv");
    let (x, y) = (women.design(&METASTASIS), women.follow_up("met_time", "met_type"));
    let data = Dataset::new(x.clone(), Array1::from(y.clone()));
    let first = Cox::params().cause(1).fit(&data).unwrap();
    let expected = &json("cox.json")["metastasis_cause_specific_brca"];
    same_fit(&first, expected);
    same_concordance(&first, &x, &y, &expected["concordance"]);
    for (cause, name) in [(1, "type1"), (2, "type2")] {
        let model = Cox::params().cause(cause).fit(&data).unwrap();
        let expected = &json("competing_risks.json")["brca_metastasis_vs_death"]["cause_specific"][name];
        same_fit(&model, expected);
        same_concordance(&model, &x, &y, &expected["concordance"]);
    }
}

#[test]
fn aliased_columns_are_named() {
    let women = table("rotterdam.csv");
    let (nodes, age) = (women.column("nodes"), women.column("age"));
    let x = Array::from_shape_fn((women.rows, 4), |(i, j)| [nodes[i], 2.0 * nodes[i], 1.0, age[i]][j]);
    let data = Dataset::new(x, Array1::from(women.follow_up("rfs_days", "rfs_event")));
    let model = Cox::params().fit(&data).unwrap();
    let expected = &json("cox.json")["degenerate"]["collinear_and_constant"];
    assert_eq!(model.aliased, vec![1, 2]);
    assert_eq!((model.standard_error(1), model.coefficients[1]), (None, 0.0));
    for j in [0, 3] {
        close(model.coefficients[j], expected["coef"][j].as_f64().unwrap(), 1e-7);
    }
    close(model.log_likelihood, expected["loglik"].as_f64().unwrap(), RELATIVE);
}

#[test]
fn a_runaway_coefficient_is_reported() {
    let y: Array1<FollowUp> = (1..=6)
        .map(|t| FollowUp::until(f64::from(t), u32::from(t <= 3)).unwrap())
        .collect();
    let x = array![[1.0], [1.0], [1.0], [0.0], [0.0], [0.0]];
    let fitted = Cox::params().fit(&Dataset::new(x, y));
    assert!(matches!(fitted, Err(Error::NotConverged { column: 0, .. })));
}

#[test]
fn degenerate_input_has_named_errors() {
    let y = |event| {
        Array1::from(vec![
            FollowUp::until(1.0, event).unwrap(),
            FollowUp::until(2.0, 0).unwrap(),
        ])
    };
    let fit = |x: Array2<f64>, y| Cox::params().fit(&Dataset::new(x, y));
    assert!(matches!(fit(array![[1.0], [2.0]], y(0)), Err(Error::NoEvents)));
    assert!(matches!(
        fit(array![[1.0], [f64::NAN]], y(1)),
        Err(Error::NotFinite { row: 1, column: 0 })
    ));
    assert!(matches!(
        fit(Array2::zeros((0, 1)), Array1::from(vec![])),
        Err(Error::Empty)
    ));
    let mut uneven = Dataset::new(array![[1.0], [2.0]], y(1));
    uneven.records = array![[1.0]];
    assert!(matches!(Cox::params().fit(&uneven), Err(Error::Lengths { .. })));
    let data = Dataset::new(array![[1.0], [2.0]], y(1));
    assert!(matches!(
        Cox::params().cause(0).fit(&data),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(
        Cox::params().tolerance(f64::NAN).fit(&data),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(
        Cox::params().max_iterations(0).fit(&data),
        Err(Error::Parameter { .. })
    ));
    let constant = fit(array![[3.0], [3.0]], y(1)).unwrap();
    assert_eq!(constant.aliased, vec![0]);
    assert!(constant.survival_at(array![[3.0]].view(), &[9.0]).unwrap()[[0, 0]].is_finite());
    assert!(matches!(
        constant.survival_at(array![[3.0, 1.0]].view(), &[9.0]),
        Err(Error::Width { .. })
    ));
}

#[test]
fn a_stored_model_predicts_the_same_bits() {
    let (_, x, y) = rotterdam();
    let model = Cox::params().fit(&Dataset::new(x.clone(), Array1::from(y))).unwrap();
    let again: CoxModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert!(model == again);
    assert_eq!(model.predict(&x), again.predict(&x));
}

proptest! {
    #[test]
    fn fits_or_says_why(
        rows in prop::collection::vec((1u8..9, 0u32..2, -3i8..4, -3i8..4), 1..40),
        turn in 0usize..40,
    ) {
        let fit = |rows: &[(u8, u32, i8, i8)]| {
            let x = Array2::from_shape_fn((rows.len(), 2), |(i, j)| f64::from([rows[i].2, rows[i].3][j]));
            let y: Array1<FollowUp> = rows.iter().map(|r| FollowUp::until(f64::from(r.0), r.1).unwrap()).collect();
            Cox::params().fit(&Dataset::new(x, y))
        };
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        if let (Ok(a), Ok(b)) = (fit(&rows), fit(&turned)) {
            prop_assert!(a.log_likelihood >= a.log_likelihood_null - 1e-9);
            prop_assert!(a.coefficients.iter().chain(a.covariance.iter()).all(|v| v.is_finite()));
            prop_assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-8);
        }
    }
}
