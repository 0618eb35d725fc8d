//! The mixed model of a marker, alone and as the first of two stages.

use super::*;

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
