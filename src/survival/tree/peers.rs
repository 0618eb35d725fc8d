//! The external validation on which the reference learners were measured, with its measures. For tests.

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView1};
use rand::Rng;
use serde_json::Value;

use crate::survival::metrics::{CaseWeight, Ipcw, concordance};
use crate::survival::oracle::{json, linear, near, numbers, table};
use crate::survival::{Cox, FollowUp, SurvivalModel, Ties};

/// Both data sets are cut at 84 months.
const CUT: f64 = 2557.0;

pub(crate) type Women = Dataset<f64, FollowUp, ndarray::Ix1>;

/// Of the Rotterdam women those with positive nodes; all of GBSG.
pub(crate) fn women(file: &str, node_positive: bool) -> Women {
    let data = table(file);
    let keep: Vec<usize> = (0..data.rows)
        .filter(|i| !node_positive || data.column("nodes")[*i] > 0.0)
        .collect();
    let (days, event) = (data.column("rfs_days"), data.column("rfs_event"));
    let subject = |i: &usize| {
        let event = if days[*i] > CUT { 0 } else { event[*i] as u32 };
        FollowUp::until(days[*i].min(CUT), event).unwrap()
    };
    let records = data.design(&linear()).select(ndarray::Axis(0), &keep);
    Dataset::new(records, keep.iter().map(subject).collect()).with_feature_names(linear().to_vec())
}

/// Nodes and receptors on the scales of the reference's transformed Cox model.
pub(crate) fn transformed(mut women: Women) -> Women {
    women.records.column_mut(5).mapv_inplace(|nodes| (-0.12 * nodes).exp());
    women.records.column_mut(6).mapv_inplace(f64::ln_1p);
    women.records.column_mut(7).mapv_inplace(f64::ln_1p);
    women
}

pub(crate) struct Measures {
    pub harrell: f64,
    pub auc: [f64; 3],
    pub brier: f64,
}

pub(crate) fn measures(women: &Women, scores: &Array1<f64>, model: &impl SurvivalModel) -> Measures {
    let subjects = women.targets.as_slice().unwrap();
    let scores = scores.as_slice().unwrap();
    let ipcw = Ipcw::new(subjects, None, CaseWeight::At).unwrap();
    let times: Vec<f64> = (0..249).map(|week| f64::from(90 + 7 * week)).collect();
    let risks = 1.0 - model.survival_at(women.records.view(), &times).unwrap();
    let auc = |time| ipcw.at(time).unwrap().auc(scores).unwrap().unwrap().value;
    Measures {
        harrell: concordance(subjects, scores, None).unwrap().index().unwrap(),
        auc: [365.0, 1096.0, 1826.0].map(auc),
        brier: ipcw.integrated_brier(&times, risks.view()).unwrap(),
    }
}

pub(crate) fn peer(name: &str) -> Measures {
    let peer: &Value = &json("accuracy_peers.json")[name];
    Measures {
        harrell: peer["harrell"].as_f64().unwrap(),
        auc: numbers(&peer["auc_1_3_5"]).try_into().unwrap(),
        brier: peer["ibs_90_1826_weekly"].as_f64().unwrap(),
    }
}

/// Not the model but the measures are under test: the reference's Cox models, by ours.
#[test]
fn cox_scores_as_the_peer_does() {
    let (train, test) = (women("rotterdam.csv", true), women("gbsg.csv", false));
    let cases = [
        ("cox_linear", train.clone(), test.clone()),
        ("cox_transformed", transformed(train), transformed(test)),
    ];
    for (name, train, test) in cases {
        let model = Cox::params().ties(Ties::Efron).fit(&train).unwrap();
        let (ours, theirs) = (measures(&test, &model.predict(&test), &model), peer(name));
        near(ours.harrell, theirs.harrell, 1e-10);
        (ours.auc.iter().zip(theirs.auc)).for_each(|(ours, theirs)| near(*ours, theirs, 1e-10));
        // The peer takes Breslow's baseline for Efron's coefficients.
        near(ours.brier, theirs.brier, 2e-5);
    }
}

/// The hazard rises where two columns have the same sign, and falls where they have not: no line sees it. Two more columns
/// say nothing. Times are in days.
pub(crate) fn crossing(n: usize, seed: u64) -> Women {
    let mut random = super::streams(seed, 1).remove(0);
    let records = Array2::from_shape_fn((n, 4), |_| random.gen_range(-1.0..1.0));
    let subject = |row: ArrayView1<f64>| {
        let rate = (1.5 * (row[0] * row[1]).signum()).exp() / 1500.0;
        let event = -random.gen_range(1e-9..1.0_f64).ln() / rate;
        let censored = random.gen_range(500.0..2500.0);
        FollowUp::until(f64::min(event, censored), u32::from(event <= censored)).unwrap()
    };
    let targets = records.rows().into_iter().map(subject).collect();
    Dataset::new(records, targets)
}
