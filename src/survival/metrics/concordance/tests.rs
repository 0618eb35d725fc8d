use linfa::prelude::*;
use ndarray::{Array1, Array2};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::survival::kaplan_meier::tests::some_subjects;
use crate::survival::oracle::{METASTASIS, ROTTERDAM, Table, json, near, table};
use crate::survival::{Cox, Ties};

fn same(ours: &Concordance, expected: &Value) {
    near(ours.index().unwrap(), expected["c"].as_f64().unwrap(), 1e-10);
    near(ours.se.unwrap(), expected["se"].as_f64().unwrap(), 1e-10);
    let pairs = |p: &Pairs| [p.concordant, p.discordant, p.tied_score, p.tied_time, p.tied_both];
    let counts = &expected["counts"];
    if let Some(columns) = counts.as_array() {
        // one column a kind of pair, one row a stratum
        let strata = ours.by_stratum.len();
        for (s, stratum) in ours.by_stratum.iter().enumerate() {
            for (k, ours) in pairs(stratum).into_iter().enumerate() {
                near(ours, columns[k * strata + s].as_f64().unwrap(), 0.0);
            }
        }
    } else {
        let names = ["concordant", "discordant", "tied.x", "tied.y", "tied.xy"];
        for (name, ours) in names.into_iter().zip(pairs(&ours.pairs)) {
            near(ours, counts[name].as_f64().unwrap(), 0.0);
        }
    }
}

fn scores(x: &Array2<f64>, subjects: &[FollowUp], ties: Ties, cause: Option<u32>) -> Vec<f64> {
    let data = Dataset::new(x.clone(), Array1::from(subjects.to_vec()));
    let params = Cox::params().ties(ties);
    let model = cause
        .map_or(params.clone(), |cause| params.cause(cause))
        .fit(&data)
        .unwrap();
    model.predict(x).to_vec()
}

const BOTH: [(Ties, &str); 2] = [(Ties::Efron, "efron"), (Ties::Breslow, "breslow")];

#[test]
fn rotterdam_and_whole_years() {
    let women = table("rotterdam.csv");
    let (x, days) = (women.design(&ROTTERDAM), women.follow_up("rfs_days", "rfs_event"));
    let year = |f: &FollowUp| FollowUp::until((f.exit() / 365.25).ceil(), f.event()).unwrap();
    let years: Vec<FollowUp> = days.iter().map(year).collect();
    let cox = json("cox.json");
    for (y, expected) in [
        (&days, &cox),
        (&years, &cox["yearly_ties_time_is_ceil_days_over_365_25"]),
    ] {
        for (ties, name) in BOTH {
            let ours = concordance(y, &scores(&x, y, ties, None), None).unwrap();
            same(&ours, &expected[name]["concordance"]);
        }
    }
}

fn intervals() -> (Table, Vec<FollowUp>) {
    let markers = table("pbcseq_intervals.csv");
    let time = |name: &str, i: usize| markers.column(name)[i];
    let subjects = (0..markers.rows)
        .map(|i| FollowUp::new(time("start", i), time("stop", i), time("event", i) as u32).unwrap())
        .collect();
    (markers, subjects)
}

#[test]
fn delayed_entry_and_clusters() {
    let (markers, y) = intervals();
    let x = markers.design(&["log_bili", "albumin", "log_protime", "age", "trt"]);
    let expected = &json("cox.json")["time_varying_pbcseq_intervals"];
    for (ties, name) in BOTH {
        let ours = concordance(&y, &scores(&x, &y, ties, None), None).unwrap();
        same(&ours, &expected[name]["concordance"]);
    }
    let patients: Vec<usize> = markers.column("id").iter().map(|id| *id as usize).collect();
    let clustered = Comparison {
        clusters: Some(&patients),
        ..Comparison::default()
    };
    let ours = clustered.of(&y, &scores(&x, &y, Ties::Efron, None)).unwrap();
    same(&ours, &expected["cluster_id"]["concordance"]);
}

#[test]
fn case_weights_and_strata() {
    let women = table("rotterdam.csv");
    let y = women.follow_up("rfs_days", "rfs_event");
    let cox = json("cox.json");
    let linear = |names: &[&str], coefficients: &Value| -> Vec<f64> {
        let coefficients = crate::survival::oracle::numbers(coefficients);
        women.design(names).dot(&Array1::from(coefficients)).to_vec()
    };
    let weights: Vec<f64> = women.column("pid").iter().map(|pid| 1.0 + pid % 3.0).collect();
    let weighted = Comparison {
        weights: Some(&weights),
        ..Comparison::default()
    };
    for name in ["case_weights_1_plus_pid_mod_3", "case_weights_robust"] {
        let expected = &cox[name];
        let scores = linear(&["age", "grade3", "nodes", "hormon"], &expected["coef"]);
        same(&weighted.of(&y, &scores).unwrap(), &expected["concordance"]);
    }
    let expected = &cox["stratified_by_size_code_0_1_2"];
    let names: Vec<&str> = ROTTERDAM.into_iter().filter(|n| !n.starts_with("size")).collect();
    let strata: Vec<usize> = (0..women.rows)
        .map(|i| (women.column("size_20_50")[i] + 2.0 * women.column("size_gt50")[i]) as usize)
        .collect();
    let stratified = Comparison {
        strata: Some(&strata),
        ..Comparison::default()
    };
    let ours = stratified.of(&y, &linear(&names, &expected["coef"])).unwrap();
    same(&ours, &expected["concordance"]);
}

#[test]
fn one_cause_of_two() {
    let references = json("competing_risks.json");
    let cox = json("cox.json");
    for (file, names, time, kind, reference) in [
        (
            "rotterdam.csv",
            ROTTERDAM,
            "fe_days",
            "fe_type",
            "rotterdam_relapse_vs_death",
        ),
        (
            "brca_metastasis.csv",
            METASTASIS,
            "met_time",
            "met_type",
            "brca_metastasis_vs_death",
        ),
    ] {
        let women = table(file);
        let (x, y) = (women.design(&names), women.follow_up(time, kind));
        for (cause, name) in [(1, "type1"), (2, "type2")] {
            let ours = concordance(&y, &scores(&x, &y, Ties::Efron, Some(cause)), Some(cause)).unwrap();
            same(&ours, &references[reference]["cause_specific"][name]["concordance"]);
            if (file, cause) == ("brca_metastasis.csv", 1) {
                same(&ours, &cox["metastasis_cause_specific_brca"]["concordance"]);
            }
        }
    }
}
