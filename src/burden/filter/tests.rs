//! Exactness where the model is a plain Gaussian walk, and the promises of the filter on hand-made patients.

use std::sync::Arc;

use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::Value;

use super::counts::{log_normal, log_normal_below};
use super::lattice::Kernel;
use super::*;
use crate::burden::case::{Case, Day, Fact, Finding, Found, Happened, Known, Outcome, Signal, Tissue, What};
use crate::burden::population::{Baseline, Population, prior};
use crate::domain::id::{PatientId, PatientRef, SiteId};

fn reference() -> Vec<Value> {
    let text = include_str!("../../../tests/data/oracles/lod_state_space.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all["cases"].as_array().unwrap().clone()
}

fn number(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap()
}

struct Series {
    times: Vec<f64>,
    values: Vec<Option<f64>>,
    limit: f64,
}

impl Series {
    fn of(case: &Value) -> Series {
        let list = |name: &str| case[name].as_array().unwrap().clone();
        Series {
            times: list("t_years").iter().map(|t| t.as_f64().unwrap()).collect(),
            values: list("log_value").iter().map(Value::as_f64).collect(),
            limit: number(case, "log_lod"),
        }
    }

    fn log_likelihood(&self, k: usize, x: f64, sd: f64) -> f64 {
        match self.values[k] {
            Some(y) => log_normal(y, x, sd),
            None => log_normal_below(self.limit, x, sd),
        }
    }
}

/// A random walk with drift, read with noise, not below a limit: the filter's kernel and its likelihoods on a fine lattice.
#[test]
fn a_walk_below_a_limit_is_filtered_exactly() {
    for case in reference() {
        let (series, model) = (Series::of(&case), &case["model_a"]);
        let p = &model["params"];
        let (m0, s0, r) = (number(p, "m0"), number(p, "s0"), number(p, "r"));
        let lattice = Lattice {
            low: m0 - 20.0,
            step: 0.02,
            len: 2001,
        };
        let nodes: Vec<f64> = (0..lattice.len).map(|i| lattice.node(i)).collect();
        let mut mass: Vec<f64> = nodes
            .iter()
            .map(|x| log_normal(*x, m0, s0).exp() * lattice.step)
            .collect();
        let mut log_likelihood = 0.0;
        let expected = model["filtered_mean_sd_p_above_lod_plus_1"].as_array().unwrap();
        for (k, row) in expected.iter().enumerate() {
            if k > 0 {
                let dt = series.times[k] - series.times[k - 1];
                let kernel = Kernel::walk(&lattice, number(p, "drift") * dt, number(p, "q") * dt);
                let mut moved = vec![0.0; lattice.len];
                kernel.spread(&mass, &mut moved);
                mass = moved;
            }
            for (m, x) in mass.iter_mut().zip(&nodes) {
                *m *= series.log_likelihood(k, *x, r).exp();
            }
            let whole: f64 = mass.iter().sum();
            log_likelihood += whole.ln();
            mass.iter_mut().for_each(|m| *m /= whole);
            let mean: f64 = mass.iter().zip(&nodes).map(|(m, x)| m * x).sum();
            let var: f64 = mass.iter().zip(&nodes).map(|(m, x)| m * (x - mean).powi(2)).sum();
            assert!((mean - row[0].as_f64().unwrap()).abs() < 1e-8, "mean {mean} {row}");
            assert!((var.sqrt() - row[1].as_f64().unwrap()).abs() < 1e-8, "sd {var} {row}");
            let above: f64 = mass
                .iter()
                .zip(&nodes)
                .filter(|(_, x)| **x > series.limit + 1.0)
                .map(|(m, _)| m)
                .sum();
            assert!((above - row[2].as_f64().unwrap()).abs() < 0.01, "P {above} {row}");
        }
        let reference = number(model, "loglik");
        assert!(
            (log_likelihood - reference).abs() < 1e-8,
            "{log_likelihood} {reference}"
        );
    }
}

/// A level and a slope of its own for each patient: the same likelihoods over paces and levels that do not wander.
#[test]
fn a_line_below_a_limit_is_filtered_exactly() {
    for case in reference() {
        let (series, model) = (Series::of(&case), &case["model_b"]);
        let p = &model["params"];
        let at = |name: &str, i: usize| p[name][i].as_f64().unwrap();
        let s = |i: usize, j: usize| p["S"][i][j].as_f64().unwrap();
        let c00 = s(0, 0).sqrt();
        let c10 = s(0, 1) / c00;
        let c11 = (s(1, 1) - c10 * c10).sqrt();
        let (step, reach) = (0.03, 300);
        let (mut points, mut whole) = (vec![], 0.0);
        for i in -reach..=reach {
            for j in -reach..=reach {
                let (u, w) = (f64::from(i) * step, f64::from(j) * step);
                let (a, b) = (at("m", 0) + c00 * u, at("m", 1) + c10 * u + c11 * w);
                let mut log = log_normal(u, 0.0, 1.0) + log_normal(w, 0.0, 1.0) + 2.0 * f64::ln(step);
                for (k, t) in series.times.iter().enumerate() {
                    log += series.log_likelihood(k, a + b * t, number(p, "r"));
                }
                whole += log.exp();
                points.push((a, b, log.exp()));
            }
        }
        let mean = |of: &dyn Fn(f64, f64) -> f64| points.iter().map(|(a, b, m)| m * of(*a, *b)).sum::<f64>() / whole;
        let (ea, eb) = (mean(&|a, _| a), mean(&|_, b| b));
        let got = [ea, eb, mean(&|a, _| (a - ea).powi(2)), mean(&|_, b| (b - eb).powi(2))];
        let expected = model["post_mean_a_b_var_a_b_cov_current_pslopepos"].as_array().unwrap();
        assert!((whole.ln() - number(model, "loglik")).abs() < 1e-8);
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e.as_f64().unwrap()).abs() < 1e-8, "{g} {e}");
        }
    }
}

pub(crate) fn signal(id: i64, on: Day, from: Day, what: What) -> Signal {
    Signal {
        id,
        on,
        known: Known { from, until: Day::MAX },
        what,
    }
}

pub(crate) fn ctdna(found: Found) -> What {
    What::Molecules {
        assay: "A".into(),
        examined: 50_000.0,
        found,
    }
}

pub(crate) fn case(signals: Vec<Signal>) -> Case {
    let always = Known {
        from: 0,
        until: Day::MAX,
    };
    Case {
        patient: PatientRef {
            site: SiteId(1),
            patient: PatientId(1),
        },
        origin: NaiveDate::from_ymd_opt(2020, 1, 1).unwrap(),
        group: "breast TNBC".into(),
        facts: vec![Fact {
            name: "nodes".into(),
            value: 2.0,
            known: always,
        }],
        treated: vec![],
        signals,
        happened: vec![],
        visits: vec![],
    }
}

pub(crate) fn engine(cases: &[&Case]) -> Engine {
    let known: Vec<(&Case, Day)> = cases.iter().map(|case| (*case, Day::MAX - 1)).collect();
    Engine::new(prior::population(&known, Baseline::default()))
}

#[test]
fn what_is_not_detected_lowers_and_what_is_detected_raises_but_nothing_is_certain() {
    let quiet = case(
        (0..6)
            .map(|k| signal(k, 100 * k as Day, 100 * k as Day, ctdna(Found::Below(2.0))))
            .collect(),
    );
    let loud = case(
        (0..6)
            .map(|k| {
                let found = if k < 3 {
                    Found::Below(2.0)
                } else {
                    Found::Number(3.0 * 4.0_f64.powi(k as i32 - 3))
                };
                signal(k, 100 * k as Day, 100 * k as Day, ctdna(found))
            })
            .collect(),
    );
    let engine = engine(&[&quiet, &loud]);
    let (quiet, loud) = (engine.follow(&quiet).on(520), engine.follow(&loud).on(520));
    let growing = |line: &crate::burden::Line| line.regimes.growing + line.regimes.overt;
    assert!(growing(&quiet) > 0.0 && growing(&quiet) < 0.15, "{quiet:?}");
    assert!(growing(&loud) > 0.9, "{loud:?}");
    assert!(quiet.forecast[1] < quiet.forecast_unread[1] && loud.forecast[1] > loud.forecast_unread[1]);
    assert!(
        loud.doubling_days.is_some()
            && quiet.forecast[0] <= quiet.forecast[1]
            && quiet.forecast[1] <= quiet.forecast[2]
    );
}

/// A file of many draws under one date must not take the masses out of the range of a number.
#[test]
fn hundreds_of_readings_of_one_day_are_read_like_any() {
    let level = |k: i64| {
        Found::Number(if k % 3 == 0 {
            5_000.0 + k as f64
        } else {
            3.0 + k as f64 / 100.0
        })
    };
    let heaped = case((0..300).map(|k| signal(k, 200, 200, ctdna(level(k)))).collect());
    let engine = engine(&[&heaped]);
    let line = engine.follow(&heaped).on(260);
    let all = line.regimes.cleared + line.regimes.silent + line.regimes.growing + line.regimes.overt;
    assert!((all - 1.0).abs() < 1e-9, "{line:?}");
    assert!(line.forecast.iter().all(|risk| (0.0..=1.0).contains(risk)), "{line:?}");
    let tally = engine.population.count(&[(&heaped, 260)]);
    assert!(tally.log_likelihood.is_finite());
}

#[test]
fn a_small_tube_says_less_than_a_large_one() {
    let one = |examined: f64| {
        case(vec![signal(
            1,
            200,
            200,
            What::Molecules {
                assay: "A".into(),
                examined,
                found: Found::Below(2.0),
            },
        )])
    };
    let (small, large) = (one(500.0), one(500_000.0));
    let engine = engine(&[&small]);
    let risk = |case: &Case| engine.follow(case).on(210).forecast[1];
    assert!(risk(&small) > risk(&large));
}

#[test]
fn the_same_result_twice_counts_once_and_is_named() {
    let single = case(vec![signal(1, 300, 300, ctdna(Found::Number(5.0)))]);
    let mut twice = single.clone();
    twice.signals.push(signal(2, 300, 300, ctdna(Found::Number(5.0))));
    let engine = engine(&[&single]);
    let (one, two) = (engine.follow(&single).on(310), engine.follow(&twice).on(310));
    assert_eq!(one.forecast, two.forecast);
    assert_eq!(two.surprises.len(), 1);
    assert_eq!(two.surprises[0].id, 2);
}

fn any_what() -> impl Strategy<Value = What> {
    prop_oneof![
        (0.0..60.0f64).prop_map(|n| ctdna(Found::Number(n))),
        Just(ctdna(Found::Below(2.0))),
        (0u32..30, 1.0..8.0f64).prop_map(|(n, ml)| What::Cells {
            tissue: Tissue::Blood,
            count: f64::from(n),
            screened: ml
        }),
        (0u32..9, 0.2..3.0f64).prop_map(|(n, millions)| What::Cells {
            tissue: Tissue::Marrow,
            count: f64::from(n),
            screened: millions
        }),
        (-2.0..6.0f64).prop_map(|y| What::Marker {
            analyte: Arc::from("CEA"),
            level: Found::Number(y)
        }),
        Just(What::Scan {
            finding: Finding::Clear
        }),
        Just(What::Scan {
            finding: Finding::Equivocal
        }),
    ]
}

fn any_signals() -> impl Strategy<Value = Vec<Signal>> {
    prop::collection::vec((-20..900, 0..60, any_what()), 0..14).prop_map(|rows| {
        let mut signals: Vec<Signal> = rows
            .into_iter()
            .enumerate()
            .map(|(id, (on, late, what))| signal(id as i64, on, on + late, what))
            .collect();
        signals.sort_by_key(|s| (s.on, s.id));
        signals
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A day's answer does not depend on which days were asked before, and not on what was reported later.
    #[test]
    fn no_answer_depends_on_what_was_asked_before_or_told_later(signals in any_signals(), days in prop::collection::vec(0..1000, 1..5)) {
        let whole = case(signals);
        let engine = engine(&[&whole]);
        let mut follow = engine.follow(&whole);
        for day in &days {
            let asked = follow.on(*day);
            let mut cut = whole.clone();
            cut.signals.retain(|s| s.known.from <= *day && s.on <= *day);
            prop_assert_eq!(&asked, &engine.follow(&whole).on(*day));
            prop_assert_eq!(&asked, &engine.follow(&cut).on(*day));
        }
    }

    #[test]
    fn probabilities_stay_probabilities(signals in any_signals(), day in 0..2000) {
        let whole = case(signals);
        let line = engine(&[&whole]).follow(&whole).on(day);
        let r = line.regimes;
        prop_assert!((r.cleared + r.silent + r.growing + r.overt - 1.0).abs() < 1e-9);
        for p in [r.cleared, r.silent, r.growing, r.overt].into_iter().chain(line.forecast) {
            prop_assert!((-1e-12..=1.0).contains(&p), "{line:?}");
        }
        prop_assert!(line.level.lower <= line.level.upper && line.level.mean.is_finite());
    }
}

/// Two assays that mistake clonal haematopoiesis for tumour, the one that does so more often read second.
#[test]
fn another_assay_later_changes_the_question_for_all_days() {
    let of = |assay: &str, found| match ctdna(found) {
        What::Molecules { examined, found, .. } => What::Molecules {
            assay: assay.into(),
            examined,
            found,
        },
        other => other,
    };
    let whole = case(vec![
        signal(1, 100, 100, of("A", Found::Number(6.0))),
        signal(2, 400, 400, of("B", Found::Number(7.0))),
    ]);
    let mut engine = engine(&[&whole]);
    for (name, clonal) in [("A", 0.02), ("B", 0.08)] {
        engine.population.assays.get_mut(name).unwrap().clonal = clonal;
    }
    let mut follow = engine.follow(&whole);
    assert_eq!(follow.on(100), engine.follow(&whole).on(100));
    assert_eq!(follow.on(400), engine.follow(&whole).on(400));
}

#[test]
fn the_upper_tail_is_the_sum_of_its_counts() {
    for (mean, size) in [(0.3, 0.5), (4.0, 2.0), (40.0, 3.0)] {
        for n in [2.0, 3.0, 10.0] {
            let below: f64 = (0..n as i32)
                .map(|k| (log_ways(f64::from(k), size) + log_count(f64::from(k), mean, size)).exp())
                .sum();
            let tail = at_least(n, mean, size);
            assert!((tail - (1.0 - below)).abs() < 1e-9, "{mean} {size} {n}: {tail} {below}");
        }
    }
    assert!(at_least(1000.0, 5.0, 2.0) > 0.0 && at_least(1000.0, 1e7, 2.0) > 0.99);
}

#[test]
fn learning_from_nobody_and_from_one_patient_gives_the_prior_and_no_nonsense() {
    let nobody = Population::learn(&[], |_| 100);
    assert!(nobody.symptoms[""].iter().all(|p| p.is_finite()));
    let mut one = case(vec![
        signal(1, 10, 10, ctdna(Found::Number(1e9))),
        signal(2, 20, 20, ctdna(Found::Below(2.0))),
    ]);
    one.happened.push(Happened {
        on: 30,
        known: Known {
            from: 30,
            until: Day::MAX,
        },
        what: Outcome::Relapse {
            organ: "liver".into(),
            by_scan: false,
        },
    });
    let learned = Population::learn(std::slice::from_ref(&one), |_| 400);
    let line = Engine::new(learned).follow(&one).on(25);
    assert!(line.forecast.iter().all(|p| (0.0..=1.0).contains(p)));
}
