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

/// Within a share of what moves the linear predictor by one standard deviation.
fn all_near(ours: impl IntoIterator<Item = f64>, theirs: &[f64], within: f64, spread: impl Fn(usize) -> f64) {
    for (j, ours) in ours.into_iter().enumerate() {
        near(ours * spread(j), theirs[j] * spread(j), within);
    }
}

/// The exact references below: active-set Newton in R on survival's own score and information (`coxph` with `iter.max = 0`).
const EXACT: f64 = 1e-8;

fn spreads() -> Vec<f64> {
    numbers(&json("penalised_cox.json")["design"]["sd_population"])
}

#[test]
fn cross_validation_equals_glmnet() {
    let (x, y) = rotterdam();
    let data = Dataset::new(x, Array1::from(y));
    let weights: Vec<f64> = table("rotterdam.csv")
        .column("pid")
        .iter()
        .map(|pid| 1.0 + pid % 3.0)
        .collect();
    let params = CoxNet::params().alpha(0.5).lambdas(LAMBDAS.to_vec());
    let plain = params
        .clone()
        .check()
        .unwrap()
        .cross_validate(&data, &every_fifth())
        .unwrap();
    let (mean, error) = (
        [
            15.2552353445857,
            15.1905138391326,
            15.1690002861714,
            15.1645365420352,
            15.1639934385364,
            15.1647179213061,
        ],
        [
            0.0471916368560884,
            0.0419598220159896,
            0.0400291401816145,
            0.0403383480897498,
            0.0404953237289243,
            0.0406307740483038,
        ],
    );
    all_near(plain.deviance.clone(), &mean, EXACT, |_| 1.0);
    all_near(plain.error.clone(), &error, EXACT, |_| 1.0);
    // cv.glmnet, whose coefficients stop 2e-5 short
    let theirs = [
        15.2551485159,
        15.1904385395,
        15.1689344204,
        15.1644814619,
        15.1639446304,
        15.1646710481,
    ];
    all_near(plain.deviance.clone(), &theirs, 1e-4, |_| 1.0);
    assert_eq!((plain.lambda_min, plain.lambda_1se), (0.01, 0.1));
    assert_eq!((plain.number_min, plain.number_1se), (4, 1));

    let weighted = params
        .weights(weights)
        .check()
        .unwrap()
        .cross_validate(&data, &every_fifth())
        .unwrap();
    let (mean, error) = (
        [
            7.57340451629790,
            7.54303195305188,
            7.53213158611093,
            7.52916275353529,
            7.53043248926259,
            7.53154245996943,
        ],
        [
            0.0263550465163936,
            0.0235396115277750,
            0.0230333971921321,
            0.0236194330118592,
            0.0237998937528759,
            0.0238822571361348,
        ],
    );
    all_near(weighted.deviance.clone(), &mean, EXACT, |_| 1.0);
    all_near(weighted.error.clone(), &error, EXACT, |_| 1.0);
    let coef = [
        0.0,
        3.08006280901791e-02,
        2.75101010401133e-01,
        5.52955647401759e-01,
        3.01952730508197e-01,
        7.51418427246488e-02,
        -4.03356305138189e-05,
        0.0,
        -6.78892275078092e-02,
        -9.10685898845838e-02,
    ];
    let spreads = spreads();
    all_near(weighted.path.coefficients.row(3).to_owned(), &coef, EXACT, |j| {
        spreads[j]
    });
}

#[test]
fn cross_validation_knows_no_threads() {
    let (x, y) = rotterdam();
    let data = Dataset::new(x, Array1::from(y));
    let params = CoxNet::params().alpha(0.5).lambdas(LAMBDAS.to_vec()).check().unwrap();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| params.cross_validate(&data, &every_fifth()).unwrap())
    };
    assert!(on(1) == on(3));
}

#[test]
fn derived_lambdas_and_penalty_factors_equal_glmnet() {
    let (x, y) = rotterdam();
    let data = Dataset::new(x, Array1::from(y));
    let spreads = spreads();
    let five = CoxNet::params().alpha(0.5).count(5).ratio(0.05).fit(&data).unwrap();
    let lambdas = [
        0.5161801273028,
        0.2440865120654,
        0.1154213853284,
        0.0545794033369,
        0.0258090063651,
    ];
    all_near(five.lambdas.clone(), &lambdas, 3e-5, |_| 1.0);
    assert_eq!(five.nonzero(0), 0);
    assert!(five.nonzero(1) > 0);
    let factors = vec![0.0, 1.0, 2.0, 1.0, 1.0, 0.5, 1.0, 1.0, 1.0, 3.0];
    let params = CoxNet::params().alpha(0.7).penalty_factors(factors);
    let path = params.clone().lambdas(LAMBDAS.to_vec()).fit(&data).unwrap();
    let coef = [
        3.52787523051e-03,
        0.0,
        2.21549253315e-01,
        4.86800592769e-01,
        2.98608441780e-01,
        7.59566804363e-02,
        -7.80718737808e-05,
        0.0,
        -3.30088953404e-02,
        0.0,
    ];
    all_near(path.coefficients.row(3).to_owned(), &coef, 3e-5, |j| spreads[j]);
    let five = params.count(5).ratio(0.05).fit(&data).unwrap();
    let lambdas = [
        0.8373940657288,
        0.3959792055460,
        0.1872470054924,
        0.0885436421277,
        0.0418697032864,
    ];
    all_near(five.lambdas.clone(), &lambdas, 3e-5, |_| 1.0);
    assert_eq!(five.nonzero(0), 1);
}

#[test]
fn strata_and_delayed_entry_equal_the_reference() {
    let women = table("rotterdam.csv");
    let names: Vec<&str> = ROTTERDAM.iter().copied().filter(|name| *name != "meno").collect();
    let data = Dataset::new(
        women.design(&names),
        Array1::from(women.follow_up("rfs_days", "rfs_event")),
    );
    let strata = women.column("meno").iter().map(|v| *v as u32).collect();
    let path = CoxNet::params()
        .alpha(0.5)
        .lambdas(LAMBDAS.to_vec())
        .strata(strata)
        .fit(&data)
        .unwrap();
    let coef = [
        0.0,
        3.01034970208114e-01,
        5.56302133466819e-01,
        2.93619580721454e-01,
        7.28515494000063e-02,
        -7.18767675069948e-05,
        0.0,
        -3.71733015781139e-02,
        -2.07548848810551e-02,
    ];
    let mut spreads = spreads();
    spreads.remove(1);
    all_near(path.coefficients.row(3).to_owned(), &coef, EXACT, |j| spreads[j]);

    let (x, y) = intervals();
    let data = Dataset::new(x, y);
    let breslow = [
        [
            0.7784374493558972,
            -1.203681817463401,
            2.970066092227577,
            0.00971775907576834,
            0.0,
        ],
        [
            0.9607925850479043,
            -1.3549021660324247,
            3.024538089246137,
            0.0199526745105275,
            0.0,
        ],
        [
            1.0279040633800998,
            -1.400347118359066,
            3.0147284453953924,
            0.0236337295304493,
            -0.0526983915557382,
        ],
    ];
    let efron = [
        [
            0.7786490794604211,
            -1.2039583516809191,
            2.9693257647133047,
            0.00969394894917764,
            0.0,
        ],
        [
            0.961047872924593,
            -1.35518772054758,
            3.023534670014273,
            0.0199249322346725,
            0.0,
        ],
        [
            1.028168029359122,
            -1.400637692280958,
            3.0137452180502597,
            0.0235992252484029,
            -0.0517813972908030,
        ],
    ];
    for (ties, expected) in [(Ties::Breslow, breslow), (Ties::Efron, efron)] {
        let path = CoxNet::params()
            .alpha(0.5)
            .ties(ties)
            .lambdas(vec![0.02, 0.005, 0.001])
            .fit(&data)
            .unwrap();
        for (k, coef) in expected.iter().enumerate() {
            all_near(path.coefficients.row(k).to_owned(), coef, EXACT, |_| 1.0);
        }
    }
}

#[test]
fn whole_year_ties_with_weights_by_efron() {
    let women = table("rotterdam.csv");
    let y = women.follow_up("rfs_days", "rfs_event");
    let yearly = y
        .iter()
        .map(|f| FollowUp::until((f.exit() / 365.25).ceil(), f.event()).unwrap())
        .collect();
    let weights = women.column("pid").iter().map(|pid| 1.0 + pid % 3.0).collect();
    let params = CoxNet::params()
        .alpha(0.5)
        .ties(Ties::Efron)
        .weights(weights)
        .lambdas(vec![0.02]);
    let path = params.fit(&Dataset::new(women.design(&ROTTERDAM), yearly)).unwrap();
    let coef = [
        0.0,
        2.78028041875935e-02,
        2.79237448832598e-01,
        5.47550497405384e-01,
        2.97218488575317e-01,
        7.49088292325699e-02,
        -4.72578228567176e-05,
        0.0,
        -8.31326021811443e-02,
        -8.84037673999901e-02,
    ];
    let spreads = spreads();
    all_near(path.coefficients.row(0).to_owned(), &coef, EXACT, |j| spreads[j]);
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

#[test]
fn degenerate_input_has_named_errors() {
    let y = || until(&[(1.0, 1), (2.0, 1), (3.0, 0), (4.0, 1), (5.0, 0), (6.0, 0)]);
    let x = array![[1.0, 2.0], [1.0, 0.0], [0.5, 1.0], [0.4, 2.0], [0.0, 1.0], [0.1, 0.0]];
    let data = Dataset::new(x.clone(), y());
    let fit = |params: CoxNetParams| params.fit(&data);
    let refused = |params: CoxNetParams| matches!(fit(params), Err(Error::Parameter { .. }));
    assert!(refused(CoxNet::params().alpha(1.1)));
    assert!(refused(CoxNet::params().alpha(f64::NAN)));
    assert!(refused(CoxNet::params().lambdas(vec![])));
    assert!(refused(CoxNet::params().lambdas(vec![-1.0])));
    assert!(refused(CoxNet::params().count(0)));
    assert!(refused(CoxNet::params().ratio(1.0)));
    assert!(refused(CoxNet::params().cause(0)));
    assert!(refused(CoxNet::params().tolerance(0.0)));
    assert!(refused(CoxNet::params().max_iterations(0)));
    assert!(refused(CoxNet::params().penalty_factors(vec![1.0, f64::INFINITY])));
    assert!(matches!(
        fit(CoxNet::params().penalty_factors(vec![1.0])),
        Err(Error::Width { .. })
    ));
    assert!(matches!(
        fit(CoxNet::params().strata(vec![1])),
        Err(Error::Lengths { .. })
    ));
    assert!(matches!(
        fit(CoxNet::params().weights(vec![1.0])),
        Err(Error::Lengths { .. })
    ));
    assert!(matches!(
        fit(CoxNet::params().weights(vec![1.0, 0.0, 1.0, 1.0, 1.0, 1.0])),
        Err(Error::Weight { row: 1, .. })
    ));
    assert!(matches!(fit(CoxNet::params().cause(2)), Err(Error::NoEvents)));
    let model = CoxNet::params().check().unwrap();
    assert!(matches!(model.fit_at(-1.0, &data), Err(Error::Parameter { .. })));
    let fitted = model.fit_at(0.01, &data).unwrap();
    assert!(matches!(
        fitted.survival_at(array![[1.0]].view(), &[1.0]),
        Err(Error::Width { .. })
    ));
    assert!(matches!(
        fitted.survival_at(array![[1.0, f64::NAN]].view(), &[1.0]),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        fitted.survival_in(3, array![[1.0, 1.0]].view(), &[1.0]),
        Err(Error::Parameter { .. })
    ));
    let mut holed = x;
    holed[[1, 1]] = f64::NAN;
    let holed = CoxNet::params().fit(&Dataset::new(holed, y()));
    assert!(matches!(holed, Err(Error::NotFinite { row: 1, column: 1 })));
    let nobody = CoxNet::params().fit(&Dataset::new(Array2::zeros((0, 2)), Array1::from(vec![])));
    assert!(matches!(nobody, Err(Error::Empty)));
}

#[test]
fn odd_columns_have_documented_answers() {
    let y = || until(&[(1.0, 1), (2.0, 1), (3.0, 0), (4.0, 1), (5.0, 0), (6.0, 1)]);
    // All constant: nothing enters, and the baseline is Nelson and Aalen's.
    let flat = Dataset::new(Array2::from_elem((6, 2), 0.1), y());
    let path = CoxNet::params().fit(&flat).unwrap();
    assert_eq!((path.lambdas.as_slice(), path.nonzero(0)), (&[0.0][..], 0));
    let model = CoxNet::params().check().unwrap().fit_at(0.1, &flat).unwrap();
    near(
        model.survival_at(array![[0.1, 0.1]].view(), &[1.0]).unwrap()[[0, 0]],
        (-1.0_f64 / 6.0).exp(),
        1e-15,
    );
    // A penalty too large for anything.
    let x = array![[1.0], [3.0], [2.0], [5.0], [4.0], [4.5]];
    let path = CoxNet::params()
        .lambdas(vec![1e9])
        .fit(&Dataset::new(x.clone(), y()))
        .unwrap();
    assert_eq!(
        (path.nonzero(0), path.log_likelihoods[0]),
        (0, path.log_likelihood_null)
    );
    // The same column twice: without a penalty the later is out, a ridge part shares evenly, the lasso's sum is that of one.
    let twice = ndarray::concatenate![ndarray::Axis(1), x, x];
    let at = |alpha: f64, lambda: f64, x: &Array2<f64>| {
        let params = CoxNet::params().alpha(alpha).check().unwrap();
        params
            .fit_at(lambda, &Dataset::new(x.clone(), y()))
            .unwrap()
            .coefficients
    };
    let (free, one) = (at(1.0, 0.0, &twice), at(1.0, 0.0, &x));
    near(free[0], one[0], 1e-8);
    assert_eq!(free[1], 0.0);
    let shared = at(0.5, 0.01, &twice);
    near(shared[0], shared[1], 1e-8);
    near(at(1.0, 0.01, &twice).sum(), at(1.0, 0.01, &x)[0], 1e-8);
}

#[test]
fn a_runaway_coefficient_is_reported() {
    let x = array![[0.3, 1.0], [0.1, 1.0], [0.2, 1.0], [0.4, 0.0], [0.2, 0.0], [0.3, 0.0]];
    let y = until(&[(1.0, 1), (2.0, 1), (3.0, 1), (4.0, 0), (5.0, 0), (6.0, 0)]);
    let data = Dataset::new(x, y);
    let free = CoxNet::params().lambdas(vec![0.1, 0.0]).fit(&data);
    assert!(matches!(free, Err(Error::NotConverged { column: 1, .. })), "{free:?}");
    assert!(CoxNet::params().lambdas(vec![0.1, 1e-3]).fit(&data).is_ok());
}

/// The third subject, not yet there at the one event, outweighs the others ten thousand times: what subtracting it leaves of the
/// likelihood is noise in the twelfth digit.
#[test]
fn a_heavy_late_row_does_not_stop_the_descent() {
    let x = array![[-2.0, -1.0], [3.0, -2.0], [2.0, 2.0], [0.0, -1.0]];
    let y: Array1<FollowUp> = [(0.0, 1.0, 0), (0.0, 2.0, 0), (1.0, 2.0, 0), (0.0, 1.0, 1)]
        .map(|(entry, exit, event)| FollowUp::new(entry, exit, event).unwrap())
        .into_iter()
        .collect();
    let params = CoxNet::params()
        .alpha(0.3432725307991135)
        .weights(vec![3.0, 2.0, 1.0, 3.0]);
    let path = params.count(6).ratio(0.05).fit(&Dataset::new(x, y)).unwrap();
    assert!(path.violations.iter().all(|v| *v <= 1e-10));
}

proptest! {
    #[test]
    fn fits_or_says_why(
        rows in prop::collection::vec((1u8..9, 0u8..4, 0u32..2, -3i8..4, -3i8..4, 1u8..4), 2..40),
        turn in 0usize..40,
        alpha in 0.0..1.0_f64,
        efron in any::<bool>(),
    ) {
        let ties = if efron { Ties::Efron } else { Ties::Breslow };
        let fit = |rows: &[(u8, u8, u32, i8, i8, u8)], time: f64, weighted: bool| {
            let x = Array2::from_shape_fn((rows.len(), 2), |(i, j)| f64::from([rows[i].3, rows[i].4][j]));
            let y: Array1<FollowUp> = (rows.iter())
                .map(|r| {
                    let exit = time * f64::from(r.0 + r.1);
                    FollowUp::new(time * f64::from(r.1), exit, r.2).unwrap()
                })
                .collect();
            let weights = rows.iter().map(|r| if weighted { f64::from(r.5) } else { 1.0 }).collect();
            let params = CoxNet::params().alpha(alpha).ties(ties).weights(weights).count(6).ratio(0.05);
            params.fit(&Dataset::new(x, y))
        };
        let same = |a: &CoxNetPath, b: &CoxNetPath| {
            let pairs = a.coefficients.iter().zip(&b.coefficients);
            a.lambdas.iter().zip(&b.lambdas).all(|(a, b)| (a - b).abs() < 1e-9)
                && pairs.clone().all(|(a, b)| (a - b).abs() < 1e-6)
        };
        let plain = fit(&rows, 1.0, true);
        if let Ok(path) = &plain {
            prop_assert!(path.coefficients.iter().all(|b| b.is_finite()));
            prop_assert!(path.violations.iter().all(|v| *v <= 1e-9));
            prop_assert!(path.log_likelihoods.iter().all(|l| *l >= path.log_likelihood_null - 1e-9));
            let mut turned = rows.clone();
            turned.rotate_left(turn % rows.len());
            prop_assert!(same(path, &fit(&turned, 1.0, true).unwrap()));
            prop_assert!(same(path, &fit(&rows, 0.37, true).unwrap()));
            if ties == Ties::Breslow {
                let repeated: Vec<_> = rows.iter().flat_map(|r| std::iter::repeat_n(*r, usize::from(r.5))).collect();
                prop_assert!(same(path, &fit(&repeated, 1.0, false).unwrap()));
            }
        } else {
            prop_assert!(matches!(plain, Err(Error::NoEvents)), "{:?}", plain);
        }
    }
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
