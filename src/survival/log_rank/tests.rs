use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::survival::kaplan_meier::tests::some_subjects;
use crate::survival::oracle::{close, json, near, numbers, table};

const PETO: Weighting = Weighting::FlemingHarrington { rho: 1.0, gamma: 0.0 };

fn same(test: &LogRank, expected: &Value) {
    for (g, n) in numbers(&expected["n"]).into_iter().enumerate() {
        near(test.observed[g], numbers(&expected["observed"])[g], 1e-10);
        near(test.expected[g], numbers(&expected["expected"])[g], 1e-10);
        for (h, variance) in numbers(&expected["variance"][g]).into_iter().enumerate() {
            near(test.variance[[g, h]], variance, 1e-10);
        }
        if expected.get("strata").is_none() {
            assert_eq!(test.n[g], n);
        }
    }
    near(test.chi_square, expected["chisq"].as_f64().unwrap(), 1e-10);
    assert_eq!(Some(test.degrees as u64), expected["df"].as_u64());
    close(test.p, expected["p"].as_f64().unwrap(), 1e-10);
}

#[test]
fn every_test_equals_the_reference() {
    let (women, expected) = (table("rotterdam.csv"), json("nonparametric.json"));
    let subjects = women.follow_up("rfs_days", "rfs_event");
    let hormon: Vec<usize> = women.column("hormon").iter().map(|h| *h as usize).collect();
    let both = women.column("size_20_50").iter().zip(women.column("size_gt50"));
    let size: Vec<usize> = both.map(|(a, b)| (a + 2.0 * b) as usize).collect();
    let nodes: Vec<usize> = women.column("nodes").iter().map(|n| usize::from(*n > 0.0)).collect();
    let plain = |group, groups| LogRank::of(&subjects, group, groups).unwrap();
    same(&plain(&hormon, 2), &expected["logrank_hormon"]);
    same(&plain(&size, 3), &expected["logrank_size"]);
    let peto = LogRank::params().weighting(PETO);
    same(&peto.test(&subjects, &size, 3).unwrap(), &expected["peto_size"]);
    let stratified = LogRank::params().strata(nodes);
    same(
        &stratified.test(&subjects, &hormon, 2).unwrap(),
        &expected["logrank_hormon_stratified_by_nodes_gt0"],
    );
}

/// R 4.2.2, survival 3.5-3: survdiff(Surv(rfs_days, rfs_event) ~ size + strata(nodes > 0), rho = …), rows of obs and exp summed.
#[test]
fn weighted_within_strata() {
    let women = table("rotterdam.csv");
    let subjects = women.follow_up("rfs_days", "rfs_event");
    let both = women.column("size_20_50").iter().zip(women.column("size_gt50"));
    let size: Vec<usize> = both.map(|(a, b)| (a + 2.0 * b) as usize).collect();
    let nodes: Vec<usize> = women.column("nodes").iter().map(|n| usize::from(*n > 0.0)).collect();
    let expected: [(f64, [f64; 3], [f64; 3], f64); 2] = [
        (
            1.0,
            [427.72655282702, 569.054195225044, 168.719947560661],
            [564.247579083877, 498.668316486058, 102.58480004279],
            124.443034050193,
        ),
        (
            0.5,
            [511.010364746015, 672.63245669997, 196.276567181516],
            [665.72901080235, 593.306745102773, 120.883632722378],
            120.605185533207,
        ),
    ];
    for (rho, observed, expected, chi_square) in expected {
        let params = LogRank::params().strata(nodes.clone());
        let params = params.weighting(Weighting::FlemingHarrington { rho, gamma: 0.0 });
        let ours = params.test(&subjects, &size, 3).unwrap();
        for g in 0..3 {
            near(ours.observed[g], observed[g], 1e-10);
            near(ours.expected[g], expected[g], 1e-10);
        }
        near(ours.chi_square, chi_square, 1e-10);
    }
}

/// Each weighting against its definition: sums over the times of an event, with nothing kept between them.
#[test]
fn the_family_equals_its_definition() {
    let women = table("rotterdam.csv");
    let chosen = |i: &usize| women.column("pid")[*i] % 9.0 == 0.0;
    let rows: Vec<usize> = (0..women.rows).filter(chosen).collect();
    let all = women.follow_up("rfs_days", "rfs_event");
    // Delayed entry for every third woman.
    let late = |i: usize| {
        if i.is_multiple_of(3) {
            0.25 * all[i].exit().floor()
        } else {
            0.0
        }
    };
    let subjects: Vec<FollowUp> = (rows.iter())
        .map(|i| FollowUp::new(late(*i), all[*i].exit(), all[*i].event()).unwrap())
        .collect();
    let group: Vec<usize> = rows.iter().map(|i| women.column("hormon")[*i] as usize).collect();
    let weightings = [
        Weighting::LogRank,
        Weighting::Gehan,
        Weighting::TaroneWare,
        PETO,
        Weighting::FlemingHarrington { rho: 0.5, gamma: 1.5 },
    ];
    for weighting in weightings {
        let ours = LogRank::params()
            .weighting(weighting)
            .test(&subjects, &group, 2)
            .unwrap();
        let mut times: Vec<f64> = subjects.iter().filter(|s| s.event() > 0).map(FollowUp::exit).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let (mut survival, mut difference, mut variance) = (1.0_f64, 0.0, 0.0);
        for time in times {
            let count = |keep: &dyn Fn(usize) -> bool| (0..subjects.len()).filter(|i| keep(*i)).count() as f64;
            let watched = |i: usize| subjects[i].entry() < time && time <= subjects[i].exit();
            let falls = |i: usize| subjects[i].exit() == time && subjects[i].event() > 0;
            let (n, n1) = (count(&watched), count(&|i| watched(i) && group[i] == 1));
            let (d, d1) = (count(&falls), count(&|i| falls(i) && group[i] == 1));
            let weight: f64 = match weighting {
                Weighting::LogRank => 1.0,
                Weighting::Gehan => n,
                Weighting::TaroneWare => n.sqrt(),
                Weighting::FlemingHarrington { rho, gamma } => survival.powf(rho) * (1.0 - survival).powf(gamma),
            };
            difference += weight * (d1 - d * n1 / n);
            if n > 1.0 {
                variance += weight * weight * d * (n1 / n) * (1.0 - n1 / n) * (n - d) / (n - 1.0);
            }
            survival *= 1.0 - d / n;
        }
        close(ours.chi_square, difference * difference / variance, 1e-10);
        // With two groups a trend is a difference, whatever the scores.
        close(ours.trend(&[3.0, 7.0]).unwrap().chi_square, ours.chi_square, 1e-10);
    }
}

#[test]
fn trend() {
    let women = table("rotterdam.csv");
    let subjects = women.follow_up("rfs_days", "rfs_event");
    let both = women.column("size_20_50").iter().zip(women.column("size_gt50"));
    let size: Vec<usize> = both.map(|(a, b)| (a + 2.0 * b) as usize).collect();
    let test = LogRank::of(&subjects, &size, 3).unwrap();
    // R 4.2.2, survival 3.5-3: f <- survdiff(Surv(rfs_days, rfs_event) ~ size); s <- 0:2; sum(s * (f$obs - f$exp))^2 / (s %*% f$var %*% s)
    let ours = test.trend(&[0.0, 1.0, 2.0]).unwrap();
    close(ours.chi_square, 224.915811524604, 1e-10);
    close(
        test.trend(&[10.0, 30.0, 50.0]).unwrap().chi_square,
        224.915811524604,
        1e-10,
    );
    assert_eq!(ours.degrees, 1);
    assert!(matches!(test.trend(&[1.0; 3]), Err(Error::Groups(1))));
    assert!(matches!(test.trend(&[1.0; 2]), Err(Error::Lengths { .. })));
    assert!(matches!(
        test.trend(&[1.0, f64::NAN, 0.0]),
        Err(Error::NotFinite { row: 1, .. })
    ));
}

#[test]
fn degenerate_input() {
    let two = [FollowUp::until(1.0, 1).unwrap(), FollowUp::until(2.0, 0).unwrap()];
    assert!(matches!(LogRank::of(&two, &[0, 0], 2), Err(Error::Groups(1))));
    assert!(matches!(LogRank::of(&two, &[0, 5], 2), Err(Error::Groups(_))));
    assert!(matches!(LogRank::of(&two, &[0], 2), Err(Error::Lengths { .. })));
    let none = [FollowUp::until(1.0, 0).unwrap(), FollowUp::until(2.0, 0).unwrap()];
    assert!(matches!(LogRank::of(&none, &[0, 1], 2), Err(Error::NoEvents)));
    let params = LogRank::params().strata(vec![0]);
    assert!(matches!(params.test(&two, &[0, 1], 2), Err(Error::Lengths { .. })));
    let params = LogRank::params().weights(vec![1.0, 0.0]);
    assert!(matches!(
        params.test(&two, &[0, 1], 2),
        Err(Error::Weight { row: 1, .. })
    ));
    let params = LogRank::params().weighting(Weighting::FlemingHarrington { rho: -1.0, gamma: 0.0 });
    assert!(matches!(params.test(&two, &[0, 1], 2), Err(Error::Parameter { .. })));
    // Each group alone in its stratum: nothing is compared.
    let params = LogRank::params().strata(vec![0, 1]);
    assert!(matches!(params.test(&two, &[0, 1], 2), Err(Error::Groups(1))));
}

proptest! {
    #[test]
    fn a_statistic_or_a_reason(subjects in some_subjects(), groups in 2usize..5, turn in 0usize..60) {
        let group: Vec<usize> = (0..subjects.len()).map(|i| i * 7 % 5 % groups).collect();
        for weighting in [Weighting::LogRank, Weighting::Gehan, PETO] {
            let params = LogRank::params().weighting(weighting);
            let Ok(ours) = params.test(&subjects, &group, groups) else { continue };
            prop_assert!(ours.chi_square.is_finite() && ours.chi_square >= 0.0 && (0.0..=1.0).contains(&ours.p));
            let difference = ours.observed.iter().sum::<f64>() - ours.expected.iter().sum::<f64>();
            prop_assert!(difference.abs() < 1e-9);
            let (mut turned, mut turned_group) = (subjects.clone(), group.clone());
            turned.rotate_left(turn % subjects.len());
            turned_group.rotate_left(turn % subjects.len());
            prop_assert_eq!(&params.test(&turned, &turned_group, groups).unwrap(), &ours);
            // Twice everybody is everybody with the weight 2.
            let twice: Vec<FollowUp> = subjects.iter().chain(&subjects).copied().collect();
            let twice_group: Vec<usize> = group.iter().chain(&group).copied().collect();
            let weighted = params.clone().weights(vec![2.0; subjects.len()]).test(&subjects, &group, groups).unwrap();
            prop_assert_eq!(params.test(&twice, &twice_group, groups).unwrap(), weighted);
        }
    }
}
