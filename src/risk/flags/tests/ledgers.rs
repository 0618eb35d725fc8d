//! Ledgers count what was known, and their parts add up.

use proptest::prelude::*;

use super::super::expect::FEWEST_FLAGS;
use super::super::turnbull::Turnbull;
use super::*;
use crate::survival::{FollowUp, KaplanMeier};

fn watched(to: Day, end: End, flags: &[Day]) -> Watched {
    Watched {
        origin: day("2020-01-01"),
        watch: Watch { from: 30, to, end },
        flags: flags.to_vec(),
    }
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
    let figures = Figures::of(patients.iter().map(|p| (p.watch, p.flags.as_slice())));
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

#[test]
fn a_flag_s_worth_is_not_told_before_its_window_has_passed() {
    // flagged on 2020-12-26 (day 360), relapse 100 days later, on file 10 days after that
    let one = [watched(460, relapse(470), &[360])];
    let on = |text: &str| RunningLedger::of(&one, 4.0, day(text)).total().unwrap().clone();
    let early = on("2021-04-13");
    assert_eq!(
        (early.relapses, early.within12.pending, early.ppv12),
        (0, 1, None),
        "not yet on file"
    );
    let told = on("2021-04-20");
    assert_eq!((told.relapses, told.ahead, told.within12.pending), (1, 1, 1));
    let passed = on("2021-12-26");
    assert_eq!((passed.within12.came_true, passed.within24.pending), (1, 1));
    assert_eq!(passed.ppv12, Some(1.0));
    assert!(RunningLedger::of(&one, 4.0, day("2019-01-01")).total().is_none());
}

#[test]
fn what_is_lost_is_no_failure_of_a_flag() {
    // ten flags on day 100: 4 relapse within the year, 2 leave at once, 4 are watched through
    let mut all = vec![];
    all.extend((0..4).map(|i| watched(200 + i, relapse(210), &[100])));
    all.extend((0..2).map(|_| watched(101, End::Censored, &[100])));
    all.extend((0..4).map(|_| watched(900, End::Censored, &[100])));
    let ledger = RunningLedger::of(&all, 4.0, day("2023-01-01"));
    let total = ledger.total().unwrap();
    assert_eq!(
        (
            total.within12.came_true,
            total.within12.lost,
            total.within12.came_to_nothing
        ),
        (4, 2, 4)
    );
    assert!(
        (total.ppv12.unwrap() - 0.5).abs() < 1e-12,
        "of those watched, not of all"
    );
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

fn any_watched() -> impl Strategy<Value = Watched> {
    (
        31..1500i32,
        0..4u32,
        prop::collection::btree_set(0..1500i32, 0..4),
        0..700u64,
    )
        .prop_map(|(to, kind, flags, start)| {
            let end = match kind {
                0 => End::Death,
                1 | 2 => relapse(to + 20),
                _ => End::Censored,
            };
            let watch = Watch { from: 30, to, end };
            Watched {
                origin: day("2019-05-05") + chrono::Days::new(start),
                watch,
                flags: flags.into_iter().filter(|on| watch.covers(*on)).collect(),
            }
        })
}

proptest! {
    #[test]
    fn the_quarters_add_up_to_the_whole(patients in prop::collection::vec(any_watched(), 0..25), later in 0..2500u64) {
        let as_of = day("2019-05-05") + chrono::Days::new(later);
        let ledger = RunningLedger::of(&patients, 4.0, as_of);
        let Some(total) = ledger.total() else { return Ok(()) };
        let sum = |of: fn(&Period) -> usize| ledger.quarters.iter().map(of).sum::<usize>();
        prop_assert_eq!(sum(|p| p.flags), total.flags);
        prop_assert_eq!(sum(|p| p.relapses), total.relapses);
        prop_assert_eq!(sum(|p| p.ahead), total.ahead);
        prop_assert_eq!(sum(|p| p.within12.pending), total.within12.pending);
        let years: f64 = ledger.quarters.iter().map(|p| p.years).sum();
        prop_assert!((years - total.years).abs() < 1e-9);
        for period in ledger.quarters.iter().chain(&ledger.cumulative) {
            for s in [period.within12, period.within24] {
                prop_assert_eq!(s.came_true + s.came_to_nothing + s.lost + s.pending, period.flags);
            }
            prop_assert!(period.within12.pending <= period.within24.pending);
            prop_assert!(period.early <= period.ahead && period.ahead <= period.relapses);
            let shares = [period.ppv12, period.ppv24, period.recall()];
            prop_assert!(shares.iter().flatten().all(|p| (-1e-12..=1.0 + 1e-12).contains(p)));
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
