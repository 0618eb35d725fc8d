//! Metastasis with death competing: one half of the women predicts the other.

use ndarray::{Array1, Axis};

use super::super::*;
use crate::survival::oracle::{json, near, numbers, table, words};
use crate::survival::{AalenJohansen, CauseSpecific, CoxModel, FollowUp};

const TOLERANCE: f64 = 1e-10;

/// The reference's formula for the chance, the sum of S(u-) dH1(u), from the same steps.
fn sum_formula(pair: &CauseSpecific, row: ndarray::ArrayView1<f64>, to: f64) -> f64 {
    let ratio = |m: &CoxModel| m.centred_predictor(row).unwrap().exp();
    let (r1, r2) = (ratio(&pair.models[0]), ratio(&pair.models[1]));
    let (first, second) = (pair.models[0].baseline(), pair.models[1].baseline());
    let (mut h1, mut h2, mut other, mut sum) = (0.0, 0.0, 0, 0.0);
    for (time, hazard) in first.times.iter().zip(&first.hazard).take_while(|(t, _)| **t <= to) {
        while other < second.times.len() && second.times[other] < *time {
            h2 += second.hazard[other] * r2;
            other += 1;
        }
        sum += f64::exp(-(h1 + h2)) * hazard * r1;
        h1 += hazard * r1;
    }
    sum
}

#[test]
fn half_of_the_women_predicts_the_other() {
    let women = table("brca_metastasis.csv");
    let expected = &json("competing_validation.json")["result"];
    let x = women.design(&words(&expected["terms"]));
    let y = women.follow_up("met_time", "met_type");
    let (odd, even): (Vec<usize>, Vec<usize>) = (0..women.rows).partition(|i| women.column("pid")[*i] % 2.0 == 1.0);
    let of = |rows: &[usize]| -> Vec<FollowUp> { rows.iter().map(|i| y[*i]).collect() };
    let (development, validation) = (of(&odd), of(&even));
    let pair = CauseSpecific::fit(x.select(Axis(0), &odd), Array1::from(development.clone())).unwrap();
    let of_development = AalenJohansen::fit(&development).unwrap();
    assert_eq!(odd.len() as u64, expected["n_train"].as_u64().unwrap());
    assert_eq!(even.len() as u64, expected["n_test"].as_u64().unwrap());
    let events = validation.iter().filter(|f| f.had(Some(1))).count();
    assert_eq!(events as u64, expected["events_test"].as_u64().unwrap());

    let ipcw = Ipcw::new(&validation, Some(1), CaseWeight::Before).unwrap();
    let peer = &expected["risk_regression_score"];
    let mut highest: f64 = 0.0;
    for (k, time) in numbers(&expected["at"]).into_iter().enumerate() {
        let theirs = |name: &str| numbers(&expected[name])[k];
        // The sum passes 1 for one woman, so her risk is none and her part of the score is added by hand.
        let risks: Vec<f64> = even.iter().map(|i| sum_formula(&pair, x.row(*i), time)).collect();
        highest = risks.iter().copied().fold(highest, f64::max);
        let horizon = ipcw.at(time).unwrap();
        let auc = horizon.auc(&risks).unwrap().unwrap();
        near(auc.value, theirs("auc"), TOLERANCE);
        near(auc.value, numbers(&peer["auc"])[k], TOLERANCE);
        near(auc.se.unwrap(), numbers(&peer["auc_se"])[k], TOLERANCE);
        let brier = horizon.score(&risks);
        near(brier.value, theirs("brier"), TOLERANCE);
        near(brier.value, numbers(&peer["brier"])[k], TOLERANCE);
        near(brier.se.unwrap(), numbers(&peer["brier_se"])[k], TOLERANCE);
        let null = horizon.brier_null(of_development.incidence_at(1, time)).unwrap();
        near(null, theirs("brier_null_train_aalen_johansen"), TOLERANCE);
        let observed = observed_risk(&validation, Some(1), time).unwrap();
        near(observed, theirs("aalen_johansen_observed"), TOLERANCE);
        near(
            horizon.brier_null(observed).unwrap(),
            numbers(&peer["brier_null"])[k],
            TOLERANCE,
        );
        let mean = risks.iter().sum::<f64>() / risks.len() as f64;
        near(mean, theirs("mean_predicted"), TOLERANCE);
        near(observed / mean, theirs("oe"), TOLERANCE);
        let row = |i: usize| numbers(&expected["cif_first5_test"][i])[k];
        (0..5).for_each(|i| near(risks[i], row(i), TOLERANCE));
        if risks.iter().all(|risk| *risk <= 1.0) {
            assert_eq!(horizon.brier(&risks).unwrap(), brier);
            let large = calibration::in_the_large(&validation, Some(1), &risks, time).unwrap();
            near(large.observed_over_expected.unwrap(), theirs("oe"), TOLERANCE);
        } else {
            assert!(horizon.brier(&risks).is_err());
        }
    }
    near(highest, expected["max_cif"].as_f64().unwrap(), TOLERANCE);
}
