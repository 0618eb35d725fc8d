//! The trend rule on ctDNA.

use proptest::prelude::*;

use super::*;
use crate::burden::tests::{ND, VALUE, any_reading, event, measured};
use crate::domain::event::{Happening, RelapseKind};
use crate::domain::flag::Severity;
use crate::domain::history::History;
use crate::domain::id::AssayId;
use crate::domain::reading::Reading;

fn today() -> chrono::NaiveDate {
    "2026-11-20".parse().unwrap()
}

fn reason(draws: &[Reading], scans: &[(u64, Reading)]) -> Option<(Severity, String)> {
    let mut raised = flags_for(&measured(draws, scans), today());
    assert!(raised.len() <= 1);
    raised.pop().map(|r| (r.severity, r.reason))
}

#[test]
fn rising_ctdna_is_flagged_with_its_numbers() {
    let beyond = Reading::DetectedNotQuantified {
        lo: 0.91,
        hi: f64::INFINITY,
    };
    let within = Reading::DetectedNotQuantified { lo: 0.0, hi: 0.91 };
    let grown = [(0, VALUE(30.0)), (2, VALUE(50.0))];
    let (severity, text) = reason(&[VALUE(0.91), beyond, beyond, beyond], &grown).unwrap();
    assert_eq!(
        text,
        "ctDNA above baseline (0.91 MTM/mL) in 3 draws since 31 Jan 2026; target lesions +67 % from smallest."
    );
    assert_eq!(severity, Severity::High);
    let (severity, text) = reason(&[VALUE(0.91), VALUE(1.4), VALUE(4.2)], &[]).unwrap();
    assert_eq!(
        text,
        "ctDNA above baseline (0.91 MTM/mL) in 2 draws since 31 Jan 2026, latest 4.2 MTM/mL on 2 Mar 2026."
    );
    assert_eq!(severity, Severity::Medium);
    let (severity, text) = reason(&[ND, VALUE(0.4), VALUE(0.9)], &[]).unwrap();
    assert_eq!(
        text,
        "ctDNA detected in 2 draws since 31 Jan 2026 after a negative baseline on 1 Jan 2026, latest 0.9 MTM/mL on 2 Mar 2026."
    );
    assert_eq!(severity, Severity::High);
    assert!(reason(&[VALUE(0.91), beyond], &grown).is_some());
    // once only, lesions steady; or grown by a fifth but less than 5 mm; or only before the rise
    assert_eq!(
        reason(&[VALUE(0.91), beyond], &[(0, VALUE(30.0)), (1, VALUE(31.0))]),
        None
    );
    assert_eq!(
        reason(&[VALUE(0.91), beyond], &[(0, VALUE(12.0)), (1, VALUE(16.0))]),
        None
    );
    assert_eq!(
        reason(&[VALUE(0.91), ND, ND, beyond], &[(0, VALUE(30.0)), (1, VALUE(50.0))]),
        None
    );
    // back, or never above
    assert_eq!(reason(&[VALUE(0.91), beyond, beyond, ND], &grown), None);
    assert_eq!(reason(&[VALUE(0.91), beyond, beyond, within], &grown), None);
    assert_eq!(reason(&[VALUE(0.91), within, within], &grown), None);
    assert_eq!(reason(&[beyond, VALUE(500.0), VALUE(900.0)], &grown), None);
    // a failed sample is neither high nor negative
    let failed = crate::burden::tests::FAILED;
    assert!(reason(&[failed, VALUE(0.91), VALUE(2.0), failed, VALUE(3.0), failed], &[]).is_some());
    assert_eq!(reason(&[], &[]), None);
}

#[test]
fn a_new_lesion_confirms_and_the_dead_are_not_flagged() {
    let mut history = measured(
        &[VALUE(0.91), VALUE(2.0)],
        &[(
            1,
            Reading::DetectedNotQuantified {
                lo: 0.0,
                hi: f64::INFINITY,
            },
        )],
    );
    assert_eq!(flags_for(&history, today()), vec![]);
    let scan = history
        .observations
        .iter_mut()
        .find(|o| o.measure == "imaging")
        .unwrap();
    scan.detail.insert("new_lesion".into(), true.into());
    let raised = flags_for(&history, today());
    assert!(
        raised[0].reason.ends_with("; new lesion on 31 Jan 2026."),
        "{}",
        raised[0].reason
    );
    assert_eq!(
        raised[0].triggers.iter().map(|id| id.0).collect::<Vec<_>>(),
        vec![1, 2, 101]
    );
    history
        .events
        .push(event(1, Happening::Death { cause: None }, "2026-06-01"));
    assert_eq!(flags_for(&history, today()), vec![]);
}

/// What another assay has shown since, how old the last draw is, and of how many days the draws are.
#[test]
fn a_rise_is_ended_by_another_assay_s_negative_and_by_age() {
    let rise = measured(&[ND, VALUE(0.4), VALUE(0.9), ND], &[]);
    let on = |history: &History, today: &str| flags_for(history, today.parse().unwrap()).len();
    let by_another = |limit: Option<f64>, unit: &str| {
        let mut history = rise.clone();
        let later = history.observations.last_mut().unwrap();
        (later.assay, later.unit) = (AssayId(99), unit.into());
        later.reading = Reading::NotDetected { hi: limit };
        on(&history, "2026-11-20")
    };
    assert_eq!(by_another(Some(0.5), "{mtm}/mL"), 0, "it would have shown 0.9");
    assert_eq!(by_another(Some(0.9), "{mtm}/mL"), 1, "it might not have shown 0.9");
    assert_eq!(by_another(None, "{mtm}/mL"), 1, "nobody knows what it could have shown");
    assert_eq!(by_another(Some(0.5), "[ppm]"), 1, "no unit to hold it against");
    let fractions = |limit: f64| {
        let mut history = rise.clone();
        for own in &mut history.observations {
            own.unit = "[ppm]".into();
        }
        let later = history.observations.last_mut().unwrap();
        (later.assay, later.unit) = (AssayId(99), "1".into());
        later.reading = Reading::NotDetected { hi: Some(limit) };
        on(&history, "2026-11-20")
    };
    assert_eq!((fractions(0.5e-6), fractions(1e-6)), (0, 1));

    let steady = measured(&[ND, VALUE(0.4), VALUE(0.9)], &[]);
    assert_eq!(
        (on(&steady, "2028-03-01"), on(&steady, "2028-03-02")),
        (1, 0),
        "two years after 2 March 2026"
    );
    let mut twice = steady.clone();
    twice.observations[2].collected_on = twice.observations[1].collected_on;
    assert_eq!(on(&twice, "2026-11-20"), 0, "two tubes of one day are one draw");
}

#[test]
fn a_relapse_on_file_is_no_news() {
    let mut history = measured(&[ND, VALUE(0.4), VALUE(0.9)], &[]);
    let severity = |history: &History| flags_for(history, today())[0].severity;
    assert_eq!(severity(&history), Severity::High);
    let relapse = Happening::Relapse {
        kind: RelapseKind::Distant,
        organs: vec![],
        detected_by: None,
    };
    history.events.push(event(1, relapse, "2025-06-01"));
    assert_eq!(severity(&history), Severity::OnFile);
    let codes = [Severity::High, Severity::Medium, Severity::OnFile].map(Severity::code);
    assert!(codes.is_sorted(), "lists are sorted by them");
}

proptest! {
    #[test]
    fn a_flag_always_has_its_reason(
        draws in prop::collection::vec(any_reading(), 0..10),
        scans in prop::collection::vec((0u64..10, any_reading()), 0..6),
    ) {
        let mut history: History = measured(&draws, &scans);
        history.events.push(event(1, Happening::Progression, "2026-03-01"));
        for raised in flags_for(&history, today()) {
            prop_assert!(raised.reason.chars().count() <= 200, "{}", raised.reason);
            prop_assert!(raised.triggers.len() >= 2);
            let negative = crate::burden::state(&history).contains(" since ") && !raised.reason.contains("detected");
            prop_assert!(!negative, "{}", raised.reason);
        }
    }
}
