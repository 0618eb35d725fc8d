//! From rows in time to rows at landmarks.

use super::*;

const ID: [usize; 4] = [2, 1, 1, 2];
const START: [f64; 4] = [0.0, 0.0, 2.0, 3.0];
const STOP: [f64; 4] = [3.0, 2.0, 5.0, 9.0];
const EVENT: [u32; 4] = [0, 0, 2, 0];

fn four<'a>(values: &'a Array2<f64>) -> LongRows<'a> {
    LongRows {
        id: &ID,
        start: &START,
        stop: &STOP,
        event: &EVENT,
        values: values.view(),
    }
}

fn stack(landmarks: &[f64], window: f64) -> Stack {
    Stack {
        landmarks: landmarks.to_vec(),
        window,
        with_age: true,
    }
}

#[test]
fn a_stack_has_whoever_is_at_risk_with_the_last_value() {
    let values = Array2::from_shape_fn((4, 1), |(i, _)| 10.0 * i as f64);
    let set = stack(&[4.0, 2.0, 1.0], 2.0).of(&four(&values)).unwrap();
    assert_eq!(set.landmark, [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]);
    assert_eq!(set.id, [1, 2, 1, 2, 1, 2]);
    // A row ends before the landmark at which it stops: at 2 the value measured at 2 counts.
    assert_eq!(set.row, [1, 0, 2, 0, 2, 3]);
    assert_eq!(set.records.column(1).to_vec(), [1.0, 1.0, 0.0, 2.0, 2.0, 1.0]);
    let ends: Vec<(f64, f64, u32)> = set.targets.iter().map(|y| (y.entry(), y.exit(), y.event())).collect();
    assert_eq!(ends[0], (1.0, 3.0, 0));
    assert_eq!(ends[3], (2.0, 4.0, 0));
    assert_eq!(ends[4], (4.0, 5.0, 2));
    // The event on the last day of the window counts.
    let last = stack(&[3.0], 2.0).of(&four(&values)).unwrap();
    assert_eq!(last.targets[0].event(), 2);
}

#[test]
fn what_can_not_be_stacked_has_a_name() {
    let values = Array2::zeros((4, 1));
    let good = four(&values);
    let refused = |stack: Stack, rows: LongRows| stack.of(&rows).unwrap_err();
    for (landmarks, window) in [
        (vec![], 1.0),
        (vec![1.0, 1.0], 1.0),
        (vec![-1.0], 1.0),
        (vec![f64::NAN], 1.0),
    ] {
        assert!(matches!(
            refused(stack(&landmarks, window), good),
            Error::Parameter { .. }
        ));
    }
    for window in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(refused(stack(&[1.0], window), good), Error::Parameter { .. }));
    }
    assert!(matches!(refused(stack(&[9.0], 1.0), good), Error::Empty));
    let short = LongRows { id: &ID[..3], ..good };
    assert!(matches!(refused(stack(&[1.0], 1.0), short), Error::Lengths { .. }));
    let bad = array![[0.0], [0.0], [f64::NAN], [0.0]];
    assert!(matches!(
        refused(stack(&[1.0], 1.0), four(&bad)),
        Error::NotFinite { row: 2, column: 0 }
    ));
    let back = LongRows {
        start: &[0.0, 0.0, 6.0, 3.0],
        ..good
    };
    assert!(matches!(refused(stack(&[1.0], 1.0), back), Error::NoTimeAtRisk { .. }));
    let twice = LongRows {
        start: &[0.0, 0.0, 1.0, 3.0],
        ..good
    };
    assert!(matches!(
        refused(stack(&[1.0], 1.0), twice),
        Error::Overlap { row: 2, .. }
    ));
    // After its first event a subject is no more at risk.
    let early = LongRows {
        event: &[1, 0, 2, 0],
        ..good
    };
    let set = stack(&[4.0], 1.0).of(&early).unwrap();
    assert_eq!(set.id, [1]);
}
