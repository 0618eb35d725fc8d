use linfa::prelude::*;
use ndarray::{Array1, Array2};

use super::*;
use crate::survival::FollowUp;
use crate::survival::oracle::{ROTTERDAM, json, near, numbers, table};

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
#[ignore = "a measurement, not a check"]
fn a_million_rows() {
    let n: usize = std::env::var("ROWS").map_or(1_000_000, |v| v.parse().unwrap());
    let p: usize = std::env::var("COLUMNS").map_or(20, |v| v.parse().unwrap());
    let (x, y) = generated(n, p);
    if let Ok(file) = std::env::var("DUMP") {
        use std::io::Write;
        let mut out = std::io::BufWriter::new(std::fs::File::create(file).unwrap());
        for (row, s) in x.rows().into_iter().zip(&y) {
            write!(out, "{} {}", s.exit(), s.event()).unwrap();
            for v in row {
                write!(out, " {v}").unwrap();
            }
            writeln!(out).unwrap();
        }
    }
    let events = y.iter().filter(|s| s.event() > 0).count();
    let data = Dataset::new(x, Array1::from(y));
    let cpu = || {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<f64> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split(' ')
            .filter_map(|v| v.parse().ok())
            .collect();
        (fields[10] + fields[11]) / 100.0
    };
    let before = cpu();
    let started = std::time::Instant::now();
    let path = CoxNet::params().alpha(0.5).count(50).ratio(0.01).fit(&data).unwrap();
    println!(
        "n {n} p {p} events {events}: {:.2} CPU s, {:?}, {} passes",
        cpu() - before,
        started.elapsed(),
        path.passes
    );
    println!("worst {:e}", path.violations.iter().fold(0.0_f64, |m, v| m.max(*v)));
    println!("nonzero {:?}", (0..50).map(|k| path.nonzero(k)).collect::<Vec<_>>());
    if let Ok(file) = std::env::var("OUT") {
        std::fs::write(file, serde_json::to_string(&path).unwrap()).unwrap();
    }
}
