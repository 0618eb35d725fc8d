//! A flag's life: raised, quiet, gone, dismissed, raised again.

use proptest::prelude::*;

use super::*;

fn lives(points: Vec<Point>, dismissed: &[Day]) -> Vec<(Day, Option<(Day, Closing)>)> {
    let flags = at(0.5).flags(&series(1, 5_000, End::Censored, points), 0, dismissed);
    flags.into_iter().map(|flag| (flag.raised, flag.closed)).collect()
}

#[test]
fn a_flag_closes_after_a_quiet_time_below_the_lower_threshold_and_not_before() {
    let one = [(1, 40)];
    // 0.3 lies between the thresholds; the quiet time begins anew after it
    let risks = [
        (50, 0.6),
        (80, 0.2),
        (140, 0.3),
        (150, 0.2),
        (239, 0.2),
        (240, 0.2),
        (270, 0.9),
    ];
    let points = risks.map(|(on, risk)| point(on, risk, &one)).to_vec();
    assert_eq!(lives(points, &[]), [(50, Some((240, Closing::Quiet)))]);
}

#[test]
fn only_new_evidence_raises_a_flag_again() {
    let points = vec![
        point(50, 0.6, &[(1, 40)]),
        point(80, 0.7, &[(1, 40)]),
        point(90, 0.9, &[(1, 40)]),
        point(100, 0.3, &[(1, 40), (2, 100)]),
        point(110, 0.6, &[(1, 40), (2, 100)]),
    ];
    assert_eq!(
        lives(points, &[81]),
        [(50, Some((81, Closing::Dismissed))), (110, None)]
    );
}

#[test]
fn an_old_reading_that_is_told_late_is_new_evidence() {
    let before = vec![point(50, 0.6, &[(9, 40)]), point(80, 0.7, &[(9, 40)])];
    let mut points = before.clone();
    points.push(point(90, 0.7, &[(3, 85), (9, 40)]));
    assert_eq!(lives(points, &[81]).len(), 2);
    let mut points = before;
    points.push(point(90, 0.7, &[(3, 45), (9, 40)]));
    assert_eq!(lives(points, &[81]).len(), 1, "on file when the flag was dismissed");
}

#[test]
fn evidence_that_was_amended_away_takes_its_flag_along() {
    let points = vec![
        point(50, 0.6, &[(1, 50)]),
        point(60, 0.4, &[]),
        point(70, 0.6, &[(2, 70)]),
    ];
    assert_eq!(
        lives(points, &[]),
        [(50, Some((60, Closing::EvidenceGone))), (70, None)]
    );
    // a corrected value is evidence too
    let corrected = vec![point(50, 0.6, &[(1, 50)]), point(60, 0.4, &[(2, 60)])];
    assert_eq!(lives(corrected, &[]), [(50, None)]);
    // what rests on baseline and time alone has no evidence to lose
    let bare = vec![point(50, 0.6, &[]), point(60, 0.4, &[])];
    assert_eq!(lives(bare, &[]), [(50, None)]);
}

#[test]
fn nobody_is_flagged_before_the_first_day_or_on_that_of_the_relapse() {
    let points = vec![point(29, 0.9, &[]), point(200, 0.9, &[])];
    let end = End::Relapse {
        after: None,
        known: 200,
    };
    let relapsed = series(1, 200, end, points.clone());
    assert!(at(0.5).first_flags(&[relapsed], 0).is_empty());
    let watched = series(1, 200, End::Censored, points);
    assert_eq!(at(0.5).first_flags(&[watched], 0), [(patient(1), 200)]);
}

#[test]
fn a_flag_gathers_evidence_while_it_is_open() {
    let first = point(50, 0.6, &[(1, 40)]);
    let second = point(60, 0.6, &[(1, 40), (2, 60)]);
    let flags = at(0.5).flags(&series(1, 100, End::Censored, vec![first, second]), 0, &[]);
    assert_eq!(flags.len(), 1);
    assert_eq!(flags[0].triggers, [1, 2]);
}

#[test]
fn a_risk_that_is_no_number_raises_nothing() {
    let points = vec![point(50, f64::NAN, &[]), point(60, 1.5, &[]), point(70, -1.0, &[])];
    assert!(lives(points, &[]).is_empty());
}

#[test]
fn the_rule_lifts_the_odds() {
    let lifted = AlertScore {
        lift: 2.0,
        ..AlertScore::STANDARD
    };
    let mut twice = point(50, 0.5, &[]);
    assert_eq!(lifted.of(&twice), Some(0.5));
    twice.trend.repeated = true;
    assert!((lifted.of(&twice).unwrap() - 2.0 / 3.0).abs() < 1e-15);
    for score in AlertScore::candidates() {
        assert!((score.weights.iter().sum::<f64>() + score.growing - 1.0).abs() < 1e-15);
    }
}

#[test]
fn a_dismissed_flag_is_raised_by_news_alone() {
    let rule = at(0.5);
    let mut life = Life::default();
    let step = |life: &mut Life, point| rule.step(life, &point, &rule.thresholds[0]).map(|(change, _)| change);
    assert_eq!(step(&mut life, point(45, 0.9, &[(1, 45)])), Some(Change::Raised));
    assert_eq!(step(&mut life, point(50, 0.9, &[(1, 45)])), None);
    assert_eq!(life.open_since(), Some(45));
    assert!(life.dismiss() && !life.dismiss());
    assert_eq!(step(&mut life, point(60, 0.9, &[(1, 45)])), None, "seen");
    assert_eq!(
        step(&mut life, point(70, 0.9, &[(1, 45), (2, 70)])),
        Some(Change::Raised)
    );
}

#[test]
fn a_rise_is_flagged_whatever_the_risk_where_the_terms_say_so_and_stays_while_it_lasts() {
    let rising = |on| {
        let mut point = point(on, 0.01, &[(1, 40)]);
        point.trend.rising = true;
        point
    };
    let days = vec![
        rising(50),
        rising(200),
        point(210, 0.01, &[(1, 40)]),
        point(320, 0.01, &[(1, 40)]),
    ];
    let one = series(1, 400, End::Censored, days);
    let mut rule = at(0.5);
    assert!(rule.flags(&one, 0, &[]).is_empty() && rule.first_flags(std::slice::from_ref(&one), 0).is_empty());
    rule.terms.trend = true;
    let flags = rule.flags(&one, 0, &[]);
    assert_eq!(flags.len(), 1);
    assert_eq!((flags[0].raised, flags[0].closed), (50, Some((320, Closing::Quiet))));
    assert_eq!(rule.first_flags(&[one], 0), [(patient(1), 50)]);
}

proptest! {
    #[test]
    fn what_comes_later_never_changes_earlier_flags(whole in any_series(), cut in 30..600i32, raise in 0.1..0.9f64) {
        let rule = at(raise);
        let mut part = whole.clone();
        part.points.retain(|p| p.day <= cut);
        part.watch = watch_on(whole.watch, cut);
        let late = |day: Day| day > cut || !whole.watch.covers(day);
        let told = |series: &Series| -> Vec<Flag> {
            let mut flags = rule.flags(series, 0, &[]);
            flags.retain(|flag| !late(flag.raised));
            for flag in &mut flags {
                flag.closed = flag.closed.filter(|(day, _)| !late(*day));
                flag.triggers.clear();
            }
            flags
        };
        prop_assert_eq!(told(&part), told(&whole));
    }

    #[test]
    fn a_dismissed_flag_without_new_evidence_is_not_raised_again(whole in any_series(), act in 30..400i32, raise in 0.1..0.9f64) {
        let mut series = whole;
        // nothing comes on file from the day of the act on
        for point in &mut series.points {
            point.triggers.retain(|t| t.known < act);
        }
        let before = at(raise).flags(&series, 0, &[]);
        prop_assume!(before.iter().any(|f| f.raised < act && f.closed.is_none_or(|(day, _)| day >= act)));
        let flags = at(raise).flags(&series, 0, &[act]);
        prop_assert!(flags.iter().all(|flag| flag.raised < act), "{:?}", flags);
        prop_assert!(flags.iter().any(|flag| flag.closed == Some((act, Closing::Dismissed))));
    }

    #[test]
    fn one_flag_is_open_at_most(series in any_series(), raise in 0.1..0.9f64, acts in prop::collection::vec(0..800i32, 0..4)) {
        let mut acts = acts;
        acts.sort_unstable();
        let flags = at(raise).flags(&series, 0, &acts);
        for pair in flags.windows(2) {
            let closed = pair[0].closed.map(|(day, _)| day);
            prop_assert!(closed.is_some_and(|day| day <= pair[1].raised));
        }
    }

    #[test]
    fn a_life_that_was_stored_each_night_is_the_same_life(series in any_series(), raise in 0.1..0.9f64) {
        let rule = at(raise);
        let mut life = Life::default();
        let mut raised = vec![];
        for point in series.watched() {
            let stored = serde_json::to_string(&life).unwrap();
            life = serde_json::from_str(&stored).unwrap();
            if let Some((Change::Raised, _)) = rule.step(&mut life, point, &rule.thresholds[0]) {
                raised.push(point.day);
            }
        }
        let flags: Vec<Day> = rule.flags(&series, 0, &[]).iter().map(|f| f.raised).collect();
        prop_assert_eq!(raised, flags);
    }
}
