use super::*;
use crate::survival::oracle::{close, json, near, numbers, table};

#[test]
fn two_and_three_groups_equal_the_reference() {
    let women = table("rotterdam.csv");
    let subjects = women.follow_up("rfs_days", "rfs_event");
    let hormon: Vec<usize> = women.column("hormon").iter().map(|h| *h as usize).collect();
    let both = women.column("size_20_50").iter().zip(women.column("size_gt50"));
    let size: Vec<usize> = both.map(|(a, b)| (a + 2.0 * b) as usize).collect();
    for (name, group, groups) in [("logrank_hormon", hormon, 2), ("logrank_size", size, 3)] {
        let test = LogRank::of(&subjects, &group, groups).unwrap();
        let expected = &json("nonparametric.json")[name];
        for g in 0..groups {
            near(test.observed[g], numbers(&expected["observed"])[g], 1e-10);
            near(test.expected[g], numbers(&expected["expected"])[g], 1e-9);
        }
        near(test.chi_square, expected["chisq"].as_f64().unwrap(), 1e-9);
        assert_eq!(test.degrees, groups - 1);
        close(test.p, expected["p"].as_f64().unwrap(), 1e-8);
    }
}

#[test]
fn degenerate_input() {
    let two = [FollowUp::until(1.0, 1).unwrap(), FollowUp::until(2.0, 0).unwrap()];
    assert!(matches!(LogRank::of(&two, &[0, 0], 2), Err(Error::Groups(1))));
    assert!(matches!(LogRank::of(&two, &[0, 5], 2), Err(Error::Groups(_))));
    assert!(matches!(LogRank::of(&two, &[0], 2), Err(Error::Lengths { .. })));
    let none = [FollowUp::until(1.0, 0).unwrap(), FollowUp::until(2.0, 0).unwrap()];
    assert!(matches!(LogRank::of(&none, &[0, 1], 2), Err(Error::NoEvents)));
}
