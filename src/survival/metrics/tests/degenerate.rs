//! What can't be computed has a name; nothing panics and nothing is NaN.

use ndarray::Array2;
use proptest::prelude::*;

use super::super::*;
use crate::survival::{Error, FollowUp};

fn until(rows: &[(f64, u32)]) -> Vec<FollowUp> {
    rows.iter().map(|(t, e)| FollowUp::until(*t, *e).unwrap()).collect()
}

#[test]
fn bad_input_has_a_name() {
    let some = until(&[(1.0, 1), (2.0, 0), (3.0, 1), (4.0, 0)]);
    let ipcw = Ipcw::new(&some, None, CaseWeight::Before).unwrap();
    assert!(matches!(Ipcw::new(&[], None, CaseWeight::Before), Err(Error::Empty)));
    assert!(matches!(
        Ipcw::new(&some, Some(0), CaseWeight::Before),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(ipcw.at(f64::NAN), Err(Error::NotATime(_))));
    assert!(matches!(ipcw.at(4.5), Err(Error::BeyondFollowUp { .. })));
    let horizon = ipcw.at(2.0).unwrap();
    assert!(matches!(horizon.brier(&[0.5]), Err(Error::Lengths { .. })));
    assert!(matches!(
        horizon.brier(&[0.5, 0.5, f64::NAN, 0.5]),
        Err(Error::NotFinite { row: 2, .. })
    ));
    assert!(matches!(
        horizon.brier(&[0.5, 0.5, 1.5, 0.5]),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(
        horizon.auc(&[0.5, f64::INFINITY, 0.5, 0.5]),
        Err(Error::NotFinite { row: 1, .. })
    ));
    assert!(horizon.brier_null(f64::NAN).is_err());
    let risks = Array2::from_elem((4, 2), 0.5);
    assert!(matches!(
        ipcw.integrated_brier(&[1.0], risks.view()),
        Err(Error::Width { .. })
    ));
    assert!(matches!(
        ipcw.integrated_brier(&[2.0, 1.0], risks.view()),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(
        ipcw.integrated_brier_null(&[1.0], &[0.5]),
        Err(Error::Parameter { .. })
    ));
    let late = [FollowUp::new(1.0, 2.0, 1).unwrap()];
    assert!(matches!(
        Ipcw::new(&late, None, CaseWeight::Before),
        Err(Error::DelayedEntry { row: 0, .. })
    ));
    assert!(matches!(
        observed_risk(&late, None, 2.0),
        Err(Error::DelayedEntry { .. })
    ));
    assert!(matches!(
        net_benefit(&some, None, &[0.5; 4], 2.0, &[1.0]),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(since(&some, 1.0, 0.0), Err(Error::Parameter { .. })));
    assert!(matches!(since(&some, f64::NAN, 1.0), Err(Error::NotATime(_))));
}

/// Development data that were watched for a shorter time can't weigh what came later.
#[test]
fn nobody_watched_that_long() {
    let short = Censoring::fit(&until(&[(1.0, 1), (2.0, 0)]), None).unwrap();
    let some = until(&[(1.0, 1), (2.0, 0), (3.0, 1), (4.0, 0)]);
    let ipcw = Ipcw::given(&some, None, CaseWeight::Before, short.clone()).unwrap();
    assert!(ipcw.at(1.5).is_ok());
    assert!(matches!(ipcw.at(2.5), Err(Error::NoWeight(_))));
    let uno = |tau| Comparison::default().uno(&some, &[0.0; 4], tau, &short, CaseWeight::Before);
    assert!(matches!(uno(3.5), Err(Error::NoWeight(_))));
    assert_eq!(uno(2.5).unwrap().index(), Some(0.5));
}

#[test]
fn nothing_to_tell_apart() {
    let censored = until(&[(1.0, 0), (2.0, 0)]);
    let c = concordance(&censored, &[1.0, 2.0], None).unwrap();
    assert_eq!((c.index(), c.se), (None, None));
    assert_eq!(concordance(&[], &[], None).unwrap().index(), None);
    let ipcw = Ipcw::new(&censored, None, CaseWeight::Before).unwrap();
    assert_eq!(ipcw.at(1.0).unwrap().auc(&[1.0, 2.0]).unwrap(), None);
    assert_eq!(prediction_accuracy(0.1, 0.0), None);
    let one = until(&[(1.0, 1)]);
    let ipcw = Ipcw::new(&one, None, CaseWeight::Before).unwrap();
    assert_eq!(
        ipcw.at(1.0).unwrap().brier(&[0.5]).unwrap(),
        Estimate { value: 0.25, se: None }
    );
    let tied = concordance(&until(&[(1.0, 1), (1.0, 1)]), &[1.0, 2.0], None).unwrap();
    assert_eq!((tied.index(), tied.pairs.tied_time), (None, 1.0));
}

#[test]
fn calibration_without_events_or_differences() {
    let some = until(&[(1.0, 1), (2.0, 0), (3.0, 1), (4.0, 0)]);
    assert!(matches!(
        calibration::poisson(&until(&[(1.0, 0), (2.0, 0)]), None, &[0.0; 2], &[0.1; 2], 2.0),
        Err(Error::NoEvents)
    ));
    assert!(calibration::poisson(&some, None, &[0.0; 4], &[-1.0; 4], 2.0).is_err());
    let same = calibration::poisson(&some, None, &[0.0; 4], &[0.1; 4], 4.0).unwrap();
    assert_eq!(same.slope.se, None);
    assert_eq!(calibration::slope(&some, None, &[1.0; 4]).unwrap().se, None);
    let groups = calibration::by_risk(&some, None, &[0.5; 4], 3.0, 10).unwrap();
    assert_eq!((groups.len(), groups[0].n), (1, 4));
    assert!(calibration::by_risk(&some, None, &[0.5; 4], 3.0, 0).is_err());
    assert_eq!(
        calibration::in_the_large(&some, None, &[0.0; 4], 3.0)
            .unwrap()
            .observed_over_expected,
        None
    );
    let flat = calibration::smooth(&some, None, &[0.5; 4], 3.0, 3).unwrap();
    assert!(flat.observed.iter().all(|o| (o - flat.observed[0]).abs() < 1e-12));
    assert!(calibration::smooth(&some, None, &[0.5, 1.0, 0.2, 0.2], 3.0, 3).is_err());
    assert!(calibration::smooth(&some, None, &[0.5; 4], 3.0, 7).is_err());
}

proptest! {
    #[test]
    fn never_nan(
        rows in prop::collection::vec((1u8..6, 0u32..3, 0.0..=1.0), 1..25),
        time in 1u8..6,
        cause in prop::option::of(1u32..3),
    ) {
        let subjects = until(&rows.iter().map(|r| (f64::from(r.0), r.1)).collect::<Vec<_>>());
        let risks: Vec<f64> = rows.iter().map(|r| r.2).collect();
        let time = f64::from(time);
        let c = concordance(&subjects, &risks, cause).unwrap();
        prop_assert!(c.index().is_none_or(|c| (0.0..=1.0).contains(&c)) && c.se.is_none_or(|se| se >= 0.0));
        if let Ok(horizon) = Ipcw::new(&subjects, cause, CaseWeight::At).unwrap().at(time) {
            let brier = horizon.brier(&risks).unwrap();
            prop_assert!(brier.value >= 0.0 && brier.se.is_none_or(|se| se >= 0.0));
            let auc = horizon.auc(&risks).unwrap();
            prop_assert!(auc.is_none_or(|auc| (-1e-12..=1.0 + 1e-12).contains(&auc.value)));
        }
        if let Ok(groups) = calibration::by_risk(&subjects, cause, &risks, time, 4) {
            prop_assert_eq!(groups.iter().map(|g| g.n).sum::<usize>(), subjects.len());
            prop_assert!(groups.iter().all(|g| (0.0..=1.0).contains(&g.observed)));
        }
        if let Ok(curve) = calibration::smooth(&subjects, cause, &risks, time, 3) {
            prop_assert!(curve.observed.iter().all(|o| (0.0..=1.0).contains(o)));
            prop_assert!(curve.e50 <= curve.e90 && curve.e90 <= curve.most && curve.ici <= curve.most + 1e-12);
        }
        if let Ok(poisson) = calibration::poisson(&subjects, cause, &risks, &risks, time) {
            prop_assert!(poisson.log_ratio.is_finite() && poisson.slope.estimate.is_finite());
        }
    }
}
