use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::survival::oracle::{json, near, numbers, table};

const TOLERANCE: f64 = 1e-10;

fn same_rows(curve: &KaplanMeier, expected: &Value) {
    let rows = expected["rows"].as_array().unwrap();
    assert_eq!(curve.steps.len(), rows.len());
    assert_eq!(Some(curve.n as u64), expected["n"].as_u64());
    for (step, row) in curve.steps.iter().zip(rows) {
        near(step.time, row["time"].as_f64().unwrap(), 0.0);
        near(step.at_risk, row["n_risk"].as_f64().unwrap(), TOLERANCE);
        near(step.events, row["n_event"].as_f64().unwrap(), TOLERANCE);
        near(step.survival, row["surv"].as_f64().unwrap(), TOLERANCE);
        if let (Some(ours), Some(theirs)) = (step.se, row["se_surv"].as_f64()) {
            near(ours, theirs, TOLERANCE);
        }
    }
}

#[test]
fn every_row_of_the_rotterdam_curve() {
    let women = table("rotterdam.csv").follow_up("rfs_days", "rfs_event");
    let curve = KaplanMeier::fit(&women, None).unwrap();
    assert_eq!(curve.n, 2982);
    same_rows(&curve, &json("nonparametric.json")["km_full_rfs"]);
}

#[test]
fn delayed_entry_and_weights() {
    let expected = json("nonparametric.json");
    let markers = table("pbcseq_intervals.csv");
    let subjects: Vec<FollowUp> = (0..markers.rows)
        .map(|i| {
            let event = markers.column("event")[i] as u32;
            FollowUp::new(markers.column("start")[i], markers.column("stop")[i], event).unwrap()
        })
        .collect();
    same_rows(&KaplanMeier::fit(&subjects, None).unwrap(), &expected["left_truncated"]);

    let women = table("rotterdam.csv");
    let follow_up = women.follow_up("rfs_days", "rfs_event");
    let chosen: Vec<usize> = (0..women.rows)
        .filter(|i| women.column("pid")[*i] % 20.0 == 0.0)
        .collect();
    let subjects: Vec<FollowUp> = chosen.iter().map(|i| follow_up[*i]).collect();
    let weights: Vec<f64> = chosen.iter().map(|i| 1.0 + women.column("pid")[*i] % 3.0).collect();
    same_rows(
        &KaplanMeier::fit(&subjects, Some(&weights)).unwrap(),
        &expected["weighted"],
    );
}

fn same_points(curve: &KaplanMeier, points: &Value) {
    for (name, limits) in [
        ("plain", Limits::Plain),
        ("log", Limits::Log),
        ("log_log", Limits::LogLog),
    ] {
        let Some(expected) = points.get(name) else { continue };
        for (k, time) in numbers(&expected["at"]).into_iter().enumerate() {
            let (lower, upper) = curve.limits_at(time, limits, 0.95).unwrap().unwrap();
            near(curve.survival_at(time), numbers(&expected["surv"])[k], TOLERANCE);
            near(lower, numbers(&expected["lower"])[k], TOLERANCE);
            near(upper, numbers(&expected["upper"])[k], TOLERANCE);
        }
        for (k, p) in numbers(&expected["q_prob"]).into_iter().enumerate() {
            let quantile = curve.quantile(p, limits, 0.95).unwrap();
            for (ours, field) in [
                (quantile.time, "q"),
                (quantile.lower, "q_lower"),
                (quantile.upper, "q_upper"),
            ] {
                assert_eq!(ours, expected[field][k].as_f64(), "{name} {field} {p}");
            }
        }
    }
}

#[test]
fn limits_and_quartiles() {
    let (women, expected) = (table("rotterdam.csv"), json("nonparametric.json"));
    let follow_up = women.follow_up("rfs_days", "rfs_event");
    same_points(&KaplanMeier::fit(&follow_up, None).unwrap(), &expected["km_points"]);
    for grade in ["0", "1"] {
        let of_grade = |i: &usize| women.column("grade3")[*i].to_string() == grade;
        let chosen: Vec<FollowUp> = (0..women.rows).filter(of_grade).map(|i| follow_up[i]).collect();
        same_points(
            &KaplanMeier::fit(&chosen, None).unwrap(),
            &expected["km_points_by_grade3"][grade],
        );
    }
    let other = women.follow_up("rfs_a_days", "rfs_a_event");
    same_points(
        &KaplanMeier::fit(&other, None).unwrap(),
        &expected["km_points_definition_a"],
    );
}

/// Ten subjects, half of them entering late, with weights that are no counts.
pub(crate) fn fractional(late: bool) -> (Vec<FollowUp>, Vec<f64>) {
    let rows = [
        (0.0, 2.0, 1, 0.5),
        (0.0, 3.0, 0, 1.5),
        (1.0, 3.0, 1, 2.25),
        (0.0, 4.0, 2, 1.0),
        (2.0, 5.0, 1, 0.75),
        (0.0, 5.0, 2, 1.0),
        (0.0, 6.0, 0, 1.25),
        (3.0, 7.0, 1, 2.0),
        (0.0, 8.0, 1, 1.0),
        (1.0, 9.0, 0, 0.3),
    ];
    let subject = |(entry, exit, event, _)| FollowUp::new(if late { entry } else { 0.0 }, exit, event).unwrap();
    (rows.map(subject).to_vec(), rows.map(|row| row.3).to_vec())
}

/// R 4.2.2, survival 3.5-3: survfit(Surv(t0, t1, e > 0) ~ 1, weights = w) and survfit(Surv(t1, e > 0) ~ 1, weights = w).
#[test]
fn the_robust_error_of_fractional_weights() {
    let expected = [
        (
            true,
            [
                0.9431818181818182,
                0.7086891009542945,
                0.6116084021934323,
                0.4417171793619233,
                0.1740097979304546,
                0.04015610721472031,
            ],
            [
                0.05805746924137587,
                0.1893348993266807,
                0.1834025947351801,
                0.1737411662080664,
                0.1441732262200705,
                0.04457023083151516,
            ],
        ),
        (
            false,
            [
                0.9567099567099567,
                0.761904761904762,
                0.6575342465753425,
                0.4748858447488585,
                0.1870762418707624,
                0.04317144043171441,
            ],
            [
                0.04413007316673011,
                0.1673000510387422,
                0.1778000253229069,
                0.1855784088154013,
                0.1451819471207403,
                0.0466038681895432,
            ],
        ),
    ];
    for (late, survival, errors) in expected {
        let (subjects, weights) = fractional(late);
        let curve = KaplanMeier::fit_robust(&subjects, Some(&weights)).unwrap();
        assert_eq!(curve.steps.len(), 6);
        for (k, step) in curve.steps.iter().enumerate() {
            near(step.survival, survival[k], 1e-14);
            near(step.se.unwrap(), errors[k], 1e-14);
        }
    }
}

/// R 4.2.2, survival 3.5-3: survfit(Surv(t1, e > 0) ~ 1, conf.type = …) at 5.
#[test]
fn limits_on_five_scales() {
    let curve = KaplanMeier::fit(&fractional(false).0, None).unwrap();
    for (limits, lower, upper) in [
        (Limits::Plain, 0.1314397694835134, 0.7828459448022007),
        (Limits::Log, 0.2241959475856693, 0.9321292114652509),
        (Limits::LogLog, 0.1429821627556124, 0.7297791060152379),
        (Limits::Logit, 0.1847780348116855, 0.7577906305451927),
        (Limits::Arcsine, 0.1629919625124895, 0.7689705378688416),
    ] {
        let ours = curve.limits_at(5.0, limits, 0.95).unwrap().unwrap();
        near(ours.0, lower, 1e-14);
        near(ours.1, upper, 1e-14);
    }
    assert_eq!(Limits::Logit.of(0.0, 0.1, 1.96), None);
}

#[test]
fn a_large_weight_that_comes_late_leaves_no_trace() {
    let subjects = [(0.0, 2.0, 1), (0.0, 4.0, 1), (3.0, 5.0, 1)].map(|(a, b, e)| FollowUp::new(a, b, e).unwrap());
    let curve = KaplanMeier::fit(&subjects, Some(&[1.0, 1.0, 1e20])).unwrap();
    assert_eq!((curve.steps[0].at_risk, curve.steps[0].survival), (2.0, 0.5));
    assert_eq!(curve.survival_at(5.0), 0.0);
}

#[test]
fn what_is_left_for_those_who_came_so_far() {
    let curve = KaplanMeier::fit(&fractional(false).0, None).unwrap();
    let expected = curve.survival_at(7.0) / curve.survival_at(4.0);
    assert_eq!(curve.conditional_at(7.0, 4.0), Some(expected));
    assert_eq!(curve.conditional_at(3.0, 4.0), Some(1.0));
    let all_fall = KaplanMeier::fit(&[FollowUp::until(1.0, 1).unwrap()], None).unwrap();
    assert_eq!(all_fall.conditional_at(3.0, 1.0), None);
}

#[test]
fn follow_up_is_the_time_to_censoring() {
    let women = table("rotterdam.csv").follow_up("rfs_days", "rfs_event");
    let reversed: Vec<FollowUp> = (women.iter())
        .map(|s| FollowUp::until(s.exit(), 1 - s.event()).unwrap())
        .collect();
    let curve = KaplanMeier::fit(&reversed, None).unwrap();
    let median = curve.quantile(0.5, Limits::LogLog, 0.95).unwrap().time;
    assert_eq!(
        median,
        json("nonparametric.json")["reverse_km_median_followup"].as_f64()
    );
}

#[test]
fn numbers_at_risk() {
    let subjects = [(0.0, 2.0, 1), (0.0, 2.0, 0), (1.0, 3.0, 1)].map(|(a, b, e)| FollowUp::new(a, b, e).unwrap());
    let curve = KaplanMeier::fit(&subjects, None).unwrap();
    assert_eq!(
        [0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5].map(|t| curve.at_risk_at(t)),
        [2, 2, 3, 3, 1, 1, 0]
    );
}

#[test]
fn a_flat_stretch_at_the_quantile_gives_its_middle() {
    let subjects: Vec<FollowUp> = [1.0, 2.0, 4.0, 5.0]
        .iter()
        .map(|t| FollowUp::until(*t, 1).unwrap())
        .collect();
    let curve = KaplanMeier::fit(&subjects, None).unwrap();
    assert_eq!(curve.quantile(0.5, Limits::Log, 0.95).unwrap().time, Some(3.0));
}

/// R's aml: the upper limit on the log scale ends by rising from 0.4584 at 45 to 0.4623 at 48.
#[test]
fn a_limit_that_rises_at_its_end() {
    let dead = [5, 5, 8, 8, 9, 12, 13, 18, 23, 23, 27, 30, 31, 33, 34, 43, 45, 48];
    let censored = [13, 16, 28, 45, 161];
    let subjects: Vec<FollowUp> = (dead.iter().map(|t| (*t, 1)))
        .chain(censored.iter().map(|t| (*t, 0)))
        .map(|(t, e)| FollowUp::until(f64::from(t), e).unwrap())
        .collect();
    let median = KaplanMeier::fit(&subjects, None)
        .unwrap()
        .quantile(0.5, Limits::Log, 0.95)
        .unwrap();
    assert_eq!(
        (median.time, median.lower, median.upper),
        (Some(27.0), Some(18.0), Some(48.0))
    );
}

#[test]
fn degenerate_input() {
    assert!(matches!(KaplanMeier::fit(&[], None), Err(Error::Empty)));
    let censored = [FollowUp::until(1.0, 0).unwrap(); 3];
    let curve = KaplanMeier::fit(&censored, None).unwrap();
    assert_eq!((curve.survival_at(5.0), curve.steps.len()), (1.0, 0));
    assert_eq!(curve.quantile(0.5, Limits::LogLog, 0.95).unwrap().time, None);
    let all_fall = [FollowUp::until(1.0, 1).unwrap(); 3];
    let curve = KaplanMeier::fit(&all_fall, None).unwrap();
    assert_eq!(curve.limits_at(1.0, Limits::LogLog, 0.95).unwrap(), None);
    assert!(matches!(
        KaplanMeier::fit(&censored, Some(&[1.0, f64::NAN, 1.0])),
        Err(Error::Weight { row: 1, .. })
    ));
    assert!(matches!(
        KaplanMeier::fit(&censored, Some(&[1.0])),
        Err(Error::Lengths { .. })
    ));
    assert!(curve.quantile(1.5, Limits::Plain, 0.95).is_err());
    assert!(curve.limits_at(0.5, Limits::Plain, 1.0).is_err());
}

pub(crate) fn some_subjects() -> impl Strategy<Value = Vec<FollowUp>> {
    // Few distinct times, so that ties are common.
    let one = (0u8..8, 1u8..12, 0u32..3).prop_map(|(entry, length, event)| {
        let entry = f64::from(entry.saturating_sub(4));
        FollowUp::new(entry, entry + f64::from(length), event).unwrap()
    });
    prop::collection::vec(one, 1..60)
}

proptest! {
    #[test]
    fn a_curve_never_rises(subjects in some_subjects()) {
        let curve = KaplanMeier::fit(&subjects, None).unwrap();
        let mut last = 1.0;
        for step in &curve.steps {
            prop_assert!(step.survival <= last && step.survival >= 0.0);
            last = step.survival;
            for limits in [Limits::Plain, Limits::Log, Limits::LogLog, Limits::Logit, Limits::Arcsine] {
                if let Some((lower, upper)) = curve.limits_at(step.time, limits, 0.95).unwrap() {
                    prop_assert!(0.0 <= lower && lower <= step.survival && step.survival <= upper && upper <= 1.0);
                }
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(subjects in some_subjects(), turn in 0usize..60) {
        let mut turned = subjects.clone();
        turned.rotate_left(turn % subjects.len());
        turned.reverse();
        let (a, b) = (KaplanMeier::fit(&subjects, None).unwrap(), KaplanMeier::fit(&turned, None).unwrap());
        prop_assert_eq!(a.steps, b.steps);
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice(subjects in some_subjects()) {
        let twice: Vec<FollowUp> = subjects.iter().chain(&subjects).copied().collect();
        let a = KaplanMeier::fit(&subjects, Some(&vec![2.0; subjects.len()])).unwrap();
        prop_assert_eq!(a.steps, KaplanMeier::fit(&twice, None).unwrap().steps);
    }

    #[test]
    fn without_late_entry_and_weights_the_robust_error_is_greenwoods(subjects in some_subjects()) {
        let subjects: Vec<FollowUp> = subjects.iter().map(|s| FollowUp::until(s.exit(), s.event()).unwrap()).collect();
        let curves = [KaplanMeier::fit(&subjects, None).unwrap(), KaplanMeier::fit_robust(&subjects, None).unwrap()];
        for (a, b) in curves[0].steps.iter().zip(&curves[1].steps) {
            prop_assert_eq!((a.survival, a.se.is_some()), (b.survival, b.se.is_some()));
            prop_assert!((a.se.unwrap_or(0.0) - b.se.unwrap_or(0.0)).abs() < 1e-12);
        }
    }
}
