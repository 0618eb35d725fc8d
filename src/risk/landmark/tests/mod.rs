//! The model on made-up patients whose generator is known.

use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use super::*;
use crate::burden::Case;
use crate::burden::case::{Fact, Finding, Found, Happened, Known, Outcome, Signal, Tissue, What};
use crate::domain::id::{PatientId, PatientRef, SiteId};

mod choice;

const NAMES: [&str; 2] = ["breast HR+/HER2-", "colorectal"];

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn cut() -> NaiveDate {
    date("2022-06-30")
}

fn uniform(random: &mut Xoshiro256PlusPlus) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn always() -> Known {
    Known {
        from: i32::MIN,
        until: i32::MAX,
    }
}

/// Nodes and a rising ctDNA bring relapse; size does nothing; one in ten has a wrong decimal.
fn patient(number: i64) -> Case {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(number as u64);
    let origin = date("2014-01-01") + chrono::Days::new((uniform(&mut random) * 1800.0) as u64);
    let end = (cut() - origin).num_days() as i32;
    let nodes = (uniform(&mut random).powi(2) * 12.0).floor();
    let rate = 0.00006 * (1.0 + nodes);
    let relapse = (-uniform(&mut random).ln() / rate) as i32 + 200;
    let death = (-uniform(&mut random).ln() / 0.00008) as i32 + 100;
    let organ: Arc<str> = ["bone", "liver", "soft_tissue"][number as usize % 3].into();
    let known = |on: i32| Known {
        from: on + 5,
        until: i32::MAX,
    };
    let mut case = Case {
        patient: PatientRef {
            site: SiteId((number % 4) as i32),
            patient: PatientId(number),
        },
        origin,
        group: NAMES[number as usize % 2].into(),
        facts: vec![],
        treated: vec![],
        signals: vec![],
        happened: vec![],
        visits: vec![],
    };
    for (name, value) in [
        ("age", 45.0 + uniform(&mut random) * 35.0),
        ("nodes", nodes),
        ("size_mm", uniform(&mut random) * 60.0),
    ] {
        if name != "size_mm" || number % 5 > 0 {
            case.facts.push(Fact {
                name: name.into(),
                value,
                known: always(),
            });
        }
    }
    case.facts.push(Fact {
        name: if number % 3 == 0 { "sex=M" } else { "sex=F" }.into(),
        value: 1.0,
        known: always(),
    });
    for visit in 0.. {
        let on = 20 + visit * 120;
        if on > end.min(relapse).min(death) {
            break;
        }
        let grown = f64::from(on - (relapse - 400)).max(0.0) / 60.0;
        let molecules = (grown.exp() - 1.0) * if number % 10 == 0 { 10.0 } else { 1.0 };
        let found = if molecules >= 2.0 {
            Found::Number(molecules.round())
        } else {
            Found::Below(2.0)
        };
        let id = number * 1000 + i64::from(visit) * 3;
        let blood = What::Molecules {
            assay: "a".into(),
            examined: 20_000.0,
            found,
        };
        case.signals.push(Signal {
            id,
            on,
            known: known(on),
            what: blood,
        });
        let count = What::Cells {
            tissue: Tissue::Blood,
            count: f64::from(u8::from(grown > 4.0)),
            screened: 7.5,
        };
        case.signals.push(Signal {
            id: id + 1,
            on,
            known: known(on),
            what: count,
        });
        if visit % 3 == 0 {
            case.signals.push(Signal {
                id: id + 2,
                on,
                known: known(on),
                what: What::Scan {
                    finding: Finding::Clear,
                },
            });
        }
    }
    let first = relapse.min(death);
    if first <= end {
        let what = if relapse <= death {
            Outcome::Relapse { organ, by_scan: false }
        } else {
            Outcome::Death
        };
        case.happened.push(Happened {
            on: first,
            known: known(first),
            what,
        });
    } else {
        case.happened.push(Happened {
            on: end,
            known: Known {
                from: end,
                until: i32::MAX,
            },
            what: Outcome::Contact,
        });
    }
    case
}

fn cohort() -> &'static Vec<Case> {
    static COHORT: OnceLock<Vec<Case>> = OnceLock::new();
    COHORT.get_or_init(|| (1..=700).map(patient).collect())
}

fn settings() -> Settings {
    Settings {
        lines: false,
        folds: 3,
        ..Settings::default()
    }
}

fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| fit(cohort(), cut(), &settings()).unwrap())
}

fn scores() -> Vec<(usize, Score)> {
    let days = [60, 200, 400, 800, 1200];
    let all = (0..60).flat_map(|i| days.map(|day| (i, day)));
    all.filter_map(|(i, day)| Some((i, model().follow(&cohort()[i]).on(day).ok()?)))
        .collect()
}

#[test]
fn risks_rise_with_the_horizon_and_lie_within_their_limits() {
    let scores = scores();
    assert!(scores.len() > 200);
    for (_, score) in &scores {
        for pair in score.risks.windows(2) {
            assert!(pair[0].value <= pair[1].value);
        }
        for risk in score.risks {
            assert!(0.0 < risk.lower && risk.lower <= risk.value && risk.value <= risk.upper && risk.upper <= 1.0);
        }
        assert!((0.0..=100.0).contains(&score.percentile));
    }
}

/// A family of few numbers hardly moves between parts of the patients; what the validation left open shows all the same.
#[test]
fn limits_hold_the_error_of_calibration() {
    let mut certain = model().clone();
    certain.report.horizons.clear();
    for (i, score) in scores() {
        let bare = certain.follow(&cohort()[i]).on(score.day).unwrap();
        let width = |risk: &Risk| risk.upper - risk.lower;
        let (with, without) = (&score.risks[MAIN], &bare.risks[MAIN]);
        assert_eq!(with.value, without.value);
        assert!(width(with) > width(without), "{with:?} {without:?}");
    }
}

#[test]
fn what_is_shown_adds_up() {
    for (_, score) in scores() {
        let sum: f64 = score
            .contributions
            .iter()
            .map(|part| (part.effect * 1000.0).round())
            .sum();
        assert_eq!(sum, (score.risks[MAIN].value * 1000.0).round());
        let organs: f64 = score.organs.iter().map(|share| share.risk).sum();
        assert!((organs - 1.0).abs() < 1e-12);
        let named = ["node", "liver", "lung", "bone", "brain", "peritoneum", "other"];
        let relapse: f64 = score
            .organs
            .iter()
            .filter(|s| named.contains(&s.what.as_str()))
            .map(|s| s.risk)
            .sum();
        assert!((relapse - score.risks[WINDOWS - 1].value).abs() < 1e-12);
    }
}

/// All of these patients were operated on within five years, so today's landmarks are later than those before; nothing else changed.
#[test]
fn a_registry_that_ages_has_not_shifted() {
    let drift = &model().report.drift;
    let time = drift
        .iter()
        .find(|own| own.column.contains("years since day zero"))
        .unwrap();
    assert!(time.index < 0.25, "{time:?}");
}

#[test]
fn where_no_organ_is_on_file_none_is_told() {
    let mut cases = cohort().to_vec();
    for happened in cases.iter_mut().flat_map(|case| &mut case.happened) {
        if let Outcome::Relapse { organ, .. } = &mut happened.what {
            *organ = "not_stated".into();
        }
    }
    let mut mute = model().clone();
    let last = |case: &Case| (cut() - case.origin).num_days() as i32;
    mute.organs = Organs::learn(cases.iter().map(|case| (case, last(case))));
    let (i, score) = scores().into_iter().next().unwrap();
    let told = mute.follow(&cohort()[i]).on(score.day).unwrap();
    let names: Vec<&str> = told.organs.iter().map(|share| share.what.as_str()).collect();
    assert_eq!(names, ["not_stated", "death", "free"]);
    assert_eq!(told.organs[0].risk, score.risks[WINDOWS - 1].value);
    let sum: f64 = told.organs.iter().map(|share| share.risk).sum();
    assert!((sum - 1.0).abs() < 1e-12);
}

#[test]
fn nothing_known_later_changes_a_score() {
    for (i, score) in scores() {
        let mut case = cohort()[i].clone();
        case.signals.retain(|signal| signal.known.from <= score.day);
        case.happened.retain(|happened| happened.known.from <= score.day);
        assert_eq!(model().follow(&case).on(score.day).unwrap(), score);
    }
}

#[test]
fn days_may_be_asked_in_any_order_and_the_model_stored() {
    let stored: Model = serde_json::from_str(&serde_json::to_string(model()).unwrap()).unwrap();
    let mut scorer = stored.follow(&cohort()[3]);
    let late = scorer.on(800);
    let early = scorer.on(60).unwrap();
    assert_eq!(early, model().follow(&cohort()[3]).on(60).unwrap());
    assert_eq!(scorer.on(800), late);
    let risks = early.risks.map(|risk| risk.value);
    assert_eq!(scorer.risks_on(60).unwrap(), risks);
}

#[test]
fn relapse_is_foreseen_on_patients_not_in_the_fit() {
    let new: Vec<Case> = (2001..=2400).map(patient).collect();
    let (mut risks, mut came) = (vec![], vec![]);
    for case in &new {
        let end = case.happened[0].on;
        let mut scorer = model().follow(case);
        for day in [300, 600, 900].into_iter().filter(|day| *day < end) {
            let relapse = matches!(case.happened[0].what, Outcome::Relapse { .. }) && end <= day + 365;
            risks.push(scorer.risks_on(day).unwrap()[MAIN]);
            came.push(relapse);
        }
    }
    let pairs = |a: bool| risks.iter().zip(&came).filter(move |(_, c)| **c == a).map(|(r, _)| *r);
    let cases: Vec<f64> = pairs(true).collect();
    let wins: f64 = cases
        .iter()
        .map(|c| {
            pairs(false)
                .map(|o| {
                    if c > &o {
                        1.0
                    } else if *c == o {
                        0.5
                    } else {
                        0.0
                    }
                })
                .sum::<f64>()
        })
        .sum();
    let auc = wins / (cases.len() * (risks.len() - cases.len())) as f64;
    assert!(cases.len() > 25 && auc > 0.75, "{auc} on {}", cases.len());
    let ratio = cases.len() as f64 / risks.iter().sum::<f64>();
    assert!((0.6..1.6).contains(&ratio), "{ratio}");
}

#[test]
fn doubts_are_named() {
    let number = (1..=60)
        .find(|i| i % 5 == 0 && cohort()[*i - 1].happened[0].on > 1000)
        .unwrap();
    let mut case = cohort()[number - 1].clone();
    case.group = "sarcoma".into();
    case.facts.retain(|fact| &*fact.name != "nodes");
    case.facts.push(Fact {
        name: "nodes".into(),
        value: 90.0,
        known: always(),
    });
    case.signals.retain(|signal| signal.on < 400);
    let score = model().follow(&case).on(900).unwrap();
    assert!(score.missing.contains(&"Tumour size".to_owned()), "{:?}", score.missing);
    assert!(
        score.stale.iter().any(|words| words.starts_with("Last ctDNA")),
        "{:?}",
        score.stale
    );
    let outside = score.outside.unwrap();
    assert!(
        outside.contains("sarcoma") && outside.contains("Positive nodes 90 lies outside"),
        "{outside}"
    );
}

#[test]
fn there_is_no_score_for_those_who_cannot_relapse_any_more() {
    let relapsed = cohort()
        .iter()
        .find(|c| matches!(c.happened[0].what, Outcome::Relapse { .. }))
        .unwrap();
    let on = relapsed.happened[0].known.from;
    assert!(matches!(model().follow(relapsed).on(on), Err(NotScored::Relapsed(_))));
    assert!(model().follow(relapsed).on(relapsed.happened[0].on - 1).is_ok());
    assert!(matches!(model().follow(&cohort()[0]).on(-3), Err(NotScored::NotYet(_))));
    assert!(matches!(
        model().follow(&cohort()[0]).on(100_000),
        Err(NotScored::TooFewSeen { .. } | NotScored::Died(_) | NotScored::Relapsed(_))
    ));
}

#[test]
fn a_fit_refuses_what_holds_too_few_relapses_and_bounds_its_rows() {
    assert!(matches!(
        fit(&cohort()[..20], cut(), &settings()),
        Err(crate::risk::Error::TooFewEvents { .. })
    ));
    assert!(matches!(
        fit(&[], cut(), &settings()),
        Err(crate::risk::Error::TooFewEvents { events: 0, .. })
    ));
    let small = Settings {
        most_rows: 2500,
        trees: false,
        ..settings()
    };
    let bounded = fit(cohort(), cut(), &small).unwrap();
    assert!(
        bounded.fitted_on.drawn && bounded.fitted_on.landmarks < 3200,
        "{}",
        bounded.fitted_on.landmarks
    );
    assert!(!model().fitted_on.drawn);
}

#[test]
fn a_landmark_at_day_zero_alone_is_a_fit_too() {
    let mut cases = cohort().clone();
    cases.iter_mut().for_each(|case| case.signals.clear());
    let settings = Settings {
        horizons: [365, 730, 1825],
        landmarks: Landmarks::At(vec![0]),
        ..settings()
    };
    let model = fit(&cases, cut(), &settings).unwrap();
    let risk = |nodes: f64| {
        let mut case = cases[0].clone();
        case.facts
            .iter_mut()
            .filter(|fact| &*fact.name == "nodes")
            .for_each(|fact| fact.value = nodes);
        model.follow(&case).risks_on(0).unwrap()[2]
    };
    assert!(risk(10.0) > 2.0 * risk(0.0));
}

/// The log-likelihood of what became of those it is asked about as unseen is lower than by any other part, all of which have seen them.
#[test]
fn who_is_asked_about_as_unseen_is_asked_of_the_fit_without_them() {
    let (cases, model) = (cohort(), model());
    let parts = model.settings.folds;
    let mut sums = vec![0.0; parts];
    for case in cases {
        let relapse = case
            .happened
            .iter()
            .find_map(|h| matches!(h.what, Outcome::Relapse { .. }).then_some(h.on));
        let own = rows::part_of(case.patient, &model.settings);
        let mut unseen = model.follow_unseen(case);
        for day in [200, 400, 600] {
            let Ok((said, line)) = unseen.risks_and_line(day) else {
                continue;
            };
            let (mut raw, mut x) = (vec![], vec![]);
            model
                .schema
                .fill(case, day, Some(&line).filter(|_| model.engine().is_some()), &mut raw);
            model.basis.design(&raw, &mut x);
            let came = relapse.is_some_and(|on| on <= day + 730);
            for (shift, sum) in sums.iter_mut().enumerate() {
                let part = (own + shift) % parts;
                let hazards = model.hazards_without(part, &model.filled(&raw), model.mechanism(&raw), &x);
                let risk = model.risks(&hazards)[0][2];
                assert!(shift > 0 || risk == said[2]);
                *sum += if came { risk.ln() } else { (-risk).ln_1p() };
            }
        }
    }
    assert!(sums[1..].iter().all(|seen| *seen > sums[0]), "{sums:?}");
}

/// Relapses are found once a year, soon after day 400 and its anniversaries: on that day risks are higher than on others, and no column says so.
#[test]
fn the_level_is_that_of_the_days_that_are_asked_for() {
    let yearly = |case: &Case| {
        let mut case = case.clone();
        for happened in &mut case.happened {
            if matches!(happened.what, Outcome::Relapse { .. }) {
                happened.on += (410 - happened.on).rem_euclid(365);
                happened.known.from = happened.on + 5;
            }
        }
        case
    };
    let cases: Vec<Case> = cohort().iter().map(yearly).collect();
    let observed_over_expected = |asked: &[i32]| {
        let settings = Settings {
            asked: asked.to_vec(),
            ..settings()
        };
        let model = fit(&cases, cut(), &settings).unwrap();
        let (mut observed, mut expected) = (0.0, 0.0);
        for case in &cases {
            let watched = (cut() - case.origin).num_days() as i32 >= 600;
            if let (true, Ok(risks)) = (watched, model.follow(case).risks_on(400)) {
                let relapsed = |h: &&Happened| matches!(h.what, Outcome::Relapse { .. }) && h.on <= 582;
                observed += case.happened.iter().filter(relapsed).count() as f64;
                expected += risks[0];
            }
        }
        observed / expected
    };
    // nobody is watched on such a day
    let never = Settings {
        asked: vec![6000],
        ..settings()
    };
    assert_eq!(fit(cohort(), cut(), &never).unwrap().learned, model().learned);
    let (any, asked) = (observed_over_expected(&[]), observed_over_expected(&[400]));
    assert!(any > 1.15 && (0.9..1.1).contains(&asked), "{any} {asked}");
}

#[test]
fn recalibration_moves_level_and_slope_once() {
    let mut moved = model().clone();
    moved.recalibrate();
    let once = moved.clone();
    moved.recalibrate();
    assert_eq!(moved, once);
    assert!(once.recalibrated && once.learned.blend != model().learned.blend);
    assert_ne!(
        once.reference.risks,
        model().reference.risks,
        "percentiles are of the risks as they are now"
    );
}
