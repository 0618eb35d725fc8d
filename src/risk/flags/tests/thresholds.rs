//! Budgets are kept, exactly.

use proptest::prelude::*;

use super::super::choose::marks;
use super::super::life::raised;
use super::super::threshold::{exact, load};
use super::*;

#[test]
fn the_threshold_lies_between_the_last_flag_allowed_and_the_next() {
    // 100 patients of 1 year each and a bit; highest scores 0.01, 0.02, … 1
    let past: Vec<Series> = (1..=100)
        .map(|i| series(i, 30 + 366, End::Censored, vec![point(60, i as f64 / 100.0, &[])]))
        .collect();
    let terms = Terms::default();
    let days: Vec<_> = past.iter().map(|s| marks(s, &AlertScore::STANDARD, &terms)).collect();
    let years: f64 = past.iter().map(|s| s.watch.years()).sum();
    let found = exact(&days, years, &[4.0, 10.0, 99.0, 1e9, 0.5], &terms);
    let flags: Vec<usize> = found.iter().map(|e| e.flags).collect();
    assert_eq!(flags, [4, 10, 99, 100, 0]);
    assert!((found[0].raise - 0.965).abs() < 1e-12, "{}", found[0].raise);
    assert!((found[1].raise - 0.905).abs() < 1e-12);
    assert!(found[4].raise > 1.0, "no flag fits: {}", found[4].raise);
}

#[test]
fn the_budget_pays_for_rises_of_ctdna_and_the_risk_has_what_is_left() {
    // of 100 patients ten have a rise at a low risk
    let one = |i: i64| {
        let mut own = point(60, if i < 10 { 0.001 } else { i as f64 / 100.0 }, &[]);
        own.trend.rising = i < 10;
        series(i, 30 + 366, End::Censored, vec![own])
    };
    let past: Vec<Series> = (0..100).map(one).collect();
    let years: f64 = past.iter().map(|s| s.watch.years()).sum();
    let settings = Settings {
        terms: Terms {
            trend: true,
            ..Terms::default()
        },
        candidates: vec![AlertScore::STANDARD],
    };
    let learn = |allowed: f64| {
        let budget = 100.0 * allowed / years;
        let rule = FlagRule::learn(&past, &[budget], &settings).unwrap();
        let own = rule.thresholds[0].clone();
        assert_eq!(rule.first_flags(&past, 0).len(), own.flags);
        own
    };
    let within = learn(35.5);
    assert_eq!(within.flags, 35);
    assert!(
        (within.exact - 0.745).abs() < 1e-9,
        "25 by their risk: {}",
        within.exact
    );
    // rises that just fill it: half way from the highest score, 0.99, to above all
    let filled = learn(10.5);
    assert!(
        filled.flags == 10 && (filled.exact - 0.995).abs() < 1e-9,
        "{}",
        filled.exact
    );
    // rises alone are more than the budget: no risk is flagged, and the load says what they come to
    let beyond = learn(4.5);
    assert!(beyond.exact > 1.0 && beyond.exact.is_finite(), "{}", beyond.exact);
    assert!(beyond.flags == 10 && beyond.load > beyond.rate);
}

#[test]
fn a_group_of_ties_is_flagged_whole_or_not_at_all() {
    let tops = [0.9, 0.8, 0.8, 0.8, 0.1];
    let past: Vec<Series> = tops
        .iter()
        .map(|top| series(1, 395, End::Censored, vec![point(60, *top, &[])]))
        .collect();
    let years: f64 = past.iter().map(|s| s.watch.years()).sum();
    let terms = Terms::default();
    let days: Vec<_> = past.iter().map(|s| marks(s, &AlertScore::STANDARD, &terms)).collect();
    for (allowed, flags) in [(1.0, 1), (2.0, 1), (3.9, 1), (4.0, 4), (5.0, 5)] {
        let rate = 100.0 * allowed / years;
        let found = exact(&days, years, &[rate], &terms)[0];
        assert_eq!(found.flags, flags, "{allowed} allowed");
    }
}

#[test]
fn what_is_no_rule_is_refused() {
    let none = FlagRule::learn(&[], &[], &Settings::default());
    assert_eq!(none, Err(Error::NoBudget));
    for no_budget in [0.0, -1.0, f64::INFINITY] {
        let none = FlagRule::learn(&[], &[4.0, no_budget], &Settings::default());
        assert_eq!(none, Err(Error::Budget(no_budget)));
    }
    let closing_at_once = Settings {
        terms: Terms {
            hysteresis: Hysteresis {
                ratio: 0.0,
                quiet_days: 10,
            },
            ..Terms::default()
        },
        ..Settings::default()
    };
    let refused = FlagRule::learn(&[], &[4.0], &closing_at_once);
    assert!(matches!(refused, Err(Error::Hysteresis { .. })));
}

#[test]
fn without_past_data_the_threshold_is_the_default_and_with_more_it_is_the_registry_s_own() {
    assert_eq!(learned(&[], &[4.0]).thresholds[0].raise, default_threshold(4.0));
    assert!(default_threshold(1.65) > default_threshold(4.0));
    // everybody's risk is low: the own threshold lies far below the default
    let registry = |n: i64| -> Vec<Series> {
        (0..n)
            .map(|i| {
                series(
                    i,
                    1126,
                    End::Censored,
                    vec![point(60, 0.001 * (1 + i % 97) as f64, &[])],
                )
            })
            .collect()
    };
    let raise = |n| learned(&registry(n), &[4.0]).thresholds[0].clone();
    let (small, large) = (raise(50), raise(5_000));
    assert!(small.raise > small.exact && small.raise < default_threshold(4.0));
    assert!((large.raise - large.exact) / large.exact < 0.2, "{large:?}");
}

#[test]
fn a_stored_rule_is_the_same_rule() {
    let past: Vec<Series> = (1..=200)
        .map(|i| series(i, 900, End::Death, vec![point(60, i as f64 / 201.0, &[])]))
        .collect();
    let rule = learned(&past, &[4.0, 1.65]);
    let stored = serde_json::to_string(&rule).unwrap();
    assert_eq!(serde_json::from_str::<FlagRule>(&stored).unwrap(), rule);
}

/// 1,000 patients of whom 200 relapse on day 400. The 24-month risk rises on day 100 for all of these and for as many others; the
/// 12-month risk for these alone, later.
fn two_scores(later: Day) -> Vec<Series> {
    let relapses = |i: i64| i / 10 % 5 == 0;
    let risen = |i: i64, day: Day| {
        let (relapses, looks_so) = (relapses(i), i / 10 % 5 < 2);
        let noise = 1e-6 * i as f64;
        let mut point = point(day, 0.01 + noise, &[]);
        point.risk[1] = if relapses && day >= later {
            0.6 + noise
        } else {
            0.01 + noise
        };
        point.risk[2] = if looks_so { 0.7 + noise } else { 0.02 + noise };
        point
    };
    let end = |i: i64| {
        if relapses(i) {
            End::Relapse {
                after: None,
                known: 400,
            }
        } else {
            End::Censored
        }
    };
    let one = |i: i64| {
        let to = if relapses(i) { 400 } else { 1_100 };
        series(i, to, end(i), vec![risen(i, 100), risen(i, later)])
    };
    (0..1_000).map(one).collect()
}

#[test]
fn past_data_choose_another_score_only_where_it_is_better() {
    let only = |place: usize| AlertScore {
        weights: [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]][place],
        ..AlertScore::STANDARD
    };
    let chosen = |past: &[Series], candidates: Vec<AlertScore>| {
        let years: f64 = past.iter().map(|s| s.watch.years()).sum();
        let budget = 100.0 * 201.0 / years;
        let settings = Settings {
            candidates,
            ..Settings::default()
        };
        FlagRule::learn(past, &[budget], &settings).unwrap().score
    };
    let past = two_scores(250);
    assert_eq!(
        chosen(&past, vec![only(0), only(1)]),
        only(1),
        "twice as many of its flags come true"
    );
    assert_eq!(chosen(&past, vec![only(1), only(0)]), only(1));
    assert_eq!(chosen(&past, vec![only(0), only(0)]), only(0), "no better");
    assert_eq!(
        chosen(&past[..400], vec![only(0), only(1)]),
        only(0),
        "too few relapses"
    );
}

proptest! {
    #[test]
    fn the_budget_is_never_exceeded_on_past_data(past in any_cohort(), rates in prop::collection::vec(0.5..400.0f64, 1..4)) {
        let rule = learned(&past, &rates);
        for (place, threshold) in rule.thresholds.iter().enumerate() {
            let flags: usize = past.iter().map(|s| rule.flags(s, place, &[]).len()).sum();
            prop_assert_eq!(flags, threshold.flags);
            prop_assert!(load(flags, rule.years) <= threshold.rate);
            prop_assert!(rule.first_flags(&past, place).len() <= flags);
        }
    }

    #[test]
    fn a_budget_for_first_flags_is_one_for_patients(past in any_cohort(), rate in 0.5..400.0f64) {
        let settings = |counted| Settings {
            terms: Terms { counted, ..Terms::default() },
            candidates: vec![AlertScore::STANDARD],
        };
        let learn = |counted| FlagRule::learn(&past, &[rate], &settings(counted)).unwrap();
        let (first, all) = (learn(Counted::First), learn(Counted::All));
        let flagged = first.first_flags(&past, 0).len();
        prop_assert_eq!(flagged, first.thresholds[0].flags);
        prop_assert!(load(flagged, first.years) <= rate);
        prop_assert!(all.first_flags(&past, 0).len() <= flagged, "what re-raised flags cost");
    }

    #[test]
    fn no_lower_threshold_would_keep_the_budget(past in any_cohort(), rate in 0.5..400.0f64) {
        let terms = Terms::default();
        let days: Vec<_> = past.iter().map(|s| marks(s, &AlertScore::STANDARD, &terms)).collect();
        let years: f64 = past.iter().map(|s| s.watch.years()).sum();
        let found = exact(&days, years, &[rate], &terms)[0];
        let total = |raise| days.iter().map(|d| raised(d, raise, &terms).count()).sum::<usize>();
        prop_assert_eq!(total(found.raise), found.flags);
        // the next score at which anything moves, if that is too many flags, is where the search ended
        let moves = days.iter().flatten().flat_map(|m| [m.score, m.lower_bound(&terms.hysteresis)]);
        let next = moves.filter(|at| *at > 0.0 && *at < found.raise).max_by(f64::total_cmp);
        if let Some(next) = next {
            let more = total(next);
            prop_assert!(more == found.flags || load(more, years) > rate);
        }
    }

    #[test]
    fn a_larger_budget_flags_the_same_patients_no_later_and_perhaps_more(
        past in any_cohort(), new in any_cohort(), small in 0.5..200.0f64, times in 1.0..5.0f64,
    ) {
        let rule = learned(&past, &[small * times, small]);
        let (more, fewer) = (rule.first_flags(&new, 0), rule.first_flags(&new, 1));
        for (patient, on) in fewer {
            let there = more.iter().find(|(other, _)| *other == patient);
            prop_assert!(there.is_some_and(|(_, earlier)| *earlier <= on));
        }
    }
}
