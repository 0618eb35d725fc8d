//! Each measure by its definition, subject by subject and pair by pair.

use proptest::prelude::*;

use super::super::*;
use crate::survival::kaplan_meier::tests::some_subjects;
use crate::survival::{AalenJohansen, FollowUp, KaplanMeier};

/// Watched from the origin, on few distinct times and with few distinct scores, so that ties of all kinds are common.
fn from_origin() -> impl Strategy<Value = (Vec<FollowUp>, Vec<f64>)> {
    let one = (1u8..12, 0u32..3, 0u8..7);
    prop::collection::vec(one, 2..50).prop_map(|rows| {
        let follow_up = |r: &(u8, u32, u8)| FollowUp::until(f64::from(r.0), r.1).unwrap();
        (
            rows.iter().map(follow_up).collect(),
            rows.iter().map(|r| f64::from(r.2) / 6.0).collect(),
        )
    })
}

fn wins(case: f64, control: f64) -> f64 {
    if case > control {
        1.0
    } else {
        0.5 * f64::from(u8::from(case == control))
    }
}

/// G by counting at each time anew.
fn censoring(subjects: &[FollowUp], until: f64, itself: bool) -> f64 {
    let mut times: Vec<f64> = subjects.iter().map(FollowUp::exit).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let mut g = 1.0;
    for time in times.into_iter().filter(|t| *t < until || (itself && *t == until)) {
        let falls = |s: &&FollowUp| s.exit() == time && s.event() > 0;
        let at_risk = subjects.iter().filter(|s| s.exit() >= time).count() - subjects.iter().filter(falls).count();
        let lost = subjects.iter().filter(|s| s.exit() == time && s.event() == 0).count();
        if at_risk > 0 {
            g *= 1.0 - lost as f64 / at_risk as f64;
        }
    }
    g
}

fn weights(subjects: &[FollowUp], time: f64) -> Vec<f64> {
    let weight = |s: &FollowUp| match s.exit() > time {
        true => 1.0 / censoring(subjects, time, true),
        false if s.event() > 0 => 1.0 / censoring(subjects, s.exit(), false),
        false => 0.0,
    };
    subjects.iter().map(weight).collect()
}

/// A subject's whole part in a mean of `parts`, through the weights as well: the change of the mean when its own weight grows.
fn standard_error(subjects: &[FollowUp], time: f64, parts: &[f64], mean: f64) -> f64 {
    let n = subjects.len() as f64;
    let share = |u: f64| subjects.iter().filter(|s| s.exit() >= u).count() as f64 / n;
    let lost: Vec<f64> = subjects.iter().filter(|s| s.event() == 0).map(FollowUp::exit).collect();
    // of subject k on 1/G at a time, in units of 1/G
    let moves = |k: &FollowUp, up_to: f64, itself: bool| {
        let within = |u: f64| u < up_to || (itself && u == up_to);
        let own = if k.event() == 0 && within(k.exit()) {
            1.0 / share(k.exit())
        } else {
            0.0
        };
        let hazard: f64 = (lost.iter().filter(|u| within(**u) && **u <= k.exit()))
            .map(|u| 1.0 / (n * share(*u).powi(2)))
            .sum();
        own - hazard
    };
    let all: Vec<f64> = (subjects.iter().zip(parts))
        .map(|(k, part)| {
            let through: f64 = (subjects.iter().zip(parts))
                .map(|(s, part)| {
                    part * if s.exit() > time {
                        moves(k, time, true)
                    } else {
                        moves(k, s.exit(), false)
                    }
                })
                .sum();
            part - mean + through / n
        })
        .collect();
    let centre = all.iter().sum::<f64>() / n;
    (all.iter().map(|a| (a - centre).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()
}

proptest! {
    #[test]
    fn the_censoring_curve((subjects, _) in from_origin()) {
        let curve = Censoring::fit(&subjects, None).unwrap();
        for time in 0..13 {
            let time = f64::from(time);
            prop_assert!((curve.at(time) - censoring(&subjects, time, true)).abs() < 1e-14);
            prop_assert!((curve.before(time) - censoring(&subjects, time, false)).abs() < 1e-14);
        }
    }

    #[test]
    fn auc_and_brier((subjects, scores) in from_origin(), time in 1u8..12, cause in prop::option::of(1u32..3)) {
        let time = f64::from(time);
        let ipcw = Ipcw::new(&subjects, cause, CaseWeight::Before).unwrap();
        let Ok(horizon) = ipcw.at(time) else { return Ok(()) };
        let (w, n) = (weights(&subjects, time), subjects.len() as f64);
        let case = |i: usize| subjects[i].exit() <= time && subjects[i].had(cause);
        let parts: Vec<f64> = (0..subjects.len())
            .map(|i| w[i] * (f64::from(u8::from(case(i))) - scores[i]).powi(2))
            .collect();
        let mean = parts.iter().sum::<f64>() / n;
        let ours = horizon.brier(&scores).unwrap();
        prop_assert!((ours.value - mean).abs() < 1e-13);
        prop_assert!((ours.se.unwrap() - standard_error(&subjects, time, &parts, mean)).abs() < 1e-12);

        let sides = |cases: bool| (0..subjects.len()).filter(move |i| case(*i) == cases && w[*i] > 0.0);
        let w = weights(&subjects, time);
        let (cases, controls): (Vec<usize>, Vec<usize>) = (sides.clone()(true).collect(), sides(false).collect());
        let total = |side: &[usize]| side.iter().map(|i| w[*i]).sum::<f64>();
        let scale = total(&cases) * total(&controls);
        let ours = horizon.auc(&scores).unwrap();
        prop_assert_eq!(ours.is_some(), scale > 0.0);
        if let Some(ours) = ours {
            let pair = |i: usize, j: usize| w[i] * w[j] * wins(scores[i], scores[j]);
            let auc = cases.iter().flat_map(|i| controls.iter().map(move |j| pair(*i, *j))).sum::<f64>() / scale;
            prop_assert!((ours.value - auc).abs() < 1e-13);
            let excess = |i: usize, j: usize| n * w[i] * w[j] * (wins(scores[i], scores[j]) - auc) / scale;
            let mut parts = vec![0.0; subjects.len()];
            for &i in &cases {
                for &j in &controls {
                    parts[i] += excess(i, j);
                    parts[j] += excess(i, j);
                }
            }
            prop_assert!((ours.se.unwrap() - standard_error(&subjects, time, &parts, 0.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn uno((subjects, scores) in from_origin(), tau in 1u8..13) {
        let (tau, curve) = (f64::from(tau), Censoring::fit(&subjects, None).unwrap());
        let (mut won, mut all) = (0.0, 0.0);
        for (first, score) in subjects.iter().zip(&scores).filter(|(s, _)| s.event() > 0 && s.exit() < tau) {
            let weight = censoring(&subjects, first.exit(), false).powi(-2);
            for (other, theirs) in subjects.iter().zip(&scores) {
                if other.exit() > first.exit() || (other.exit() == first.exit() && other.event() == 0) {
                    won += weight * wins(*score, *theirs);
                    all += weight;
                }
            }
        }
        let ours = Comparison::default().uno(&subjects, &scores, tau, &curve, CaseWeight::Before).unwrap();
        prop_assert_eq!(ours.index().is_some(), all > 0.0);
        if let Some(index) = ours.index() {
            prop_assert!((index - won / all).abs() < 1e-13);
        }
    }

    /// Those who are known stand for all, and the cases among them for the curve's share.
    #[test]
    fn weights_add_up_to_everybody((subjects, _) in from_origin(), time in 1u8..12) {
        let ipcw = Ipcw::new(&subjects, None, CaseWeight::Before).unwrap();
        if let Ok(horizon) = ipcw.at(f64::from(time)) {
            // told 1, the others' weight counts, told 0 the cases'
            let all = horizon.brier_null(0.0).unwrap() + horizon.brier_null(1.0).unwrap();
            prop_assert!((all - 1.0).abs() < 1e-12);
            let observed = observed_risk(&subjects, None, f64::from(time)).unwrap();
            prop_assert!((horizon.brier_null(0.0).unwrap() - observed).abs() < 1e-12);
        }
    }

    /// For any part of the subjects, from one order of all.
    #[test]
    fn what_was_observed_and_what_acting_on_it_brings(
        (subjects, risks) in from_origin(),
        time in 1u8..12,
        cause in prop::option::of(1u32..3),
        threshold in 0.05..0.95,
    ) {
        let (time, n) = (f64::from(time), subjects.len() as f64);
        let Ok(all) = observed_risk(&subjects, cause, time) else { return Ok(()) };
        let of = |part: &[FollowUp]| match (part.is_empty(), cause) {
            (true, _) => 0.0,
            (_, None) => 1.0 - KaplanMeier::fit(part, None).unwrap().survival_at(time),
            (_, Some(cause)) => AalenJohansen::fit(part).unwrap().incidence_at(cause, time),
        };
        prop_assert!((all - of(&subjects)).abs() < 1e-14);
        let part = |keep: &dyn Fn(f64) -> bool| -> Vec<FollowUp> {
            subjects.iter().zip(&risks).filter(|(_, r)| keep(**r)).map(|(s, _)| *s).collect()
        };
        let benefit = |treated: &[FollowUp]| {
            let (share, risk) = (treated.len() as f64 / n, of(treated));
            share * (risk - (1.0 - risk) * threshold / (1.0 - threshold))
        };
        let ours = net_benefit(&subjects, cause, &risks, time, &[threshold]).unwrap()[0];
        prop_assert!((ours.model - benefit(&part(&|risk| risk >= threshold))).abs() < 1e-13);
        prop_assert!((ours.treat_all - benefit(&subjects)).abs() < 1e-13);
        let mut low = -1.0;
        let mut counted = 0;
        for group in calibration::by_risk(&subjects, cause, &risks, time, 3).unwrap() {
            // Groups come in order of risk, so each is the next few of those above the last.
            let mut above: Vec<f64> = risks.iter().copied().filter(|risk| *risk > low).collect();
            above.sort_by(f64::total_cmp);
            let high = above[group.n - 1];
            let members = part(&|risk| risk > low && risk <= high);
            prop_assert_eq!(members.len(), group.n);
            prop_assert!((group.observed - of(&members)).abs() < 1e-14);
            let mean = above[..group.n].iter().sum::<f64>() / group.n as f64;
            prop_assert!((group.mean_predicted - mean).abs() < 1e-14);
            counted += group.n;
            low = high;
        }
        prop_assert_eq!(counted, subjects.len());
    }

    #[test]
    fn measures_ignore_the_order_of_rows_and_the_unit_of_time((subjects, scores) in from_origin(), turn in 0usize..50) {
        let (mut others, mut theirs) = (subjects.clone(), scores.clone());
        others.rotate_left(turn % subjects.len());
        for subject in &mut others {
            *subject = FollowUp::until(4.0 * subject.exit(), subject.event()).unwrap();
        }
        theirs.rotate_left(turn % subjects.len());
        let measures = |subjects: &[FollowUp], scores: &[f64], time: f64| -> Vec<f64> {
            let c = concordance(subjects, scores, None).unwrap();
            let mut all = vec![c.index().unwrap_or(0.0), c.se.unwrap_or(0.0)];
            if let Ok(horizon) = Ipcw::new(subjects, None, CaseWeight::Before).unwrap().at(time) {
                all.push(horizon.brier(scores).unwrap().value);
                all.push(horizon.auc(scores).unwrap().map_or(0.0, |auc| auc.value));
                all.push(net_benefit(subjects, None, scores, time, &[0.3]).unwrap()[0].model);
            }
            all
        };
        for (a, b) in measures(&subjects, &scores, 6.0).into_iter().zip(measures(&others, &theirs, 24.0)) {
            prop_assert!((a - b).abs() < 1e-12);
        }
    }

    /// Late entries too: who is observed at the landmark, and for how long from there.
    #[test]
    fn time_since_a_landmark(subjects in some_subjects(), landmark in 0u8..6, window in 1u8..6) {
        let (s, w) = (f64::from(landmark), f64::from(window));
        let rows = since(&subjects, s, w).unwrap();
        let here = subjects.iter().filter(|f| f.entry() <= s && f.exit() > s).count();
        prop_assert_eq!(rows.len(), here);
        for (row, since) in rows {
            let whole = &subjects[row];
            let falls = whole.event() > 0 && whole.exit() <= s + w;
            prop_assert_eq!(since.event(), if falls { whole.event() } else { 0 });
            prop_assert_eq!(since.exit() > w, !falls && whole.exit() >= s + w);
            if since.exit() <= w {
                prop_assert_eq!(since.exit(), whole.exit() - s);
            }
        }
    }
}
