use ndarray::{Array1, Array2, array};
use proptest::prelude::*;

use super::*;
use crate::survival::oracle::{METASTASIS, close, json, near, numbers, table};

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
    let (r1, r2) = (ratio(&pair.first), ratio(&pair.second));
    let second = pair.second.baseline();
    let (mut h1, mut sum) = (0.0, 0.0);
    for (time, hazard) in pair.first.baseline().times.iter().zip(&pair.first.baseline().hazard) {
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
    let terms = expected["terms"].as_array().unwrap();
    let x = Array2::from_shape_fn((women.rows, 10), |(i, j)| match terms[j].as_str().unwrap() {
        "nodes_exp" => (-0.12 * women.column("nodes")[i]).exp(),
        "log_pr1" => (women.column("pr")[i] + 1.0).ln(),
        "log_er1" => (women.column("er")[i] + 1.0).ln(),
        name => women.column(name)[i],
    });
    let y = women.follow_up("met_time", "met_type");
    let (odd, even): (Vec<usize>, Vec<usize>) = (0..women.rows).partition(|i| women.column("pid")[*i] % 2.0 == 1.0);
    let targets = odd.iter().map(|i| y[*i]).collect();
    let pair = CauseSpecific::fit(x.select(ndarray::Axis(0), &odd), targets).unwrap();
    for j in 0..10 {
        close(pair.first.coefficients[j], numbers(&expected["coef_type1"])[j], 1e-8);
        close(pair.second.coefficients[j], numbers(&expected["coef_type2"])[j], 1e-8);
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
            let model = if second { &pair.second } else { &pair.first };
            // A coefficient moves the ratio and, through the risk-set means, the baseline.
            let lever: Array1<f64> = (0..10)
                .map(|j| {
                    let change = |pair: &mut CauseSpecific, e: f64| {
                        let m = if second { &mut pair.second } else { &mut pair.first };
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
                    let m = if second { &mut pair.second } else { &mut pair.first };
                    m.baselines[0].hazard[step] += e;
                };
                variance += model.baseline().variance[step] * slope(&change, 1e-7).powi(2);
            }
        }
        let ours = pair.path(row, from, to).unwrap().variance_of_first(&pair, row);
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
    let mut row = pair.first.means.clone();
    row[5] += 10.0;
    let shares = pair.shares(row.view(), 1.0, 2.0).unwrap();
    near(shares.effects[5], shares.value - shares.at_means, 1e-12);
    near(shares.effects[0], 0.0, 1e-12);
}
