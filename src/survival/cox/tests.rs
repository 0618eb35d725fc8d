use linfa::prelude::*;
use ndarray::{Array, Array1, Array2, array};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::survival::metrics::concordance;
use crate::survival::oracle::{METASTASIS, ROTTERDAM, Table, close, json, near, numbers, table};
use crate::survival::{Error, FollowUp, Limits, SurvivalModel};

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
    for (ours, name) in [
        (model.likelihood_ratio_test(), "lr_chisq"),
        (model.score_test, "score_chisq"),
        (model.wald_test(), "wald_chisq"),
    ] {
        close(ours.chi_square, expected[name].as_f64().unwrap(), RELATIVE);
    }
    if let Some(robust) = expected.get("robust_vcov") {
        let ours = model.robust_covariance.as_ref().unwrap();
        let se = numbers(&expected["robust_se"]);
        for ((j, k), cell) in ours.indexed_iter() {
            near(*cell, robust[j][k].as_f64().unwrap(), RELATIVE * se[j] * se[k]);
        }
    }
    let (coef, se) = (numbers(&expected["coef"]), numbers(&expected["se"]));
    for j in 0..coef.len() {
        close(model.coefficients[j], coef[j], RELATIVE);
        close(model.standard_error(j).unwrap(), se[j], RELATIVE);
        for (k, cell) in numbers(&expected["vcov"][j]).into_iter().enumerate() {
            near(model.covariance[[j, k]], cell, RELATIVE * se[j] * se[k]);
        }
    }
    if let Some(base) = expected
        .get("baseline_cumhaz_at_x0")
        .filter(|base| base.get("time").is_some())
    {
        for (time, hazard) in numbers(&base["time"]).into_iter().zip(numbers(&base["cumhaz"])) {
            close(model.baseline_at_zero(time), hazard, RELATIVE);
        }
    }
}

fn same_concordance(model: &CoxModel, x: &Array2<f64>, subjects: &[FollowUp], expected: &Value) {
    let scores = model.predict(x);
    let c = concordance(subjects, scores.as_slice().unwrap(), model.cause).unwrap();
    near(c.index().unwrap(), expected["c"].as_f64().unwrap(), 1e-10);
    near(
        c.pairs.concordant,
        expected["counts"]["concordant"].as_f64().unwrap(),
        0.0,
    );
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
                let (_, limits) = model
                    .survival_with_limits(x.row(i), *time, Limits::LogLog, 0.95)
                    .unwrap();
                let (lower, upper) = limits.unwrap();
                near(lower, numbers(&predicted["lower"][k])[i], 1e-9);
                near(upper, numbers(&predicted["upper"][k])[i], 1e-9);
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
fn weights_and_clusters_make_the_sandwich() {
    let (women, _, y) = rotterdam();
    let data = Dataset::new(women.design(&["age", "grade3", "nodes", "hormon"]), Array1::from(y));
    let weights = women.column("pid").iter().map(|pid| 1.0 + pid % 3.0).collect();
    let own = (0..women.rows).collect();
    same_fit(
        &Cox::params().weights(weights).clusters(own).fit(&data).unwrap(),
        &json("cox.json")["case_weights_robust"],
    );
}

#[test]
fn strata_have_their_own_baselines() {
    let (women, _, y) = rotterdam();
    let terms = ["age", "meno", "grade3", "nodes", "pgr", "er", "hormon", "chemo"];
    let both = women.column("size_20_50").iter().zip(women.column("size_gt50"));
    let size: Vec<usize> = both.map(|(a, b)| 10 + (a + 2.0 * b) as usize).collect();
    let data = Dataset::new(women.design(&terms), Array1::from(y));
    let model = Cox::params().strata(size).fit(&data).unwrap();
    let expected = &json("cox.json")["stratified_by_size_code_0_1_2"];
    same_fit(&model, expected);
    assert_eq!(model.strata, [10, 11, 12]);
    for stratum in 0..3 {
        let base = &expected["baseline_cumhaz_at_x0"][format!("size_code={stratum}")];
        for (time, hazard) in numbers(&base["time"]).into_iter().zip(numbers(&base["cumhaz"])) {
            close(model.baseline_of_stratum_at_zero(stratum, time), hazard, RELATIVE);
        }
    }
    let one = women.design(&terms);
    assert!(matches!(
        model.survival_at(one.view(), &[365.0]),
        Err(Error::Stratified(3))
    ));
}

#[test]
fn exact_ties() {
    let (women, _, y) = rotterdam();
    let chosen: Vec<usize> = (0..women.rows)
        .filter(|i| women.column("pid")[*i] % 10.0 == 0.0)
        .collect();
    let x = women.design(&["grade3", "hormon"]).select(ndarray::Axis(0), &chosen);
    let yearly = chosen
        .iter()
        .map(|i| FollowUp::until((y[*i].exit() / 365.25).ceil(), y[*i].event()).unwrap());
    let data = Dataset::new(x, yearly.collect::<Array1<FollowUp>>());
    let expected =
        &json("cox.json")["yearly_ties_time_is_ceil_days_over_365_25"]["exact_pid_multiple_of_10_grade3_hormon"];
    same_fit(&Cox::params().ties(Ties::Exact).fit(&data).unwrap(), expected);
    let weighted = Cox::params()
        .ties(Ties::Exact)
        .weights(vec![2.0; chosen.len()])
        .fit(&data);
    assert!(matches!(weighted, Err(Error::Parameter { .. })));
}

/// Without ties the three rules are one.
#[test]
fn without_ties_the_rules_agree() {
    let y: Array1<FollowUp> = (1..40)
        .map(|t| FollowUp::until(f64::from(t), u32::from(t % 3 > 0)).unwrap())
        .collect();
    let x = Array::from_shape_fn((39, 2), |(i, j)| ((i * (7 + 4 * j)) % 13) as f64);
    let fit = |ties| {
        Cox::params()
            .ties(ties)
            .fit(&Dataset::new(x.clone(), y.clone()))
            .unwrap()
    };
    let efron = fit(Ties::Efron);
    for other in [fit(Ties::Breslow), fit(Ties::Exact)] {
        close(other.log_likelihood, efron.log_likelihood, 1e-12);
        for j in 0..2 {
            close(other.coefficients[j], efron.coefficients[j], 1e-9);
            close(other.covariance[[j, j]], efron.covariance[[j, j]], 1e-9);
        }
    }
}

fn same_residuals(params: CoxParams, data: &Dataset<f64, FollowUp, ndarray::Ix1>, expected: &Value) {
    let valid = params.check().unwrap();
    let model = valid.fit(data).unwrap();
    let ours = valid.residuals(data, &model).unwrap();
    let expected = &expected["residuals"];
    for i in 0..5 {
        near(ours.martingale[i], numbers(&expected["martingale"])[i], 1e-9);
        near(ours.deviance[i], numbers(&expected["deviance"])[i], 1e-9);
        for j in 0..model.coefficients.len() {
            let (score, dfbeta) = (numbers(&expected["score"][i])[j], numbers(&expected["dfbeta"][i])[j]);
            near(ours.score[[i, j]], score, 1e-9 * score.abs().max(1.0));
            close(ours.dfbeta[[i, j]], dfbeta, 1e-7);
        }
    }
    let squares: f64 = ours.martingale.iter().map(|m| m * m).sum();
    close(squares, expected["sum_sq_martingale"].as_f64().unwrap(), 1e-9);
    // They add up to the score at the maximum, which is 0.
    let size = ours.score.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    for column in ours.score.columns() {
        near(column.sum() / size, 0.0, 1e-8);
    }
    near(ours.martingale.sum(), 0.0, 1e-8);
    let sum = ours.schoenfeld.residuals.sum_axis(ndarray::Axis(0));
    assert!(sum.iter().all(|s| (s / size).abs() < 1e-8) && ours.schoenfeld.times.len() == model.events);
}

fn same_proportionality(params: CoxParams, data: &Dataset<f64, FollowUp, ndarray::Ix1>, expected: &Value) {
    let valid = params.check().unwrap();
    let model = valid.fit(data).unwrap();
    for (scale, name) in [
        (TimeScale::Identity, "identity"),
        (TimeScale::Log, "log"),
        (TimeScale::KaplanMeier, "km"),
        (TimeScale::Rank, "rank"),
    ] {
        let ours = valid.proportionality(data, &model, scale).unwrap();
        let (chi, p) = (
            numbers(&expected["ph_test"][name]["chisq"]),
            numbers(&expected["ph_test"][name]["p"]),
        );
        for (j, test) in ours.columns.iter().map(|t| t.unwrap()).chain([ours.all]).enumerate() {
            close(test.chi_square, chi[j], 1e-7);
            close(test.p, p[j], 1e-6);
        }
        assert_eq!(ours.all.degrees, ours.columns.len());
    }
}

#[test]
fn residuals_and_proportionality_equal_the_reference() {
    let (_, x, y) = rotterdam();
    let data = Dataset::new(x, Array1::from(y));
    let expected = json("cox.json");
    same_residuals(Cox::params(), &data, &expected["efron"]);
    same_residuals(Cox::params().ties(Ties::Breslow), &data, &expected["breslow"]);
    same_proportionality(Cox::params(), &data, &expected["efron"]);
    let women = table("brca_metastasis.csv");
    let metastasis = Dataset::new(
        women.design(&METASTASIS),
        Array1::from(women.follow_up("met_time", "met_type")),
    );
    same_proportionality(
        Cox::params().cause(1),
        &metastasis,
        &expected["metastasis_cause_specific_brca"],
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
        if ties == Ties::Efron {
            same_residuals(Cox::params(), &data, expected);
            same_proportionality(Cox::params(), &data, expected);
            let id = markers.column("id").iter().map(|id| *id as usize).collect();
            let clustered = Cox::params().clusters(id).fit(&data).unwrap();
            same_fit(
                &clustered,
                &json("cox.json")["time_varying_pbcseq_intervals"]["cluster_id"],
            );
        }
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
    let strata = |labels| Cox::params().strata(labels).fit(&data);
    assert!(matches!(strata(vec![0]), Err(Error::Lengths { .. })));
    // Nobody to compare with, in a stratum of one's own or alone: nothing can be said, and nothing is.
    for alone in [
        strata(vec![0, 1]).unwrap(),
        fit(array![[1.0]], y(1).select(ndarray::Axis(0), &[0])).unwrap(),
    ] {
        assert_eq!((alone.aliased.clone(), alone.log_likelihood), (vec![0], 0.0));
        assert_eq!(alone.likelihood_ratio_test().p, 1.0);
    }
    let without_columns = fit(Array2::zeros((2, 0)), y(1)).unwrap();
    near(without_columns.log_likelihood, -(2.0_f64.ln()), 1e-15);
    assert!(matches!(
        Cox::params().weights(vec![1.0, 0.0]).fit(&data),
        Err(Error::Weight { row: 1, .. })
    ));
    let constant = fit(array![[3.0], [3.0]], y(1)).unwrap();
    assert_eq!(constant.aliased, vec![0]);
    assert!(constant.survival_at(array![[3.0]].view(), &[9.0]).unwrap()[[0, 0]].is_finite());
    assert!(matches!(
        constant.survival_at(array![[3.0, 1.0]].view(), &[9.0]),
        Err(Error::Width { .. })
    ));
}

/// Enough rows for several blocks and for a start from a part of them; in place or copied, one thread or two: the same bits.
#[test]
fn many_rows() {
    let mut state = 7u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let n = 50_000;
    let x = Array2::from_shape_fn((n, 4), |_| next() - 0.5);
    let y: Vec<FollowUp> = (x.rows().into_iter())
        .map(|row| {
            let entry = 0.2 * next();
            let event = -(1.0 - next()).ln() * (-row.sum()).exp();
            let end = 1.5 * next() + 1e-6;
            FollowUp::new(entry, entry + event.min(end), u32::from(event < end)).unwrap()
        })
        .collect();
    let params = Cox::params().check().unwrap();
    let data = Dataset::new(x.clone(), Array1::from(y.clone()));
    let copied = params.fit(&data).unwrap();
    assert_eq!(copied, params.fit_owned(x, &y, &[]).unwrap());
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(copied, one.install(|| params.fit(&data)).unwrap());
    // The true coefficients are 1.
    for j in 0..4 {
        near(copied.coefficients[j], 1.0, 4.0 * copied.standard_error(j).unwrap());
    }
    let score = params.residuals(&data, &copied).unwrap().score;
    assert!(
        score.sum_axis(ndarray::Axis(0)).iter().all(|s| s.abs() < 1e-6),
        "the maximum"
    );
}

#[test]
fn a_stored_model_predicts_the_same_bits() {
    let (_, x, y) = rotterdam();
    let model = Cox::params().fit(&Dataset::new(x.clone(), Array1::from(y))).unwrap();
    let again: CoxModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert!(model == again);
    assert_eq!(model.predict(&x), again.predict(&x));
}

/// Rows with delayed entry, ties, two strata and weights 1 to 3, for the properties below.
fn some_rows() -> impl Strategy<Value = Vec<(u8, u8, u32, i8, i8, usize, u8)>> {
    prop::collection::vec((0u8..4, 1u8..8, 0u32..2, -3i8..4, -3i8..4, 0usize..2, 1u8..4), 8..50)
}

fn fit_rows(rows: &[(u8, u8, u32, i8, i8, usize, u8)], ties: Ties, weighted: bool) -> Result<CoxModel, Error> {
    let x = Array2::from_shape_fn((rows.len(), 2), |(i, j)| f64::from([rows[i].3, rows[i].4][j]));
    let y: Array1<FollowUp> = (rows.iter())
        .map(|r| FollowUp::new(f64::from(r.0), f64::from(r.0 + r.1), r.2).unwrap())
        .collect();
    let mut params = Cox::params().ties(ties).strata(rows.iter().map(|r| r.5).collect());
    if weighted {
        params = params.weights(rows.iter().map(|r| f64::from(r.6)).collect());
    }
    params.fit(&Dataset::new(x, y))
}

#[track_caller]
fn alike(a: Result<CoxModel, Error>, b: Result<CoxModel, Error>) {
    if let (Ok(a), Ok(b)) = (a, b) {
        // A flat likelihood leaves the coefficients loose, not itself.
        near(
            a.log_likelihood,
            b.log_likelihood,
            1e-8 * a.log_likelihood.abs().max(1.0),
        );
        assert_eq!(a.aliased, b.aliased);
        for j in 0..2 {
            let se = a.covariance[[j, j]].sqrt();
            near(a.coefficients[j], b.coefficients[j], 1e-6 * se.max(1e-3));
        }
    }
}

proptest! {
    #[test]
    fn a_weight_of_two_is_a_row_twice(rows in some_rows()) {
        // Breslow's rule: Efron's looks at how many rows fall at once, so there it is only nearly true.
        let many: Vec<_> = rows.iter().flat_map(|r| std::iter::repeat_n(*r, usize::from(r.6))).collect();
        alike(fit_rows(&rows, Ties::Breslow, true), fit_rows(&many, Ties::Breslow, false));
    }

    #[test]
    fn a_subject_split_in_two_rows_changes_nothing(rows in some_rows(), at in 1u8..7) {
        let split: Vec<_> = rows
            .iter()
            .flat_map(|r| {
                let first = at.min(r.1 - 1);
                let parts = [(r.0, first, 0, r.3, r.4, r.5, r.6), (r.0 + first, r.1 - first, r.2, r.3, r.4, r.5, r.6)];
                parts.into_iter().filter(|part| part.1 > 0)
            })
            .collect();
        for ties in [Ties::Efron, Ties::Breslow, Ties::Exact] {
            alike(fit_rows(&rows, ties, false), fit_rows(&split, ties, false));
        }
    }

    #[test]
    fn the_unit_of_time_and_the_order_of_rows_do_not_matter(rows in some_rows(), turn in 0usize..40) {
        let mut turned: Vec<_> = rows.iter().map(|r| (r.0 * 3, r.1 * 3, r.2, r.3, r.4, r.5, r.6)).collect();
        turned.rotate_left(turn % rows.len());
        alike(fit_rows(&rows, Ties::Efron, true), fit_rows(&turned, Ties::Efron, true));
    }

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
