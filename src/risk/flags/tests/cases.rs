//! From the readings of a case: signs, evidence, sentences, and the lead-time ledger.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::burden::case::{Case, Finding, Found, Happened, Known, Outcome, Signal, Tissue, What};
use crate::domain::flag::Severity;

fn signal(id: i64, on: Day, from: Day, what: What) -> Signal {
    Signal {
        id,
        on,
        known: Known { from, until: Day::MAX },
        what,
    }
}

fn ctdna(molecules: f64) -> What {
    What::Molecules {
        assay: "panel".into(),
        examined: 5_000.0,
        found: if molecules > 0.0 {
            Found::Number(molecules)
        } else {
            Found::Below(2.0)
        },
    }
}

fn ctc(count: f64) -> What {
    What::Cells {
        tissue: Tissue::Blood,
        count,
        screened: 7.5,
    }
}

fn marker(level: f64) -> What {
    What::Marker {
        analyte: "CA15-3".into(),
        level: Found::Number(level.ln()),
    }
}

fn case(signals: Vec<Signal>) -> Case {
    Case {
        patient: patient(1),
        origin: day("2025-01-01"),
        group: Arc::from("breast"),
        facts: vec![],
        treated: vec![],
        signals,
        happened: vec![],
        visits: vec![],
    }
}

/// Negative at 100, three molecules at 200 (told at 210), 14 at 300 (told at 305).
fn rise() -> Vec<Signal> {
    vec![
        signal(1, 100, 107, ctdna(0.0)),
        signal(2, 200, 210, ctdna(3.0)),
        signal(3, 300, 305, ctdna(14.0)),
    ]
}

#[test]
fn a_sign_shows_when_it_is_on_file_and_became_true_between_two_draws() {
    let case = case(rise());
    let shown = |sign| Shown::first(&case, sign, 0, 1_000);
    let of = |after, on, known| Some(Shown { after, on, known });
    assert_eq!(shown(Sign::CtdnaDetected), of(Some(100), 200, 210));
    assert_eq!(shown(Sign::CtdnaTwice), of(Some(200), 300, 305));
    assert_eq!(shown(Sign::CellsInBlood), None);
    assert_eq!(
        Shown::first(&case, Sign::CtdnaDetected, 0, 210),
        None,
        "not before it is on file"
    );
    // the draw before the window already had it: from when is not known
    assert_eq!(Shown::first(&case, Sign::CtdnaDetected, 250, 1_000), of(None, 300, 305));
}

#[test]
fn two_tubes_of_one_day_are_one_draw() {
    let mut signals = rise();
    signals.truncate(2);
    signals.push(signal(4, 200, 210, ctdna(3.0)));
    assert!(!trend(&case(signals.clone()), 400).repeated);
    assert_eq!(
        trend(&case(rise()), 400),
        Trend {
            repeated: true,
            rising: true
        }
    );
    assert_eq!(
        trend(&case(rise()), 304),
        Trend::default(),
        "the second is not on file yet"
    );
    // a draw told late between the two was negative
    let mut late = rise();
    late.insert(2, signal(5, 250, 320, ctdna(0.0)));
    assert!(trend(&case(late.clone()), 310).repeated);
    assert!(!trend(&case(late), 320).repeated);
}

/// As `burden::series` has it of the registry's own readings.
#[test]
fn ctdna_rises_against_the_first_reading_of_its_assay_after_surgery() {
    let by = |assay: &str, n: f64| {
        let mut what = ctdna(n);
        if let What::Molecules { assay: own, .. } = &mut what {
            *own = assay.into();
        }
        what
    };
    let drawn = |found: &[(&str, f64)]| {
        let one = |(i, (assay, n)): (usize, &(&str, f64))| {
            let on = 100 * (1 + i as i32);
            signal(i as i64, on, on, by(assay, *n))
        };
        case(found.iter().enumerate().map(one).collect())
    };
    let rises = |found: &[(&str, f64)]| trend(&drawn(found), 1_000).rising;
    assert!(rises(&[("a", 0.0), ("a", 3.0), ("a", 2.0)]));
    assert!(!rises(&[("a", 5.0), ("a", 3.0), ("a", 4.0)]), "not above the baseline");
    assert!(rises(&[("a", 5.0), ("a", 6.0), ("a", 5.0), ("a", 6.0), ("a", 7.0)]));
    assert!(
        !rises(&[("a", 0.0), ("a", 3.0), ("a", 0.0), ("a", 4.0)]),
        "back between the two"
    );
    assert!(
        !rises(&[("a", 0.0), ("a", 3.0), ("b", 4.0), ("b", 4.0)]),
        "another assay has a baseline of its own"
    );
    assert!(rises(&[("a", 0.0), ("a", 3.0), ("b", 4.0), ("a", 4.0)]));
    assert!(
        !rises(&[("a", 0.0), ("a", 3.0), ("a", 40.0), ("b", 0.0)]),
        "another assay would have shown forty molecules"
    );
    assert!(
        rises(&[("a", 0.0), ("a", 3.0), ("a", 4.0), ("b", 0.0)]),
        "four it might not have shown"
    );
    assert!(
        rises(&[("a", 0.0), ("a", 3.0), ("a", 40.0), ("b", 0.0), ("a", 50.0)]),
        "and it did not stay the last word"
    );
    assert!(rises(&[("a", 0.0), ("a", 30.0), ("b", 0.0), ("a", 40.0)]));
    let rise = drawn(&[("a", 0.0), ("a", 3.0), ("a", 4.0)]);
    assert!(trend(&rise, 300 + EVIDENCE_DAYS).rising && !trend(&rise, 301 + EVIDENCE_DAYS).rising);
    let mut twice = rise.clone();
    twice.signals[2].on = 200;
    assert!(!trend(&twice, 1_000).rising, "two tubes of one day are one draw");
    // what was drawn before surgery is the primary tumour's
    let mut before = drawn(&[("a", 0.0), ("a", 3.0), ("a", 4.0)]);
    before.signals.insert(0, signal(9, -20, -20, by("a", 900.0)));
    before.signals.insert(1, signal(10, 0, 0, by("a", 900.0))); // in theatre
    assert!(trend(&before, 1_000).rising);
    assert!(!trend(&before, 299).rising, "the second is not on file yet");
}

#[test]
fn evidence_is_what_is_positive_on_file_and_not_old() {
    let mut signals = rise();
    signals[1].known.until = 250; // amended away
    signals.insert(0, signal(7, -5, 0, ctdna(900.0))); // before surgery
    signals.push(signal(8, 310, 312, ctc(0.0)));
    signals.push(signal(9, 320, 322, ctc(2.0)));
    let case = case(signals);
    let ids = |on| evidence(&case, on).iter().map(|t| t.id).collect::<Vec<_>>();
    assert_eq!(ids(209), Vec::<i64>::new());
    assert_eq!(ids(249), [2]);
    assert_eq!(ids(250), Vec::<i64>::new());
    assert_eq!(ids(330), [3, 9]);
    assert_eq!(ids(1031), [9]);
}

#[test]
fn a_marker_rises_against_the_patient_s_own_values() {
    let levels = [
        (1, 50, 20.0),
        (2, 100, 22.0),
        (3, 150, 21.0),
        (4, 200, 31.0),
        (5, 250, 33.0),
    ];
    let case = case(levels.map(|(id, on, level)| signal(id, on, on, marker(level))).to_vec());
    assert!(evidence(&case, 199).is_empty());
    // 31 is 1.48 times 21; 33 is 1.53 times 21.5
    assert_eq!(evidence(&case, 250).iter().map(|t| t.id).collect::<Vec<_>>(), [5]);
}

#[test]
fn a_reason_has_its_numbers() {
    let mut point = point(310, 0.31, &[(2, 210), (3, 305)]);
    point.limits = [0.24, 0.39];
    point.growing = 0.97;
    let mut signals = rise();
    assert_eq!(
        reason(&case(signals.clone()), &point),
        "12-month risk 31 % (24 to 39 %): ctDNA 3 then 14 molecules since 20 Jul 2025, growing with probability 0.97."
    );
    signals.push(signal(9, 306, 307, ctc(2.0)));
    let with_cells = reason(&case(signals), &point);
    assert!(
        with_cells.contains("molecules since 20 Jul 2025, CTC 2 in 7.5 mL on 3 Nov 2025, growing"),
        "{with_cells}"
    );
    point.growing = 1.0;
    let sure = reason(&case(rise()), &point);
    assert!(sure.ends_with("growing with probability >0.99."), "{sure}");
    point.growing = 0.1;
    assert_eq!(
        reason(&case(vec![]), &point),
        "12-month risk 31 % (24 to 39 %): no reading of the last 2 years speaks for tumour; it comes from older ones, baseline, treatment and time."
    );
}

#[test]
fn what_is_raised_fits_the_registry() {
    let mut rule = at(0.3);
    let mut point = point(310, 0.31, &[(2, 210), (3, 305)]);
    (point.limits, point.trend.rising) = ([0.24, 0.39], true);
    let raised = rule.raised(&case(rise()), &point, &rule.thresholds[0]);
    assert_eq!(raised.cause.code(), "risk_threshold", "the rise has a flag of its own");
    assert_eq!(raised.severity, Severity::Medium);
    assert_eq!(raised.triggers.len(), 2);
    assert!(
        raised
            .reason
            .ends_with("Too few past flags (0) to say how often such a flag comes true.")
    );
    assert!(raised.reason.chars().count() <= 400);
    rule.thresholds[0].raise = 0.2;
    assert_eq!(
        rule.raised(&case(rise()), &point, &rule.thresholds[0]).severity,
        Severity::High
    );
    let of = |scores, ppv24| Expected {
        scores,
        ppv12: Some(0.541),
        ppv24,
        lead_days: Some(210.4),
        flags: 212,
    };
    let past = Experience {
        flags: 424,
        groups: vec![of([0.312, 0.378], Some(0.73)), of([0.52, 0.71], None)],
    };
    let nearest = "of the 212 past flags nearest to it (scores 31 to 38 %) 54 % relapsed within 12 months and 73 % within 24, half of these within 210 days.";
    // a score between two groups is above one of them and not above all
    for (score, told) in [(0.344, "34"), (0.45, "45")] {
        assert_eq!(promise(score, &past), format!("Alert score {told} %: {nearest}"));
    }
    assert_eq!(
        promise(0.95, &past),
        "Alert score 95 %: above all past flags; of the 212 highest of these (scores 52 to 71 %) 54 % relapsed within 12 months."
    );
}

fn relapsed(to: Day, after: Option<Day>, points: Vec<Point>) -> Series {
    series(1, to, End::Relapse { after, known: to }, points)
}

#[test]
fn a_relapse_has_its_signs_with_their_intervals() {
    let points = vec![point(210, 0.3, &[]), point(240, 0.6, &[]), point(310, 0.9, &[])];
    let series = relapsed(500, Some(320), points);
    let row = Relapse::of(&case(rise()), &series, Some(310)).unwrap();
    let place = |herald| Herald::all().position(|h| h == herald).unwrap();
    let once = place(Herald::Reading(Sign::CtdnaDetected));
    assert_eq!(row.notice(once), Some(290));
    // it became true in (100, 200], the relapse visible in (320, 500]
    assert_eq!(row.lead(once), Some((120, 400)));
    let (growing, flag) = (place(Herald::Growing), place(Herald::Flag));
    assert_eq!((row.notice(growing), row.notice(flag)), (Some(260), Some(190)));
    assert_eq!(row.lead(place(Herald::Reading(Sign::MarkerRise))), None);
    assert_eq!(row.first(), [once]);
    let censored = super::series(1, 500, End::Censored, vec![]);
    assert_eq!(Relapse::of(&case(rise()), &censored, None), None);
    // one of before the watch was announced by nothing that came on file since
    assert_eq!(Relapse::of(&case(rise()), &relapsed(10, None, vec![]), None), None);
}

#[test]
fn misses_stay_in_the_denominator() {
    let told = Relapse::of(&case(rise()), &relapsed(500, Some(320), vec![]), None).unwrap();
    let missed = Relapse::of(&case(vec![]), &relapsed(500, None, vec![]), None).unwrap();
    // a draw that found nothing: something was on file, and it told nothing
    let draw = case(vec![signal(1, 100, 107, ctdna(0.0))]);
    let untold = Relapse::of(&draw, &relapsed(500, None, vec![]), None).unwrap();
    let two = LeadLedger::of(&[untold, missed.clone()]);
    assert_eq!((two.missed, two.unread), (2, Some(1)));
    let ledger = LeadLedger::of(&[told, missed.clone(), missed]);
    assert_eq!((ledger.missed, ledger.unread), (2, Some(2)));
    let once = &ledger.announced[0];
    assert_eq!((once.ahead, once.early, once.first), (1, 1, 1.0));
    assert!((once.mean_notice - 290.0 / 3.0).abs() < 1e-12);
    assert_eq!(once.bounds, (0.0, 0.0));
    assert_eq!((once.median, once.median_notice), (None, 0.0));
    assert_eq!((ledger.relapses, ledger.years, once.looked), (3, Some((2021, 2021)), 1));
    assert_eq!(ledger.by(Herald::Flag).unwrap().looked, 0);
    let nothing = LeadLedger::of(&[]);
    assert_eq!((nothing.missed, nothing.announced[0].median), (0, None));
}

#[test]
fn a_case_is_scored_on_news_and_on_ticks_and_watched_as_far_as_it_is_known() {
    let mut case = case(rise());
    case.signals.push(signal(
        5,
        250,
        255,
        What::Scan {
            finding: Finding::Clear,
        },
    ));
    assert_eq!(scored_days(&case, 90, 215), [90, 107, 120, 150, 180, 210]);
    assert!(scored_days(&case, 90, 80).is_empty());
    assert_eq!(
        Watch::of(&case, 400),
        Watch {
            from: 30,
            to: 355, // seen on day 300: still watched 45 days before the cut
            end: End::Censored
        }
    );
    let relapse = Outcome::Relapse {
        organ: "liver".into(),
        by_scan: false,
    };
    let known = Known {
        from: 420,
        until: Day::MAX,
    };
    case.happened.push(Happened {
        on: 410,
        known,
        what: relapse,
    });
    assert_eq!(Watch::of(&case, 415).end, End::Censored);
    assert_eq!(
        Watch::of(&case, 454).end,
        End::Censored,
        "what came since may not be on file of all"
    );
    let end = End::Relapse {
        after: Some(250),
        known: 420,
    };
    assert_eq!(Watch::of(&case, 455), Watch { from: 30, to: 410, end });
    let point = Point::of(&case, 310, [0.1, 0.2, 0.3], [0.1, 0.3], 0.4);
    assert!(point.trend.rising);
    assert_eq!(point.newest(), Some(305));
}

/// Draws of all kinds, told after up to 60 days and sometimes amended away.
fn any_case() -> impl Strategy<Value = Case> {
    let one = (1..800i32, 0..60i32, 0..3u32, 0..6u32, 0..300i32);
    prop::collection::vec(one, 0..25).prop_map(|readings| {
        let mut signals: Vec<Signal> = vec![];
        for (id, (on, late, kind, count, until)) in readings.into_iter().enumerate() {
            let count = f64::from(count);
            let what = match kind {
                0 => ctdna(if count < 3.0 { 0.0 } else { count }),
                1 => ctc(if count < 4.0 { 0.0 } else { count }),
                _ => marker(10.0 + 5.0 * count),
            };
            let mut signal = signal(id as i64, on, on + late, what);
            if until < 60 {
                signal.known.until = on + late + until;
            }
            signals.push(signal);
        }
        signals.sort_by_key(|s| (s.on, s.id));
        case(signals)
    })
}

proptest! {
    #[test]
    fn the_lead_ledger_adds_up(cases in prop::collection::vec((any_case(), 100..900i32, prop::option::of(50..900i32)), 0..12)) {
        let rows: Vec<Relapse> = cases.iter().map(|(case, to, flag)| {
            let points = (1..9).map(|i| point(100 * i, 0.12 * f64::from(i), &[])).collect();
            let flag = flag.map(|on| on / 100 * 100).filter(|on| on < to);
            Relapse::of(case, &relapsed(*to, Some(to / 2), points), flag).unwrap()
        }).collect();
        let ledger = LeadLedger::of(&rows);
        let first: f64 = ledger.announced.iter().map(|a| a.first).sum();
        prop_assert!((first + ledger.missed as f64 - cases.len() as f64).abs() < 1e-9);
        for announced in &ledger.announced {
            prop_assert!(announced.early <= announced.ahead && announced.ahead <= announced.looked && announced.looked <= cases.len());
            prop_assert!(announced.median.is_none_or(|m| m.0.is_finite() && m.1.is_finite()));
            prop_assert!(announced.bounds.0 <= announced.bounds.1);
        }
        for row in &rows {
            for place in 0..Herald::COUNT {
                if let Some((least, most)) = row.lead(place) {
                    prop_assert!(least <= most);
                    prop_assert!(row.notice(place).is_some_and(|days| days > 0));
                }
            }
        }
    }

    #[test]
    fn what_comes_on_file_later_changes_no_sign_and_no_evidence(case in any_case(), cut in 1..900i32) {
        let mut then = case.clone();
        then.signals.retain(|s| s.known.from <= cut);
        for signal in &mut then.signals {
            if signal.known.until > cut {
                signal.known.until = Day::MAX;
            }
        }
        prop_assert_eq!(evidence(&then, cut), evidence(&case, cut));
        prop_assert_eq!(trend(&then, cut), trend(&case, cut));
        for sign in Sign::ALL {
            prop_assert_eq!(Shown::first(&then, sign, 0, cut + 1), Shown::first(&case, sign, 0, cut + 1));
        }
    }
}
