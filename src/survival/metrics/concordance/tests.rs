use linfa::Dataset;
use linfa::traits::{Fit, Predict};
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

/// The definition, pair by pair: the pairs, and each row's (comparable, concordant less discordant) weight without its own.
fn by_pairs(
    subjects: &[FollowUp],
    scores: &[f64],
    weights: &[f64],
    same: impl Fn(usize, usize) -> bool,
) -> (Pairs, Vec<(f64, f64)>) {
    let mut pairs = Pairs::default();
    let mut own = vec![(0.0, 0.0); subjects.len()];
    for (a, first) in subjects.iter().enumerate().filter(|(_, s)| s.had(Some(1))) {
        for (b, other) in subjects.iter().enumerate().filter(|(b, _)| same(a, *b)) {
            let weight = weights[a] * weights[b];
            if b > a && other.had(Some(1)) && other.exit() == first.exit() {
                *(if scores[a] == scores[b] {
                    &mut pairs.tied_both
                } else {
                    &mut pairs.tied_time
                }) += weight;
            }
            let later = other.exit() > first.exit() || (other.exit() == first.exit() && !other.had(Some(1)));
            if later && other.entry() < first.exit() {
                let (place, sign) = match scores[a].total_cmp(&scores[b]) {
                    std::cmp::Ordering::Greater => (&mut pairs.concordant, 1.0),
                    std::cmp::Ordering::Less => (&mut pairs.discordant, -1.0),
                    std::cmp::Ordering::Equal => (&mut pairs.tied_score, 0.0),
                };
                *place += weight;
                own[a] = (own[a].0 + weights[b], own[a].1 + sign * weights[b]);
                own[b] = (own[b].0 + weights[a], own[b].1 + sign * weights[a]);
            }
        }
    }
    (pairs, own)
}

fn agree(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

proptest! {
    #[test]
    fn equals_its_definition(
        subjects in prop_oneof![some_subjects(), many_subjects()],
        seed in prop::collection::vec((0u32..40, 1u32..4, 0usize..2, 0usize..9), 300),
        distinct in any::<bool>(),
    ) {
        let n = subjects.len();
        let scores: Vec<f64> = (0..n).map(|i| f64::from(seed[i].0) - if distinct { i as f64 / 1e3 } else { 20.0 }).collect();
        let weights: Vec<f64> = (0..n).map(|i| f64::from(seed[i].1)).collect();
        let strata: Vec<usize> = (0..n).map(|i| seed[i].2).collect();
        let clusters: Vec<usize> = (0..n).map(|i| seed[i].3).collect();
        let plain = Comparison { cause: Some(1), ..Comparison::default() };
        let whole = Comparison { weights: Some(&weights), strata: Some(&strata), clusters: Some(&clusters), ..plain };
        for (comparison, weights) in [(plain, vec![1.0; n]), (whole, weights.clone())] {
            let (stratified, clustered) = (comparison.strata.is_some(), comparison.clusters.is_some());
            let (pairs, own) = by_pairs(&subjects, &scores, &weights, |a, b| !stratified || strata[a] == strata[b]);
            let ours = comparison.of(&subjects, &scores).unwrap();
            prop_assert_eq!(ours.pairs, pairs);
            let Some(index) = pairs.index() else { prop_assert!(ours.se.is_none()); continue };
            let mut moves = vec![0.0; n.max(9)];
            for (i, (all, lead)) in own.into_iter().enumerate() {
                let part = weights[i] * (lead - (2.0 * index - 1.0) * all) / pairs.comparable();
                moves[if clustered { clusters[i] } else { i }] += part;
            }
            prop_assert!(agree(ours.se.unwrap(), 0.5 * moves.iter().map(|m| m * m).sum::<f64>().sqrt()));
        }
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice(subjects in some_subjects(), seed in prop::collection::vec(0u8..6, 60)) {
        let scores: Vec<f64> = (0..subjects.len()).map(|i| f64::from(seed[i])).collect();
        let twice: Vec<FollowUp> = subjects.iter().chain(&subjects).copied().collect();
        let double: Vec<f64> = scores.iter().chain(&scores).copied().collect();
        let weights = vec![2.0; subjects.len()];
        let a = Comparison { weights: Some(&weights), ..Comparison::default() }.of(&subjects, &scores).unwrap();
        let b = concordance(&twice, &double, None).unwrap();
        prop_assert_eq!(a.index(), b.index());
        prop_assert_eq!(a.pairs.comparable(), b.pairs.comparable());
    }

    /// Weights that no sum of doubles holds exactly.
    #[test]
    fn odd_weights_leave_no_dust(subjects in some_subjects(), seed in prop::collection::vec((0u8..3, 0.01..1.0), 60)) {
        let scores: Vec<f64> = (0..subjects.len()).map(|i| f64::from(seed[i].0)).collect();
        let weights: Vec<f64> = (0..subjects.len()).map(|i| seed[i].1).collect();
        let (pairs, _) = by_pairs(&subjects, &scores, &weights, |_, _| true);
        let ours = Comparison { cause: Some(1), weights: Some(&weights), ..Comparison::default() }.of(&subjects, &scores).unwrap();
        prop_assert_eq!(ours.index().is_some(), pairs.index().is_some());
        if let (Some(ours), Some(theirs)) = (ours.index(), pairs.index()) {
            prop_assert!(agree(ours, theirs));
        }
    }
}

/// Enough of them that they are split by bits, not looked at one by one.
fn many_subjects() -> impl Strategy<Value = Vec<FollowUp>> {
    let one = (0u8..30, 1u8..60, 0u32..3).prop_map(|(entry, length, event)| {
        let entry = f64::from(entry.saturating_sub(15));
        FollowUp::new(entry, entry + f64::from(length), event).unwrap()
    });
    prop::collection::vec(one, 100..300)
}

#[test]
fn bad_input_has_a_name() {
    let one = [FollowUp::until(1.0, 1).unwrap()];
    assert!(matches!(
        concordance(&one, &[f64::NAN], None),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(concordance(&one, &[], None), Err(Error::Lengths { .. })));
    let with = |weights, strata, clusters| {
        Comparison {
            cause: None,
            weights,
            strata,
            clusters,
        }
        .of(&one, &[0.0])
    };
    assert!(matches!(with(Some(&[0.0]), None, None), Err(Error::Weight { .. })));
    assert!(matches!(with(None, Some(&[]), None), Err(Error::Lengths { .. })));
    assert!(matches!(with(None, None, Some(&[1, 2])), Err(Error::Lengths { .. })));
    // Minus zero is zero.
    let two = [FollowUp::until(1.0, 1).unwrap(), FollowUp::until(2.0, 0).unwrap()];
    assert_eq!(concordance(&two, &[-0.0, 0.0], None).unwrap().pairs.tied_score, 1.0);
}
