//! The gate against what it should say.

use super::*;
use crate::domain::id::{PatientId, SiteId};
use crate::risk::landmark::MAIN;
use crate::risk::night::HORIZON_DAYS;

fn measures(auc: f64, ratio: f64, slope: f64) -> Measures {
    Measures {
        horizon_days: 365,
        auc,
        scaled_brier: 0.3,
        observed: 0.1 * ratio,
        expected: 0.1,
        observed_over_expected: ratio,
        relative_error: 0.02,
        slope: Some(slope),
        slope_error: Some(0.02),
    }
}

fn report_of(own: Measures) -> Report {
    Report {
        relapsed: 200,
        horizons: vec![own; 3],
        ..Report::default()
    }
}

#[test]
fn each_decision_has_its_reason() {
    let good = report_of(measures(0.88, 1.02, 0.98));
    assert_eq!(decide(&good, None, HORIZON_DAYS).decision, Decision::Publish);
    let worse = decide(&report_of(measures(0.85, 1.0, 1.0)), Some(&good), HORIZON_DAYS);
    assert_eq!(worse.decision, Decision::Hold);
    assert!(
        worse.reason.contains("0.850") && worse.reason.contains("0.880"),
        "{}",
        worse.reason
    );
    let high = decide(&report_of(measures(0.88, 1.3, 1.0)), Some(&good), HORIZON_DAYS);
    assert_eq!(high.decision, Decision::Recalibrate);
    assert!(high.reason.contains("1.30"), "{}", high.reason);
    assert_eq!(
        decide(&report_of(measures(0.88, 1.0, 0.8)), None, HORIZON_DAYS).decision,
        Decision::Recalibrate
    );
    assert_eq!(
        decide(&report_of(measures(0.88, 3.0, 1.0)), None, HORIZON_DAYS).decision,
        Decision::Hold
    );
    assert_eq!(
        decide(&report_of(measures(0.55, 1.0, 1.0)), None, HORIZON_DAYS).decision,
        Decision::Hold
    );
    assert_eq!(decide(&Report::default(), None, HORIZON_DAYS).decision, Decision::Hold);
    // good before and after it is not good at the horizon on show
    let mut late = good.clone();
    let of = |horizon_days| Measures {
        horizon_days,
        ..good.horizons[0]
    };
    late.horizons = vec![of(182), of(730)];
    assert_eq!(decide(&late, None, HORIZON_DAYS).decision, Decision::Hold);
}

#[test]
fn chance_is_no_reason_to_recalibrate() {
    let mut own = measures(0.88, 1.15, 1.0);
    own.relative_error = 0.1;
    assert_eq!(decide(&report_of(own), None, HORIZON_DAYS).decision, Decision::Publish);
}

#[test]
fn a_shift_is_seen_and_equality_is_not() {
    let old: Vec<f64> = (0..1000).map(f64::from).collect();
    let same: Vec<(f64, f64)> = old.iter().map(|x| (*x, 1.0)).collect();
    assert!(index(&same, &old).unwrap() < 1e-12);
    let moved: Vec<f64> = old.iter().map(|x| x + 400.0).collect();
    assert!(index(&same, &moved).unwrap() > 0.25);
    let missing: Vec<f64> = (0..1000)
        .map(|i| if i % 2 == 0 { f64::NAN } else { f64::from(i) })
        .collect();
    assert!(index(&same, &missing).unwrap() > 0.25);
    assert_eq!(index(&same, &[]), None);
    // twice as many of the upper half today, and the reference weighted alike
    let upper: Vec<f64> = (0..1500)
        .map(|i| f64::from(if i < 1000 { i } else { i - 500 }))
        .collect();
    let weighted: Vec<(f64, f64)> = old.iter().map(|x| (*x, if *x < 500.0 { 1.0 } else { 2.0 })).collect();
    assert!(index(&same, &upper).unwrap() > 0.05);
    assert!(index(&weighted, &upper).unwrap() < 1e-3);
}

fn cases(n: i64) -> Vec<Case> {
    let one = |i: i64| Case {
        patient: PatientRef {
            site: SiteId((i % 2) as i32),
            patient: PatientId(i),
        },
        origin: "2015-01-01".parse().unwrap(),
        group: "breast".into(),
        facts: vec![],
        treated: vec![],
        signals: vec![],
        happened: vec![],
        visits: vec![],
    };
    (0..n).map(one).collect()
}

/// 400 patients, one landmark each: risk 0.2 or 0.4, and what came in just these shares.
fn held() -> Vec<Held> {
    let one = |case: usize| {
        let high = case.is_multiple_of(2);
        let fell = case / 2 % 10 < if high { 4 } else { 2 };
        Held {
            case,
            row: case,
            day: 100,
            watched: if fell { 200 } else { 2000 },
            event: u8::from(fell),
            weight: 1.0,
            risks: [if high { 0.4 } else { 0.2 }; 3],
        }
    };
    (0..400).map(one).collect()
}

#[test]
fn measures_are_those_of_their_definitions() {
    let report = report(&cases(400), &held(), [100, 365, 730], MAIN, |_| 0.0, vec![]);
    assert_eq!((report.landmarks, report.patients, report.relapsed), (400, 400, 120));
    // nobody fell by day 100
    assert_eq!(report.horizons.len(), 2);
    let own = report.horizons[0];
    assert!((own.observed_over_expected - 1.0).abs() < 1e-12);
    // 80 cases of 0.4, 40 of 0.2; 120 others of 0.4, 160 of 0.2
    let auc = (80.0 * 160.0 + 0.5 * (80.0 * 120.0 + 40.0 * 160.0)) / (120.0 * 280.0);
    assert!((own.auc - auc).abs() < 1e-12);
    let brier = (0.5 * 0.4 * 0.6) + (0.5 * 0.2 * 0.8);
    assert!((own.scaled_brier - (1.0 - brier / (0.3 * 0.7))).abs() < 1e-12);
    assert!((own.slope.unwrap() - 1.0).abs() < 0.1);
    let centre = report
        .subgroups
        .iter()
        .find(|group| group.by == "centre" && group.is == "0")
        .unwrap();
    assert_eq!((centre.patients, centre.relapsed), (200, 80));
    assert!((centre.observed_over_expected.unwrap() - 1.0).abs() < 1e-12);
}

#[test]
fn a_small_group_is_named_and_not_judged() {
    let mut cases = cases(400);
    cases[0].group = "sarcoma".into();
    let report = report(&cases, &held(), [100, 365, 730], MAIN, |_| 0.0, vec![]);
    let small = report.subgroups.iter().find(|group| group.is == "sarcoma").unwrap();
    assert_eq!((small.patients, small.observed_over_expected), (1, None));
}

#[test]
fn patients_drawn_more_surely_are_thinned() {
    let mut rows = held();
    rows.iter_mut()
        .filter(|row| row.event == 0)
        .for_each(|row| row.weight = 4.0);
    let thin = |patient: PatientRef| (patient.patient.0 % 4) as f64 / 4.0;
    let report = report(&cases(400), &rows, [100, 365, 730], MAIN, thin, vec![]);
    assert_eq!(
        report.landmarks,
        280 + rows.iter().filter(|row| row.event == 1 && row.case % 4 == 0).count()
    );
}
