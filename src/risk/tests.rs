use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use super::features::{NAMES, training_row};
use super::model::{NightModel, NotScored, Score, fit, percentiles};
use super::*;
use crate::burden::tests::{ND, VALUE, any_reading, day, event, measured, record};
use crate::domain::course::{Surgery, Treatment};
use crate::domain::event::{Happening, RelapseKind};
use crate::domain::flag::Severity;
use crate::domain::history::{History, Record};
use crate::domain::patient::{Precision, Sex};
use crate::domain::reading::Reading;
use crate::survival::oracle::{METASTASIS, close, json, numbers, table};

fn relapse(kind: RelapseKind) -> Happening {
    Happening::Relapse {
        kind,
        organs: vec![],
        detected_by: None,
    }
}

/// The Rotterdam women as a registry would hold them: 24 years on, operated on all over the year.
fn women() -> Vec<Record> {
    let table = table("brca_metastasis.csv");
    let at = |name: &str, i: usize| table.column(name)[i];
    let woman = |i: usize| {
        let year = at("year", i) as i32 + 24;
        let spread = at("pid", i) as u64 * 73 % 365;
        let origin = NaiveDate::from_ymd_opt(year, 1, 1).unwrap() + Days::new(spread);
        let end = origin + Days::new((at("met_time", i) * 365.25).round() as u64);
        let mut woman = record(at("pid", i) as i64);
        woman.patient.birth_year = year - at("age", i) as i32;
        woman.patient.menopausal_status = Some(if at("meno", i) == 1.0 { "post" } else { "pre" }.into());
        let tumour = &mut woman.tumours[0];
        (tumour.diagnosed_on, tumour.known_on) = (origin, origin);
        tumour.size_mm = None;
        let band = match (at("size_20_50", i), at("size_gt50", i)) {
            (1.0, _) => "20-50",
            (_, 1.0) => ">50",
            _ => "<=20",
        };
        tumour.size_band = Some(band.into());
        tumour.grade = Some(2 + at("grade3", i) as i32);
        tumour.nodes_positive = Some(at("nodes", i) as i32);
        tumour.er_fmol = Some(at("er", i) as i32);
        tumour.pgr_fmol = Some(at("pr", i) as i32);
        woman.surgeries.push(Surgery {
            id: 1,
            supersedes: None,
            procedure: "breast".into(),
            performed_on: origin,
            precision: Precision::Day,
            known_on: origin,
        });
        for (category, column) in [("endocrine", "hormon"), ("chemotherapy", "chemo")] {
            if at(column, i) == 1.0 {
                woman.treatments.push(Treatment {
                    id: 1,
                    supersedes: None,
                    category: category.into(),
                    agent: None,
                    phase: Some("adjuvant".into()),
                    started_on: origin,
                    precision: Precision::Year,
                    stopped_on: None,
                    known_on: origin,
                });
            }
        }
        let what = match at("met_type", i) as u32 {
            1 => relapse(RelapseKind::Distant),
            2 => Happening::Death { cause: None },
            _ => Happening::LastContact,
        };
        woman.events.push(event(1, what, &end.to_string()));
        woman
    };
    (0..table.rows).map(woman).collect()
}

fn fitted(women: &[Record], as_of: &str) -> NightModel {
    let rows: Vec<_> = women
        .iter()
        .filter_map(|w| training_row(&w.as_of(day(as_of))).ok())
        .collect();
    fit(&rows, day(as_of)).unwrap()
}

#[test]
fn a_registry_of_these_women_gives_the_reference_fit() {
    assert_eq!(NAMES, METASTASIS);
    let model = fitted(&women(), "2060-01-01");
    assert_eq!((model.n, model.events), (2982, [1281, 225]));
    let expected = &json("competing_risks.json")["brca_metastasis_vs_death"]["cause_specific"];
    for (ours, name, place) in [(&model.pair.models[0], "type1", 0), (&model.pair.models[1], "type2", 1)] {
        for j in 0..10 {
            close(ours.coefficients[j], numbers(&expected[name]["coef"])[j], 1e-8);
            close(ours.standard_error(j).unwrap(), numbers(&expected[name]["se"])[j], 1e-8);
        }
        close(ours.log_likelihood, expected[name]["loglik"].as_f64().unwrap(), 1e-8);
        close(
            model.concordance[place].unwrap(),
            expected[name]["concordance"]["c"].as_f64().unwrap(),
            1e-5,
        );
    }
}

#[test]
fn scores_add_up_and_name_their_doubts() {
    let women = women();
    let model = fitted(&women, "2026-11-22");
    let again: NightModel = serde_json::from_value(serde_json::to_value(&model).unwrap()).unwrap();
    assert!(model == again);
    let mut reversed: Vec<Record> = women.clone();
    reversed.reverse();
    assert_eq!(fitted(&reversed, "2026-11-22").fingerprint, model.fingerprint);
    assert_eq!(model.fingerprint.len(), 64);
    let (mut scored, mut refused) = (0, 0);
    for woman in &women {
        let history = woman.as_of(day("2026-11-22"));
        match model.score(&history) {
            Ok(score) => {
                scored += 1;
                assert!(0.0 < score.lower && score.lower < score.risk && score.risk < score.upper && score.upper < 1.0);
                let thousandths: i64 = score
                    .contributions
                    .iter()
                    .map(|c| (c.effect * 1000.0).round() as i64)
                    .sum();
                assert_eq!(thousandths, (score.risk * 1000.0).round() as i64);
                assert_eq!(score.contributions.len(), 10);
                assert!(score.missing.is_empty());
                assert_eq!(again.score(&history).unwrap(), score);
            }
            Err(
                NotScored::Relapsed(_)
                | NotScored::Died(_)
                | NotScored::BeyondFollowUp(..)
                | NotScored::TooFewSeen { .. },
            ) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(scored > 400 && refused > 1000, "{scored} {refused}");
    let card = model.card();
    assert_eq!(card["fitted_on"]["n"].as_u64(), Some(model.n as u64));
    assert_eq!(
        card["models"]["distant_relapse"]["coefficients"]
            .as_array()
            .unwrap()
            .len(),
        10
    );
}

#[test]
fn what_is_missing_stale_or_outside_is_said() {
    let women = women();
    let model = fitted(&women, "2026-11-22");
    let mut woman = record(9999);
    let score = |woman: &Record| model.score(&woman.as_of(day("2026-11-22")));
    let tumour = &mut woman.tumours[0];
    (tumour.er_fmol, tumour.size_mm, tumour.grade) = (None, None, None);
    woman.events.push(event(1, Happening::LastContact, "2026-11-01"));
    let known: Score = score(&woman).unwrap();
    assert_eq!(known.missing, vec!["Tumour size", "Grade", "Oestrogen receptor"]);
    assert!(known.stale.is_empty() && known.outside.is_none());
    let size = known.contributions.iter().find(|c| c.label == "Tumour size").unwrap();
    assert_eq!((size.value.as_str(), size.effect), ("not recorded", 0.0));

    woman.events[0] = event(1, relapse(RelapseKind::Local), "2024-11-01");
    woman.tumours[0].nodes_positive = Some(60);
    woman.patient.sex = Sex::Male;
    let odd = score(&woman).unwrap();
    assert_eq!(odd.stale, vec!["Last contact 1 Nov 2024, 24 months ago"]);
    let outside = odd.outside.unwrap();
    assert!(outside.contains("recorded as male"), "{outside}");
    assert!(outside.contains("Positive nodes 60 lies outside 0 to 34"), "{outside}");
    assert!(outside.contains("local relapse on 1 Nov 2024"), "{outside}");
}

#[test]
fn why_there_is_no_risk() {
    let model = fitted(&women(), "2026-11-22");
    let score = |change: &dyn Fn(&mut Record)| {
        let mut woman = record(1);
        change(&mut woman);
        model.score(&woman.as_of(day("2026-11-22"))).unwrap_err().to_string()
    };
    assert_eq!(score(&|w| w.tumours.clear()), "No primary tumour on file");
    let organ = |w: &mut Record| w.tumours[0].organ = "head_neck".into();
    assert_eq!(
        score(&organ),
        "The model was fitted on breast cancer; this is head and neck"
    );
    let entered = score(&|w| w.tumours[0].metastatic_at_entry = true);
    assert_eq!(entered, "Metastatic at entry: a first distant relapse can't come");
    let ended = |what: Happening| score(&|w| w.events.push(event(1, what.clone(), "2025-03-02")));
    assert_eq!(ended(relapse(RelapseKind::Distant)), "Distant relapse on 2 Mar 2025");
    assert_eq!(ended(Happening::Death { cause: None }), "Died on 2 Mar 2025");
    assert_eq!(ended(Happening::Lost), "Left observation on 2 Mar 2025");
    let late = score(&|w| w.tumours[0].diagnosed_on = day("2013-06-01"));
    assert_eq!(
        late,
        "13.5 years after surgery: the fit saw only 0 relapses in the 12 months that follow"
    );
    let old = score(&|w| w.tumours[0].diagnosed_on = day("1990-01-01"));
    assert!(old.starts_with("36.9 years after surgery"), "{old}");
}

#[test]
fn too_few_events_are_refused() {
    let rows: Vec<_> = women()
        .iter()
        .take(80)
        .filter_map(|w| training_row(&w.as_of(day("2060-01-01"))).ok())
        .collect();
    assert!(matches!(fit(&rows, day("2060-01-01")), Err(Error::TooFewEvents { .. })));
    assert!(matches!(
        fit(&[], day("2060-01-01")),
        Err(Error::TooFewEvents { events: 0, .. })
    ));
}

#[test]
fn rows_left_out_have_a_reason() {
    let row = |change: &dyn Fn(&mut Record)| {
        let mut woman = record(1);
        woman.events.push(event(1, Happening::LastContact, "2024-01-01"));
        change(&mut woman);
        training_row(&woman.as_of(day("2026-11-22")))
    };
    assert!(row(&|_| {}).is_ok());
    assert_eq!(row(&|w| w.tumours[0].organ = "ovary".into()), Err(Excluded::NotBreast));
    assert_eq!(
        row(&|w| w.tumours[0].metastatic_at_entry = true),
        Err(Excluded::MetastaticAtEntry)
    );
    assert_eq!(row(&|w| w.events.clear()), Err(Excluded::NoTimeAtRisk));
    assert_eq!(
        row(&|w| w.tumours[0].grade = None),
        Err(Excluded::Incomplete(vec!["Grade"]))
    );
    let death_on_the_day = row(&|w| {
        w.events = vec![
            event(1, Happening::Death { cause: None }, "2022-01-01"),
            event(2, relapse(RelapseKind::Distant), "2022-01-01"),
        ];
    });
    assert_eq!(death_on_the_day.unwrap().follow_up.event(), 1);
}

fn reason(draws: &[Reading], scans: &[(u64, Reading)]) -> Option<(Severity, String)> {
    let mut raised = flags_for(&measured(draws, scans));
    assert!(raised.len() <= 1);
    raised.pop().map(|r| (r.severity, r.reason))
}

#[test]
fn rising_ctdna_is_flagged_with_its_numbers() {
    let beyond = Reading::DetectedNotQuantified {
        lo: 0.91,
        hi: f64::INFINITY,
    };
    let within = Reading::DetectedNotQuantified { lo: 0.0, hi: 0.91 };
    let grown = [(0, VALUE(30.0)), (2, VALUE(50.0))];
    let (severity, text) = reason(&[VALUE(0.91), beyond, beyond, beyond], &grown).unwrap();
    assert_eq!(
        text,
        "ctDNA above baseline (0.91 MTM/mL) in 3 draws since 31 Jan 2026; target lesions +67 % from smallest."
    );
    assert_eq!(severity, Severity::High);
    let (severity, text) = reason(&[VALUE(0.91), VALUE(1.4), VALUE(4.2)], &[]).unwrap();
    assert_eq!(
        text,
        "ctDNA above baseline (0.91 MTM/mL) in 2 draws since 31 Jan 2026, latest 4.2 MTM/mL."
    );
    assert_eq!(severity, Severity::Medium);
    let (severity, text) = reason(&[ND, VALUE(0.4), VALUE(0.9)], &[]).unwrap();
    assert_eq!(
        text,
        "ctDNA detected in 2 draws since 31 Jan 2026 after a negative baseline on 1 Jan 2026, latest 0.9 MTM/mL."
    );
    assert_eq!(severity, Severity::High);
    assert!(reason(&[VALUE(0.91), beyond], &grown).is_some());
    // once only, lesions steady; or grown by a fifth but less than 5 mm; or only before the rise
    assert_eq!(
        reason(&[VALUE(0.91), beyond], &[(0, VALUE(30.0)), (1, VALUE(31.0))]),
        None
    );
    assert_eq!(
        reason(&[VALUE(0.91), beyond], &[(0, VALUE(12.0)), (1, VALUE(16.0))]),
        None
    );
    assert_eq!(
        reason(&[VALUE(0.91), ND, ND, beyond], &[(0, VALUE(30.0)), (1, VALUE(50.0))]),
        None
    );
    // back, or never above
    assert_eq!(reason(&[VALUE(0.91), beyond, beyond, ND], &grown), None);
    assert_eq!(reason(&[VALUE(0.91), beyond, beyond, within], &grown), None);
    assert_eq!(reason(&[VALUE(0.91), within, within], &grown), None);
    assert_eq!(reason(&[beyond, VALUE(500.0), VALUE(900.0)], &grown), None);
    // a failed sample is neither high nor negative
    let failed = crate::burden::tests::FAILED;
    assert!(reason(&[failed, VALUE(0.91), VALUE(2.0), failed, VALUE(3.0), failed], &[]).is_some());
    assert_eq!(reason(&[], &[]), None);
}

#[test]
fn a_new_lesion_confirms_and_the_dead_are_not_flagged() {
    let mut history = measured(
        &[VALUE(0.91), VALUE(2.0)],
        &[(
            1,
            Reading::DetectedNotQuantified {
                lo: 0.0,
                hi: f64::INFINITY,
            },
        )],
    );
    assert_eq!(flags_for(&history), vec![]);
    let scan = history
        .observations
        .iter_mut()
        .find(|o| o.measure == "imaging")
        .unwrap();
    scan.detail.insert("new_lesion".into(), true.into());
    let raised = flags_for(&history);
    assert!(
        raised[0].reason.ends_with("; new lesion on 31 Jan 2026."),
        "{}",
        raised[0].reason
    );
    assert_eq!(
        raised[0].triggers.iter().map(|id| id.0).collect::<Vec<_>>(),
        vec![1, 2, 101]
    );
    history
        .events
        .push(event(1, Happening::Death { cause: None }, "2026-06-01"));
    assert_eq!(flags_for(&history), vec![]);
}

#[test]
fn a_risk_above_the_threshold_is_flagged() {
    let women = women();
    let model = fitted(&women, "2026-11-22");
    let scores: Vec<Score> = women
        .iter()
        .filter_map(|w| model.score(&w.as_of(day("2026-11-22"))).ok())
        .collect();
    let raised: Vec<_> = scores
        .iter()
        .filter_map(|score| risk_flag(score, RISK_THRESHOLD))
        .collect();
    assert!(
        (15..=45).contains(&raised.len()),
        "{} of {}",
        raised.len(),
        scores.len()
    );
    for flag in &raised {
        assert!(flag.reason.chars().count() <= 200, "{}", flag.reason);
        assert!(flag.reason.starts_with("12-month risk of distant relapse "));
    }
    let percentile = percentiles(&[0.1, 0.2, 0.2, 0.4]);
    assert_eq!(percentile, vec![12.5, 50.0, 50.0, 87.5]);
}

proptest! {
    #[test]
    fn a_flag_always_has_its_reason(
        draws in prop::collection::vec(any_reading(), 0..10),
        scans in prop::collection::vec((0u64..10, any_reading()), 0..6),
    ) {
        let mut history: History = measured(&draws, &scans);
        history.events.push(event(1, Happening::Progression, "2026-03-01"));
        for raised in flags_for(&history) {
            prop_assert!(raised.reason.chars().count() <= 200, "{}", raised.reason);
            prop_assert!(raised.triggers.len() >= 2);
            let negative = crate::burden::state(&history).contains(" since ") && !raised.reason.contains("detected");
            prop_assert!(!negative, "{}", raised.reason);
        }
    }
}
