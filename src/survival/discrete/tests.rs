use linfa::prelude::*;
use ndarray::{Array1, Array2, Axis, array};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::survival::oracle::{ROTTERDAM, Table, close, json, near, numbers, table};
use crate::survival::{Error, FollowUp, SurvivalModel};

const RELATIVE: f64 = 1e-8;

fn years(women: &Table) -> Array1<FollowUp> {
    let subjects = women.follow_up("rfs_days", "rfs_event");
    let year = |s: &FollowUp| FollowUp::until(s.exit() / 365.25, s.event()).unwrap();
    subjects.iter().map(year).collect()
}

fn ten() -> Intervals {
    Intervals::unit(10).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn same_fit(model: &DiscreteModel, expected: &Value) {
    assert_eq!(model.rows as u64, expected["rows"].as_u64().unwrap());
    assert_eq!(model.events as u64, expected["events"].as_u64().unwrap());
    let (coef, se) = (numbers(&expected["coef"]), numbers(&expected["se"]));
    assert_eq!(model.terms().len(), coef.len());
    for j in 0..coef.len() {
        close(model.estimate(j).unwrap(), coef[j], RELATIVE);
        close(model.standard_error(j).unwrap(), se[j], RELATIVE);
    }
    close(model.deviance(), number(&expected["deviance"]), RELATIVE);
    if let Some(loglik) = expected.get("loglik") {
        close(model.log_likelihood, number(loglik), RELATIVE);
    }
    if let Some(rows) = expected.get("robust_vcov") {
        let robust = model.robust_covariance.as_ref().unwrap();
        for (j, row) in rows.as_array().unwrap().iter().enumerate() {
            for (k, cell) in numbers(row).into_iter().enumerate() {
                near(robust[[j, k]], cell, RELATIVE * se[j] * se[k]);
            }
        }
    }
}

#[test]
fn both_links_equal_the_reference() {
    let women = table("rotterdam.csv");
    let data = Dataset::new(women.design(&ROTTERDAM), years(&women)).with_feature_names(ROTTERDAM.to_vec());
    let expected = json("discrete_time.json");
    let exact = &json("discrete_competing.json")["at_maximum"];
    for (name, link, partial) in [
        ("logit", Link::Logit, false),
        ("logit_partial", Link::Logit, true),
        ("cloglog", Link::ComplementaryLogLog, false),
    ] {
        let expected = &expected[name];
        let settings = Discrete::params(ten()).link(link).partial(partial);
        // glm stops a little before the maximum, so its digits are those of its own steps (its epsilon here is 1e-14).
        let like_r = settings
            .clone()
            .max_iterations(100)
            .fitter(Fitter::Glm { epsilon: 1e-14 });
        let like_r = like_r.fit(&data).unwrap();
        same_fit(&like_r, expected);
        // Started again from there, it comes to the numbers of Newton's method.
        let model = settings.fitter(Fitter::Newton).fit(&data).unwrap();
        close(model.deviance(), number(&expected["deviance"]), 1e-13);
        let (coef, se) = (numbers(&exact[name]["coef"]), numbers(&exact[name]["se"]));
        for j in 0..coef.len() {
            close(model.estimate(j).unwrap(), coef[j], 1e-9);
            close(model.standard_error(j).unwrap(), se[j], 1e-10);
        }
        assert_eq!(expected["censored_partial_interval_kept"].as_bool().unwrap(), partial);
        let terms: Vec<&str> = expected["terms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap())
            .collect();
        assert_eq!(model.terms()[10..], terms[10..]);
        let times: Vec<f64> = (1..=10).map(f64::from).collect();
        let curves = like_r.survival_at(data.records.view(), &times).unwrap();
        let hazards = like_r.hazards(data.records.view()).unwrap();
        for (i, row) in expected["surv_first5_rows_by_year"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let mut product = 1.0;
            for (k, survival) in numbers(row).into_iter().enumerate() {
                near(curves[[i, k]], survival, 1e-10);
                product *= 1.0 - hazards[[i, k]];
                near(product, survival, 1e-10);
            }
        }
        let between = like_r.survival_at(data.records.view(), &[0.0, 0.99, 2.7]).unwrap();
        assert_eq!((between[[3, 0]], between[[3, 1]]), (1.0, 1.0));
        assert_eq!(between[[3, 2]], curves[[3, 1]]);
        let summary = model.summary(0.95).unwrap();
        assert_eq!(summary.coefficients[0].name, "(0, 1]");
        assert_eq!(summary.coefficients[10].name, "age");
    }
}

#[test]
fn robust_weighted_and_late_rows_equal_the_reference() {
    let women = table("rotterdam.csv");
    let pid = women.column("pid");
    let (kept, subjects): (Vec<usize>, Vec<FollowUp>) = (years(&women).iter().enumerate())
        .filter_map(|(i, s)| {
            let late = FollowUp::new(f64::from(pid[i] as u32 % 3), s.exit(), s.event()).ok();
            late.map(|late| (i, late))
        })
        .unzip();
    let x = women.design(&["age", "nodes", "hormon"]).select(Axis(0), &kept);
    let data = Dataset::new(x, Array1::from(subjects));
    let of = |column: &str| -> Vec<usize> { kept.iter().map(|i| women.column(column)[*i] as usize).collect() };
    let reference = json("discrete_competing.json");
    for (clusters, cases) in [("pid", "by_subject"), ("year", "by_year_of_surgery")] {
        for expected in reference[cases].as_array().unwrap() {
            let link = match expected["link"].as_str().unwrap() {
                "logit" => Link::Logit,
                _ => Link::ComplementaryLogLog,
            };
            let settings = Discrete::params(ten()).link(link).clusters(of(clusters));
            let mut settings = settings.fitter(Fitter::Newton);
            if expected["weighted"].as_bool().unwrap() {
                settings = settings.weights(of("pid").iter().map(|p| 1.0 + (p % 4) as f64).collect());
            }
            same_fit(&settings.fit(&data).unwrap(), expected);
        }
    }
}

#[test]
fn competing_causes_equal_the_reference() {
    let women = table("brca_metastasis.csv");
    let x = women.design(&["age", "grade3", "nodes", "chemo"]);
    let data = Dataset::new(x.clone(), Array1::from(women.follow_up("met_time", "met_type")));
    let model = Discrete::competing(ten(), 2).fit(&data).unwrap();
    let expected = &json("discrete_competing.json")["competing"];
    assert_eq!(model.rows as u64, expected["rows"].as_u64().unwrap());
    close(model.log_likelihood, number(&expected["loglik"]), RELATIVE);
    for cause in 0..2 {
        assert_eq!(model.events[cause] as u64, expected["events"][cause].as_u64().unwrap());
        let (coef, se) = (
            numbers(&expected["coef_by_cause"][cause]),
            numbers(&expected["se_by_cause"][cause]),
        );
        for k in 0..10 {
            let place = 2 * k + cause;
            let Level::Finite(term) = model.levels[place] else {
                panic!()
            };
            close(term, coef[k], RELATIVE);
            close(model.covariance[[place, place]].sqrt(), se[k], RELATIVE);
        }
        for c in 0..4 {
            let place = 20 + 4 * cause + c;
            close(model.coefficients[[cause, c]], coef[10 + c], RELATIVE);
            close(model.covariance[[place, place]].sqrt(), se[10 + c], RELATIVE);
        }
    }
    let curves = model.curves(x.view()).unwrap();
    for (i, row) in expected["first5"].as_array().unwrap().iter().enumerate() {
        for k in 0..10 {
            near(curves.survival[[i, k]], numbers(&row["surv"])[k], 1e-10);
            near(curves.causes[0][[i, k]], numbers(&row["cif1"])[k], 1e-10);
            near(curves.causes[1][[i, k]], numbers(&row["cif2"])[k], 1e-10);
        }
    }
    for ((survival, one), two) in curves.survival.iter().zip(&curves.causes[0]).zip(&curves.causes[1]) {
        near(survival + one + two, 1.0, 1e-14);
    }
    assert_eq!(model.summary(0.95).unwrap().coefficients[27].name, "x4, cause 2");
    let again: CompetingModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert!(model == again);
}

#[test]
fn one_cause_of_several_is_the_logit_of_that_cause() {
    let women = table("brca_metastasis.csv");
    let x = women.design(&["age", "nodes"]);
    let data = Dataset::new(x, Array1::from(women.follow_up("met_time", "met_type")));
    let both = Discrete::competing(ten(), 1).fit(&data).unwrap();
    let any = Discrete::params(ten()).fit(&data).unwrap();
    for j in 0..2 {
        close(both.coefficients[[0, j]], any.coefficients[j], 1e-12);
    }
    close(both.log_likelihood, any.log_likelihood, 1e-13);
    let first = Discrete::params(ten()).cause(1).fit(&data).unwrap();
    assert_eq!(first.rows, any.rows);
    assert!(first.events < any.events);
}

#[test]
fn rows_of_a_person_period_table() {
    let grid = Intervals::new(vec![1.0, 2.0, 4.0]).unwrap();
    let subject = |entry, exit, event| FollowUp::new(entry, exit, event).unwrap();
    let cases = [
        (subject(0.0, 1.0, 1), (0, 1, 1), (0, 1, 1)),
        (subject(0.0, 1.5, 2), (0, 2, 2), (0, 2, 2)),
        (subject(0.0, 1.5, 0), (0, 1, 0), (0, 2, 0)),
        (subject(0.0, 2.0, 0), (0, 2, 0), (0, 2, 0)),
        (subject(0.0, 0.5, 0), (0, 0, 0), (0, 1, 0)),
        (subject(0.0, 9.0, 1), (0, 3, 0), (0, 3, 0)),
        (subject(0.0, 4.0, 1), (0, 3, 1), (0, 3, 1)),
        (subject(1.0, 3.0, 1), (1, 3, 1), (1, 3, 1)),
        (subject(0.5, 3.0, 1), (1, 3, 1), (1, 3, 1)),
        (subject(0.5, 0.7, 1), (0, 0, 0), (0, 0, 0)),
        (subject(5.0, 6.0, 1), (0, 0, 0), (0, 0, 0)),
    ];
    for (subject, whole, partial) in cases {
        for (expected, partial) in [(whole, false), (partial, true)] {
            let table = PersonPeriod::expand(grid.clone(), &[subject], partial);
            let spell = table.spells[0];
            assert_eq!((spell.first, spell.after, spell.event), expected, "{subject:?}");
        }
    }
    let subjects: Vec<FollowUp> = cases.iter().map(|c| c.0).collect();
    let table = PersonPeriod::expand(grid.clone(), &subjects, false);
    assert_eq!(table.rows().count(), table.len());
    assert_eq!(table.events(None), table.rows().filter(|row| row.event > 0).count());
    assert_eq!(table.events(Some(2)), 1);
    let life = table.life_table(None).unwrap();
    assert_eq!((life[0].at_risk, life[0].events), (6.0, 1.0));
    assert_eq!(life[2].hazard, Some(3.0 / 4.0));
    let stored: Intervals = serde_json::from_str(&serde_json::to_string(&grid).unwrap()).unwrap();
    assert_eq!(stored, grid);
    assert!(serde_json::from_str::<Intervals>("[2.0, 1.0]").is_err());
    for ends in [vec![], vec![0.0], vec![1.0, 1.0], vec![f64::NAN], vec![f64::INFINITY]] {
        assert!(matches!(Intervals::new(ends), Err(Error::Parameter { .. })));
    }
}

#[test]
fn without_columns_the_hazards_are_those_of_the_life_table() {
    let women = table("rotterdam.csv");
    let subjects = years(&women);
    let life = PersonPeriod::expand(ten(), subjects.as_slice().unwrap(), false)
        .life_table(None)
        .unwrap();
    for link in [Link::Logit, Link::ComplementaryLogLog] {
        let none = Array2::zeros((women.rows, 0));
        let model = Discrete::params(ten())
            .link(link)
            .fitter(Fitter::Newton)
            .fit(&Dataset::new(none.clone(), subjects.clone()))
            .unwrap();
        let hazards = model.hazards(none.view()).unwrap();
        for (k, row) in life.iter().enumerate() {
            near(hazards[[0, k]], row.hazard.unwrap(), 1e-12);
        }
        close(model.log_likelihood, model.log_likelihood_null, 1e-13);
    }
}

/// The event class is smaller than the other in the first, larger in the second: linfa-logistic calls the larger one positive.
#[test]
fn linfa_logistic_has_the_sign_of_the_event() {
    let women = table("rotterdam.csv");
    let data = Dataset::new(women.design(&ROTTERDAM), years(&women));
    let few = Discrete::params(ten());
    let agree = |settings: DiscreteParams, data: &Dataset<f64, FollowUp, ndarray::Ix1>, within: f64| {
        let exact = settings.clone().fit(data).unwrap();
        let fitter = Fitter::LinfaLogistic { penalty: 0.0 };
        let other = settings.fitter(fitter).fit(data).unwrap();
        for j in 0..exact.terms().len() {
            let error = exact.standard_error(j).unwrap();
            near(other.estimate(j).unwrap(), exact.estimate(j).unwrap(), within * error);
            close(other.standard_error(j).unwrap(), error, 1e-3);
        }
        2.0 * exact.events as f64 / exact.rows as f64
    };
    assert!(agree(few, &data, 1e-3) < 1.0);

    let subjects: Array1<FollowUp> = (0..240)
        .map(|i| match (i % 8, i % 3) {
            (0, _) => FollowUp::until(2.0, 0).unwrap(),
            (_, 0) => FollowUp::until(1.5, 1).unwrap(),
            _ => FollowUp::until(0.5, 1).unwrap(),
        })
        .collect();
    let x = Array2::from_shape_fn((240, 1), |(i, _)| {
        ((i * 37) % 11) as f64 + if i % 3 == 0 { 0.0 } else { 2.0 }
    });
    let many = Discrete::params(Intervals::unit(2).unwrap());
    assert!(agree(many, &Dataset::new(x, subjects), 1e-3) > 1.0);

    // As many rows with as without: the first that is met is positive, whichever it is.
    for first in [0, 1] {
        let subjects: Array1<FollowUp> = (0..40)
            .map(|i| FollowUp::until(1.0, u32::from(i % 2 == first)).unwrap())
            .collect();
        let x = Array2::from_shape_fn((40, 1), |(i, _)| {
            ((i * 7) % 5) as f64 + if i % 2 == first { 1.0 } else { 0.0 }
        });
        agree(
            Discrete::params(Intervals::unit(1).unwrap()),
            &Dataset::new(x, subjects),
            1e-3,
        );
    }
}

#[test]
fn a_penalty_shrinks() {
    let women = table("rotterdam.csv");
    let data = Dataset::new(women.design(&["nodes"]), years(&women));
    let slope = |penalty| {
        let settings = Discrete::params(ten()).fitter(Fitter::LinfaLogistic { penalty });
        settings.fit(&data).unwrap().coefficients[0]
    };
    assert!(slope(0.0) > slope(50.0) && slope(50.0) > slope(5000.0) && slope(5000.0) > 0.0);
}

#[test]
fn an_interval_without_events_has_the_hazard_0() {
    let subjects: Array1<FollowUp> = [0.5, 0.6, 0.9, 2.5, 2.6, 2.2, 2.9, 2.7, 3.0, 3.0]
        .iter()
        .enumerate()
        .map(|(i, t)| FollowUp::until(*t, u32::from(i < 7)).unwrap())
        .collect();
    let x = Array2::from_shape_fn((10, 1), |(i, _)| ((i * 3) % 4) as f64);
    let data = Dataset::new(x.clone(), subjects.clone());
    for link in [Link::Logit, Link::ComplementaryLogLog] {
        let model = Discrete::params(Intervals::unit(3).unwrap())
            .link(link)
            .fit(&data)
            .unwrap();
        assert_eq!(model.levels[1], Level::Never);
        assert_eq!((model.estimate(1), model.standard_error(1)), (None, None));
        assert_eq!(model.summary(0.9).unwrap().coefficients.len(), 3);
        let curves = model.curves(x.view()).unwrap();
        assert!(curves.rows().into_iter().all(|c| c[0] == c[1] && c[2] < c[1]));
        // The rows of that interval say nothing: without it the rest is the same.
        let merged = Discrete::params(Intervals::new(vec![1.0, 3.0]).unwrap())
            .link(link)
            .fit(&data)
            .unwrap();
        close(model.coefficients[0], merged.coefficients[0], 1e-9);
    }
    let linfa = Discrete::params(Intervals::unit(3).unwrap()).fitter(Fitter::LinfaLogistic { penalty: 0.0 });
    assert_eq!(linfa.fit(&data).unwrap().levels[1], Level::Never);
    let all: Array1<FollowUp> = subjects.iter().map(|s| FollowUp::until(s.exit(), 1).unwrap()).collect();
    let data = Dataset::new(x.clone(), all);
    let model = Discrete::params(Intervals::unit(3).unwrap()).fit(&data).unwrap();
    assert_eq!(model.levels[2], Level::Always);
    assert!(model.curves(x.view()).unwrap().column(2).iter().all(|s| *s == 0.0));
    assert!(matches!(
        Discrete::competing(Intervals::unit(3).unwrap(), 2).fit(&data),
        Err(Error::EverybodyFalls { .. })
    ));
}

#[test]
fn degenerate_input_has_named_errors() {
    let subjects = |event| {
        Array1::from(vec![
            FollowUp::until(1.0, event).unwrap(),
            FollowUp::until(2.0, 0).unwrap(),
        ])
    };
    let one = Intervals::unit(1).unwrap();
    let fit = |x: Array2<f64>, y| Discrete::params(Intervals::unit(1).unwrap()).fit(&Dataset::new(x, y));
    let two = array![[1.0], [2.0]];
    assert!(matches!(
        fit(Array2::zeros((0, 1)), Array1::from(vec![])),
        Err(Error::Empty)
    ));
    assert!(matches!(fit(two.clone(), subjects(0)), Err(Error::NoEvents)));
    assert!(matches!(
        fit(array![[1.0], [f64::NAN]], subjects(1)),
        Err(Error::NotFinite { row: 1, column: 0 })
    ));
    assert!(matches!(fit(two.clone(), subjects(1)), Err(Error::Runaway { .. })));
    let data = Dataset::new(two.clone(), subjects(1));
    let long = Discrete::params(Intervals::unit(4).unwrap()).fit(&data);
    assert!(matches!(long, Err(Error::NobodyAtRisk { end: 3.0 })));
    for settings in [
        Discrete::params(one.clone()).cause(0),
        Discrete::params(one.clone()).tolerance(0.5),
        Discrete::params(one.clone()).max_iterations(0),
        Discrete::params(one.clone()).fitter(Fitter::LinfaLogistic { penalty: -1.0 }),
        Discrete::params(one.clone())
            .link(Link::ComplementaryLogLog)
            .fitter(Fitter::LinfaLogistic { penalty: 0.0 }),
    ] {
        assert!(matches!(settings.fit(&data), Err(Error::Parameter { .. })));
    }
    assert!(matches!(
        Discrete::competing(one.clone(), 0).fit(&data),
        Err(Error::Parameter { .. })
    ));
    let light = Discrete::params(one.clone()).weights(vec![1.0, f64::NAN]).fit(&data);
    assert!(matches!(light, Err(Error::Weight { row: 1, .. })));
    let uneven = Discrete::params(one.clone()).clusters(vec![1]).fit(&data);
    assert!(matches!(uneven, Err(Error::Lengths { .. })));
    let constant = fit(array![[3.0], [3.0]], subjects(1)).unwrap();
    assert_eq!((constant.aliased[0], constant.standard_error(1)), (0, None));
    let records = array![[3.0]];
    assert!(matches!(
        constant.survival_at(records.view(), &[1.5]),
        Err(Error::BeyondFollowUp { .. })
    ));
    assert!(matches!(
        constant.survival_at(array![[1.0, 2.0]].view(), &[1.0]),
        Err(Error::Width { .. })
    ));
    near(
        constant.survival_at(records.view(), &[1.0]).unwrap()[[0, 0]],
        0.5,
        1e-14,
    );
}

#[test]
fn aliased_columns_and_stored_models() {
    let women = table("rotterdam.csv");
    let narrow = women.design(&["nodes", "nodes", "age"]);
    let data = Dataset::new(narrow, years(&women));
    for link in [Link::Logit, Link::ComplementaryLogLog] {
        let model = Discrete::params(ten()).link(link).fit(&data).unwrap();
        assert_eq!((model.aliased.clone(), model.coefficients[1]), (vec![1], 0.0));
        let again: DiscreteModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
        assert!(model == again);
        assert_eq!(
            model.curves(data.records.view()).unwrap(),
            again.curves(data.records.view()).unwrap()
        );
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let n = 30_000;
    let x = Array2::from_shape_fn((n, 2), |(i, j)| ((i * (31 + 7 * j)) % 101) as f64 / 50.0);
    let y: Array1<FollowUp> = (0..n)
        .map(|i| FollowUp::until(((i * 17) % 97 + 1) as f64 / 20.0, (i % 3) as u32).unwrap())
        .collect();
    let data = Dataset::new(x, y);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let grid = || Intervals::unit(4).unwrap();
        pool.install(|| {
            (
                Discrete::params(grid()).fit(&data).unwrap(),
                Discrete::competing(grid(), 2).fit(&data).unwrap(),
            )
        })
    };
    assert!(with(1) == with(3));
}

proptest! {
    #[test]
    fn fits_or_says_why(
        rows in prop::collection::vec((1u8..30, 0u32..3, -3i8..4, 1u8..3), 1..60),
        turn in 0usize..60,
        cloglog in prop::bool::ANY,
        partial in prop::bool::ANY,
    ) {
        let data = |rows: &[(u8, u32, i8, u8)]| {
            let x = Array2::from_shape_fn((rows.len(), 1), |(i, _)| f64::from(rows[i].2));
            let y: Array1<FollowUp> = rows.iter().map(|r| FollowUp::until(f64::from(r.0) / 10.0, r.1).unwrap()).collect();
            Dataset::new(x, y)
        };
        let grid = Intervals::unit(2).unwrap();
        let link = if cloglog { Link::ComplementaryLogLog } else { Link::Logit };
        let settings = Discrete::params(grid.clone()).link(link).partial(partial);
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        let twice: Vec<_> = rows.iter().flat_map(|r| vec![*r; r.3 as usize]).collect();
        let weights = rows.iter().map(|r| f64::from(r.3)).collect();
        if let Ok(a) = settings.clone().fit(&data(&rows)) {
            prop_assert!(a.log_likelihood >= a.log_likelihood_null - 1e-9);
            prop_assert!(a.coefficients.iter().chain(a.covariance.iter()).all(|v| v.is_finite()));
            let curves = a.curves(array![[-2.0], [3.0]].view()).unwrap();
            prop_assert!(curves.rows().into_iter().all(|c| 1.0 >= c[0] && c[0] >= c[1] && c[1] >= 0.0));
            if let Ok(b) = settings.clone().fit(&data(&turned)) {
                prop_assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-8);
            }
        }
        if let (Ok(a), Ok(b)) = (settings.clone().weights(weights).fit(&data(&rows)), settings.fit(&data(&twice))) {
            prop_assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-8);
        }
        if let Ok(model) = Discrete::competing(grid, 2).partial(partial).fit(&data(&rows)) {
            let curves = model.curves(array![[-2.0], [3.0]].view()).unwrap();
            for ((s, a), b) in curves.survival.iter().zip(&curves.causes[0]).zip(&curves.causes[1]) {
                prop_assert!((s + a + b - 1.0).abs() < 1e-12 && *a >= 0.0 && *b >= 0.0);
            }
        }
    }
}
