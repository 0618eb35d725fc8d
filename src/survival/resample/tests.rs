use linfa::Dataset;
use linfa::traits::{Fit, Predict};
use ndarray::{Array1, Axis};
use proptest::prelude::*;

use super::*;
use crate::survival::metrics::concordance;
use crate::survival::oracle::{ROTTERDAM, near, table};
use crate::survival::{Cox, FollowUp};

fn threads<T: Send>(count: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
    pool.install(work)
}

#[test]
fn the_optimism_of_a_cox_model() {
    let women = table("rotterdam.csv");
    let x = women.design(&ROTTERDAM);
    let y = women.follow_up("rfs_days", "rfs_event");
    let rows: Vec<usize> = (0..women.rows).step_by(10).collect();
    let follow_up = |draw: &Draw| -> Vec<FollowUp> { draw.rows.iter().map(|i| y[rows[*i]]).collect() };
    let records = |draw: &Draw| {
        let rows: Vec<usize> = draw.rows.iter().map(|i| rows[*i]).collect();
        x.select(Axis(0), &rows)
    };
    let fit = |draw: &Draw| Cox::params().fit(&Dataset::new(records(draw), Array1::from(follow_up(draw))));
    let measure = |model: &crate::survival::CoxModel, draw: &Draw| {
        let scores = model.predict(&records(draw));
        let c = concordance(&follow_up(draw), scores.as_slice().unwrap(), None)?;
        Ok(vec![c.index().unwrap()])
    };
    let bootstrap = Bootstrap {
        replicates: 40,
        seed: 7,
        clusters: None,
    };
    let run = |count| threads(count, || bootstrap.optimism(rows.len(), fit, measure).unwrap());
    let one = run(1);
    assert_eq!(one, run(3));
    let c = &one[0];
    assert_eq!((c.replicates.len(), c.failed), (40, 0));
    near(c.corrected, c.apparent - c.optimism, 0.0);
    // Ten columns on 299 women: the apparent index flatters, by a little.
    assert!(c.optimism > 0.002 && c.optimism < 0.05, "{}", c.optimism);
}

#[test]
fn the_bootstrap_of_a_mean_has_its_standard_error() {
    let values: Vec<f64> = (0..400).map(|i| f64::from(i % 20)).collect();
    let bootstrap = Bootstrap {
        replicates: 2000,
        seed: 1,
        clusters: None,
    };
    let mean = |draw: &Draw| draw.rows.iter().map(|i| values[*i]).sum::<f64>() / draw.rows.len() as f64;
    let means = bootstrap.run(400, mean).unwrap();
    let (lower, upper) = percentile_interval(&means, 0.95).unwrap();
    // Sd of 0, 1, …, 19 is the root of 33.25; five standard errors of the limits themselves.
    let half = 1.96 * (33.25_f64 / 400.0).sqrt();
    near(lower, 9.5 - half, 0.09);
    near(upper, 9.5 + half, 0.09);
}

#[test]
fn bad_settings_have_names() {
    let bootstrap = |replicates, clusters| Bootstrap {
        replicates,
        seed: 0,
        clusters,
    };
    assert!(matches!(
        bootstrap(0, None).run(3, |_| ()),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(bootstrap(1, None).run(0, |_| ()), Err(Error::Empty)));
    assert!(matches!(
        bootstrap(1, Some(&[1, 2])).run(3, |_| ()),
        Err(Error::Lengths { .. })
    ));
    let folds = |folds, groups, events| Folds {
        folds,
        seed: 0,
        groups,
        events,
    };
    assert!(matches!(folds(1, None, None).split(5), Err(Error::Parameter { .. })));
    assert!(matches!(
        folds(3, Some(&[1, 1, 2, 2]), None).split(4),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(
        folds(2, None, Some(&[true])).split(4),
        Err(Error::Lengths { .. })
    ));
    assert!(matches!(leave_one_out(&[4, 4]), Err(Error::Parameter { .. })));
    assert!(matches!(leave_one_out(&[]), Err(Error::Empty)));
    assert!(matches!(percentile_interval(&[], 0.9), Err(Error::Empty)));
    assert!(matches!(
        percentile_interval(&[f64::NAN], 0.9),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(percentile_interval(&[1.0], 1.0), Err(Error::Parameter { .. })));
    let fails = |_: &Draw| Err::<(), Error>(Error::NoEvents);
    let whole = bootstrap(2, None).optimism(3, fails, |(), _| Ok(vec![]));
    assert!(matches!(whole, Err(Error::NoEvents)));
    let sometimes = |draw: &Draw| {
        if draw.left_out.is_empty() {
            Ok(())
        } else {
            Err(Error::NoEvents)
        }
    };
    let none = bootstrap(2, None).optimism(30, sometimes, |(), _| Ok(vec![0.0]));
    assert!(matches!(none, Err(Error::NoEvents)));
}

#[test]
fn each_centre_is_held_out_once() {
    let splits = leave_one_out(&[7, 3, 7, 5]).unwrap();
    let centres: Vec<usize> = splits.iter().map(|(centre, _)| *centre).collect();
    assert_eq!(centres, [3, 5, 7]);
    assert_eq!(splits[2].1.test, [0, 2]);
    assert_eq!(splits[2].1.train, [1, 3]);
}

proptest! {
    #[test]
    fn nobody_is_on_both_sides(
        groups in prop::collection::vec(0usize..12, 12..60),
        folds in 2usize..5,
        seed in any::<u64>(),
    ) {
        let n = groups.len();
        let events: Vec<bool> = (0..n).map(|i| groups[i] % 3 == 0).collect();
        let dealt = Folds { folds, seed, groups: Some(&groups), events: Some(&events) };
        let Ok(splits) = dealt.split(n) else { return Ok(()) };
        prop_assert_eq!(&splits, &dealt.split(n).unwrap());
        prop_assert_eq!(splits.len(), folds);
        let mut held: Vec<usize> = splits.iter().flat_map(|s| s.test.clone()).collect();
        held.sort_unstable();
        prop_assert_eq!(held, (0..n).collect::<Vec<usize>>());
        let mut with_event = Vec::new();
        for split in &splits {
            prop_assert_eq!(split.train.len() + split.test.len(), n);
            prop_assert!(split.test.iter().all(|i| split.train.iter().all(|j| groups[*i] != groups[*j])));
            let mut hit: Vec<usize> = split.test.iter().filter(|i| events[**i]).map(|i| groups[*i]).collect();
            hit.sort_unstable();
            hit.dedup();
            with_event.push(hit.len());
        }
        let (least, most) = (with_event.iter().min().unwrap(), with_event.iter().max().unwrap());
        prop_assert!(most - least <= 1, "events are shared out evenly");
    }

    #[test]
    fn clusters_are_drawn_whole(clusters in prop::collection::vec(0usize..9, 1..40), seed in any::<u64>()) {
        let n = clusters.len();
        let bootstrap = Bootstrap { replicates: 3, seed, clusters: Some(&clusters) };
        let draws = bootstrap.run(n, Draw::clone).unwrap();
        prop_assert_eq!(&draws, &threads(2, || bootstrap.run(n, Draw::clone).unwrap()));
        for draw in &draws {
            prop_assert_eq!(draw.rows.len(), draw.cluster.len());
            let numbers: std::collections::BTreeSet<usize> = draw.cluster.iter().copied().collect();
            let whole: std::collections::BTreeSet<usize> = clusters.iter().copied().collect();
            prop_assert_eq!(numbers.len(), whole.len());
            for number in numbers {
                let rows: Vec<usize> = (0..draw.rows.len()).filter(|k| draw.cluster[*k] == number).map(|k| draw.rows[k]).collect();
                let all: Vec<usize> = (0..n).filter(|i| clusters[*i] == clusters[rows[0]]).collect();
                prop_assert_eq!(rows, all);
            }
            let drawn = |i: &usize| draw.rows.contains(i);
            prop_assert_eq!(&draw.left_out, &(0..n).filter(|i| !drawn(i)).collect::<Vec<usize>>());
        }
    }
}
