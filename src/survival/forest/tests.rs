use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, Axis, Ix1, array};
use proptest::prelude::*;

use super::sample::Sample;
use super::split::LogRankSplitter;
use super::*;
use crate::survival::kaplan_meier::tests::some_subjects;
use crate::survival::oracle::{near, table};
use crate::survival::tree::peers::{crossing, measures, peer, women};
use crate::survival::tree::{Bins, Splitter, streams};
use crate::survival::{AalenJohansen, Cox, Error, FollowUp, KaplanMeier, SurvivalModel};

type Data = Dataset<f64, FollowUp, Ix1>;

fn grown(data: &Data, params: &ForestParams) -> ForestModel {
    params.clone().fit(data).unwrap()
}

fn stump() -> ForestParams {
    Forest::params().ensemble_size(1).draw(Draw::All)
}

/// The statistic by its definition: at each event time of `cause`, who falls and who is at risk on either side.
fn log_rank(subjects: &[FollowUp], weights: &[f64], left: &[bool], cause: u32) -> f64 {
    let (mut numerator, mut variance) = (0.0, 0.0);
    let mut times: Vec<f64> = subjects
        .iter()
        .filter(|s| s.had(Some(cause)))
        .map(FollowUp::exit)
        .collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    for time in times {
        let sum = |keep: &dyn Fn(usize) -> bool| {
            (0..subjects.len())
                .filter(|i| keep(*i))
                .map(|i| weights[i])
                .sum::<f64>()
        };
        let at_risk = |i: usize| subjects[i].entry() < time && time <= subjects[i].exit();
        let falls = |i: usize| subjects[i].exit() == time && subjects[i].had(Some(cause));
        let (y, d) = (sum(&at_risk), sum(&falls));
        let share = sum(&|i| left[i] && at_risk(i)) / y;
        numerator += sum(&|i| left[i] && falls(i)) - d * share;
        if y > 1.0 {
            variance += d * (y - d) / (y - 1.0) * share * (1.0 - share);
        }
    }
    if variance > 1e-9 {
        numerator * numerator / variance
    } else {
        0.0
    }
}

proptest! {
    /// Late entries, ties, two causes, whole weights: the best of all cuts, found in one pass, is the best by the definition.
    #[test]
    fn the_split_is_the_best_log_rank_test(
        subjects in some_subjects(),
        seed in prop::collection::vec((0u8..5, 0u8..5, 1u8..4), 60),
    ) {
        let n = subjects.len();
        prop_assume!(subjects.iter().any(|s| s.event() > 0));
        let x = Array2::from_shape_fn((n, 2), |(i, j)| f64::from(if j == 0 { seed[i].0 } else { seed[i].1 }));
        let weights: Vec<f64> = (0..n).map(|i| f64::from(seed[i].2)).collect();
        let params = stump().min_weight_leaf(1.0).min_weight_split(1.0).mtry(2).check().unwrap();
        let sample = Sample::of(&subjects, &weights, &params).unwrap();
        let bins = Bins::of(x.view(), &sample.order);
        let mut splitter = LogRankSplitter::new(&params, &sample, &bins, &sample.weights, streams(1, 1).remove(0));
        let split = splitter.split(&(0..n as u32).collect::<Vec<u32>>());
        let mut best = 0.0_f64;
        for (column, cut) in (0..2).flat_map(|column| (0..5).map(move |cut| (column, f64::from(cut)))) {
            let left: Vec<bool> = x.column(column).iter().map(|v| *v <= cut).collect();
            best = best.max((1..=2).map(|cause| log_rank(&subjects, &weights, &left, cause)).sum());
        }
        prop_assert!((split.map_or(0.0, |s| s.gain) - best).abs() <= 1e-8 * (1.0 + best), "{split:?} {best}");
        if let Some(split) = split {
            let threshold = bins.threshold(split.column, split.code);
            let left: Vec<bool> = x.column(split.column).iter().map(|v| *v <= threshold).collect();
            let own: f64 = (1..=2).map(|cause| log_rank(&subjects, &weights, &left, cause)).sum();
            prop_assert!((own - split.gain).abs() <= 1e-8 * (1.0 + own));
        }
    }

    #[test]
    fn curves_fall_and_add_up(subjects in some_subjects(), seed in prop::collection::vec(0u8..9, 60), time in 0.0f64..20.0) {
        prop_assume!(subjects.iter().any(|s| s.event() > 0));
        let x = Array2::from_shape_fn((subjects.len(), 1), |(i, _)| f64::from(seed[i]));
        let data = Dataset::new(x.clone(), Array1::from(subjects));
        let model = grown(&data, &Forest::params().ensemble_size(5).min_weight_leaf(2.0).min_weight_split(4.0));
        let times = [time, time + 1.0, time + 5.0];
        let free = model.survival_at(x.view(), &times).unwrap();
        let mut all = free.clone();
        for cause in &model.causes {
            all += &model.incidence_at(x.view(), *cause, &times).unwrap();
        }
        prop_assert!(all.iter().all(|sum| (sum - 1.0).abs() < 1e-12));
        prop_assert!(free.rows().into_iter().all(|row| row[0] >= row[1] && row[1] >= row[2] && row[2] >= 0.0));
        let hazard = model.cumulative_hazard_at(x.view(), None, &times).unwrap();
        prop_assert!(hazard.rows().into_iter().all(|row| row[0] <= row[1] && row[1] <= row[2]));
        prop_assert!(model.predict(&x).iter().all(|m| m.is_finite() && *m >= 0.0));
    }
}

/// A forest of one leaf is the Kaplan-Meier, Nelson-Aalen and Aalen-Johansen estimate of all rows.
#[test]
fn a_leaf_is_the_whole_estimate() {
    let women = table("rotterdam.csv");
    let subjects = women.follow_up("fe_days", "fe_type");
    let data = Dataset::new(women.design(&["age"]), Array1::from(subjects.clone()));
    let model = grown(&data, &stump().max_depth(Some(0)).max_times(5000));
    let whole = KaplanMeier::fit(&subjects, None).unwrap();
    let causes = AalenJohansen::fit(&subjects).unwrap();
    let one = array![[50.0]];
    let mut hazard = 0.0;
    for (step, incidence) in whole.steps.iter().zip(&causes.steps) {
        let at = [step.time];
        hazard += step.events / step.at_risk;
        near(
            model.survival_at(one.view(), &at).unwrap()[[0, 0]],
            step.survival,
            1e-12,
        );
        near(
            model.cumulative_hazard_at(one.view(), None, &at).unwrap()[[0, 0]],
            hazard,
            1e-11,
        );
        for cause in [1, 2] {
            let ours = model.incidence_at(one.view(), cause, &at).unwrap()[[0, 0]];
            near(ours, causes.incidence_at(cause, incidence.time), 1e-12);
        }
    }
}

/// On the reference's data with its leaf size; its random numbers and its way to draw subjects are its own, so the mean of a
/// few small forests is held to it with a margin.
#[test]
fn as_good_as_the_peer() {
    let (train, test) = (women("rotterdam.csv", true), women("gbsg.csv", false));
    let theirs = peer("random_survival_forest_500_leaf15");
    let seeds = 0..3;
    let (mut harrell, mut auc, mut brier) = (0.0, [0.0; 3], 0.0);
    for seed in seeds.clone() {
        let model = grown(&train, &Forest::params().ensemble_size(60).seed(seed));
        let ours = measures(&test, &model.predict(&test), &model);
        let share = f64::from(seeds.end as u32);
        harrell += ours.harrell / share;
        auc.iter_mut().zip(ours.auc).for_each(|(sum, a)| *sum += a / share);
        brier += ours.brier / share;
        near(model.oob_concordance.unwrap(), 0.667, 0.008);
    }
    assert!(harrell > theirs.harrell - 0.005);
    (auc.iter().zip(theirs.auc)).for_each(|(ours, theirs)| assert!(*ours > theirs - 0.008));
    assert!(brier < theirs.brier + 0.0015);
}

#[test]
fn finds_what_a_line_can_not() {
    let (train, test) = (crossing(600, 1), crossing(600, 2));
    let cox = Cox::params().fit(&train).unwrap();
    let linear = measures(&test, &cox.predict(&test), &cox);
    let model = grown(&train, &Forest::params().ensemble_size(60));
    let ours = measures(&test, &model.predict(&test), &model);
    let seen = train.targets.as_slice().unwrap();
    let importance = model.importance(train.records.view(), seen, 5).unwrap();
    assert!(linear.harrell < 0.56 && ours.harrell > 0.70);
    assert!(ours.brier < linear.brier - 0.02);
    near(model.oob_concordance.unwrap(), ours.harrell, 0.03);
    assert!(importance[..2].iter().all(|i| i.loss > 0.05));
    assert!(importance[2..].iter().all(|i| i.loss.abs() < 0.02));
    assert_eq!(importance, model.importance(train.records.view(), seen, 5).unwrap());
    // Out of bag, the curves are those of rows never seen; in the bag they flatter.
    let times = [700.0];
    let blind = model.oob_survival_at(train.records.view(), &times).unwrap();
    let fitted = model.survival_at(train.records.view(), &times).unwrap();
    assert!(blind.iter().zip(&fitted).any(|(a, b)| (a - b).abs() > 0.05));
}

#[test]
fn a_seed_is_a_forest() {
    let data = crossing(200, 3);
    let params = Forest::params().ensemble_size(12).seed(4);
    let model = grown(&data, &params);
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for threads in [1, 3] {
        assert_eq!(pool(threads).install(|| grown(&data, &params)), model);
    }
    assert_ne!(grown(&data, &params.clone().seed(5)), model);
    for draw in [Draw::Bootstrap, Draw::All, Draw::Subsample(0.3)] {
        let model = grown(&data, &params.clone().draw(draw));
        assert_eq!(model.oob_concordance.is_none(), draw == Draw::All);
    }
    let stored: ForestModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert_eq!(stored, model);
    let curves = |model: &ForestModel| model.survival_at(data.records.view(), &[300.0, 900.0]).unwrap();
    assert_eq!(curves(&stored), curves(&model));
    assert_eq!(stored.predict(&data), model.predict(&data));
}

/// What a forest may not depend on: the unit of time, any increasing change of a column, the order of rows.
#[test]
fn only_orders_matter() {
    let data = crossing(200, 6);
    let params = Forest::params().ensemble_size(3).draw(Draw::All).seed(1);
    let scores = |records: &Array2<f64>, targets: Vec<FollowUp>| {
        let data = Dataset::new(records.clone(), Array1::from(targets));
        grown(&data, &params).predict(records)
    };
    let (x, y) = (&data.records, data.targets.to_vec());
    let plain = scores(x, y.clone());
    let years = y.iter().map(|s| FollowUp::until(s.exit() / 365.25, s.event()).unwrap());
    assert_eq!(scores(x, years.collect()), plain);
    assert_eq!(scores(&x.mapv(|v| 3.0 * v + 1.0), y.clone()), plain);
    let back: Vec<usize> = (0..200).rev().collect();
    let reversed = scores(&x.select(Axis(0), &back), back.iter().map(|i| y[*i]).collect());
    assert_eq!(reversed.select(Axis(0), &back), plain);
}

#[test]
fn weight_two_is_the_row_twice() {
    let data = crossing(150, 5);
    let twice: Vec<usize> = (0..150).flat_map(|i| vec![i; 1 + i % 2]).collect();
    let targets = twice.iter().map(|i| data.targets[*i]).collect::<Array1<_>>();
    let doubled = grown(&Dataset::new(data.records.select(Axis(0), &twice), targets), &stump());
    let weights = (0..150).map(|i| 1.0 + f64::from(i % 2)).collect();
    let weighted = grown(&data, &stump().weights(weights));
    let (a, b) = (weighted.predict(&data), doubled.predict(&data));
    a.iter().zip(&b).for_each(|(a, b)| near(*a, *b, 1e-9));
}

/// Few grid times are a coarser curve, but the same at those times.
#[test]
fn a_grid_may_be_coarse() {
    let data = crossing(300, 7);
    let one = data.records.slice_axis(Axis(0), (0..1).into());
    let fine = grown(&data, &stump().max_depth(Some(0)));
    let coarse = grown(&data, &stump().max_depth(Some(0)).max_times(20));
    assert_eq!(coarse.predict(&data), fine.predict(&data));
    assert_eq!((coarse.times.len(), coarse.times.last()), (20, fine.times.last()));
    for time in coarse.times.clone() {
        let at = |model: &ForestModel| model.survival_at(one, &[time]).unwrap()[[0, 0]];
        near(at(&coarse), at(&fine), 1e-12);
    }
}

#[test]
fn degenerate_input_has_a_name() {
    let data = crossing(50, 6);
    let fit = |params: ForestParams| params.fit(&data);
    for params in [
        Forest::params().ensemble_size(0),
        Forest::params().mtry(0),
        Forest::params().mtry(5),
        Forest::params().min_weight_split(f64::NAN),
        Forest::params().min_weight_leaf(0.0),
        Forest::params().max_times(0),
        Forest::params().max_times(70_000),
        Forest::params().draw(Draw::Subsample(0.0)),
        Forest::params().cause(0),
    ] {
        assert!(matches!(fit(params), Err(Error::Parameter { .. })));
    }
    assert!(matches!(fit(Forest::params().cause(7)), Err(Error::NoEvents)));
    assert!(matches!(
        fit(Forest::params().weights(vec![1.0])),
        Err(Error::Lengths { .. })
    ));
    assert!(matches!(
        fit(Forest::params().weights(vec![0.0; 50])),
        Err(Error::Weight { .. })
    ));
    let targets = data.targets.clone();
    let of = |records: Array2<f64>, targets: Array1<FollowUp>| {
        Forest::params().ensemble_size(3).fit(&Dataset::new(records, targets))
    };
    assert!(matches!(
        of(Array2::zeros((0, 1)), Array1::from(vec![])),
        Err(Error::Empty)
    ));
    assert!(matches!(
        of(Array2::from_elem((50, 1), f64::NAN), targets.clone()),
        Err(Error::NotFinite { .. })
    ));
    let censored = targets.mapv(|s| FollowUp::until(s.exit(), 0).unwrap());
    assert!(matches!(of(Array2::zeros((50, 1)), censored), Err(Error::NoEvents)));
    // Constant columns, no columns, all at one time, one subject: a single leaf.
    let tied = targets.mapv(|_| FollowUp::until(2.0, 1).unwrap());
    for model in [
        of(Array2::zeros((50, 2)), targets.clone()).unwrap(),
        of(Array2::zeros((50, 0)), targets).unwrap(),
        of(data.records.clone(), tied).unwrap(),
        of(Array2::zeros((1, 1)), array![FollowUp::until(2.0, 1).unwrap()]).unwrap(),
    ] {
        assert_eq!(model.leaves(), 3);
        assert!(
            model
                .survival_at(Array2::zeros((1, model.names.len())).view(), &[1.0, 9.0])
                .unwrap()[[0, 1]]
                >= 0.0
        );
    }
    let model = fit(Forest::params().ensemble_size(2)).unwrap();
    let asked = |x: Array2<f64>, time: f64| model.survival_at(x.view(), &[time]);
    assert!(matches!(asked(array![[1.0]], 1.0), Err(Error::Width { .. })));
    assert!(matches!(
        asked(array![[1.0, f64::NAN, 0.0, 0.0]], 1.0),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        asked(array![[1.0, 0.0, 0.0, 0.0]], f64::NAN),
        Err(Error::NotATime(_))
    ));
    assert!(model.predict(&array![[1.0, f64::NAN, 0.0, 0.0]])[0].is_nan());
    assert!(matches!(
        model.incidence_at(data.records.view(), 3, &[1.0]),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(
        model.oob_survival_at(data.records.view(), &[1.0]),
        Err(Error::Parameter { .. })
    ));
}
