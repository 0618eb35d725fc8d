//! Histories for tests, and what burden says of them.

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::Map;

use super::*;
use crate::domain::course::{Surgery, Treatment};
use crate::domain::history::{History, Record};
use crate::domain::id::{AssayId, EventId, ObservationId, PatientId, SiteId, TumourId};
use crate::domain::observation::Observation;
use crate::domain::patient::{Patient, Precision, Sex, Tumour};
use crate::domain::reading::{FailedReason, Reading};

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A woman of 50 with an operated breast cancer and nothing measured yet.
pub(crate) fn record(id: i64) -> Record {
    let on = day("2020-01-01");
    Record {
        patient: Patient {
            site: SiteId(1),
            id: PatientId(id),
            key: format!("T-{id:04}"),
            birth_year: 1970,
            sex: Sex::Female,
            menopausal_status: Some("post".into()),
            known_on: on,
            version: 1,
        },
        tumours: vec![Tumour {
            id: TumourId(id),
            supersedes: None,
            diagnosed_on: on,
            precision: Precision::Day,
            organ: "breast".into(),
            subtype: None,
            laterality: None,
            grade: Some(3),
            size_mm: Some(30.0),
            size_band: None,
            nodes_positive: Some(2),
            er_fmol: Some(60),
            pgr_fmol: Some(40),
            ki67_percent: None,
            her2: None,
            metastatic_at_entry: false,
            known_on: on,
        }],
        treatments: vec![],
        surgeries: vec![],
        enrolments: vec![],
        observations: vec![],
        events: vec![],
    }
}

pub(crate) fn observation(id: i64, measure: &str, on: &str, reading: Reading, unit: &str) -> Observation {
    Observation {
        id: ObservationId(id),
        visit: None,
        measure: measure.into(),
        assay: AssayId(1),
        assay_name: "A".into(),
        analyte: measure.into(),
        collected_on: day(on),
        known_on: day(on),
        recorded_at: chrono::DateTime::UNIX_EPOCH,
        supersedes: None,
        entered_in_error: false,
        raw_text: String::new(),
        reading,
        unit: unit.into(),
        lod: None,
        loq: None,
        screened: None,
        detail: Map::new(),
        note: None,
    }
}

pub(crate) fn event(id: i64, what: crate::domain::event::Happening, on: &str) -> crate::domain::event::Event {
    crate::domain::event::Event {
        id: EventId(id),
        supersedes: None,
        what,
        last_clear_on: None,
        occurred_on: day(on),
        known_on: day(on),
    }
}

pub(crate) const VALUE: fn(f64) -> Reading = |value| Reading::Quantified { value };
pub(crate) const ND: Reading = Reading::NotDetected { hi: Some(0.3) };
pub(crate) const FAILED: Reading = Reading::Failed {
    reason: FailedReason::Haemolysis,
};

/// ctDNA draws, 30 days apart from 1 Jan 2026, and scans on the same grid.
pub(crate) fn measured(draws: &[Reading], scans: &[(u64, Reading)]) -> History {
    let mut record = record(1);
    let on = |step: u64| {
        day("2026-01-01")
            .checked_add_days(Days::new(30 * step))
            .unwrap()
            .to_string()
    };
    for (i, reading) in draws.iter().enumerate() {
        record
            .observations
            .push(observation(i as i64 + 1, "ctdna", &on(i as u64), *reading, "{mtm}/mL"));
    }
    for (i, (step, reading)) in scans.iter().enumerate() {
        record
            .observations
            .push(observation(i as i64 + 101, "imaging", &on(*step), *reading, "mm"));
    }
    record.as_of(day("2026-11-22"))
}

fn said(draws: &[Reading]) -> String {
    state(&measured(draws, &[]))
}

#[test]
fn one_line_of_state() {
    let beyond = Reading::DetectedNotQuantified {
        lo: 0.91,
        hi: f64::INFINITY,
    };
    let within = Reading::DetectedNotQuantified { lo: 0.0, hi: 0.91 };
    assert_eq!(said(&[]), "No readings");
    assert_eq!(said(&[FAILED]), "No usable readings");
    assert_eq!(said(&[VALUE(0.91)]), "Baseline only");
    assert_eq!(
        said(&[VALUE(0.91), ND, FAILED, ND]),
        "Below the limit since 31 Jan 2026"
    );
    assert_eq!(
        said(&[Reading::NotDetected { hi: None }]),
        "Not detected since 1 Jan 2026"
    );
    assert_eq!(said(&[VALUE(0.91), beyond, beyond]), "Rising against baseline");
    assert_eq!(said(&[VALUE(0.91), VALUE(2.0)]), "Above baseline once");
    assert_eq!(said(&[VALUE(0.91), within]), "Falling");
    assert_eq!(said(&[VALUE(0.91), VALUE(0.91)]), "Stable");
    assert_eq!(said(&[ND, ND, VALUE(0.4)]), "Detected since 2 Mar 2026");
    assert_eq!(
        said(&[VALUE(0.91), Reading::DetectedNotQuantified { lo: 0.3, hi: 3.0 }]),
        "Stable"
    );
}

#[test]
fn the_last_reading_in_words() {
    let last = |reading| last_reading(&measured(&[VALUE(1.0), reading], &[])).unwrap();
    assert_eq!(last(ND), "ctDNA <0.3 MTM/mL, 31 Jan 2026");
    assert_eq!(last(VALUE(113.85)), "ctDNA 113.85 MTM/mL, 31 Jan 2026");
    assert_eq!(last(FAILED), "ctDNA failed, haemolysis, 31 Jan 2026");
    assert_eq!(
        last(Reading::NotDetected { hi: None }),
        "ctDNA not detected, 31 Jan 2026"
    );
    assert_eq!(
        last(Reading::AboveRange { lo: 500.0 }),
        "ctDNA >500 MTM/mL, 31 Jan 2026"
    );
    let beyond = Reading::DetectedNotQuantified {
        lo: 0.91,
        hi: f64::INFINITY,
    };
    assert_eq!(last(beyond), "ctDNA detected, >0.91 MTM/mL, 31 Jan 2026");
    assert_eq!(last_reading(&measured(&[], &[])), None);
    assert_eq!(words::with_unit(0.021, "1"), "2.1 %");
}

#[test]
fn the_sparkline() {
    let line = spark(&measured(
        &[VALUE(100.0), FAILED, ND, Reading::AboveRange { lo: 1000.0 }],
        &[],
    ));
    assert_eq!(line.days, vec![0, 30, 60, 90]);
    assert_eq!(line.marks, vec![Mark::Value, Mark::Failed, Mark::Below, Mark::Above]);
    let foot = 0.3f64.log10() - 0.5;
    assert_eq!(line.log10, vec![2.0, foot as f32, 0.3f64.log10() as f32, 3.0]);
    assert_eq!(
        spark(&measured(&[Reading::NotDetected { hi: None }], &[])).log10,
        vec![0.0]
    );
    assert_eq!(spark(&measured(&[], &[])), Spark::default());
}

#[test]
fn another_assay_is_another_series() {
    let mut record = record(1);
    record
        .observations
        .push(observation(1, "ctdna", "2026-01-01", VALUE(1.0), "{mtm}/mL"));
    let mut other = observation(2, "ctdna", "2026-02-01", VALUE(50.0), "{mtm}/mL");
    other.assay = AssayId(2);
    record.observations.push(other);
    let history = record.as_of(day("2026-11-22"));
    assert_eq!(series::of(&history).len(), 2);
    assert_eq!(state(&history), "Baseline only");
    assert_eq!(spark(&history).days, vec![0]);
}

/// What spinal fluid holds is no amount in plasma, and no rise of it.
#[test]
fn another_fluid_is_no_plasma() {
    let mut record = record(1);
    record
        .observations
        .push(observation(1, "ctdna", "2026-01-01", ND, "{mtm}/mL"));
    for (id, on) in [(2, "2026-02-01"), (3, "2026-03-01")] {
        let mut other = observation(id, "ctdna", on, VALUE(50.0), "{mtm}/mL");
        other.detail.insert("fluid".into(), "csf".into());
        record.observations.push(other);
    }
    let history = record.as_of(day("2026-11-22"));
    assert_eq!(state(&history), "Below the limit since 1 Jan 2026");
    assert_eq!(spark(&history).days, vec![0]);
    assert_eq!(last_reading(&history).as_deref(), Some("ctDNA <0.3 MTM/mL, 1 Jan 2026"));
    let case = Case::of(&record, &Names::default());
    assert_eq!(case.map(|case| case.signals.len()), Some(1));
}

/// A fraction is read in per cent at both of its ends.
#[test]
fn an_interval_has_one_unit() {
    let between = Reading::DetectedNotQuantified { lo: 0.001, hi: 0.005 };
    assert_eq!(words::reading(&between, "1"), "detected, 0.1 to 0.5 %");
}

pub(crate) fn any_reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        (0.0..100.0).prop_map(VALUE),
        (0.0..5.0, 5.0..50.0).prop_map(|(lo, hi)| Reading::DetectedNotQuantified { lo, hi }),
        (0.0..50.0).prop_map(|lo| Reading::DetectedNotQuantified { lo, hi: f64::INFINITY }),
        prop::option::of(0.0..3.0).prop_map(|hi| Reading::NotDetected { hi }),
        (0.0..500.0).prop_map(|lo| Reading::AboveRange { lo }),
        Just(Reading::Indeterminate),
        Just(FAILED),
        Just(Reading::NotDone),
    ]
}

proptest! {
    #[test]
    fn every_mark_has_a_place(draws in prop::collection::vec(any_reading(), 0..12)) {
        let history = measured(&draws, &[]);
        let line = spark(&history);
        let done = draws.iter().filter(|r| **r != Reading::NotDone).count();
        prop_assert_eq!((line.days.len(), line.log10.len(), line.marks.len()), (done, done, done));
        prop_assert!(line.log10.iter().all(|y| y.is_finite()));
        prop_assert!(line.days.windows(2).all(|pair| pair[0] <= pair[1]));
        prop_assert!(!state(&history).is_empty());
        prop_assert_eq!(last_reading(&history).is_some(), done > 0);
    }
}

/// Dates of diagnosis and surgery typed a year too early, and amended later.
#[test]
fn an_amended_day_of_diagnosis_or_surgery_takes_the_place_of_the_one_before() {
    let mut record = record(1);
    let early = record.tumours[0].clone();
    record.tumours.push(Tumour {
        id: TumourId(9),
        supersedes: Some(early.id),
        diagnosed_on: day("2021-01-01"),
        grade: Some(2),
        known_on: day("2022-03-01"),
        ..early
    });
    let operated = |id, supersedes, on: &str, known: &str| Surgery {
        id,
        supersedes,
        procedure: "mastectomy".into(),
        performed_on: day(on),
        precision: Precision::Day,
        known_on: day(known),
    };
    record.surgeries = vec![
        operated(1, None, "2020-02-01", "2020-02-01"),
        operated(2, Some(1), "2021-02-01", "2022-03-01"),
        operated(3, None, "2021-06-01", "2021-06-01"),
    ];
    let case = Case::of(&record, &Names::default()).unwrap();
    assert_eq!(case.origin, day("2021-02-01"));
    let grade = |on: &str| -> Vec<f64> {
        let on = i32::try_from((day(on) - case.origin).num_days()).unwrap();
        let facts = case.facts_on(on).filter(|fact| &*fact.name == "grade");
        facts.map(|fact| fact.value).collect()
    };
    assert_eq!(grade("2022-02-28"), [3.0]);
    assert_eq!(grade("2022-03-01"), [2.0]);
}

#[test]
fn a_withdrawn_result_is_no_visit_and_what_was_known_later_sets_no_day_zero() {
    let mut record = record(1);
    let drawn = |id, on: &str, known: &str, supersedes: Option<i64>, error| Observation {
        known_on: day(known),
        supersedes: supersedes.map(ObservationId),
        entered_in_error: error,
        ..observation(id, "ctdna", on, ND, "{mtm}/mL")
    };
    record.observations = vec![
        drawn(1, "2020-06-01", "2020-06-10", None, false),
        drawn(2, "2020-09-01", "2020-09-10", None, false),
        drawn(3, "2020-09-01", "2020-10-01", Some(2), true),
    ];
    let of = |record: &Record| Case::of(record, &Names::default()).unwrap();
    let case = of(&record);
    let seen = |on: &str| {
        let on = i32::try_from((day(on) - case.origin).num_days()).unwrap();
        case.visits.iter().filter(|(_, known)| known.on(on)).count()
    };
    assert_eq!([seen("2020-06-10"), seen("2020-09-10"), seen("2020-10-01")], [1, 2, 1]);
    record.surgeries = vec![Surgery {
        id: 1,
        supersedes: None,
        procedure: "mastectomy".into(),
        performed_on: day("2020-03-01"),
        precision: Precision::Day,
        known_on: day("2020-03-05"),
    }];
    assert_eq!(of(&record.known_by(day("2020-03-04"))).origin, day("2020-01-01"));
    assert_eq!(of(&record.known_by(day("2020-03-05"))).origin, day("2020-03-01"));
    assert_eq!(record.known_by(day("2020-10-01")).as_ref(), &record);
}

#[test]
fn a_course_ends_when_its_end_is_on_file_and_after_its_usual_length_before() {
    let treatment = |id: i64, category: &str, phase: &str, stopped_on: Option<&str>, known_on: &str| Treatment {
        id,
        supersedes: None,
        category: category.into(),
        agent: None,
        phase: Some(phase.into()),
        started_on: day("2020-01-31"),
        precision: Precision::Day,
        stopped_on: stopped_on.map(day),
        known_on: day(known_on),
    };
    let mut record = record(1);
    record.treatments = vec![
        treatment(1, "endocrine", "adjuvant", None, "2020-01-31"),
        Treatment {
            supersedes: Some(1),
            ..treatment(2, "endocrine", "adjuvant", Some("2021-01-30"), "2021-02-15")
        },
        treatment(3, "chemotherapy", "neoadjuvant", None, "2020-01-31"),
        treatment(4, "trial_drug", "adjuvant", None, "2020-01-31"),
        treatment(5, "radiotherapy", "adjuvant", None, "2020-01-31"),
        Treatment {
            precision: Precision::Year,
            ..treatment(6, "chemotherapy", "adjuvant", None, "2020-01-31")
        },
    ];
    let case = Case::of(&record, &Names::default()).unwrap();
    let on = |day: i32| -> Vec<(i32, i32)> {
        let known = case.treated.iter().filter(|t| t.known.on(day));
        known.map(|t| (t.from, t.to)).collect()
    };
    assert!(
        case.treated.iter().all(|t| &*t.category == "endocrine"),
        "{:?}",
        case.treated
    );
    assert_eq!(on(29), []);
    assert_eq!(on(400), [(30, 30 + 1826)]);
    assert_eq!(on(411), [(30, 396)]);
}
