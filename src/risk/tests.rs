//! The trend rule on ctDNA.

use proptest::prelude::*;

use super::*;
use crate::burden::tests::{ND, VALUE, any_reading, event, measured};
use crate::domain::event::Happening;
use crate::domain::flag::Severity;
use crate::domain::history::History;
use crate::domain::reading::Reading;

fn reason(draws: &[Reading], scans: &[(u64, Reading)]) -> Option<(Severity, String)> {
    let mut raised = flags_for(&measured(draws, scans));
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
        "ctDNA above baseline (0.91 MTM/mL) in 2 draws since 31 Jan 2026, latest 4.2 MTM/mL."
    );
    assert_eq!(severity, Severity::Medium);
    let (severity, text) = reason(&[ND, VALUE(0.4), VALUE(0.9)], &[]).unwrap();
    assert_eq!(
        text,
        "ctDNA detected in 2 draws since 31 Jan 2026 after a negative baseline on 1 Jan 2026, latest 0.9 MTM/mL."
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
    assert_eq!(flags_for(&history), vec![]);
    let scan = history
        .observations
        .iter_mut()
        .find(|o| o.measure == "imaging")
        .unwrap();
    scan.detail.insert("new_lesion".into(), true.into());
    let raised = flags_for(&history);
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
    assert_eq!(flags_for(&history), vec![]);
}

proptest! {
    #[test]
    fn a_flag_always_has_its_reason(
        draws in prop::collection::vec(any_reading(), 0..10),
        scans in prop::collection::vec((0u64..10, any_reading()), 0..6),
    ) {
        let mut history: History = measured(&draws, &scans);
        history.events.push(event(1, Happening::Progression, "2026-03-01"));
        for raised in flags_for(&history) {
            prop_assert!(raised.reason.chars().count() <= 200, "{}", raised.reason);
            prop_assert!(raised.triggers.len() >= 2);
            let negative = crate::burden::state(&history).contains(" since ") && !raised.reason.contains("detected");
            prop_assert!(!negative, "{}", raised.reason);
        }
    }
}
