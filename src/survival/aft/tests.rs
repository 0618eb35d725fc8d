use linfa::prelude::*;
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use serde_json::Value;

use super::law::Law;
use super::*;
use crate::survival::oracle::{Table, close, json, near, numbers, table};
use crate::survival::{Error, FollowUp, SurvivalModel};

const RELATIVE: f64 = 1e-7;
const COLUMNS: [&str; 4] = ["age", "grade3", "nodes", "hormon"];

fn law_named(name: &Value) -> Distribution {
    serde_json::from_value(match name.as_str().unwrap() {
        "loglogistic" => "log_logistic".into(),
        "lognormal" => "log_normal".into(),
        name => name.into(),
    })
    .unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// Scalars come unboxed, lists as lists.
fn several(value: &Value) -> Vec<f64> {
    value.as_f64().map_or_else(|| numbers(value), |one| vec![one])
}

fn same_fit(model: &AftModel, expected: &Value) {
    let (coef, se) = (numbers(&expected["coef"]), numbers(&expected["se"]));
    for (j, b) in coef.iter().enumerate() {
        close(model.coefficients[j], *b, RELATIVE);
    }
    assert_eq!(model.terms().len(), se.len());
    for (j, error) in se.iter().enumerate() {
        close(model.standard_error(j).unwrap(), *error, RELATIVE);
    }
    for (ours, theirs) in model.scales.iter().zip(several(&expected["scale"])) {
        close(*ours, theirs, RELATIVE);
    }
    close(model.log_likelihood, number(&expected["loglik"]), 1e-10);
    if let Some(null) = expected.get("loglik_null") {
        // R stops its own null model a little early; ours is the higher.
        close(model.log_likelihood_null, number(null), 1e-6);
        assert!(model.log_likelihood_null >= number(null) - 1e-8);
    }
    for (key, matrix) in [
        ("vcov", Some(&model.covariance)),
        ("robust_vcov", model.robust_covariance.as_ref()),
    ] {
        let Some(rows) = expected.get(key) else { continue };
        for (j, row) in rows.as_array().unwrap().iter().enumerate() {
            for (k, cell) in numbers(row).into_iter().enumerate() {
                near(matrix.unwrap()[[j, k]], cell, RELATIVE * se[j] * se[k]);
            }
        }
    }
}

fn women() -> (Table, Array1<FollowUp>) {
    let women = table("rotterdam.csv");
    let days = Array1::from(women.follow_up("rfs_days", "rfs_event"));
    (women, days)
}

fn years(women: &Table) -> Array1<FollowUp> {
    let subjects = women.follow_up("rfs_days", "rfs_event");
    let year = |s: &FollowUp| FollowUp::until(s.exit() / 365.25, s.event()).unwrap();
    subjects.iter().map(year).collect()
}

/// The mix of `scripts/aft_interval.R`.
fn mixed(women: &Table) -> Array1<Observed> {
    let seen = |(subject, pid): (&FollowUp, &f64)| {
        let y = subject.exit();
        let between = |low: f64, high: f64| match low {
            0.0 => Observed::Before(high),
            low if low == high => Observed::Exactly(low),
            low => Observed::Between(low, high),
        };
        match (subject.event(), *pid as u32 % 4) {
            (0, _) => Observed::After(y),
            (_, 0) => Observed::Exactly(y),
            (_, 1) => between(y.ceil() - 1.0, y.ceil()),
            (_, 2) => Observed::Before(5.0 * (y / 5.0).ceil()),
            _ => between(((2.0 * y).ceil() - 1.0) / 2.0, (2.0 * y).ceil() / 2.0),
        }
    };
    years(women).iter().zip(women.column("pid")).map(seen).collect()
}

#[test]
fn four_laws_equal_the_reference() {
    let (women, days) = women();
    for expected in json("parametric_and_lod.json")["aft"].as_array().unwrap() {
        let data = Dataset::new(women.design(&COLUMNS), days.clone()).with_feature_names(COLUMNS.to_vec());
        let model = Aft::params(law_named(&expected["dist"])).fit(&data).unwrap();
        same_fit(&model, expected);
        let terms: Vec<&str> = expected["terms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap())
            .collect();
        assert_eq!(model.terms()[..5], terms);
        assert_eq!(model.events, days.iter().filter(|d| d.event() == 1).count());
        assert_eq!(
            model.summary(0.95).unwrap().coefficients.len(),
            model.covariance.nrows()
        );
    }
}

#[test]
fn a_limit_of_detection_equals_the_reference() {
    let visits = table("pbcseq.csv");
    let expected = json("parametric_and_lod.json");
    let tobit = &expected["tobit_limit_of_detection"];
    let limit = 0.8_f64.ln();
    let seen: Array1<Observed> = (visits.column("bili").iter())
        .map(|bili| match bili.ln() {
            log if log < limit => Observed::Before(limit),
            log => Observed::Exactly(log),
        })
        .collect();
    let mut x = visits.design(&["day", "albumin"]);
    x.column_mut(0).mapv_inplace(|day| day / 365.25);
    let model = Aft::params(Distribution::Gaussian)
        .fit(&Dataset::new(x.clone(), seen))
        .unwrap();
    same_fit(&model, tobit);
    assert_eq!(model.n as u64, tobit["n"].as_u64().unwrap());
    assert_eq!((model.n - model.events) as u64, tobit["censored"].as_u64().unwrap());

    // The habit of half the limit, by least squares: a contrast, and the same estimator when nothing is censored.
    let half: Array1<Observed> = (visits.column("bili").iter())
        .map(|bili| Observed::Exactly(if bili.ln() < limit { 0.4_f64.ln() } else { bili.ln() }))
        .collect();
    let naive = Aft::params(Distribution::Gaussian).fit(&Dataset::new(x, half)).unwrap();
    let habit = &expected["naive_half_lod"];
    for (ours, theirs) in naive.coefficients.iter().zip(numbers(&habit["coef"])) {
        close(*ours, theirs, RELATIVE);
    }
    let n = naive.n as f64;
    let sigma = naive.scales[0] * (n / (n - 3.0)).sqrt();
    close(sigma, number(&habit["sigma"]), RELATIVE);
    assert!((naive.coefficients[2] - model.coefficients[2]).abs() > 0.05);
}

fn same_predictions(model: &AftModel, x: &Array2<f64>, expected: &Value) {
    let rows = expected["rows"].as_u64().unwrap() as usize;
    for i in 0..rows {
        close(model.predict(x)[i], numbers(&expected["linear_predictor"])[i], RELATIVE);
        for (k, p) in numbers(&expected["q_prob"]).into_iter().enumerate() {
            let quantile = model.quantile(x.row(i), p).unwrap();
            close(quantile.value, numbers(&expected["q"][i])[k], RELATIVE);
            close(quantile.se, numbers(&expected["q_se"][i])[k], RELATIVE);
            let there = model.survival_with_error(x.row(i), quantile.value).unwrap();
            near(there.value, 1.0 - p, 1e-12);
        }
    }
}

#[test]
fn left_right_and_interval_censoring_equal_the_reference() {
    let (women, _) = women();
    let x = women.design(&COLUMNS);
    let reference = json("aft_interval.json");
    let seen = mixed(&women);
    for expected in reference["mixed"].as_array().unwrap() {
        let data = Dataset::new(x.clone(), seen.clone());
        let model = Aft::params(law_named(&expected["dist"])).fit(&data).unwrap();
        same_fit(&model, expected);
        same_predictions(&model, &x, expected);
        let residuals = model.residuals(x.view(), seen.as_slice().unwrap()).unwrap();
        for (i, theirs) in numbers(&expected["deviance"]).into_iter().enumerate() {
            let interval = matches!(seen[i], Observed::Between(..));
            if interval && model.distribution.law() == Law::Extreme {
                // R adds log(1 − exp(−exp w)) for log(1 − exp(−w)); with the former put right the two are the same.
                let Observed::Between(a, b) = seen[i] else {
                    unreachable!()
                };
                let width = (b / a).ln() / model.scales[0];
                let excess = (-(-width.exp()).exp()).ln_1p() - (-(-width).exp()).ln_1p();
                near(residuals[i].deviance.powi(2) + 2.0 * excess, theirs.powi(2), 1e-6);
            } else {
                near(residuals[i].deviance, theirs, 1e-6);
            }
        }
    }
    // On the raw scale the logarithms of times are a log-normal law without its Jacobian.
    let logs: Array1<Observed> = (seen.iter())
        .map(|s| s.on_scale(0, Distribution::LogNormal).unwrap())
        .collect();
    let model = Aft::params(Distribution::Gaussian)
        .fit(&Dataset::new(x.clone(), logs))
        .unwrap();
    same_fit(&model, &reference["gaussian_of_logarithms"]);
    same_predictions(&model, &x, &reference["gaussian_of_logarithms"]);
}

#[test]
fn residuals_of_follow_up_equal_the_reference() {
    let (women, _) = women();
    let (x, subjects) = (women.design(&COLUMNS), years(&women));
    for expected in json("aft_interval.json")["right"].as_array().unwrap() {
        let data = Dataset::new(x.clone(), subjects.clone());
        let model = Aft::params(law_named(&expected["dist"])).fit(&data).unwrap();
        same_fit(&model, expected);
        same_predictions(&model, &x, expected);
        let residuals = model.residuals(x.view(), subjects.as_slice().unwrap()).unwrap();
        for (i, ours) in residuals.iter().take(12).enumerate() {
            near(ours.deviance, numbers(&expected["deviance"])[i], 1e-6);
            near(ours.response, numbers(&expected["response"])[i], 1e-5);
        }
        if model.distribution == Distribution::Weibull {
            let sum: f64 = residuals.iter().map(|r| r.martingale.unwrap()).sum();
            near(sum, 0.0, 1e-6);
        }
    }
}

#[test]
fn weights_clusters_strata_and_a_fixed_scale_equal_the_reference() {
    let (women, _) = women();
    let (x, seen) = (women.design(&["age", "nodes"]), mixed(&women));
    let reference = json("aft_interval.json");
    let pid: Vec<usize> = women.column("pid").iter().map(|p| *p as usize).collect();
    let weights: Vec<f64> = pid.iter().map(|p| 1.0 + (p % 3) as f64).collect();
    let data = Dataset::new(x.clone(), seen);
    let weighted = Aft::params(Distribution::LogNormal).weights(weights.clone());
    same_fit(&weighted.fit(&data).unwrap(), &reference["weights_1_plus_pid_mod_3"]);
    let clusters: Vec<usize> = pid.iter().map(|p| p % 97).collect();
    let clustered = Aft::params(Distribution::Weibull).clusters(clusters);
    same_fit(
        &clustered.clone().fit(&Dataset::new(x.clone(), years(&women))).unwrap(),
        &reference["clusters_pid_mod_97"],
    );
    same_fit(
        &clustered.weights(weights).fit(&data).unwrap(),
        &reference["clusters_and_weights"],
    );
    let strata = women.column("grade3").iter().map(|g| *g as usize).collect();
    let stratified = Aft::params(Distribution::LogLogistic)
        .strata(strata)
        .fit(&data)
        .unwrap();
    same_fit(&stratified, &reference["strata_grade3"]);
    assert!(matches!(
        stratified.survival_at(x.view(), &[1.0]),
        Err(Error::Parameter { .. })
    ));
    let second = stratified.in_stratum(1).unwrap();
    assert_eq!(second.scales, [stratified.scales[1]]);
    assert_eq!(second.covariance[[3, 3]], stratified.covariance[[4, 4]]);
    assert!(second.survival_with_error(x.row(0), 5.0).unwrap().se > 0.0);
    let fixed = Aft::params(Distribution::Weibull).fixed_scale(0.5);
    same_fit(
        &fixed.fit(&Dataset::new(x, years(&women))).unwrap(),
        &reference["fixed_scale_half"],
    );
}

#[test]
fn delayed_entry_maximises_the_conditional_likelihood() {
    let (women, _) = women();
    let x = women.design(&["age", "nodes"]);
    let entered = |(i, subject): (usize, &FollowUp)| {
        let entry = f64::from(women.column("pid")[i] as u32 % 3);
        FollowUp::new(entry, subject.exit(), subject.event())
            .ok()
            .map(|s| (i, s))
    };
    let (kept, subjects): (Vec<usize>, Vec<FollowUp>) = years(&women).iter().enumerate().filter_map(entered).unzip();
    let data = Dataset::new(x.select(ndarray::Axis(0), &kept), Array1::from(subjects));
    for expected in json("aft_interval.json")["truncated"].as_array().unwrap() {
        let model = Aft::params(law_named(&expected["dist"])).fit(&data).unwrap();
        assert_eq!(model.n as u64, expected["n"].as_u64().unwrap());
        close(model.log_likelihood, number(&expected["loglik"]), 1e-8);
        assert!(model.log_likelihood >= number(&expected["loglik"]) - 1e-8);
        for (ours, theirs) in model.coefficients.iter().zip(numbers(&expected["coef"])) {
            close(*ours, theirs, 1e-4);
        }
        close(model.scales[0], number(&expected["scale"]), 1e-4);
    }
}

/// Derivatives of a function by central differences.
fn slope(f: impl Fn(f64) -> f64, at: f64) -> f64 {
    let h = 1e-5 * at.abs().max(1.0);
    (f(at + h) - f(at - h)) / (2.0 * h)
}

#[test]
fn derivatives_and_tails_of_the_laws() {
    for law in [Law::Extreme, Law::Logistic, Law::Normal] {
        for z in [-40.0, -8.0, -3.0, -0.4, 0.0, 0.7, 2.5, 4.99, 5.01, 9.0, 30.0] {
            for jet in [Law::density, Law::above, Law::below] {
                if law == Law::Extreme && z > 5.02 {
                    continue;
                }
                let here = jet(law, z);
                let size = 1.0 + here.first.abs() + here.second.abs();
                near(here.first, slope(|v| jet(law, v).value, z), 1e-6 * size);
                near(here.second, slope(|v| jet(law, v).first, z), 1e-6 * size);
            }
            let whole = law.above(z).value.exp() + law.below(z).value.exp();
            near(whole, 1.0, 1e-14);
            let split = law.log_between(z, z + 0.5).exp();
            near(split, law.below(z + 0.5).value.exp() - law.below(z).value.exp(), 1e-15);
        }
    }
    // R: pnorm(c(10, 40), lower.tail = FALSE, log.p = TRUE), and the same from the other side.
    for (z, log) in [(10.0, -53.231_285_150_512_47), (40.0, -804.608_442_013_753_8)] {
        close(Law::Normal.above(z).value, log, 1e-13);
        close(Law::Normal.below(-z).value, log, 1e-13);
    }
    near(Law::Extreme.below(-50.0).value, -50.0, 1e-13);
    near(Law::Logistic.above(800.0).value, -800.0, 1e-12);
    assert_eq!(Law::Extreme.below(800.0).value, 0.0);
}

#[test]
fn means_and_hazards() {
    let (women, _) = women();
    let data = Dataset::new(women.design(&COLUMNS), years(&women));
    for distribution in [
        Distribution::Weibull,
        Distribution::LogNormal,
        Distribution::LogLogistic,
        Distribution::Gaussian,
    ] {
        let model = Aft::params(distribution).fit(&data).unwrap();
        let row = data.records.row(0);
        // The mean is the area under the curve; by t = exp(u), so that long tails are short.
        let area: f64 = (0..200_000)
            .map(|k| -20.0 + f64::from(k) * 5e-4)
            .map(|u| u.exp() * model.survival_with_error(row, u.exp()).unwrap().value * 5e-4)
            .sum();
        if distribution != Distribution::Gaussian {
            close(model.mean(row).unwrap().unwrap(), area, 1e-6);
        }
        let rise = slope(|t| model.cumulative_hazard(row, t).unwrap(), 3.0);
        close(model.hazard(row, 3.0).unwrap(), rise, 1e-6);
    }
}

#[test]
fn degenerate_input_has_named_errors() {
    let fit = |x: Array2<f64>, y: Vec<Observed>, law| Aft::params(law).fit(&Dataset::new(x, Array1::from(y)));
    let weibull = Distribution::Weibull;
    let column = |values: &[f64]| Array1::from(values.to_vec()).insert_axis(ndarray::Axis(1));
    use Observed::{After, Before, Between, Exactly};
    let two = column(&[1.0, 2.0]);
    assert!(matches!(fit(Array2::zeros((0, 1)), vec![], weibull), Err(Error::Empty)));
    assert!(matches!(
        fit(two.clone(), vec![After(1.0); 2], weibull),
        Err(Error::NoEvents)
    ));
    assert!(matches!(
        fit(two.clone(), vec![Before(1.0); 2], weibull),
        Err(Error::NoEvents)
    ));
    assert!(matches!(
        fit(two.clone(), vec![Exactly(1.0), Exactly(0.0)], weibull),
        Err(Error::NoLogarithm { row: 1, .. })
    ));
    assert!(matches!(
        fit(two.clone(), vec![Exactly(1.0), Between(3.0, 2.0)], weibull),
        Err(Error::EmptyInterval { row: 1, .. })
    ));
    assert!(matches!(
        fit(two.clone(), vec![Exactly(f64::NAN), Exactly(1.0)], weibull),
        Err(Error::NotATime(_))
    ));
    assert!(matches!(
        fit(column(&[1.0, f64::INFINITY]), vec![Exactly(1.0), Exactly(2.0)], weibull),
        Err(Error::NotFinite { row: 1, column: 0 })
    ));
    // A line through every point, one point, and equal points leave no spread.
    for law in [weibull, Distribution::LogNormal, Distribution::LogLogistic] {
        assert!(matches!(
            fit(two.clone(), vec![Exactly(1.0), Exactly(2.0)], law),
            Err(Error::Runaway { .. })
        ));
        assert!(matches!(
            fit(column(&[1.0]), vec![Exactly(1.0)], law),
            Err(Error::Runaway { .. })
        ));
        assert!(matches!(
            fit(column(&[1.0, 2.0, 3.0]), vec![Exactly(4.0); 3], law),
            Err(Error::Runaway { .. })
        ));
    }
    // A column that only the censored have.
    let alone = fit(
        column(&[0.0, 0.0, 0.0, 1.0, 1.0]),
        vec![Exactly(1.0), Exactly(2.0), Exactly(4.0), After(3.0), After(2.0)],
        weibull,
    );
    assert!(matches!(alone, Err(Error::Runaway { .. })));
    // The exponential law needs no spread.
    let one = fit(Array2::zeros((1, 0)), vec![Exactly(4.0)], Distribution::Exponential).unwrap();
    close(one.coefficients[0], 4.0_f64.ln(), 1e-12);
    let data = Dataset::new(two, Array1::from(vec![Exactly(1.0), After(2.0)]));
    for params in [
        Aft::params(weibull).cause(0),
        Aft::params(weibull).fixed_scale(-1.0),
        Aft::params(Distribution::Exponential).fixed_scale(2.0),
        Aft::params(weibull).max_iterations(0),
        Aft::params(weibull).tolerance(f64::NAN),
    ] {
        assert!(matches!(params.fit(&data), Err(Error::Parameter { .. })));
    }
    let uneven = Aft::params(weibull).clusters(vec![1]).fit(&data);
    assert!(matches!(uneven, Err(Error::Lengths { .. })));
    let light = Aft::params(weibull).weights(vec![1.0, 0.0]).fit(&data);
    assert!(matches!(light, Err(Error::Weight { row: 1, .. })));
}

#[test]
fn aliased_columns_are_named() {
    let (women, days) = women();
    let wide = women.design(&["nodes", "nodes", "age"]);
    let x = Array2::from_shape_fn((women.rows, 4), |(i, j)| if j == 3 { 7.0 } else { wide[[i, j]] });
    let model = Aft::params(Distribution::Weibull)
        .fit(&Dataset::new(x.clone(), days.clone()))
        .unwrap();
    assert_eq!(model.aliased, [1, 3]);
    assert_eq!((model.coefficients[2], model.standard_error(2)), (0.0, None));
    let plain = Aft::params(Distribution::Weibull)
        .fit(&Dataset::new(women.design(&["nodes", "age"]), days))
        .unwrap();
    close(model.coefficients[1], plain.coefficients[1], 1e-9);
    close(model.log_likelihood, plain.log_likelihood, 1e-12);
    assert!(matches!(
        model.survival_at(array![[1.0]].view(), &[1.0]),
        Err(Error::Width { .. })
    ));
}

#[test]
fn a_stored_model_predicts_the_same_bits() {
    let (women, days) = women();
    let x = women.design(&COLUMNS);
    let model = Aft::params(Distribution::LogNormal)
        .fit(&Dataset::new(x.clone(), days))
        .unwrap();
    let again: AftModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert!(model == again);
    assert_eq!(model.predict(&x), again.predict(&x));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let n = 40_000;
    let x = Array2::from_shape_fn((n, 2), |(i, j)| ((i * (31 + 7 * j)) % 101) as f64 / 50.0);
    let y: Array1<FollowUp> = (0..n)
        .map(|i| FollowUp::until(((i * 17) % 97 + 1) as f64 * (1.0 + x[[i, 0]]), u32::from(i % 3 > 0)).unwrap())
        .collect();
    let data = Dataset::new(x, y);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Aft::params(Distribution::Weibull).fit(&data).unwrap())
    };
    assert!(with(1) == with(3));
}

fn law_of(k: usize) -> Distribution {
    [
        Distribution::Weibull,
        Distribution::LogNormal,
        Distribution::LogLogistic,
        Distribution::Exponential,
    ][k]
}

proptest! {
    #[test]
    fn fits_or_says_why(
        rows in prop::collection::vec((1u8..9, 0u8..4, -3i8..4, 1u8..4), 1..40),
        turn in 0usize..40,
        law in 0usize..4,
    ) {
        let seen = |(t, kind, _, w): (u8, u8, i8, u8)| match (f64::from(t), kind) {
            (t, 0) => Observed::After(t),
            (t, 1) => Observed::Exactly(t),
            (t, 2) => Observed::Before(t),
            (t, _) => Observed::Between(t, t + f64::from(w)),
        };
        let fit = |rows: &[(u8, u8, i8, u8)], unit: f64| {
            let x = Array2::from_shape_fn((rows.len(), 1), |(i, _)| f64::from(rows[i].2));
            let y: Array1<Observed> = rows.iter().map(|r| match seen(*r) {
                Observed::After(t) => Observed::After(t * unit),
                Observed::Exactly(t) => Observed::Exactly(t * unit),
                Observed::Before(t) => Observed::Before(t * unit),
                Observed::Between(a, b) => Observed::Between(a * unit, b * unit),
            }).collect();
            Aft::params(law_of(law)).fit(&Dataset::new(x, y))
        };
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        if let Ok(a) = fit(&rows, 1.0) {
            prop_assert!(a.log_likelihood >= a.log_likelihood_null - 1e-8);
            prop_assert!(a.coefficients.iter().chain(a.covariance.iter()).all(|v| v.is_finite()));
            let times = [0.0, 0.5, 1.0, 4.0, 1e9];
            let curve = a.survival_at(array![[1.0]].view(), &times).unwrap();
            prop_assert!(curve.iter().zip(curve.iter().skip(1)).all(|(s, t)| s >= t && *t >= 0.0));
            if let Ok(b) = fit(&turned, 1.0) {
                prop_assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-7);
            }
            // Days for years move the intercept alone.
            if let Ok(b) = fit(&rows, 365.25) {
                prop_assert!((a.scales[0] - b.scales[0]).abs() < 1e-6 * (1.0 + a.scales[0]));
                prop_assert!((a.coefficients[1] - b.coefficients[1]).abs() < 1e-6 * (1.0 + a.coefficients[1].abs()));
            }
        }
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice(
        rows in prop::collection::vec((1u8..40, 0u32..2, -3i8..4), 8..30),
        law in 0usize..4,
    ) {
        let x = |rows: &[(u8, u32, i8)]| Array2::from_shape_fn((rows.len(), 1), |(i, _)| f64::from(rows[i].2));
        let y = |rows: &[(u8, u32, i8)]| -> Array1<FollowUp> {
            rows.iter().map(|r| FollowUp::until(f64::from(r.0), r.1).unwrap()).collect()
        };
        let weights = (0..rows.len()).map(|i| if i % 3 == 0 { 2.0 } else { 1.0 }).collect();
        let twice: Vec<_> = rows.iter().enumerate().flat_map(|(i, r)| vec![*r; if i % 3 == 0 { 2 } else { 1 }]).collect();
        let weighted = Aft::params(law_of(law)).weights(weights).fit(&Dataset::new(x(&rows), y(&rows)));
        let repeated = Aft::params(law_of(law)).fit(&Dataset::new(x(&twice), y(&twice)));
        if let (Ok(a), Ok(b)) = (weighted, repeated) {
            prop_assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-7);
            prop_assert!((a.coefficients[1] - b.coefficients[1]).abs() < 1e-6 * (1.0 + b.coefficients[1].abs()));
        }
    }
}
