//! The same validation beside other programs: a library's Cox model (Breslow's baseline) and what R gives beyond the stored results.

use ndarray::Array2;

use super::super::*;
use super::external::{Study, study};
use crate::survival::FollowUp;
use crate::survival::oracle::{close, json, linear, near, numbers, table};

const TOLERANCE: f64 = 1e-10;

fn of(terms: &[&str]) -> Study {
    study(&terms.iter().map(|t| (*t).to_owned()).collect::<Vec<String>>())
}

/// Events over the sum of exp(lp) at risk, summed to each of `times`.
fn breslow(study: &Study, times: &[f64]) -> Vec<f64> {
    let step = |time: f64| {
        let at_risk = study
            .development
            .iter()
            .zip(&study.development_lp)
            .filter(|(f, _)| f.exit() >= time);
        1.0 / at_risk.map(|(_, lp)| lp.exp()).sum::<f64>()
    };
    let mut steps: Vec<(f64, f64)> = (study.development.iter().filter(|f| f.event() > 0))
        .map(|f| (f.exit(), step(f.exit())))
        .collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let until = |time: f64| steps.iter().take_while(|(t, _)| *t <= time).map(|(_, h)| h).sum();
    times.iter().map(|time| until(*time)).collect()
}

#[test]
fn the_peers_cox_models() {
    let mut transformed = linear();
    (transformed[5], transformed[6], transformed[7]) = ("nodes_exp", "log_pgr1", "log_er1");
    for (terms, name) in [(linear(), "cox_linear"), (transformed, "cox_transformed")] {
        let study = of(&terms);
        let expected = &json("accuracy_peers.json")[name];
        let value = |name: &str| expected[name].as_f64().unwrap();
        let harrell = concordance(&study.y, &study.lp, None).unwrap();
        near(harrell.index().unwrap(), value("harrell"), TOLERANCE);
        let curve = Censoring::fit(&study.y, None).unwrap();
        let uno = Comparison::default().uno(&study.y, &study.lp, 1826.0, &curve, CaseWeight::At);
        near(uno.unwrap().index().unwrap(), value("uno_1826"), TOLERANCE);
        let ipcw = Ipcw::new(&study.y, None, CaseWeight::At).unwrap();
        for (time, auc) in [365.0, 1096.0, 1826.0].into_iter().zip(numbers(&expected["auc_1_3_5"])) {
            near(
                ipcw.at(time).unwrap().auc(&study.lp).unwrap().unwrap().value,
                auc,
                TOLERANCE,
            );
        }
        let weeks: Vec<f64> = (90..1827).step_by(7).map(f64::from).collect();
        let hazard = breslow(&study, &weeks);
        let risks = Array2::from_shape_fn((study.y.len(), weeks.len()), |(i, k)| {
            1.0 - (-hazard[k] * study.lp[i].exp()).exp()
        });
        let ours = ipcw.integrated_brier(&weeks, risks.view()).unwrap();
        near(ours, value("ibs_90_1826_weekly"), 1e-9);
    }
}

/// `concordance(Surv(t, e) ~ lp, timewt = "n/G2", ymax = 1825, reverse = TRUE)`, without and with `weights = age / 10`.
#[test]
fn standard_error_and_pairs_of_uno() {
    let study = of(&linear());
    let curve = Censoring::fit(&study.y, None).unwrap();
    let ours = Comparison::default()
        .uno(&study.y, &study.lp, 1826.0, &curve, CaseWeight::Before)
        .unwrap();
    near(ours.se.unwrap(), 0.015_933_362_564_362, TOLERANCE);
    close(ours.pairs.concordant, 1.161_671_925_474_86e5, 1e-12);
    close(ours.pairs.discordant, 6.198_329_151_357_26e4, 1e-12);
    close(ours.pairs.tied_score, 1.149_578_727_748_21, 1e-12);
    close(ours.pairs.tied_time, 4.446_958_921_416_34e1, 1e-12);
    let weights: Vec<f64> = table("gbsg.csv").column("age").iter().map(|age| age / 10.0).collect();
    let weighted = Comparison {
        weights: Some(&weights),
        ..Comparison::default()
    };
    let curve = Censoring::fit(&study.y, Some(&weights)).unwrap();
    let ours = weighted
        .uno(&study.y, &study.lp, 1826.0, &curve, CaseWeight::Before)
        .unwrap();
    near(ours.index().unwrap(), 0.657_497_190_565_745, TOLERANCE);
    near(ours.se.unwrap(), 0.015_933_508_078_512, TOLERANCE);
}

/// `concordance(Surv(t, e) ~ lp + strata(grade3), weights = age / 10, cluster = nodes, reverse = TRUE)`.
#[test]
fn weights_strata_and_clusters_at_once() {
    let study = of(&linear());
    let women = table("gbsg.csv");
    let weights: Vec<f64> = women.column("age").iter().map(|age| age / 10.0).collect();
    let whole = |name: &str| -> Vec<usize> { women.column(name).iter().map(|v| *v as usize).collect() };
    let (strata, clusters) = (whole("grade3"), whole("nodes"));
    let comparison = Comparison {
        cause: None,
        weights: Some(&weights),
        strata: Some(&strata),
        clusters: Some(&clusters),
    };
    let ours = comparison.of(&study.y, &study.lp).unwrap();
    near(ours.index().unwrap(), 0.652_119_557_139_289, TOLERANCE);
    near(ours.se.unwrap(), 0.017_631_706_665_202, TOLERANCE);
    for (ours, theirs) in ours.by_stratum.iter().zip([
        [1_365_033.48, 734_758.73, 20.25, 328.45],
        [151_699.29, 74_354.54, 0.0, 136.51],
    ]) {
        let pairs = [ours.concordant, ours.discordant, ours.tied_score, ours.tied_time];
        for (ours, theirs) in pairs.into_iter().zip(theirs) {
            near(ours, theirs, 1e-6);
        }
    }
}

/// `coxph` on `Hmisc::rcspline.eval` of the complementary log-log of the five-year risk.
#[test]
fn the_smooth_calibration_curve() {
    let study = of(&linear());
    let risk = study.risk(1826.0);
    for (knots, [ici, e50, e90, most, first]) in [
        (
            3,
            [
                0.044_054_185_586,
                0.048_519_076_127,
                0.070_966_846_365,
                0.092_346_728_478,
                0.308_371_497_359,
            ],
        ),
        (
            4,
            [
                0.047_603_300_296,
                0.033_691_510_710,
                0.099_644_197_674,
                0.105_749_810_196,
                0.308_214_875_557,
            ],
        ),
        (
            5,
            [
                0.047_318_140_494,
                0.029_380_978_438,
                0.129_298_127_696,
                0.143_893_410_195,
                0.346_355_379_949,
            ],
        ),
    ] {
        let ours = calibration::smooth(&study.y, None, &risk, 1826.0, knots).unwrap();
        for (ours, theirs) in [
            (ours.ici, ici),
            (ours.e50, e50),
            (ours.e90, e90),
            (ours.most, most),
            (ours.observed[0], first),
        ] {
            near(ours, theirs, 1e-9);
        }
    }
}

/// With competing events the curve still passes through what came: its mean is the share that fell, and predictions that are right on
/// average lie near the diagonal.
#[test]
fn the_smooth_curve_with_a_competing_cause() {
    let women = table("brca_metastasis.csv");
    let y: Vec<FollowUp> = women.follow_up("met_time", "met_type");
    let observed = observed_risk(&y, Some(1), 5.0).unwrap();
    let risk: Vec<f64> = women
        .column("nodes")
        .iter()
        .map(|nodes| 1.0 - 0.75 * (-0.06 * nodes).exp())
        .collect();
    let curve = calibration::smooth(&y, Some(1), &risk, 5.0, 4).unwrap();
    let mean = curve.observed.iter().sum::<f64>() / curve.observed.len() as f64;
    near(mean, observed, 0.01);
    for group in calibration::by_risk(&y, Some(1), &risk, 5.0, 3).unwrap() {
        let place = risk.iter().zip(&curve.observed).min_by(|a, b| {
            (a.0 - group.mean_predicted)
                .abs()
                .total_cmp(&(b.0 - group.mean_predicted).abs())
        });
        near(*place.unwrap().1, group.observed, 0.05);
    }
}
