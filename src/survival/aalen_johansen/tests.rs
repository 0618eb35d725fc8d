use proptest::prelude::*;

use super::*;
use crate::survival::KaplanMeier;
use crate::survival::kaplan_meier::tests::{fractional, some_subjects};
use crate::survival::oracle::{close, json, near, numbers, table};

const DATA: [(&str, &str, &str, &str); 2] = [
    (
        "brca_metastasis.csv",
        "met_time",
        "met_type",
        "brca_metastasis_vs_death",
    ),
    ("rotterdam.csv", "fe_days", "fe_type", "rotterdam_relapse_vs_death"),
];

fn same_at(fitted: &AalenJohansen, time: f64, p: &[f64], se: &[f64]) {
    near(fitted.free_at(time), p[0], 1e-10);
    let row = fitted.until(time);
    near(if row == 0 { 0.0 } else { fitted.free_se()[row - 1] }, se[0], 1e-10);
    for cause in [1, 2] {
        near(fitted.incidence_at(cause, time), p[cause as usize], 1e-10);
        near(fitted.se_at(cause, time), se[cause as usize], 1e-10);
    }
}

#[test]
fn equals_the_reference_with_its_error() {
    for (file, exit, event, name) in DATA {
        let (women, expected) = (table(file), &json("competing_risks.json")[name]);
        let subjects = women.follow_up(exit, event);
        for kind in 0..3 {
            let count = subjects.iter().filter(|s| s.event() == kind).count() as u64;
            assert_eq!(Some(count), expected["counts"][kind.to_string()].as_u64());
        }
        let fitted = AalenJohansen::fit(&subjects).unwrap();
        for (k, time) in numbers(&expected["at"]).into_iter().enumerate() {
            let whole = &expected["aalen_johansen"];
            same_at(&fitted, time, &numbers(&whole["p"][k]), &numbers(&whole["se"][k]));
        }
        let groups = &expected["aalen_johansen_by_group"];
        let column = women.column(groups["group"].as_str().unwrap());
        for (k, time) in numbers(&groups["time"]).into_iter().enumerate() {
            let stratum = groups["strata"][k].as_str().unwrap().rsplit('=').next().unwrap();
            let in_group = |i: &usize| column[*i].to_string() == stratum;
            let chosen: Vec<FollowUp> = (0..women.rows).filter(in_group).map(|i| subjects[i]).collect();
            let fitted = AalenJohansen::fit(&chosen).unwrap();
            same_at(&fitted, time, &numbers(&groups["p"][k]), &numbers(&groups["se"][k]));
        }
    }
}

#[test]
fn aalens_variance_equals_cmprsk() {
    for (file, exit, event, name) in DATA {
        let fitted = AalenJohansen::fit(&table(file).follow_up(exit, event)).unwrap();
        let expected = &json("competing_risks.json")[name];
        for (k, time) in numbers(&expected["at"]).into_iter().enumerate() {
            let Some(row) = fitted.until(time).checked_sub(1) else {
                continue;
            };
            for (place, cause) in [1, 2].into_iter().enumerate() {
                let expected = &expected["cmprsk_cif"];
                near(
                    fitted.incidence_at(cause, time),
                    numbers(&expected["est"][place])[k],
                    1e-10,
                );
                close(
                    fitted.aalen_variance(cause)[row],
                    numbers(&expected["var_aalen"][place])[k],
                    1e-10,
                );
            }
        }
    }
}

/// R 4.2.2, survival 3.5-3: survfit(Surv(t0, t1, factor(e)) ~ 1, weights = w, id = 1:10) at 3, 5, 7, 9.
#[test]
fn late_entry_and_fractional_weights_equal_the_reference() {
    let (subjects, weights) = fractional(true);
    let fitted = AalenJohansen::fit_weighted(&subjects, Some(&weights)).unwrap();
    for (time, p, se) in [
        (
            3.0,
            [0.7086891009542945, 0.2913108990457057, 0.0],
            [0.1893348993266807, 0.1893348993266807, 0.0],
        ),
        (
            5.0,
            [0.4417171793619233, 0.3641214231163524, 0.1941613975217245],
            [0.1737411662080664, 0.1851278178988662, 0.1367667309822422],
        ),
        (
            7.0,
            [0.1740097979304547, 0.6318288045478211, 0.1941613975217245],
            [0.1441732262200705, 0.2043007475785196, 0.1367667309822422],
        ),
        (
            9.0,
            [0.04015610721472038, 0.7656824952635554, 0.1941613975217245],
            [0.04457023083151519, 0.1483107946264678, 0.1367667309822422],
        ),
    ] {
        same_at(&fitted, time, &p, &se);
    }
    // conf.type, cause 1 at 5
    for (limits, lower, upper) in [
        (Limits::Plain, 0.001277567498085053, 0.7269652787346197),
        (Limits::Log, 0.1344236019490344, 0.9863179445418078),
        (Limits::LogLog, 0.06660347281459637, 0.6860809904267026),
        (Limits::Logit, 0.106725886438841, 0.7329397631561947),
    ] {
        let ours = fitted.limits_at(1, 5.0, limits, 0.95).unwrap().unwrap();
        near(ours.0, lower, 1e-13);
        near(ours.1, upper, 1e-13);
    }
    // The areas below the three curves to 9 make up 9: Σ over the stretches between the times 0, 2, 3, 4, 5, 7, 8, 9.
    let lost = [1, 2].map(|cause| fitted.time_lost(cause, 9.0).unwrap());
    let free: f64 = [0.0, 2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 9.0]
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) * fitted.free_at(pair[0]))
        .sum();
    near(lost[0] + lost[1] + free, 9.0, 1e-13);
}

/// The definition: what every subject adds, step by step.
fn slow_error(fitted: &AalenJohansen, subjects: &[FollowUp], weights: &[f64], cause: u32) -> Vec<f64> {
    let place = cause as usize - 1;
    let mut squares = vec![0.0; fitted.steps.len()];
    for (subject, weight) in subjects.iter().zip(weights) {
        let (mut free, mut fallen, mut before) = (0.0, 0.0, 1.0);
        for (row, step) in fitted.steps.iter().enumerate() {
            let (n, d) = (step.at_risk, fitted.events.row(row).sum());
            let (mut any, mut own) = (0.0, 0.0);
            if subject.entry() < step.time && step.time <= subject.exit() {
                let falls = subject.exit() == step.time && subject.event() > 0;
                any = (f64::from(u8::from(falls)) - d / n) / n;
                let own_fall = falls && subject.event() == cause;
                own = (f64::from(u8::from(own_fall)) - fitted.events[[row, place]] / n) / n;
            }
            fallen += free * fitted.events[[row, place]] / n + before * own;
            free = free * (1.0 - d / n) - before * any;
            before = step.free;
            squares[row] += (weight * fallen).powi(2);
        }
    }
    squares.into_iter().map(f64::sqrt).collect()
}

#[test]
fn the_error_stands_weights_a_million_times_apart() {
    let subjects: Vec<FollowUp> = (1..=40)
        .map(|t| FollowUp::until(f64::from(t), t as u32 % 3).unwrap())
        .collect();
    let weights: Vec<f64> = (1..=40)
        .map(|t| if t > 36 || t % 5 == 0 { 0.001 } else { 1000.0 })
        .collect();
    let fitted = AalenJohansen::fit_weighted(&subjects, Some(&weights)).unwrap();
    for cause in [1, 2] {
        for (fast, slow) in fitted
            .se(cause)
            .into_iter()
            .zip(slow_error(&fitted, &subjects, &weights, cause))
        {
            near(fast, slow, 1e-10);
        }
    }
}

#[test]
fn degenerate_input() {
    assert!(matches!(AalenJohansen::fit(&[]), Err(Error::Empty)));
    let fitted = AalenJohansen::fit(&[FollowUp::until(1.0, 0).unwrap()]).unwrap();
    assert_eq!(
        (fitted.free_at(2.0), fitted.incidence_at(1, 2.0), fitted.se_at(1, 2.0)),
        (1.0, 0.0, 0.0)
    );
    assert_eq!((fitted.incidence_at(0, 2.0), fitted.incidence_at(7, 2.0)), (0.0, 0.0));
    assert_eq!(
        (fitted.se_at(0, 2.0), fitted.se(7), fitted.aalen_variance(7)),
        (0.0, vec![], vec![])
    );
    assert!(matches!(fitted.time_lost(1, 2.0), Err(Error::BeyondFollowUp { .. })));
    assert!(matches!(fitted.time_lost(1, 0.0), Err(Error::Parameter { .. })));
    let code = [FollowUp::until(1.0, u32::MAX).unwrap()];
    assert!(matches!(AalenJohansen::fit(&code), Err(Error::Parameter { .. })));
    let one = [FollowUp::until(1.0, 1).unwrap()];
    assert!(matches!(
        AalenJohansen::fit_weighted(&one, Some(&[-1.0])),
        Err(Error::Weight { .. })
    ));
    let all_fall = AalenJohansen::fit(&[FollowUp::until(1.0, 1).unwrap(); 3]).unwrap();
    assert_eq!(
        (
            all_fall.incidence_at(1, 1.0),
            all_fall.se(1),
            all_fall.aalen_variance(1)
        ),
        (1.0, vec![0.0], vec![0.0])
    );
    assert_eq!(all_fall.time_lost(1, 4.0).unwrap(), 3.0);
}

proptest! {
    #[test]
    fn free_and_fallen_add_up_to_one(subjects in some_subjects()) {
        let fitted = AalenJohansen::fit(&subjects).unwrap();
        let mut last = vec![0.0; fitted.causes];
        for (row, step) in fitted.steps.iter().enumerate() {
            let sum = step.free + fitted.incidence.row(row).sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
            for (now, before) in fitted.incidence.row(row).iter().zip(&last) {
                prop_assert!(now >= before && *now <= 1.0 + 1e-12);
            }
            last = fitted.incidence.row(row).to_vec();
        }
    }

    #[test]
    fn the_error_is_its_definition(subjects in some_subjects(), weighted in any::<bool>()) {
        let weight = |i: usize| if weighted { 0.5 + (i % 4) as f64 } else { 1.0 };
        let weights: Vec<f64> = (0..subjects.len()).map(weight).collect();
        let fitted = AalenJohansen::fit_weighted(&subjects, Some(&weights)).unwrap();
        for cause in 1..=fitted.causes as u32 {
            let slow = slow_error(&fitted, &subjects, &weights, cause);
            for (ours, slow) in fitted.se(cause).into_iter().zip(slow) {
                prop_assert!((ours - slow).abs() < 1e-8, "{ours} {slow}");
            }
        }
    }

    #[test]
    fn one_cause_is_the_product_limit(subjects in some_subjects()) {
        let any: Vec<FollowUp> = (subjects.iter())
            .map(|s| FollowUp::new(s.entry(), s.exit(), s.event().min(1)).unwrap())
            .collect();
        let (ours, curve) = (AalenJohansen::fit(&any).unwrap(), KaplanMeier::fit(&any, None).unwrap());
        let late = any.iter().any(|s| s.entry() > 0.0);
        for ((row, step), se) in curve.steps.iter().enumerate().zip(ours.free_se()) {
            prop_assert_eq!(step.survival, ours.steps[row].free);
            // Without delayed entry the jackknife is Greenwood's error.
            if let Some(greenwood) = step.se.filter(|_| !late) {
                prop_assert!((se - greenwood).abs() < 1e-12);
            }
        }
    }
}
