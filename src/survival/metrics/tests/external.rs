//! Rotterdam to the German trial: two models, both weighting conventions.

use linfa::Dataset;
use linfa::traits::{Fit, Predict};
use ndarray::{Array1, Array2, Axis};
use serde_json::Value;

use super::super::*;
use crate::survival::oracle::{Table, close, json, near, numbers, table};
use crate::survival::{Cox, CoxModel, FollowUp, KaplanMeier, SurvivalModel};

const TOLERANCE: f64 = 1e-10;
const CUT: f64 = 2557.0;

fn design(women: &Table, rows: &[usize], terms: &[String]) -> Array2<f64> {
    let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
    women.design(&terms).select(Axis(0), rows)
}

fn follow_up(women: &Table, rows: &[usize]) -> Vec<FollowUp> {
    let cut = |f: FollowUp| {
        let event = if f.exit() > CUT { 0 } else { f.event() };
        FollowUp::until(f.exit().min(CUT), event).unwrap()
    };
    let all = women.follow_up("rfs_days", "rfs_event");
    rows.iter().map(|i| cut(all[*i])).collect()
}

pub(super) struct Study {
    pub model: CoxModel,
    pub development: Vec<FollowUp>,
    pub x: Array2<f64>,
    pub y: Vec<FollowUp>,
    pub lp: Vec<f64>,
    pub development_lp: Vec<f64>,
}

pub(super) fn study(terms: &[String]) -> Study {
    let (rotterdam, trial) = (table("rotterdam.csv"), table("gbsg.csv"));
    let positive: Vec<usize> = (0..rotterdam.rows)
        .filter(|i| rotterdam.column("nodes")[*i] > 0.0)
        .collect();
    let all: Vec<usize> = (0..trial.rows).collect();
    let (records, development) = (design(&rotterdam, &positive, terms), follow_up(&rotterdam, &positive));
    let model = Cox::params()
        .fit(&Dataset::new(records.clone(), Array1::from(development.clone())))
        .unwrap();
    let x = design(&trial, &all, terms);
    Study {
        lp: model.predict(&x).to_vec(),
        development_lp: model.predict(&records).to_vec(),
        development,
        x,
        y: follow_up(&trial, &all),
        model,
    }
}

impl Study {
    pub fn risks(&self, times: &[f64]) -> Array2<f64> {
        self.model.survival_at(self.x.view(), times).unwrap().mapv(|s| 1.0 - s)
    }

    pub fn risk(&self, time: f64) -> Vec<f64> {
        self.risks(&[time]).column(0).to_vec()
    }
}

fn both() -> Vec<(Study, Value)> {
    let expected = json("external_validation.json");
    ["linear", "transformed"]
        .into_iter()
        .map(|name| {
            let expected = expected["models"][name].clone();
            let terms: Vec<String> = serde_json::from_value(expected["fit"]["terms"].clone()).unwrap();
            (study(&terms), expected)
        })
        .collect()
}

fn same_fit(model: &CoxModel, expected: &Value) {
    assert_eq!(model.n as u64, expected["n"].as_u64().unwrap());
    assert_eq!(model.events as u64, expected["events"].as_u64().unwrap());
    close(model.log_likelihood, expected["loglik"].as_f64().unwrap(), 1e-8);
    close(
        model.log_likelihood_null,
        expected["loglik_null"].as_f64().unwrap(),
        1e-8,
    );
    let (coef, se) = (numbers(&expected["coef"]), numbers(&expected["se"]));
    for j in 0..coef.len() {
        close(model.coefficients[j], coef[j], 1e-8);
        close(model.standard_error(j).unwrap(), se[j], 1e-8);
        for (k, cell) in numbers(&expected["vcov"][j]).into_iter().enumerate() {
            near(model.covariance[[j, k]], cell, 1e-8 * se[j] * se[k]);
        }
    }
}

#[test]
fn the_models_and_what_they_predict() {
    let whole = json("external_validation.json");
    let rotterdam = table("rotterdam.csv");
    let by_a = rotterdam.follow_up("rfs_a_days", "rfs_a_event");
    let counted = (0..rotterdam.rows).filter(|i| rotterdam.column("nodes")[*i] > 0.0);
    let events = counted
        .filter(|i| by_a[*i].event() > 0 && by_a[*i].exit() <= CUT)
        .count();
    assert_eq!(events as u64, whole["events_dev_definition_a"].as_u64().unwrap());
    for (study, expected) in both() {
        same_fit(&study.model, &expected["fit"]);
        let base = &expected["fit"]["baseline_cumhaz_at_x0"];
        for (time, hazard) in numbers(&base["time"]).into_iter().zip(numbers(&base["cumhaz"])) {
            close(study.model.baseline_at_zero(time), hazard, 1e-8);
        }
        let refit = Cox::params().fit(&Dataset::new(study.x.clone(), Array1::from(study.y.clone())));
        same_fit(&refit.unwrap(), &expected["gbsg_cox_refit_same_terms"]);
        for (name, ours) in [
            ("n_dev", study.development.len()),
            ("events_dev", study.development.iter().filter(|f| f.event() > 0).count()),
            ("n_val", study.y.len()),
            ("events_val", study.y.iter().filter(|f| f.event() > 0).count()),
        ] {
            assert_eq!(ours as u64, whole[name].as_u64().unwrap());
        }
        for (i, lp) in numbers(&expected["lp_gbsg_first5_by_row"]).into_iter().enumerate() {
            close(study.lp[i], lp, 1e-8);
        }
        for (k, time) in [365.0, 1096.0, 1826.0].into_iter().enumerate() {
            let free = numbers(&expected["surv_gbsg_first5_at"][k]);
            for (i, free) in free.into_iter().enumerate() {
                near(1.0 - study.risk(time)[i], free, TOLERANCE);
            }
        }
    }
}

fn same_pairs(ours: &Concordance, expected: &Value) {
    near(ours.index().unwrap(), expected["c"].as_f64().unwrap(), TOLERANCE);
    near(ours.se.unwrap(), expected["se"].as_f64().unwrap(), TOLERANCE);
    let pairs = &ours.pairs;
    for (name, ours) in [
        ("concordant", pairs.concordant),
        ("discordant", pairs.discordant),
        ("tied_x", pairs.tied_score),
        ("tied_y", pairs.tied_time),
    ] {
        near(ours, expected[name].as_f64().unwrap(), 0.0);
    }
}

#[test]
fn concordance_of_harrell_and_of_uno() {
    for (study, expected) in both() {
        let apparent = concordance(&study.development, &study.development_lp, None).unwrap();
        same_pairs(&apparent, &expected["apparent_harrell"]);
        near(
            apparent.se.unwrap(),
            expected["fit"]["concordance"]["se"].as_f64().unwrap(),
            TOLERANCE,
        );
        near(
            apparent.pairs.tied_both,
            expected["fit"]["concordance"]["counts"]["tied.xy"].as_f64().unwrap(),
            0.0,
        );
        same_pairs(&concordance(&study.y, &study.lp, None).unwrap(), &expected["harrell"]);
        let (own, other) = (
            Censoring::fit(&study.y, None).unwrap(),
            Censoring::fit(&study.development, None).unwrap(),
        );
        let tau = expected["uno_c"]["tau"].as_f64().unwrap();
        for (name, curve, rule) in [
            ("censoring_from_validation", &own, CaseWeight::Before),
            ("scikit_survival_convention", &own, CaseWeight::At),
            ("censoring_from_development", &other, CaseWeight::Before),
        ] {
            let ours = Comparison::default()
                .uno(&study.y, &study.lp, tau, curve, rule)
                .unwrap();
            near(
                ours.index().unwrap(),
                expected["uno_c"][name].as_f64().unwrap(),
                TOLERANCE,
            );
        }
        let ours = Comparison::default()
            .uno(&study.y, &study.lp, tau, &own, CaseWeight::Before)
            .unwrap();
        near(
            ours.index().unwrap(),
            expected["r_concordance_uno_n_over_G2"].as_f64().unwrap(),
            TOLERANCE,
        );
    }
}

#[test]
fn auc_and_brier() {
    for (study, expected) in both() {
        let own = |rule| Ipcw::new(&study.y, None, rule).unwrap();
        let development = Censoring::fit(&study.development, None).unwrap();
        let weightings = [
            (own(CaseWeight::Before), "censoring_from_validation", "model"),
            (
                own(CaseWeight::At),
                "scikit_survival_convention",
                "scikit_survival_convention",
            ),
            (
                Ipcw::given(&study.y, None, CaseWeight::Before, development).unwrap(),
                "censoring_from_development",
                "model_censoring_from_development",
            ),
        ];
        let nulls = [
            (
                KaplanMeier::fit(&study.development, None).unwrap(),
                "null_km_development",
            ),
            (KaplanMeier::fit(&study.y, None).unwrap(), "null_km_validation"),
        ];
        for (k, time) in numbers(&expected["brier"]["t"]).into_iter().enumerate() {
            let risk = study.risk(time);
            for (ipcw, auc, brier) in &weightings {
                let horizon = ipcw.at(time).unwrap();
                let ours = horizon.auc(&study.lp).unwrap().unwrap();
                near(ours.value, numbers(&expected["auc_cd_ipcw"][*auc])[k], TOLERANCE);
                near(
                    horizon.brier(&risk).unwrap().value,
                    numbers(&expected["brier"][*brier])[k],
                    TOLERANCE,
                );
            }
            let horizon = weightings[0].0.at(time).unwrap();
            for (curve, name) in &nulls {
                let ours = horizon.brier_null(1.0 - curve.survival_at(time)).unwrap();
                near(ours, numbers(&expected["brier"][*name])[k], TOLERANCE);
            }
        }
        let days: Vec<f64> = (90..=1826).map(f64::from).collect();
        let ipcw = &weightings[0].0;
        let ours = ipcw.integrated_brier(&days, study.risks(&days).view()).unwrap();
        near(ours, expected["ibs"]["model"].as_f64().unwrap(), TOLERANCE);
        for (curve, name) in &nulls {
            let risks: Vec<f64> = days.iter().map(|t| 1.0 - curve.survival_at(*t)).collect();
            let ours = ipcw.integrated_brier_null(&days, &risks).unwrap();
            near(ours, expected["ibs"][*name].as_f64().unwrap(), TOLERANCE);
        }
    }
}

#[test]
fn calibration_at_every_horizon() {
    for (study, expected) in both() {
        let expected = &expected["calibration"];
        let slope = calibration::slope(&study.y, None, &study.lp).unwrap();
        close(slope.estimate, expected["slope"].as_f64().unwrap(), 1e-8);
        close(slope.se.unwrap(), expected["slope_se"].as_f64().unwrap(), 1e-8);
        for at in expected["at"].as_array().unwrap() {
            let value = |name: &str| at[name].as_f64().unwrap();
            let (time, risk) = (value("t"), study.risk(value("t")));
            let large = calibration::in_the_large(&study.y, None, &risk, time).unwrap();
            near(large.mean_predicted, value("mean_predicted_risk"), TOLERANCE);
            near(large.observed, value("km_observed_risk"), TOLERANCE);
            near(large.observed_over_expected.unwrap(), value("oe_km"), 1e-9);
            let hazard = |f: &FollowUp| study.model.baseline_at_zero(f.exit().min(time));
            let hazards: Vec<f64> = (study.y.iter().zip(&study.lp))
                .map(|(f, lp)| hazard(f) * lp.exp())
                .collect();
            let poisson = calibration::poisson(&study.y, None, &study.lp, &hazards, time).unwrap();
            near(poisson.observed, value("poisson_observed"), 0.0);
            close(poisson.expected, value("poisson_expected"), 1e-8);
            close(poisson.log_ratio, value("citl_log_oe"), 1e-8);
            close(poisson.log_ratio_se, value("citl_se"), 1e-8);
            close(poisson.slope.estimate, value("poisson_slope"), 1e-8);
            close(poisson.slope.se.unwrap(), value("poisson_slope_se"), 1e-8);
            let deciles = calibration::by_risk(&study.y, None, &risk, time, 10).unwrap();
            let rows = at["deciles"].as_array().unwrap();
            assert_eq!(deciles.len(), rows.len());
            for (ours, row) in deciles.iter().zip(rows) {
                let row = numbers(row);
                near(ours.mean_predicted, row[0], TOLERANCE);
                near(ours.observed, row[1], TOLERANCE);
                near(ours.n as f64, row[2], 0.0);
            }
        }
    }
}

#[test]
fn the_decision_curve() {
    for (study, expected) in both() {
        let rows = expected["net_benefit_5y"]["rows"].as_array().unwrap();
        let thresholds: Vec<f64> = rows.iter().map(|row| numbers(row)[0]).collect();
        let ours = net_benefit(&study.y, None, &study.risk(1826.0), 1826.0, &thresholds).unwrap();
        for (ours, row) in ours.iter().zip(rows) {
            near(ours.model, numbers(row)[1], TOLERANCE);
            near(ours.treat_all, numbers(row)[2], TOLERANCE);
            near(ours.treat_none, 0.0, 0.0);
        }
    }
}
