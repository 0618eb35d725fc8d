use proptest::prelude::*;

use super::*;
use crate::survival::kaplan_meier::tests::some_subjects;
use crate::survival::oracle::{close, json, near, table};

#[test]
fn means_equal_the_reference() {
    let (women, expected) = (table("rotterdam.csv"), json("nonparametric.json"));
    let follow_up = women.follow_up("rfs_days", "rfs_event");
    for expected in expected["rmst"].as_array().unwrap() {
        let ours = Rmst::of(&follow_up, None, expected["tau"].as_f64().unwrap()).unwrap();
        near(ours.mean, expected["rmst"].as_f64().unwrap(), 1e-9);
        near(ours.se, expected["se"].as_f64().unwrap(), 1e-10);
    }
    for arm in ["0", "1"] {
        let expected = &expected["rmst_by_hormon_1826"][arm];
        let of_arm = |i: &usize| women.column("hormon")[*i].to_string() == arm;
        let chosen: Vec<FollowUp> = (0..women.rows).filter(of_arm).map(|i| follow_up[i]).collect();
        let ours = Rmst::of(&chosen, None, expected["tau"].as_f64().unwrap()).unwrap();
        near(ours.mean, expected["rmst"].as_f64().unwrap(), 1e-9);
        near(ours.se, expected["se"].as_f64().unwrap(), 1e-10);
    }
}

/// The formulas of Uno et al. on the two means of the reference, worked out in R: difference and both ratios with their 95 % limits and p.
#[test]
fn two_groups() {
    let expected = &json("nonparametric.json")["rmst_by_hormon_1826"];
    let [with, without] = ["1", "0"].map(|arm| Rmst {
        tau: 1826.0,
        mean: expected[arm]["rmst"].as_f64().unwrap(),
        se: expected[arm]["se"].as_f64().unwrap(),
    });
    let ours = with.against(&without, 0.95).unwrap();
    let [difference, ratio, lost]: [[f64; 4]; 3] = [
        [
            -79.8257967644799,
            -148.836504547011,
            -10.8150889819491,
            0.0233827803137836,
        ],
        [
            0.942680021731764,
            0.894687212451218,
            0.993247261171347,
            0.0268209625423478,
        ],
        [1.18419983354846, 1.03223485221131, 1.35853700615908, 0.0158339066173908],
    ];
    for (ours, expected) in [
        (ours.difference, difference),
        (ours.ratio, ratio),
        (ours.ratio_lost.unwrap(), lost),
    ] {
        for (ours, expected) in [ours.estimate, ours.lower, ours.upper, ours.p]
            .into_iter()
            .zip(expected)
        {
            close(ours, expected, 1e-10);
        }
    }
}

#[test]
fn horizons_beyond_what_was_seen() {
    let until = |t: f64, event| FollowUp::until(t, event).unwrap();
    let censored = [until(1.0, 1), until(4.0, 0)];
    assert!(matches!(
        Rmst::of(&censored, None, 4.5),
        Err(Error::BeyondFollowUp { asked, followed }) if asked == 4.5 && followed == 4.0
    ));
    // The curve has come to 0 and stays there.
    let fallen = [until(1.0, 1), until(4.0, 1)];
    assert_eq!(Rmst::of(&fallen, None, 9.0).unwrap().mean, 2.5);
    assert_eq!(
        Rmst::of(&censored, None, 0.5).unwrap(),
        Rmst {
            tau: 0.5,
            mean: 0.5,
            se: 0.0
        }
    );
    for tau in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Rmst::of(&fallen, None, tau), Err(Error::Parameter { .. })));
    }
    let same = Rmst::of(&censored, None, 0.5).unwrap();
    let contrasts = same.against(&same, 0.95).unwrap();
    assert_eq!((contrasts.difference.p, contrasts.ratio_lost), (1.0, None));
    assert!(same.against(&Rmst { tau: 1.0, ..same }, 0.95).is_err());
}

proptest! {
    #[test]
    fn the_unit_of_time_scales_the_mean(subjects in some_subjects(), share in 0.05..1.0f64) {
        let tau = share * subjects.iter().map(FollowUp::exit).fold(0.0, f64::max);
        let days: Vec<FollowUp> = (subjects.iter())
            .map(|s| FollowUp::new(8.0 * s.entry(), 8.0 * s.exit(), s.event()).unwrap())
            .collect();
        let (a, b) = (Rmst::of(&subjects, None, tau).unwrap(), Rmst::of(&days, None, 8.0 * tau).unwrap());
        prop_assert_eq!((8.0 * a.mean, 8.0 * a.se), (b.mean, b.se));
        prop_assert!(a.mean > 0.0 && a.mean <= tau && a.se.is_finite());
    }
}

#[test]
fn the_error_is_finite_where_the_square_of_a_time_is_not() {
    let at = |scale: f64| {
        let subjects = [(1.0, 1), (2.0, 0), (3.0, 1), (4.0, 0)].map(|(t, e)| FollowUp::until(t * scale, e).unwrap());
        Rmst::of(&subjects, None, 4.0 * scale).unwrap().se
    };
    close(at(1e300) / 1e300, at(1.0), 1e-14);
}
