use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Axis, array};
use proptest::prelude::*;

use super::partial::{Partial, Residuals};
use super::*;
use crate::survival::kaplan_meier::tests::some_subjects;
use crate::survival::oracle::{ROTTERDAM, close, json, near, numbers, table};
use crate::survival::tree::peers::{crossing, measures, peer, women};
use crate::survival::{Cox, Error, FollowUp, SurvivalModel};

/// The likelihood, its residuals and the baseline hazard are those of a Cox model with the same log ratios.
#[test]
fn partial_likelihood_equals_the_reference() {
    let women = table("rotterdam.csv");
    let (x, y) = (women.design(&ROTTERDAM), women.follow_up("rfs_days", "rfs_event"));
    let rows: Vec<u32> = (0..y.len() as u32).collect();
    let weights = vec![1.0; y.len()];
    for (ties, name) in [(Ties::Efron, "efron"), (Ties::Breslow, "breslow")] {
        let expected = &json("cox.json")[name];
        let partial = Partial::new(&rows, &y, &weights, None, ties);
        let null = partial.at(&vec![0.0; y.len()], None);
        close(null.log_likelihood, expected["loglik_null"].as_f64().unwrap(), 1e-12);
        let log_ratios = x.dot(&Array1::from(numbers(&expected["coef"]))).to_vec();
        let mut residuals = Residuals::of(y.len());
        let value = partial.at(&log_ratios, Some(&mut residuals));
        close(value.log_likelihood, expected["loglik"].as_f64().unwrap(), 1e-12);
        let martingale = &expected["residuals"];
        for (row, residual) in numbers(&martingale["rows"])
            .into_iter()
            .zip(numbers(&martingale["martingale"]))
        {
            close(residuals.excess[row as usize - 1], residual, 1e-8);
        }
        let squares: f64 = residuals.excess.iter().map(|r| r * r).sum();
        close(squares, martingale["sum_sq_martingale"].as_f64().unwrap(), 1e-8);
        let baseline = &expected["baseline_cumhaz_at_x0"];
        for (time, hazard) in numbers(&baseline["time"]).into_iter().zip(numbers(&baseline["cumhaz"])) {
            let until = partial.times.partition_point(|t| *t <= time);
            close(value.hazard[..until].iter().sum(), hazard, 1e-8);
        }
    }
}

proptest! {
    /// Late entries, ties, weights: observed less expected is the slope of the log-likelihood.
    #[test]
    fn residuals_are_the_gradient(
        subjects in some_subjects(),
        seed in prop::collection::vec((-1.0f64..1.0, 0.5f64..2.0), 60),
        efron: bool,
    ) {
        let n = subjects.len();
        prop_assume!(subjects.iter().any(|s| s.event() > 0));
        let (mut log_ratios, weights): (Vec<f64>, Vec<f64>) = seed.into_iter().take(n).unzip();
        let ties = if efron { Ties::Efron } else { Ties::Breslow };
        let rows: Vec<u32> = (0..n as u32).collect();
        let partial = Partial::new(&rows, &subjects, &weights, None, ties);
        let mut residuals = Residuals::of(n);
        partial.at(&log_ratios, Some(&mut residuals));
        let total: f64 = residuals.excess.iter().sum();
        prop_assert!(total.abs() < 1e-9, "a shift of all rows changes nothing: {total}");
        for row in 0..n {
            let mut at = |by: f64| {
                log_ratios[row] += by;
                let value = partial.at(&log_ratios, None).log_likelihood;
                log_ratios[row] -= by;
                value
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            prop_assert!((slope - residuals.excess[row]).abs() < 1e-6, "{slope} {}", residuals.excess[row]);
        }
    }
}

fn boosted(data: &Dataset<f64, FollowUp, ndarray::Ix1>, params: &BoostingParams) -> BoostingModel {
    params.clone().fit(data).unwrap()
}

/// On the reference's data with its settings; its random numbers are its own, so the mean of a few seeds is held to it.
#[test]
fn as_good_as_the_peer() {
    let (train, test) = (women("rotterdam.csv", true), women("gbsg.csv", false));
    let theirs = peer("gradient_boosting_200_d2_lr0.05");
    let cox = peer("cox_transformed");
    let seeds = 0..3;
    let (mut harrell, mut auc, mut brier) = (0.0, [0.0; 3], 0.0);
    for seed in seeds.clone() {
        let model = boosted(&train, &Boosting::params().seed(seed));
        let ours = measures(&test, &model.predict(&test), &model);
        let share = seeds.end as f64;
        harrell += ours.harrell / share;
        auc.iter_mut().zip(ours.auc).for_each(|(sum, a)| *sum += a / share);
        brier += ours.brier / share;
    }
    assert!(harrell > theirs.harrell && harrell > cox.harrell);
    (auc.iter().zip(theirs.auc)).for_each(|(ours, theirs)| assert!(*ours > theirs - 0.005));
    assert!(brier < theirs.brier + 0.0005);
}

#[test]
fn finds_what_a_line_can_not() {
    let (train, test) = (crossing(600, 1), crossing(600, 2));
    let cox = Cox::params().fit(&train).unwrap();
    let linear = measures(&test, &cox.predict(&test), &cox);
    let model = boosted(&train, &Boosting::params());
    let ours = measures(&test, &model.predict(&test), &model);
    assert!(linear.harrell < 0.56 && ours.harrell > 0.70);
    assert!(ours.brier < linear.brier - 0.02);
    let gain = &model.importance;
    near(gain.iter().sum(), 1.0, 1e-12);
    assert!(gain[0].min(gain[1]) > 2.0 * gain[2].max(gain[3]));
}

#[test]
fn stops_where_rows_held_out_are_likeliest() {
    let data = women("rotterdam.csv", true);
    let params = Boosting::params().learning_rate(0.3).held_out(0.25).patience(5);
    let model = boosted(&data, &params);
    let best = model.held_out[model.trees()];
    assert!(model.trees() > 0 && model.trees() < 200);
    assert!(model.held_out.iter().all(|value| *value <= best));
    assert_eq!(model.held_out.len(), model.trees() + 6);
    // Nothing to learn: no tree is kept, and the curve is the baseline's.
    let noise = Dataset::new(Array2::zeros((data.targets.len(), 1)), data.targets.clone());
    let model = boosted(&noise, &params);
    assert_eq!(model.trees(), 0);
    assert_eq!(model.predict(&noise)[0], 0.0);
}

#[test]
fn a_seed_is_a_model() {
    let data = crossing(6000, 4);
    let params = Boosting::params().ensemble_size(10).max_depth(3).seed(9);
    let model = boosted(&data, &params);
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for threads in [1, 3] {
        assert_eq!(pool(threads).install(|| boosted(&data, &params)), model);
    }
    assert_ne!(boosted(&data, &params.clone().seed(8)), model);
    let stored: BoostingModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert_eq!(stored, model);
    assert_eq!(stored.predict(&data), model.predict(&data));
}

/// What a model may not depend on: the unit of time, an increasing change of a column, the order of rows.
#[test]
fn only_orders_matter() {
    let data = crossing(200, 6);
    let scores = |records: &Array2<f64>, targets: Vec<FollowUp>| {
        let data = Dataset::new(records.clone(), Array1::from(targets));
        boosted(&data, &Boosting::params().ensemble_size(20)).predict(records)
    };
    let (x, y) = (&data.records, data.targets.to_vec());
    let plain = scores(x, y.clone());
    let years = y.iter().map(|s| FollowUp::until(s.exit() / 365.25, s.event()).unwrap());
    assert_eq!(scores(x, years.collect()), plain);
    assert_eq!(scores(&x.mapv(|v| 3.0 * v + 1.0), y.clone()), plain);
    let back: Vec<usize> = (0..200).rev().collect();
    let reversed = scores(&x.select(Axis(0), &back), back.iter().map(|i| y[*i]).collect());
    assert_eq!(reversed.select(Axis(0), &back), plain);
}

#[test]
fn weight_two_is_the_row_twice() {
    let data = crossing(150, 5);
    let twice: Vec<usize> = (0..150).flat_map(|i| vec![i; 1 + i % 2]).collect();
    let rows = data.records.select(Axis(0), &twice);
    let doubled = Dataset::new(rows, twice.iter().map(|i| data.targets[*i]).collect::<Array1<_>>());
    // Efron's rule counts tied rows, so Breslow's.
    let params = Boosting::params().ensemble_size(20).subsample(1.0).ties(Ties::Breslow);
    let weights = (0..150).map(|i| 1.0 + f64::from(i % 2)).collect();
    let (weighted, doubled) = (
        boosted(&data, &params.clone().weights(weights)),
        boosted(&doubled, &params),
    );
    let times = [100.0, 1000.0];
    let curves = |model: &BoostingModel| model.survival_at(data.records.view(), &times).unwrap();
    for (a, b) in curves(&weighted).iter().zip(&curves(&doubled)) {
        near(*a, *b, 1e-9);
    }
}

/// Full steps without a penalty on data that one column parts: far, but finite.
#[test]
fn perfect_separation_stays_finite() {
    let records = Array2::from_shape_fn((40, 1), |(i, _)| if i < 20 { 1.0 } else { 0.0 });
    let targets: Array1<FollowUp> = (0..40)
        .map(|i| FollowUp::until(1.0 + f64::from(i), u32::from(i < 20)).unwrap())
        .collect();
    let params = Boosting::params()
        .ensemble_size(2000)
        .learning_rate(1.0)
        .l2(0.0)
        .subsample(1.0)
        .min_weight_leaf(1.0);
    let model = boosted(&Dataset::new(records, targets), &params);
    assert!(model.log_likelihood.is_finite());
    let curves = model
        .survival_at(array![[0.0], [1.0]].view(), &[0.5, 10.0, 50.0])
        .unwrap();
    assert!(curves.iter().all(|s| (0.0..=1.0).contains(s)), "{curves}");
    assert!(curves[[0, 2]] > curves[[1, 2]]);
}

#[test]
fn degenerate_input_has_a_name() {
    let data = crossing(50, 6);
    let fit = |params: BoostingParams| params.fit(&data);
    assert!(matches!(
        fit(Boosting::params().ties(Ties::Exact)),
        Err(Error::ExactTies)
    ));
    for params in [
        Boosting::params().ensemble_size(0),
        Boosting::params().learning_rate(f64::NAN),
        Boosting::params().max_depth(0),
        Boosting::params().min_weight_leaf(0.0),
        Boosting::params().l2(-1.0),
        Boosting::params().subsample(1.5),
        Boosting::params().held_out(1.0),
        Boosting::params().patience(0),
        Boosting::params().cause(0),
    ] {
        assert!(matches!(fit(params), Err(Error::Parameter { .. })));
    }
    assert!(matches!(fit(Boosting::params().cause(7)), Err(Error::NoEvents)));
    assert!(matches!(
        fit(Boosting::params().weights(vec![1.0])),
        Err(Error::Lengths { .. })
    ));
    let model = fit(Boosting::params()).unwrap();
    let asked = |x: Array2<f64>, time: f64| model.survival_at(x.view(), &[time]);
    assert!(matches!(asked(array![[1.0]], 1.0), Err(Error::Width { .. })));
    assert!(matches!(
        asked(array![[1.0, f64::NAN, 0.0, 0.0]], 1.0),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        asked(array![[1.0, 0.0, 0.0, 0.0]], f64::NAN),
        Err(Error::NotATime(_))
    ));
    // One subject, and no columns.
    let one = |columns| Dataset::new(Array2::zeros((1, columns)), array![FollowUp::until(2.0, 1).unwrap()]);
    for columns in [0, 1] {
        let model = boosted(&one(columns), &Boosting::params());
        near(
            model.survival_at(Array2::zeros((1, columns)).view(), &[2.0]).unwrap()[[0, 0]],
            (-1.0f64).exp(),
            1e-15,
        );
    }
}
