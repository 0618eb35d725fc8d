use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::survival::oracle::{json, near, numbers, table};

const TOLERANCE: f64 = 1e-10;

fn same_rows(curve: &KaplanMeier, expected: &Value) {
    let rows = expected["rows"].as_array().unwrap();
    assert_eq!(curve.steps.len(), rows.len());
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
            for limits in [Limits::Plain, Limits::Log, Limits::LogLog] {
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
}
