use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::survival::KaplanMeier;
use crate::survival::kaplan_meier::tests::{fractional, some_subjects};
use crate::survival::oracle::{json, near, table};

fn same_rows(fitted: &NelsonAalen, expected: &Value) {
    let rows = expected["rows"].as_array().unwrap();
    assert_eq!(fitted.steps.len(), rows.len());
    for (step, row) in fitted.steps.iter().zip(rows) {
        assert_eq!(Some(step.time), row["time"].as_f64());
        near(step.hazard, row["cumhaz_na"].as_f64().unwrap(), 1e-10);
        near(step.se, row["se_cumhaz"].as_f64().unwrap(), 1e-10);
    }
}

#[test]
fn every_row_equals_the_reference() {
    let expected = json("nonparametric.json");
    let women = table("rotterdam.csv");
    let follow_up = women.follow_up("rfs_days", "rfs_event");
    same_rows(&NelsonAalen::fit(&follow_up, None).unwrap(), &expected["km_full_rfs"]);

    let markers = table("pbcseq_intervals.csv");
    let [start, stop, event] = ["start", "stop", "event"].map(|name| markers.column(name));
    let subjects: Vec<FollowUp> = (0..markers.rows)
        .map(|i| FollowUp::new(start[i], stop[i], event[i] as u32).unwrap())
        .collect();
    same_rows(&NelsonAalen::fit(&subjects, None).unwrap(), &expected["left_truncated"]);

    let pid = women.column("pid");
    let chosen: Vec<usize> = (0..women.rows).filter(|i| pid[*i] % 20.0 == 0.0).collect();
    let subjects: Vec<FollowUp> = chosen.iter().map(|i| follow_up[*i]).collect();
    let weights: Vec<f64> = chosen.iter().map(|i| 1.0 + pid[*i] % 3.0).collect();
    same_rows(
        &NelsonAalen::fit(&subjects, Some(&weights)).unwrap(),
        &expected["weighted"],
    );
}

/// R 4.2.2, survival 3.5-3: survfit(Surv(c(1, 1, 2, 3, 3, 3, 4, 5), c(1, 1, 0, 1, 1, 0, 1, 0)) ~ 1, ctype = 2), cumhaz and std.chaz.
#[test]
fn one_after_the_other() {
    let rows = [(1, 1), (1, 1), (2, 0), (3, 1), (3, 1), (3, 0), (4, 1), (5, 0)];
    let subjects = rows.map(|(t, e)| FollowUp::until(f64::from(t), e).unwrap());
    let fitted = NelsonAalen::fit_untied(&subjects).unwrap();
    let expected: [(f64, f64); 3] = [
        (0.267_857_142_857_142_8, 0.189_824_032_370_261_6),
        (0.717_857_142_857_142_9, 0.372_200_434_262_651_2),
        (1.217_857_142_857_143, 0.623_324_284_193_473_5),
    ];
    for (step, (hazard, se)) in fitted.steps.iter().zip(expected) {
        near(step.hazard, hazard, 1e-14);
        near(step.se, se, 1e-14);
    }
}

/// R 4.2.2, survival 3.5-3: cumhaz and std.chaz of the same calls as for the Kaplan-Meier curve.
#[test]
fn the_robust_error_of_fractional_weights() {
    let expected = [
        (
            true,
            [
                0.05681818181818182,
                0.3054369663485685,
                0.4424232677184315,
                0.7202010454962093,
                1.326261651556815,
                2.095492420787584,
            ],
            [
                0.05805746924137587,
                0.2022930984150656,
                0.2345213619341295,
                0.2989441049187317,
                0.4023124825894299,
                0.3939329794782507,
            ],
        ),
        (
            false,
            [
                0.04329004329004329,
                0.2469099527923057,
                0.3838962541621688,
                0.6616740319399466,
                1.267734638000553,
                2.036965407231322,
            ],
            [
                0.04413007316673011,
                0.1760246402898609,
                0.2223677759697074,
                0.3037521064714646,
                0.3726528205986115,
                0.3675851915348706,
            ],
        ),
    ];
    for (late, hazard, errors) in expected {
        let (subjects, weights) = fractional(late);
        let fitted = NelsonAalen::fit_robust(&subjects, Some(&weights)).unwrap();
        for (k, step) in fitted.steps.iter().enumerate() {
            near(step.hazard, hazard[k], 1e-14);
            near(step.se, errors[k], 1e-14);
        }
    }
    assert!(matches!(NelsonAalen::fit_robust(&[], None), Err(Error::Empty)));
}

#[test]
fn limits() {
    let subjects = [1.0, 2.0, 3.0].map(|t| FollowUp::until(t, 1).unwrap());
    let fitted = NelsonAalen::fit(&subjects, None).unwrap();
    assert_eq!(fitted.limits_at(0.5, HazardLimits::Log, 0.95).unwrap(), (0.0, 0.0));
    let (lower, upper) = fitted.limits_at(1.0, HazardLimits::Plain, 0.95).unwrap();
    assert_eq!(lower, 0.0);
    near(upper, (1.0 + 1.959_963_984_540_054) / 3.0, 1e-14);
    let (lower, upper) = fitted.limits_at(1.0, HazardLimits::Log, 0.95).unwrap();
    near(lower * upper, 1.0 / 9.0, 1e-14);
    assert!(fitted.limits_at(1.0, HazardLimits::Log, 1.0).is_err());
}

#[test]
fn degenerate_input() {
    assert!(matches!(NelsonAalen::fit(&[], None), Err(Error::Empty)));
    assert!(matches!(NelsonAalen::fit_untied(&[]), Err(Error::Empty)));
    let censored = NelsonAalen::fit(&[FollowUp::until(1.0, 0).unwrap()], None).unwrap();
    assert_eq!(
        (censored.hazard_at(2.0), censored.se_at(2.0), censored.survival_at(2.0)),
        (0.0, 0.0, 1.0)
    );
}

#[test]
fn the_robust_error_stands_weights_a_million_times_apart_after_a_small_risk_set() {
    let rows = [
        (0.0, 1.0, 1),
        (0.0, 1.0, 1),
        (1.0, 3.0, 0),
        (1.0, 2.0, 1),
        (1.0, 2.0, 1),
    ];
    let subjects = rows.map(|(entry, exit, event)| FollowUp::new(entry, exit, event).unwrap());
    let fitted = NelsonAalen::fit_robust(&subjects, Some(&[1.0, 0.001, 1000.0, 0.001, 0.001])).unwrap();
    let (n, d) = (1000.002, 0.002);
    let (stays, falls): (f64, f64) = (1000.0 * d / (n * n), 0.001 * (1.0 / n - d / (n * n)));
    near(fitted.steps[1].se, (stays * stays + 2.0 * falls * falls).sqrt(), 1e-12);
}

proptest! {
    #[test]
    fn survival_lies_above_the_product_limit(subjects in some_subjects()) {
        let (ours, curve) = (NelsonAalen::fit(&subjects, None).unwrap(), KaplanMeier::fit(&subjects, None).unwrap());
        let untied = NelsonAalen::fit_untied(&subjects).unwrap();
        let mut last = 0.0;
        for (step, other) in ours.steps.iter().zip(&untied.steps) {
            prop_assert!(step.hazard > last && step.se.is_finite() && other.hazard >= step.hazard);
            prop_assert!(ours.survival_at(step.time) >= curve.survival_at(step.time));
            last = step.hazard;
        }
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice(subjects in some_subjects()) {
        let twice: Vec<FollowUp> = subjects.iter().chain(&subjects).copied().collect();
        let a = NelsonAalen::fit(&subjects, Some(&vec![2.0; subjects.len()])).unwrap();
        prop_assert_eq!(a.steps, NelsonAalen::fit(&twice, None).unwrap().steps);
    }
}
