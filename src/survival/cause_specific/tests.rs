use linfa::Dataset;
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;

use super::*;
use crate::survival::metrics::concordance;
use crate::survival::oracle::{METASTASIS, ROTTERDAM, close, json, near, numbers, table, words};
use crate::survival::{Cox, SurvivalModel, Ties};

fn women() -> (Array2<f64>, Array1<FollowUp>) {
    let women = table("brca_metastasis.csv");
    (
        women.design(&METASTASIS),
        Array1::from(women.follow_up("met_time", "met_type")),
    )
}

/// R's formula, the sum of S(u-) dH1(u), from the same steps.
fn sum_formula(pair: &CauseSpecific, row: ndarray::ArrayView1<f64>, to: f64) -> f64 {
    let ratio = |m: &CoxModel| m.centred_predictor(row).unwrap().exp();
    let (r1, r2) = (ratio(&pair.models[0]), ratio(&pair.models[1]));
    let second = pair.models[1].baseline();
    let (mut h1, mut sum) = (0.0, 0.0);
    for (time, hazard) in pair.models[0]
        .baseline()
        .times
        .iter()
        .zip(&pair.models[0].baseline().hazard)
    {
        if *time > to {
            break;
        }
        let h2: f64 = second
            .times
            .iter()
            .zip(&second.hazard)
            .filter(|(t, _)| *t < time)
            .map(|(_, h)| h * r2)
            .sum();
        sum += (-(h1 + h2)).exp() * hazard * r1;
        h1 += hazard * r1;
    }
    sum
}

#[test]
fn predictions_on_the_other_half_equal_the_reference() {
    let women = table("brca_metastasis.csv");
    let expected = &json("competing_validation.json")["result"];
    let x = women.design(&words(&expected["terms"]));
    let y = women.follow_up("met_time", "met_type");
    let (odd, even): (Vec<usize>, Vec<usize>) = (0..women.rows).partition(|i| women.column("pid")[*i] % 2.0 == 1.0);
    let targets = odd.iter().map(|i| y[*i]).collect();
    let pair = CauseSpecific::fit(x.select(ndarray::Axis(0), &odd), targets).unwrap();
    for j in 0..10 {
        close(
            pair.models[0].coefficients[j],
            numbers(&expected["coef_type1"])[j],
            1e-8,
        );
        close(
            pair.models[1].coefficients[j],
            numbers(&expected["coef_type2"])[j],
            1e-8,
        );
    }
    for (place, &i) in even.iter().take(5).enumerate() {
        for (k, at) in numbers(&expected["at"]).into_iter().enumerate() {
            let theirs = numbers(&expected["cif_first5_test"][place])[k];
            near(sum_formula(&pair, x.row(i), at), theirs, 1e-9);
            near(pair.risk(x.row(i), 0.0, at).unwrap(), theirs, 5e-4);
        }
    }
    // Where the sum formula passes 1 (the reference has 1.0009), ours does not.
    let last = pair.followed_to().min(10.0);
    let ours = even
        .iter()
        .map(|i| pair.risk(x.row(*i), 0.0, last).unwrap())
        .fold(0.0, f64::max);
    assert!(expected["max_cif"].as_f64().unwrap() > 1.0 && ours <= 1.0);
}

#[test]
fn the_chance_after_a_while_follows_from_the_chances_before() {
    let (x, y) = women();
    let pair = CauseSpecific::fit(x.clone(), y).unwrap();
    for i in 0..50 {
        let row = x.row(i);
        let free = 1.0 - pair.risk(row, 0.0, 3.0).unwrap() - pair.competing_risk(row, 0.0, 3.0).unwrap();
        let whole = pair.risk(row, 0.0, 4.0).unwrap();
        near(
            pair.risk(row, 0.0, 3.0).unwrap() + free * pair.risk(row, 3.0, 4.0).unwrap(),
            whole,
            1e-12,
        );
    }
}

/// The interval's variance against differences of the risk itself, term by term.
#[test]
fn the_interval_is_the_delta_method() {
    let (x, y) = women();
    let pair = CauseSpecific::fit(x.clone(), y).unwrap();
    for i in [0, 7, 1500] {
        let row = x.row(i);
        let (from, to) = (2.0, 3.0);
        let slope = |change: &dyn Fn(&mut CauseSpecific, f64), size: f64| {
            let at = |e: f64| {
                let mut moved = pair.clone();
                change(&mut moved, e);
                moved.risk(row, from, to).unwrap()
            };
            (at(size) - at(-size)) / (2.0 * size)
        };
        let mut variance = 0.0;
        for second in [false, true] {
            let model = &pair.models[usize::from(second)];
            // A coefficient moves the ratio and, through the risk-set means, the baseline.
            let lever: Array1<f64> = (0..10)
                .map(|j| {
                    let change = |pair: &mut CauseSpecific, e: f64| {
                        let m = &mut pair.models[usize::from(second)];
                        m.coefficients[j] += e;
                        let baseline = &mut m.baselines[0];
                        for (k, h) in baseline.hazard.iter_mut().enumerate() {
                            *h *= (-e * baseline.risk_set_mean[[k, j]]).exp();
                        }
                    };
                    slope(&change, 1e-6)
                })
                .collect();
            variance += lever.dot(&model.covariance.dot(&lever));
            for step in model.baseline().steps_until(from)..model.baseline().steps_until(to) {
                let change = |pair: &mut CauseSpecific, e: f64| {
                    let m = &mut pair.models[usize::from(second)];
                    m.baselines[0].hazard[step] += e;
                };
                variance += model.baseline().variance[step] * slope(&change, 1e-7).powi(2);
            }
        }
        let window = pair.window(from, to).unwrap();
        let path = window.path(&pair.predictors(row).unwrap());
        let ours = path.variance_of(0, &pair, row);
        close(ours, variance, 1e-4);
        let risk = pair.risk_with_interval(row, from, to, 0.95).unwrap();
        assert!(0.0 < risk.lower && risk.lower < risk.value && risk.value < risk.upper && risk.upper < 1.0);
    }
}

#[test]
fn what_can_not_be_said_has_a_name() {
    let (x, y) = women();
    let pair = CauseSpecific::fit(x.clone(), y).unwrap();
    let end = pair.followed_to();
    assert!(matches!(
        pair.risk(x.row(0), end - 0.5, end + 0.5),
        Err(Error::BeyondFollowUp { .. })
    ));
    assert!(matches!(pair.risk(x.row(0), 2.0, 1.0), Err(Error::Parameter { .. })));
    assert!(matches!(pair.risk(x.row(0), f64::NAN, 1.0), Err(Error::NotATime(_))));
    assert!(matches!(
        pair.risk(array![1.0].view(), 0.0, 1.0),
        Err(Error::Width { .. })
    ));
    assert!(pair.risk_with_interval(x.row(0), 0.0, 1.0, 95.0).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn chances_stay_chances_for_any_row(
        row in prop::collection::vec(prop_oneof![-3.0..90.0, -1e4..1e6], 10),
        from in 0.0..15.0,
        length in 0.0..4.0,
    ) {
        static PAIR: std::sync::OnceLock<CauseSpecific> = std::sync::OnceLock::new();
        let pair = PAIR.get_or_init(|| { let (x, y) = women(); CauseSpecific::fit(x, y).unwrap() });
        let row = Array1::from(row);
        let risk = pair.risk_with_interval(row.view(), from, from + length, 0.95).unwrap();
        let other = pair.competing_risk(row.view(), from, from + length).unwrap();
        prop_assert!((0.0..=1.0).contains(&risk.value) && (0.0..=1.0).contains(&other));
        prop_assert!(risk.value + other <= 1.0 + 1e-9);
        prop_assert!(0.0 <= risk.lower && risk.lower <= risk.value && risk.value <= risk.upper && risk.upper <= 1.0);
        prop_assert!(pair.risk(row.view(), from, from + length / 2.0).unwrap() <= risk.value + 1e-12);
    }
}

#[test]
fn shares_make_up_the_risk() {
    let (x, y) = women();
    let pair = CauseSpecific::fit(x.clone(), y).unwrap();
    for i in (0..x.nrows()).step_by(97) {
        let shares = pair.shares(x.row(i), 1.0, 2.0).unwrap();
        near(
            shares.at_means + shares.effects.iter().sum::<f64>(),
            pair.risk(x.row(i), 1.0, 2.0).unwrap(),
            1e-14,
        );
    }
    // One column away from the means takes all of the difference.
    let mut row = pair.models[0].means.clone();
    row[5] += 10.0;
    let shares = pair.shares(row.view(), 1.0, 2.0).unwrap();
    near(shares.effects[5], shares.value - shares.at_means, 1e-12);
    near(shares.effects[0], 0.0, 1e-12);
}

/// Both data sets of the reference, each cause's model whole.
#[test]
fn each_cause_equals_the_reference() {
    let all = json("competing_risks.json");
    let cases = [
        (
            "rotterdam_relapse_vs_death",
            "rotterdam.csv",
            &ROTTERDAM,
            "fe_days",
            "fe_type",
        ),
        (
            "brca_metastasis_vs_death",
            "brca_metastasis.csv",
            &METASTASIS,
            "met_time",
            "met_type",
        ),
    ];
    for (name, file, terms, time, event) in cases {
        let women = table(file);
        let data = Dataset::new(women.design(terms), Array1::from(women.follow_up(time, event)));
        let data = data.with_feature_names(terms.to_vec());
        let fitted = CauseSpecific::params().fit(&data).unwrap();
        assert_eq!(fitted.names, terms);
        let summaries = fitted.summaries(0.95).unwrap();
        for (k, cause) in ["type1", "type2"].into_iter().enumerate() {
            let (model, expected) = (&fitted.models[k], &all[name]["cause_specific"][cause]);
            assert_eq!(expected["ties"], "efron");
            assert_eq!(model.n, expected["n"].as_u64().unwrap() as usize);
            assert_eq!(model.events, expected["events"].as_u64().unwrap() as usize);
            for (j, row) in summaries[k].coefficients.iter().enumerate() {
                assert_eq!(row.name, expected["terms"][j].as_str().unwrap());
                close(row.estimate, numbers(&expected["coef"])[j], 1e-8);
                close(row.se.unwrap(), numbers(&expected["se"])[j], 1e-8);
                for (i, theirs) in numbers(&expected["vcov"][j]).into_iter().enumerate() {
                    let scale = (model.covariance[[i, i]] * model.covariance[[j, j]]).sqrt();
                    near(model.covariance[[j, i]], theirs, 1e-8 * scale);
                }
            }
            let number = |name: &str| expected[name].as_f64().unwrap();
            close(model.log_likelihood_null, number("loglik_null"), 1e-8);
            close(model.log_likelihood, number("loglik"), 1e-8);
            close(model.likelihood_ratio_test().chi_square, number("lr_chisq"), 1e-8);
            close(model.score_test.chi_square, number("score_chisq"), 1e-8);
            close(model.wald_test().chi_square, number("wald_chisq"), 1e-8);
            let scores = data.records.dot(&model.coefficients).to_vec();
            let ours = concordance(&data.targets.to_vec(), &scores, model.cause).unwrap();
            let theirs = &expected["concordance"];
            near(ours.index().unwrap(), theirs["c"].as_f64().unwrap(), 1e-10);
            let count = |name: &str| theirs["counts"][name].as_f64().unwrap();
            assert_eq!(
                (ours.pairs.concordant, ours.pairs.discordant),
                (count("concordant"), count("discordant"))
            );
            assert_eq!(ours.pairs.tied_score, count("tied.x"));
            assert_eq!(
                (ours.pairs.tied_time, ours.pairs.tied_both),
                (count("tied.y"), count("tied.xy"))
            );
            near(ours.se.unwrap(), theirs["se"].as_f64().unwrap(), 1e-10);
        }
    }
}

/// The sum formula on the test half, all times, from the function that many rows go through.
#[test]
fn curves_of_many_rows_are_those_of_each() {
    let (x, y) = women();
    let pair = CauseSpecific::fit(x.clone(), y).unwrap();
    let times = [5.0, 0.0, 1.0, 10.0, 2.0];
    let all = pair.cif_at(x.view(), &times).unwrap();
    let sums = pair.sum_formula_at(1, x.view(), &times).unwrap();
    let free = pair.survival_at(x.view(), &times).unwrap();
    assert_eq!(all.dim(), (x.nrows(), 5, 3));
    for i in (0..x.nrows()).step_by(50) {
        for (k, at) in times.into_iter().enumerate() {
            near(all[[i, k, 1]], pair.risk(x.row(i), 0.0, at).unwrap(), 1e-13);
            near(all[[i, k, 2]], pair.competing_risk(x.row(i), 0.0, at).unwrap(), 1e-13);
            near(all[[i, k, 2]], pair.risk_of(2, x.row(i), 0.0, at).unwrap(), 1e-13);
            near(sums[[i, k]], sum_formula(&pair, x.row(i), at), 1e-12);
            assert_eq!(all[[i, k, 0]], free[[i, k]]);
            let hazard: f64 = (pair.models.iter())
                .map(|m| m.baseline().cumulative_at(at) * m.centred_predictor(x.row(i)).unwrap().exp())
                .sum();
            near(free[[i, k]], (-hazard).exp(), 1e-13);
        }
    }
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one.install(|| pair.cif_at(x.view(), &times).unwrap()), all);
}

/// Three causes: codes in another order give the same models in that order, and a cause of its own part of the events.
fn three() -> (Array2<f64>, Array1<FollowUp>) {
    let (x, y) = women();
    let y = y.iter().enumerate().map(|(i, s)| {
        let event = if s.event() == 1 && i % 3 == 0 { 3 } else { s.event() };
        FollowUp::until(s.exit(), event).unwrap()
    });
    (x, y.collect())
}

#[test]
fn more_than_two_causes_share_what_is_to_be_had() {
    let (x, y) = three();
    let data = Dataset::new(x.clone(), y.clone());
    let model = CauseSpecific::params().fit(&data).unwrap();
    assert_eq!(model.models.len(), 3);
    let turned = y.mapv(|s| FollowUp::until(s.exit(), (4 - s.event()) % 4).unwrap());
    let turned = CauseSpecific::fit(x.clone(), turned).unwrap();
    for i in [3, 500, 2000] {
        let row = x.row(i);
        for cause in 1..=3 {
            let ours = model.risk_of_with_interval(cause, row, 1.0, 6.0, 0.9).unwrap();
            let other = turned.risk_of_with_interval(4 - cause, row, 1.0, 6.0, 0.9).unwrap();
            near(ours.value, other.value, 1e-12);
            near(ours.lower, other.lower, 1e-12);
        }
        let sum: f64 = (1..=3).map(|cause| model.risk_of(cause, row, 1.0, 6.0).unwrap()).sum();
        near(
            model.risk(row, 1.0, 6.0).unwrap() + model.competing_risk(row, 1.0, 6.0).unwrap(),
            sum,
            1e-14,
        );
        let shares = model.shares(row, 1.0, 6.0).unwrap();
        near(
            shares.at_means + shares.effects.iter().sum::<f64>(),
            shares.value,
            1e-14,
        );
    }
    let stored = serde_json::to_string(&model).unwrap();
    let again: CauseSpecific = serde_json::from_str(&stored).unwrap();
    assert_eq!(again, model);
    assert_eq!(
        again.cif_at(x.view(), &[5.0]).unwrap(),
        model.cif_at(x.view(), &[5.0]).unwrap()
    );
}

#[test]
fn each_cause_may_look_at_columns_of_its_own() {
    let (x, y) = three();
    let all: Vec<usize> = (0..10).collect();
    let data = Dataset::new(x.clone(), y.clone()).with_feature_names(METASTASIS.to_vec());
    let lists = vec![all, vec![0, 5], vec![]];
    let model = CauseSpecific::params().columns(lists).fit(&data).unwrap();
    assert_eq!(model.models[1].names, ["age", "nodes"]);
    assert_eq!(model.models[2].coefficients.len(), 0);
    let alone = Cox::params()
        .cause(2)
        .fit(&Dataset::new(x.select(ndarray::Axis(1), &[0, 5]), y))
        .unwrap();
    assert_eq!(alone.coefficients, model.models[1].coefficients);
    let mut row = x.row(4).to_owned();
    let before = model.risk_of(3, row.view(), 0.0, 0.5).unwrap();
    let risk = model.risk_with_interval(row.view(), 0.0, 5.0, 0.95).unwrap();
    assert!(risk.lower < risk.value && risk.value < risk.upper);
    let shares = model.shares(row.view(), 0.0, 5.0).unwrap();
    near(shares.value, risk.value, 1e-14);
    row[7] += 1.0;
    assert!(
        model.risk_of(3, row.view(), 0.0, 0.5).unwrap() != before,
        "through cause 1"
    );
}

#[test]
fn settings_that_can_not_be_have_a_name() {
    let (x, y) = three();
    let fit = |params: CauseSpecificParams, y: &Array1<FollowUp>| params.fit(&Dataset::new(x.clone(), y.clone()));
    let params = CauseSpecific::params;
    let refused = |params, y| matches!(fit(params, y), Err(Error::Parameter { .. }));
    assert!(refused(params().causes(0), &y) && refused(params().causes(2), &y));
    assert!(matches!(fit(params().ties(Ties::Exact), &y), Err(Error::ExactTies)));
    assert!(refused(params().columns(vec![vec![0]]), &y));
    assert!(refused(params().columns(vec![vec![0], vec![10], vec![1]]), &y));
    assert!(matches!(fit(params().causes(4), &y), Err(Error::NoEvents)));
    assert!(matches!(
        fit(params().weights(vec![-1.0; 2982]), &y),
        Err(Error::Weight { .. })
    ));
    let one = y.mapv(|s| FollowUp::until(s.exit(), s.event().min(1)).unwrap());
    assert!(matches!(fit(params(), &one), Err(Error::NoEvents)));
    let alone = fit(params().causes(1), &one).unwrap();
    let cox = Cox::params().fit(&Dataset::new(x.clone(), one)).unwrap();
    let ours = alone.survival_at(x.view(), &[5.0]).unwrap();
    for (ours, theirs) in ours.iter().zip(&cox.survival_at(x.view(), &[5.0]).unwrap()) {
        near(*ours, *theirs, 1e-13);
    }
    let wild = y.mapv(|s| FollowUp::until(s.exit(), s.event() * 1_000_000_000).unwrap());
    assert!(matches!(fit(params(), &wild), Err(Error::NoEvents)));
    assert!(matches!(
        CauseSpecific::fit(Array2::zeros((0, 2)), Array1::from(vec![])),
        Err(Error::Empty)
    ));
    let model = fit(params(), &y).unwrap();
    assert!(matches!(
        model.risk_of(4, x.row(0), 0.0, 1.0),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(
        model.risk_of(0, x.row(0), 0.0, 1.0),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(model.cif_at(x.view(), &[-1.0]), Err(Error::Parameter { .. })));
    assert!(matches!(model.cif_at(x.view(), &[f64::NAN]), Err(Error::NotATime(_))));
    assert!(matches!(
        model.cif_at(x.view(), &[1e9]),
        Err(Error::BeyondFollowUp { .. })
    ));
    let mut bad = x.clone();
    bad[[2000, 3]] = f64::NAN;
    bad[[2700, 4]] = f64::NAN;
    assert!(matches!(
        model.cif_at(bad.view(), &[1.0]),
        Err(Error::NotFinite { row: 2000, column: 3 })
    ));
    assert!(matches!(
        model.cif_at(Array2::zeros((3, 2)).view(), &[1.0]),
        Err(Error::Width { .. })
    ));
    assert_eq!(model.cif_at(x.view(), &[]).unwrap().dim(), (2982, 0, 4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// Whatever the row, its states add up to 1, and no curve turns back.
    #[test]
    fn states_add_up_for_any_row(row in prop::collection::vec(prop_oneof![-3.0..90.0, -1e4..1e6], 10)) {
        static MODEL: std::sync::OnceLock<CauseSpecific> = std::sync::OnceLock::new();
        let model = MODEL.get_or_init(|| { let (x, y) = three(); CauseSpecific::fit(x, y).unwrap() });
        let row = Array2::from_shape_vec((1, 10), row).unwrap();
        let all = model.cif_at(row.view(), &[0.0, 1.0, 4.0, 9.0, model.followed_to()]).unwrap();
        let page = all.index_axis(ndarray::Axis(0), 0);
        for states in page.rows() {
            prop_assert!(states.iter().all(|s| (0.0..=1.0).contains(s)));
            near(states.sum(), 1.0, 1e-12);
        }
        for (before, after) in page.rows().into_iter().zip(page.rows().into_iter().skip(1)) {
            prop_assert!(after[0] <= before[0]);
            prop_assert!((1..4).all(|k| after[k] >= before[k]));
        }
    }
}
