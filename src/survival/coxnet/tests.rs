mod against_glmnet;
mod odd_input;

use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, array};
use proptest::prelude::*;

use super::*;
use crate::survival::oracle::{ROTTERDAM, json, near, numbers, table};
use crate::survival::{Cox, Error, FollowUp, SurvivalModel};

fn rotterdam() -> (Array2<f64>, Vec<FollowUp>) {
    let women = table("rotterdam.csv");
    (women.design(&ROTTERDAM), women.follow_up("rfs_days", "rfs_event"))
}

/// Columns less their mean over their population standard deviation, both checked against the reference.
fn standardised(x: &Array2<f64>) -> Array2<f64> {
    let design = &json("penalised_cox.json")["design"];
    let (mean, sd) = (numbers(&design["mean"]), numbers(&design["sd_population"]));
    let n = x.nrows() as f64;
    for (j, column) in x.columns().into_iter().enumerate() {
        let own = column.sum() / n;
        near(own, mean[j], 1e-10 * sd[j]);
        near(
            (column.mapv(|v| (v - own) * (v - own)).sum() / n).sqrt(),
            sd[j],
            1e-10 * sd[j],
        );
    }
    Array2::from_shape_fn(x.dim(), |(i, j)| (x[[i, j]] - mean[j]) / sd[j])
}

#[test]
fn paths_equal_the_reference() {
    let (x, y) = rotterdam();
    let z = standardised(&x);
    let data = Dataset::new(z, Array1::from(y));
    for name in ["lasso", "elastic_net_0.5", "ridge"] {
        let expected = &json("penalised_cox.json")[name];
        let lambdas = numbers(&expected["lambda"]);
        let path = CoxNet::params()
            .alpha(expected["alpha"].as_f64().unwrap())
            .standardise(false)
            .lambdas(lambdas.clone())
            .fit(&data)
            .unwrap();
        println!("{name} passes {} violations {:?}", path.passes, path.violations);
        let log_likelihoods = numbers(&expected["exact"]["loglik_breslow"]);
        for k in 0..lambdas.len() {
            let exact = numbers(&expected["exact"]["coef_by_lambda"][k]);
            let glmnet = numbers(&expected["glmnet_coef_by_lambda"][k]);
            for j in 0..exact.len() {
                near(path.coefficients[[k, j]], exact[j], 1e-8);
                near(path.coefficients[[k, j]], glmnet[j], 3e-5);
                assert_eq!(path.coefficients[[k, j]] == 0.0, exact[j] == 0.0);
            }
            near(
                path.log_likelihoods[k],
                log_likelihoods[k],
                1e-8 * log_likelihoods[k].abs(),
            );
            near(
                path.violations[k],
                expected["exact"]["max_kkt_violation"][k].as_f64().unwrap(),
                1e-8,
            );
        }
    }
}

#[test]
fn ridge_with_efron_ties_equals_the_reference() {
    let (x, y) = rotterdam();
    let n = x.nrows() as f64;
    let data = Dataset::new(standardised(&x), Array1::from(y));
    for expected in json("penalised_cox.json")["ridge_efron_survival"].as_array().unwrap() {
        let theta = expected["theta"].as_f64().unwrap();
        let params = CoxNet::params().alpha(0.0).ties(Ties::Efron).standardise(false);
        let model = params.check().unwrap().fit_at(theta / n, &data).unwrap();
        let (coef, se) = (
            numbers(&expected["coef"]),
            numbers(&expected["se_from_penalised_hessian"]),
        );
        for j in 0..coef.len() {
            near(model.coefficients[j], coef[j], 1e-8);
            near(model.covariance[[j, j]].sqrt(), se[j], 1e-8 * se[j]);
        }
        let log_likelihood = expected["loglik_efron"].as_f64().unwrap();
        near(model.log_likelihood, log_likelihood, 1e-8 * log_likelihood.abs());
        near(model.degrees, expected["df"].as_f64().unwrap(), 1e-8 * model.degrees);
    }
}

const LAMBDAS: [f64; 6] = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005];

fn every_fifth() -> Folds {
    let pid = table("rotterdam.csv").column("pid").to_vec();
    Folds::given(pid.iter().map(|pid| (*pid as usize) % 5).collect()).unwrap()
}

fn intervals() -> (Array2<f64>, Array1<FollowUp>) {
    let markers = table("pbcseq_intervals.csv");
    let (start, stop, event) = (markers.column("start"), markers.column("stop"), markers.column("event"));
    let y = (0..markers.rows)
        .map(|i| FollowUp::new(start[i], stop[i], event[i] as u32).unwrap())
        .collect();
    (markers.design(&["log_bili", "albumin", "log_protime", "age", "trt"]), y)
}

/// The worst violation of the optimality conditions, from first principles: pairs of rows, nothing shared with the fit.
fn violation(x: &Array2<f64>, y: &[FollowUp], beta: ArrayView1<f64>, lambda: f64, alpha: f64) -> f64 {
    let n = y.len() as f64;
    let risk: Vec<f64> = x.rows().into_iter().map(|row| row.dot(&beta).exp()).collect();
    let mut score = Array1::<f64>::zeros(x.ncols());
    for i in (0..y.len()).filter(|i| y[*i].event() > 0) {
        let at_risk: Vec<usize> = (0..y.len()).filter(|j| y[*j].exit() >= y[i].exit()).collect();
        let total: f64 = at_risk.iter().map(|j| risk[*j]).sum();
        score += &x.row(i);
        for j in at_risk {
            score.scaled_add(-risk[j] / total, &x.row(j));
        }
    }
    let worst = |j: usize| {
        let slope = score[j] / n - lambda * (1.0 - alpha) * beta[j];
        match beta[j] {
            b if b != 0.0 => (slope - lambda * alpha * b.signum()).abs(),
            _ => (slope.abs() - lambda * alpha).max(0.0),
        }
    };
    (0..x.ncols()).map(worst).fold(0.0, f64::max)
}

#[test]
fn more_columns_than_rows() {
    let (x, y) = generated(100, 500);
    let data = Dataset::new(x.clone(), Array1::from(y.clone()));
    for alpha in [1.0, 0.5, 0.0] {
        let params = CoxNet::params().alpha(alpha).standardise(false).count(20);
        let path = params.fit(&data).unwrap();
        for k in 0..20 {
            let own = violation(&x, &y, path.coefficients.row(k), path.lambdas[k], alpha);
            assert!(own < 1e-9 && path.violations[k] < 1e-9, "{alpha} {k}: {own:e}");
        }
        assert_eq!(path.nonzero(0), if alpha == 0.0 { 500 } else { 0 });
        assert!(path.nonzero(19) > 20);
    }
    let free = CoxNet::params().lambdas(vec![0.1, 0.0]).fit(&data);
    assert!(matches!(
        free,
        Err(Error::Unpenalised {
            columns: 500,
            rows: 100
        })
    ));
}

#[test]
fn many_rows_go_through_a_sample() {
    let (x, mut y) = generated(40_000, 6);
    // Rare events, so that the sample keeps most of them.
    for (i, y) in y.iter_mut().enumerate().filter(|(i, _)| i % 8 != 0) {
        *y = FollowUp::until(y.exit() + i as f64 * 1e-9, 0).unwrap();
    }
    let data = Dataset::new(x, Array1::from(y));
    let path = CoxNet::params().alpha(0.5).count(20).fit(&data).unwrap();
    assert!(path.violations.iter().all(|v| *v <= 1e-10));
    assert!(path.passes < 100, "{} passes", path.passes);
    let last = CoxNet::params()
        .alpha(0.5)
        .check()
        .unwrap()
        .fit_at(path.lambdas[12], &data)
        .unwrap();
    for j in 0..6 {
        near(last.coefficients[j], path.coefficients[[12, j]], 1e-8);
    }
}

#[test]
fn without_a_penalty_it_is_the_cox_model() {
    let (x, y) = rotterdam();
    let some = x.select(ndarray::Axis(0), &[0, 1, 2, 3, 4]);
    let data = Dataset::new(x, Array1::from(y));
    for ties in [Ties::Efron, Ties::Breslow] {
        let cox = Cox::params().ties(ties).fit(&data).unwrap();
        let net = CoxNet::params().ties(ties).check().unwrap().fit_at(0.0, &data).unwrap();
        let times = [0.0, 365.0, 1826.0, 3652.0, 9e9];
        let (ours, theirs) = (
            net.survival_at(some.view(), &times).unwrap(),
            cox.survival_at(some.view(), &times).unwrap(),
        );
        for (ours, theirs) in ours.iter().zip(&theirs) {
            near(*ours, *theirs, 1e-9);
        }
        for j in 0..10 {
            let se = cox.covariance[[j, j]].sqrt();
            near(net.coefficients[j], cox.coefficients[j], 1e-7 * se);
            near(net.covariance[[j, j]].sqrt(), se, 1e-8 * se);
        }
        near(net.log_likelihood, cox.log_likelihood, 1e-8);
        near(net.log_likelihood_null, cox.log_likelihood_null, 1e-8);
        near(net.degrees, 10.0, 1e-9);
        assert_eq!(net.summary(0.95).unwrap().coefficients.len(), 10);
        assert_eq!(net.predict(&some).len(), 5);
    }
}

#[test]
fn between_two_lambdas() {
    let (x, y) = rotterdam();
    let data = Dataset::new(x, Array1::from(y));
    let path = CoxNet::params()
        .alpha(0.5)
        .lambdas(LAMBDAS.to_vec())
        .fit(&data)
        .unwrap();
    assert!(path.at(0.05).unwrap().exact);
    let between = path.at(0.075).unwrap();
    assert!(!between.exact);
    near(
        between.values[5],
        0.5 * (path.coefficients[[1, 5]] + path.coefficients[[2, 5]]),
        1e-15,
    );
    assert_eq!(path.at(9.0).unwrap().values, path.coefficients.row(0));
    assert_eq!(path.at(0.0).unwrap().values, path.coefficients.row(5));
    assert!(matches!(path.at(f64::NAN), Err(Error::Parameter { .. })));
    let entered = path.entered(3);
    assert_eq!((entered.len(), entered[0].0.as_str()), (path.nonzero(3), "x4"));
    assert_eq!(path.table()[3].nonzero, path.nonzero(3));
}

#[test]
fn stored_models_are_the_same_bits() {
    let (x, y) = rotterdam();
    let data = Dataset::new(x.clone(), Array1::from(y));
    let params = CoxNet::params().alpha(0.5).lambdas(LAMBDAS.to_vec()).check().unwrap();
    let path = params.fit(&data).unwrap();
    let again: CoxNetPath = serde_json::from_str(&serde_json::to_string(&path).unwrap()).unwrap();
    assert!(path == again);
    let model = params.fit_at(0.02, &data).unwrap();
    let again: CoxNetModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert!(model == again);
    let times = [365.0, 3652.0];
    assert_eq!(
        model.survival_at(x.view(), &times).unwrap(),
        again.survival_at(x.view(), &times).unwrap()
    );
    let folds: Folds = serde_json::from_str(&serde_json::to_string(&every_fifth()).unwrap()).unwrap();
    assert_eq!(folds, every_fifth());
}

#[test]
fn folds_keep_subjects_together() {
    let subjects: Vec<u64> = (0..300).map(|i| i / 3 * 7).collect();
    let folds = Folds::of_subjects(&subjects, 5, 1).unwrap();
    assert_eq!(folds, Folds::of_subjects(&subjects, 5, 1).unwrap());
    assert_ne!(folds, Folds::of_subjects(&subjects, 5, 2).unwrap());
    let (x, y) = intervals();
    let few: Vec<u64> = (0..x.nrows() as u64).map(|i| i / 8).collect();
    let params = CoxNet::params().alpha(0.5).count(8).ratio(0.05).check().unwrap();
    let folds = Folds::of_subjects(&few, 4, 1).unwrap();
    let validated = params.cross_validate(&Dataset::new(x, y), &folds).unwrap();
    assert!(validated.deviance.iter().chain(&validated.error).all(|v| v.is_finite()));
    assert!(matches!(Folds::of_rows(3, 4, 0), Err(Error::Parameter { .. })));
    assert!(matches!(Folds::of_rows(3, 1, 0), Err(Error::Parameter { .. })));
    assert!(matches!(Folds::given(vec![0, 0]), Err(Error::Parameter { .. })));
}

fn until(rows: &[(f64, u32)]) -> Array1<FollowUp> {
    rows.iter().map(|(t, e)| FollowUp::until(*t, *e).unwrap()).collect()
}

/// Exponential times, a good third of them events, correlated normal columns with decaying effects.
fn generated(n: usize, p: usize) -> (Array2<f64>, Vec<FollowUp>) {
    use rand::{Rng, SeedableRng};
    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(20);
    let mut normal = move || {
        let (u, v): (f64, f64) = (random.gen_range(f64::MIN_POSITIVE..1.0), random.gen_range(0.0..1.0));
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos(), u)
    };
    let mut x = Array2::zeros((n, p));
    let mut subjects = Vec::with_capacity(n);
    for mut row in x.rows_mut() {
        let (mut last, mut eta) = (0.0, 0.0);
        for (j, cell) in row.iter_mut().enumerate() {
            last = 0.5 * last + 0.75_f64.sqrt() * normal().0;
            *cell = last;
            eta += last * [0.5, -0.4][j % 2] * 0.8_f64.powi(j as i32);
        }
        let (event, censored) = (-normal().1.ln() * (-eta).exp(), -normal().1.ln() * 0.7);
        subjects.push(FollowUp::until(event.min(censored).max(1e-12), u32::from(event <= censored)).unwrap());
    }
    (x, subjects)
}

#[test]
fn one_read_equals_two() {
    let (x, mut y) = generated(5_000, 7);
    for y in &mut y {
        *y = FollowUp::until((y.exit() * 50.0).ceil(), y.event()).unwrap();
    }
    let weights: Vec<f64> = (0..5_000).map(|i| 0.5 + f64::from(i % 3)).collect();
    let strata: Vec<u32> = (0..5_000).map(|i| [7, 2, 7, 4][i % 4]).collect();
    let data = problem::Data {
        x: x.view(),
        subjects: &y,
        weights: &weights,
        strata: Some(&strata),
        cause: None,
    };
    let members = data.members(|_| true);
    let scale = scale::Scale::of(x.view(), &members, true);
    let mut objective = objective::Objective::new(x.view(), &scale, &members, Ties::Breslow);
    assert!(one_pass::serves(&objective));
    // Small, and so large that the predictors have to be shifted before they are exponentiated.
    for size in [0.0, 0.3, 400.0] {
        let beta: Vec<f64> = (0..7)
            .map(|j| if j == 3 { 0.0 } else { size / f64::from(j + 1) })
            .collect();
        let one = objective.value_and_gradient(&beta);
        let two = objective.in_two_reads(&beta);
        near(one.log_likelihood, two.log_likelihood, 1e-11 * two.log_likelihood.abs());
        for (one, two) in one.gradient.iter().zip(&two.gradient) {
            near(*one, *two, 1e-8);
        }
    }
}
