use proptest::prelude::*;

use super::*;
use crate::survival::kaplan_meier::tests::some_subjects;
use crate::survival::oracle::{close, json, near, numbers, table};

#[test]
fn both_causes_equal_the_reference() {
    for (file, exit, event, name) in [
        (
            "brca_metastasis.csv",
            "met_time",
            "met_type",
            "brca_metastasis_vs_death",
        ),
        ("rotterdam.csv", "fe_days", "fe_type", "rotterdam_relapse_vs_death"),
    ] {
        let (women, expected) = (table(file), &json("competing_risks.json")[name]["gray_test"]);
        let column = women.column(expected["group"].as_str().unwrap());
        let group: Vec<usize> = column.iter().map(|g| *g as usize).collect();
        for (row, cause) in [1, 2].into_iter().enumerate() {
            let ours = Gray::params()
                .cause(cause)
                .test(&women.follow_up(exit, event), &group, 2)
                .unwrap();
            let expected = numbers(&expected["rows"][row]);
            close(ours.chi_square, expected[0], 1e-10);
            near(ours.p, expected[1], 1e-10);
            assert_eq!(ours.degrees as f64, expected[2]);
        }
    }
}

/// R 4.2.2, cmprsk 2.2-11: cuminc(fe_days, fe_type, size, strata, rho)$Tests with size = size_20_50 + 2 size_gt50 and strata = grade3.
#[test]
fn three_groups_strata_and_rho() {
    let women = table("rotterdam.csv");
    let subjects = women.follow_up("fe_days", "fe_type");
    let both = women.column("size_20_50").iter().zip(women.column("size_gt50"));
    let size: Vec<usize> = both.map(|(a, b)| (a + 2.0 * b) as usize).collect();
    let grade: Vec<usize> = women.column("grade3").iter().map(|g| *g as usize).collect();
    let expected: [(bool, f64, [f64; 2]); 4] = [
        (false, 0.0, [177.064180811727, 9.1228764876199]),
        (false, 1.0, [207.19093135923, 9.30580795907526]),
        (true, 0.0, [148.051391287871, 8.78738851380299]),
        (true, 1.0, [178.140921840047, 8.97908741366314]),
    ];
    for (stratified, rho, statistics) in expected {
        for (cause, statistic) in [1, 2].into_iter().zip(statistics) {
            let mut params = Gray::params().cause(cause).rho(rho);
            if stratified {
                params = params.strata(grade.clone());
            }
            let ours = params.test(&subjects, &size, 3).unwrap();
            close(ours.chi_square, statistic, 1e-10);
            assert_eq!(ours.degrees, 2);
        }
    }
}

/// R's veteran by cell type, every time of it a death or a censoring: the pooled estimate passes 1. cmprsk's cuminc.
#[test]
fn without_competing_events_the_pooled_estimate_may_pass_one() {
    #[rustfmt::skip]
    let times: [i32; 137] = [72, 411, 228, 126, 118, 10, 82, 110, 314, -100, 42, 8, 144, -25, 11, 999, 112, -87, -231,
        242, 991, 111, 1, 587, 389, 33, 25, 357, 467, 201, 1, 30, 44, 283, 15, 30, 384, 4, 54, 13,
        -123, -97, 153, 59, 117, 16, 151, 22, 56, 21, 18, 139, 20, 31, 52, 287, 18, 51, 122, 27, 54, 7, 63, 392, 10, 25, -103, 21, 13, 87, 2, 20, 7, 24,
        99, 8, 99, 61, 25, 95, 80, 51, 29, 8, 92, 35, 117, 132, 12, 162, 3, 95, 24, 18, -83, 31, 51, 90, 52, 73, 8,
        36, 48, 7, 140, 186, 84, 19, 45, 80, 177, 162, 216, 553, 278, 12, 260, 200, 156, -182, 143, 105, 103, 250, 100, 52, 164, 19, 53, 15, 43, 340, 133, 111, 231, 378, 49];
    let subjects: Vec<FollowUp> = times
        .iter()
        .map(|t| FollowUp::until(f64::from(t.abs()), u32::from(*t > 0)).unwrap())
        .collect();
    let groups: Vec<usize> = (0..137)
        .map(|i| [35, 83, 110].iter().filter(|end| i >= **end).count())
        .collect();
    let test = Gray::params().test(&subjects, &groups, 4).unwrap();
    near(test.chi_square, 10.9598956589383, 1e-9);
}

#[test]
fn degenerate_input() {
    let until = |t: f64, event| FollowUp::until(t, event).unwrap();
    let two = [until(1.0, 1), until(2.0, 0)];
    let test = |params: GrayParams, group: &[usize], groups| params.test(&two, group, groups);
    let gray = Gray::params;
    assert!(matches!(test(gray(), &[0], 2), Err(Error::Lengths { .. })));
    assert!(matches!(test(gray(), &[0, 0], 2), Err(Error::Groups(1))));
    assert!(matches!(test(gray(), &[0, 1], 3), Err(Error::Groups(2))));
    assert!(matches!(test(gray(), &[0, 2], 2), Err(Error::Groups(_))));
    assert!(matches!(test(gray().cause(2), &[0, 1], 2), Err(Error::NoEvents)));
    assert!(matches!(
        test(gray().cause(0), &[0, 1], 2),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(
        test(gray().rho(f64::NAN), &[0, 1], 2),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(
        test(gray().strata(vec![1]), &[0, 1], 2),
        Err(Error::Lengths { .. })
    ));
    let late = [FollowUp::new(0.5, 1.0, 1).unwrap(), until(2.0, 1)];
    assert!(matches!(gray().test(&late, &[0, 1], 2), Err(Error::Parameter { .. })));
    assert!(matches!(gray().test(&[], &[], 2), Err(Error::Groups(0))));
}

proptest! {
    #[test]
    fn a_statistic_or_a_reason(subjects in some_subjects(), groups in 2usize..5, turn in 0usize..60, rho in 0.0..2.0f64) {
        let subjects: Vec<FollowUp> = subjects.iter().map(|s| FollowUp::until(s.exit(), s.event()).unwrap()).collect();
        let group: Vec<usize> = (0..subjects.len()).map(|i| i * 7 % 5 % groups).collect();
        let params = Gray::params().rho(rho);
        if let Ok(ours) = params.test(&subjects, &group, groups) {
            prop_assert!(ours.chi_square.is_finite() && ours.chi_square >= 0.0 && (0.0..=1.0).contains(&ours.p));
            let (mut turned, mut turned_group) = (subjects.clone(), group.clone());
            turned.rotate_left(turn % subjects.len());
            turned_group.rotate_left(turn % subjects.len());
            prop_assert_eq!(params.test(&turned, &turned_group, groups).unwrap(), ours);
        }
    }
}
