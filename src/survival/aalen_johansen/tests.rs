use proptest::prelude::*;

use super::*;
use crate::survival::kaplan_meier::tests::some_subjects;
use crate::survival::oracle::{json, near, numbers, table};

#[test]
fn equals_the_reference_with_its_error() {
    for (file, exit, event, name) in [
        (
            "brca_metastasis.csv",
            "met_time",
            "met_type",
            "brca_metastasis_vs_death",
        ),
        ("rotterdam.csv", "fe_days", "fe_type", "rotterdam_relapse_vs_death"),
    ] {
        let fitted = AalenJohansen::fit(&table(file).follow_up(exit, event)).unwrap();
        let expected = &json("competing_risks.json")[name];
        for (k, time) in numbers(&expected["at"]).into_iter().enumerate() {
            let (p, se) = (
                numbers(&expected["aalen_johansen"]["p"][k]),
                numbers(&expected["aalen_johansen"]["se"][k]),
            );
            near(fitted.free_at(time), p[0], 1e-10);
            for cause in [1, 2] {
                near(fitted.incidence_at(cause, time), p[cause as usize], 1e-10);
                near(fitted.se_at(cause, time), se[cause as usize], 1e-10);
            }
        }
    }
}

#[test]
fn degenerate_input() {
    assert!(matches!(AalenJohansen::fit(&[]), Err(Error::Empty)));
    let fitted = AalenJohansen::fit(&[FollowUp::until(1.0, 0).unwrap()]).unwrap();
    assert_eq!(
        (fitted.free_at(2.0), fitted.incidence_at(1, 2.0), fitted.se_at(1, 2.0)),
        (1.0, 0.0, 0.0)
    );
    assert_eq!((fitted.incidence_at(0, 2.0), fitted.incidence_at(7, 2.0)), (0.0, 0.0));
}

proptest! {
    #[test]
    fn free_and_fallen_add_up_to_one(subjects in some_subjects()) {
        let fitted = AalenJohansen::fit(&subjects).unwrap();
        let mut last = vec![0.0; fitted.causes];
        for (row, step) in fitted.steps.iter().enumerate() {
            let sum = step.free + fitted.incidence.row(row).sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
            for (now, before) in fitted.incidence.row(row).iter().zip(&last) {
                prop_assert!(now >= before && *now <= 1.0 + 1e-12);
            }
            last = fitted.incidence.row(row).to_vec();
        }
    }
}
