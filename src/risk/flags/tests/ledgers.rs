//! Ledgers count what was known, and their parts add up.

use proptest::prelude::*;

use super::super::expect::FEWEST_FLAGS;
use super::super::turnbull::Turnbull;
use super::*;
use crate::domain::ledger::{Alert, Came, Detected, Raised};
use crate::survival::{FollowUp, KaplanMeier};

fn watched(to: Day, end: End, flags: &[Day]) -> (Watch, Vec<Day>) {
    (Watch { from: 30, to, end }, flags.to_vec())
}

fn relapse(known: Day) -> End {
    End::Relapse { after: None, known }
}

#[test]
fn figures_of_four_patients_by_hand() {
    let years = |days: f64| days / 365.25;
    let patients = [
        watched(1030, relapse(1030), &[900]),
        watched(530, relapse(540), &[470, 500]),
        watched(330, relapse(330), &[]),
        watched(2030, End::Censored, &[100]),
    ];
    let figures = Figures::of(patients.iter().map(|(watch, flags)| (*watch, flags.as_slice())));
    assert_eq!((figures.patients, figures.flags, figures.relapses), (4, 4, 3));
    assert_eq!((figures.ahead, figures.early), (2, 1));
    assert!((figures.years - years(1000.0 + 500.0 + 300.0 + 2000.0)).abs() < 1e-12);
    assert_eq!(figures.ppv12, Some(0.75));
    assert_eq!(figures.mean_lead, Some((130.0 + 60.0) / 3.0));
    assert!((figures.per_100_years - 400.0 / figures.years).abs() < 1e-12);
    assert_eq!(figures.sensitivity(), Some(2.0 / 3.0));
    let none = Figures::of([]);
    assert_eq!((none.ppv12, none.mean_lead, none.sensitivity()), (None, None, None));
}

fn later(days: i64) -> NaiveDate {
    day("2020-01-01") + chrono::TimeDelta::days(days)
}

fn raised(watches: &[(i64, i64)], alerts: &[(i64, i64, Came)], relapses: &[(i64, Option<i64>)]) -> Raised {
    Raised {
        site: SiteId(1),
        watches: watches.iter().map(|(on, n)| (later(*on), *n)).collect(),
        alerts: (alerts.iter())
            .map(|(on, to, came)| Alert {
                on: later(*on),
                to: later(*to),
                came: *came,
                backlog: false,
            })
            .collect(),
        relapses: (relapses.iter())
            .map(|(on, first)| Detected {
                on: later(*on),
                first_alert: first.map(later),
            })
            .collect(),
        beside: 0,
    }
}

#[test]
fn a_flag_s_worth_is_not_told_before_its_window_has_passed() {
    // ten patients from day 0 on; one is flagged on day 360 and relapses on day 460
    let one = raised(&[(0, 10), (460, -1)], &[(360, 460, Came::Relapse)], &[(460, Some(360))]);
    let on = |days: i64| RunningLedger::of([&one], later(days)).unwrap();
    let early = on(470);
    assert_eq!((early.whole.relapses, early.whole.ahead, early.whole.early), (1, 1, 1));
    assert_eq!((early.whole.within[0].pending, early.ppv[0]), (1, None));
    assert_eq!(early.median_lead, Some(100.0));
    let passed = on(725);
    assert_eq!(
        (passed.whole.within[0].came_true, passed.whole.within[1].pending),
        (1, 1)
    );
    let share = passed.ppv[0].unwrap();
    assert!(
        share.value == 1.0 && share.upper == 1.0 && share.lower < 0.4,
        "{share:?}"
    );
    assert!(RunningLedger::of([&one], later(-1)).is_none());
    assert!(RunningLedger::of([], later(10)).is_none());
    // 10 patients to day 460, then 9, the day of the question among them
    let years = (460.0 * 10.0 + (726.0 - 460.0) * 9.0) / 365.25;
    assert!((passed.whole.years - years).abs() < 1e-9);
    assert!((passed.whole.load() - 100.0 / years).abs() < 1e-9);
    let (lower, upper) = passed.whole.load_limits().unwrap();
    assert!(lower < passed.whole.load() && passed.whole.load() < upper);
    assert_eq!(on(460 + 730).year.flags, 0, "it was raised more than a year before");
}

#[test]
fn what_had_gathered_before_the_first_night_is_no_load() {
    let mut first = raised(
        &[(0, 10)],
        &[(0, 90, Came::Relapse), (50, 400, Came::Nothing)],
        &[(90, Some(0))],
    );
    first.alerts[0].backlog = true;
    let whole = RunningLedger::of([&first], later(800)).unwrap().whole;
    assert_eq!(
        (whole.flags, whole.counted(), whole.within[0].came_true, whole.ahead),
        (2, 1, 1, 1)
    );
    assert!((whole.load() - 100.0 / whole.years).abs() < 1e-9);
}

#[test]
fn what_is_lost_is_no_failure_of_a_flag() {
    // ten flags on day 100: 4 relapse within the year, 2 leave at once, 4 are watched through
    let mut alerts = vec![];
    alerts.extend((0..4).map(|i| (100, 200 + i, Came::Relapse)));
    alerts.extend((0..2).map(|_| (100, 101, Came::Nothing)));
    alerts.extend((0..4).map(|_| (100, 900, Came::Nothing)));
    let ledger = RunningLedger::of([&raised(&[(0, 10)], &alerts, &[])], later(1000)).unwrap();
    let standing = ledger.whole.within[0];
    assert_eq!((standing.came_true, standing.lost, standing.came_to_nothing), (4, 2, 4));
    let share = ledger.ppv[0].unwrap();
    assert!((share.value - 0.5).abs() < 1e-12, "of those watched, not of all");
    assert!(
        (0.15..0.3).contains(&share.lower) && (0.7..0.85).contains(&share.upper),
        "{share:?}"
    );
}

#[test]
fn shares_have_wilson_s_interval() {
    // Wilson 1927, by hand: 8 of 10
    let share = Share::part(8, 10).unwrap();
    assert!(
        (share.lower - 0.490_16).abs() < 1e-4 && (share.upper - 0.943_32).abs() < 1e-4,
        "{share:?}"
    );
    assert_eq!(Share::part(0, 5).unwrap().lower, 0.0);
    assert!(Share::part(0, 5).unwrap().upper > 0.4);
    assert_eq!(Share::part(0, 0), None);
}

#[test]
fn dependable_scores_get_their_own_promise_and_few_flags_none() {
    // 300 past flags; those at a higher score relapse more often
    let past: Vec<(f64, FollowUp)> = (0..300)
        .map(|i| {
            let score = f64::from(i) / 300.0;
            let relapses = (i * 7919) % 300 < i;
            let (time, event) = if relapses {
                (200.0 + f64::from(i % 10), 1)
            } else {
                (900.0, 0)
            };
            (score, FollowUp::until(time, event).unwrap())
        })
        .collect();
    let few = Experience::of(past[..FEWEST_FLAGS - 1].to_vec());
    assert_eq!(few.at(0.9), Err(FEWEST_FLAGS - 1));
    let experience = Experience::of(past);
    let told: Vec<Expected> = (0..=10).map(|i| experience.at(f64::from(i) / 10.0).unwrap()).collect();
    for pair in told.windows(2) {
        assert!(pair[0].ppv12 <= pair[1].ppv12 && pair[0].ppv24 <= pair[1].ppv24);
    }
    assert!((told[5].ppv12.unwrap() - 0.5).abs() < 0.15);
    let lead = told[9].lead_days.unwrap();
    assert!((200.0..210.0).contains(&lead));
    assert_eq!(told[3].flags, 30);
}

#[test]
fn groups_against_the_order_are_pooled() {
    // three groups of 30 by score, of which 6, 24 and 12 relapse
    let past = [(0.2, 6), (0.4, 24), (0.6, 12)]
        .into_iter()
        .flat_map(|(score, relapses)| {
            (0..30).map(move |i| {
                let event = u32::from(i < relapses);
                let time = if event == 1 { 100.0 } else { 900.0 };
                (score + 0.001 * f64::from(i), FollowUp::until(time, event).unwrap())
            })
        });
    let experience = Experience::of(past.collect());
    let ppv: Vec<f64> = [0.1, 0.45, 0.9]
        .map(|score| experience.at(score).unwrap().ppv12.unwrap())
        .to_vec();
    assert!((ppv[0] - 0.2).abs() < 1e-12);
    assert!((ppv[1] - 0.6).abs() < 1e-12 && (ppv[2] - 0.6).abs() < 1e-12, "{ppv:?}");
}

#[test]
fn turnbull_of_exact_and_right_censored_times_is_kaplan_meier() {
    let times = [
        (3.0, 1),
        (4.0, 0),
        (5.0, 1),
        (5.0, 1),
        (7.0, 0),
        (9.0, 1),
        (11.0, 0),
        (12.0, 1),
        (15.0, 1),
    ];
    let intervals: Vec<(f64, f64)> = times
        .iter()
        .map(|(time, event)| {
            (
                if *event == 1 { *time } else { time + 0.5 },
                if *event == 1 { *time } else { f64::INFINITY },
            )
        })
        .collect();
    let fitted = Turnbull::fit(&intervals).unwrap();
    let subjects: Vec<FollowUp> = times.iter().map(|(t, e)| FollowUp::until(*t, *e).unwrap()).collect();
    let kaplan_meier = KaplanMeier::fit(&subjects, None).unwrap();
    let mut survival = 1.0;
    for (_, upper, mass) in &fitted.masses {
        survival -= mass;
        assert!((survival - kaplan_meier.survival_at(*upper)).abs() < 1e-5, "{upper}");
    }
    assert_eq!(fitted.median(), Some((9.0, 9.0)));
    assert_eq!(Turnbull::fit(&[]), None);
}

#[test]
fn turnbull_finds_the_innermost_intervals() {
    // Turnbull's maximum puts all mass on [2, 3] and [5, 6]: two intervals hold the first alone, one the second, one both
    let fitted = Turnbull::fit(&[(0.0, 3.0), (2.0, 4.0), (5.0, 8.0), (2.0, 6.0)]).unwrap();
    let masses: Vec<(f64, f64, f64)> = fitted
        .masses
        .iter()
        .map(|m| (m.0, m.1, (1e4 * m.2).round() / 1e4))
        .collect();
    assert_eq!(masses, [(2.0, 3.0, 0.6667), (5.0, 6.0, 0.3333)]);
    assert_eq!(fitted.median(), Some((2.0, 3.0)));
}

fn any_raised() -> impl Strategy<Value = Raised> {
    let alert = (0..1500i64, 1..900i64, 0..3u32);
    let relapse = (100..1500i64, prop::option::of(1..100i64));
    let watch = (0..1400i64, 1..800i64);
    (
        prop::collection::vec(watch, 0..20),
        prop::collection::vec(alert, 0..20),
        prop::collection::vec(relapse, 0..20),
    )
        .prop_map(|(watches, alerts, relapses)| {
            let ends = watches.iter().flat_map(|(on, days)| [(*on, 1), (on + days, -1)]);
            let alerts = alerts.iter().map(|(on, days, came)| {
                let came = [Came::Relapse, Came::Death, Came::Nothing][*came as usize];
                (*on, on + days, came)
            });
            let relapses = relapses.iter().map(|(on, before)| (*on, before.map(|days| on - days)));
            raised(
                &ends.collect::<Vec<_>>(),
                &alerts.collect::<Vec<_>>(),
                &relapses.collect::<Vec<_>>(),
            )
        })
}

proptest! {
    #[test]
    fn the_months_add_up_to_the_whole(centres in prop::collection::vec(any_raised(), 0..3), on in 0..3000i64) {
        let Some(ledger) = RunningLedger::of(&centres, later(on)) else { return Ok(()) };
        let sum = |of: fn(&Period) -> usize| ledger.months.iter().map(of).sum::<usize>();
        let whole = &ledger.whole;
        prop_assert_eq!(sum(|p| p.flags), whole.flags);
        prop_assert_eq!(sum(|p| p.relapses), whole.relapses);
        prop_assert_eq!(sum(|p| p.ahead), whole.ahead);
        prop_assert_eq!(sum(|p| p.within[0].pending), whole.within[0].pending);
        let years: f64 = ledger.months.iter().map(|p| p.years).sum();
        prop_assert!((years - whole.years).abs() < 1e-9);
        for period in ledger.months.iter().chain([&ledger.year, whole]) {
            for standing in period.within {
                prop_assert_eq!(standing.passed() + standing.pending, period.flags);
            }
            prop_assert!(period.years >= 0.0);
            prop_assert!(period.within[0].pending <= period.within[1].pending);
            prop_assert!(period.early <= period.ahead && period.ahead <= period.relapses);
        }
        for share in ledger.ppv.iter().chain([&whole.recall()]).flatten() {
            prop_assert!(0.0 <= share.lower && share.lower <= share.value && share.value <= share.upper && share.upper <= 1.0);
        }
    }

    #[test]
    fn turnbull_s_masses_are_a_distribution(ends in prop::collection::vec((-50..50i32, 0..60i32), 1..40)) {
        let intervals: Vec<(f64, f64)> = ends.iter().map(|(a, w)| (f64::from(*a), f64::from(a + w))).collect();
        let fitted = Turnbull::fit(&intervals).unwrap();
        let total: f64 = fitted.masses.iter().map(|m| m.2).sum();
        prop_assert!((total - 1.0).abs() < 1e-9);
        prop_assert!(fitted.masses.iter().all(|m| m.0 <= m.1 && m.2 >= 0.0));
        prop_assert!(fitted.median().is_some());
    }
}
