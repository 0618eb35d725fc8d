use super::*;

fn pair(landmark: i64, exit: f64, event: u32, risk: f64) -> Predicted {
    Predicted {
        landmark,
        followed: FollowUp::until(exit, event).expect("a time"),
        risk,
    }
}

/// Without censoring every weight is 1 and the measures are counts that can be made by hand.
#[test]
fn without_censoring_the_measures_are_counts() {
    let pairs = [
        pair(0, 100.0, 1, 0.6),
        pair(0, 300.0, 1, 0.2),
        // died without relapse: a control
        pair(0, 50.0, 2, 0.3),
        pair(0, 900.0, 0, 0.1),
        // relapsed after the horizon: a control
        pair(0, 800.0, 1, 0.2),
    ];
    let judged = Judged::of(&pairs, 365).expect("measures");
    assert_eq!((judged.pairs, judged.cases), (5, 2));
    // 0.6 beats all three, 0.2 beats 0.1, ties with 0.2, loses to 0.3: (3 + 1.5) / 6
    assert!((judged.auc.expect("both sides").value - 0.75).abs() < 1e-12);
    let brier = (0.16 + 0.64 + 0.09 + 0.01 + 0.04) / 5.0;
    assert!((judged.brier - brier).abs() < 1e-12);
    assert!((judged.brier_null - 0.24).abs() < 1e-12);
    assert!((judged.observed - 0.4).abs() < 1e-12);
    assert!((judged.scaled_brier().expect("a null model that errs") - (1.0 - brier / 0.24)).abs() < 1e-12);
    assert!((judged.observed_over_expected().expect("risks") - 0.4 / 0.28).abs() < 1e-12);
}

/// One lost half-way: those who were watched on weigh for two.
#[test]
fn who_is_lost_is_made_up_for() {
    let pairs = [
        pair(0, 10.0, 1, 0.9),
        pair(0, 20.0, 0, 0.5),
        pair(0, 400.0, 0, 0.1),
        pair(0, 400.0, 1, 0.2),
    ];
    let judged = Judged::of(&pairs, 365).expect("measures");
    // G falls to 2/3 at day 20: the two controls weigh 1.5 each
    assert!((judged.observed - 1.0 / 4.0).abs() < 1e-12);
    let brier = (0.01 + 1.5 * (0.01 + 0.04)) / 4.0;
    assert!((judged.brier - brier).abs() < 1e-12);
}

#[test]
fn landmarks_are_judged_apart_and_together() {
    let mut pairs = vec![];
    for (landmark, tilt) in [(182, 0.0), (365, 0.3)] {
        for k in 0..40 {
            let risk = 0.02 + 0.02 * f64::from(k);
            let relapses = (k * 7 + landmark as i32) % 40 < k;
            let exit = if relapses { 100.0 + f64::from(k) } else { 800.0 };
            pairs.push(pair(landmark, exit, u32::from(relapses), (risk + tilt).min(0.99)));
        }
    }
    let whole = Accuracy::of(&pairs, 365).expect("measures");
    let apart = |day: i64| {
        let own: Vec<Predicted> = pairs.iter().filter(|p| p.landmark == day).copied().collect();
        Judged::of(&own, 365).expect("measures")
    };
    assert_eq!(whole.landmarks, [(182, apart(182)), (365, apart(365))]);
    let [a, b] = [apart(182), apart(365)];
    let mean =
        (a.cases as f64 * a.auc.unwrap().value + b.cases as f64 * b.auc.unwrap().value) / (a.cases + b.cases) as f64;
    assert!((whole.mean.auc.unwrap() - mean).abs() < 1e-12);
    let ratio = (a.observed + b.observed) / (a.expected + b.expected);
    assert!((whole.mean.observed_over_expected.unwrap() - ratio).abs() < 1e-12);
    // pooled, the second landmark's risks are too high for the first's: less is told apart
    assert!(whole.pooled.auc.unwrap().value < mean);
}

#[test]
fn a_landmark_that_nobody_was_watched_after_is_left_out() {
    let pairs = [
        pair(182, 100.0, 1, 0.6),
        pair(182, 800.0, 0, 0.2),
        pair(182, 800.0, 0, 0.1),
        pair(365, 100.0, 0, 0.3),
        pair(365, 90.0, 1, 0.3),
    ];
    let whole = Accuracy::of(&pairs, 365).expect("the pool was watched long enough");
    let days: Vec<i64> = whole.landmarks.iter().map(|(day, _)| *day).collect();
    assert_eq!(days, [182]);
    assert!(Accuracy::of(&[], 365).is_err());
}

/// Risks that are twice too far apart on the scale of logits have a slope of one half; exact, since the cases are weighted by chance.
#[test]
fn the_slope_undoes_a_stretch() {
    let truth: Vec<f64> = (1..100).map(|k| f64::from(k) / 100.0).collect();
    let stretch = |p: &f64| {
        let logit = 2.0 * (p / (1.0 - p)).ln() + 0.7;
        1.0 / (1.0 + (-logit).exp())
    };
    let (mut risks, mut cases, mut weights) = (vec![], vec![], vec![]);
    for p in &truth {
        for (case, weight) in [(true, *p), (false, 1.0 - p)] {
            risks.push(stretch(p));
            cases.push(case);
            weights.push(weight);
        }
    }
    assert!((slope(&risks, &cases, &weights).expect("a slope") - 0.5).abs() < 1e-8);
}

#[test]
fn no_slope_is_made_up() {
    let even = [0.2, 0.2, 0.2];
    assert_eq!(slope(&even, &[true, false, false], &[1.0; 3]), None);
    let risks = [0.1, 0.2, 0.8, 0.9];
    assert_eq!(slope(&risks, &[false; 4], &[1.0; 4]), None);
    assert_eq!(slope(&risks, &[false, false, true, true], &[1.0; 4]), None);
    assert_eq!(slope(&[], &[], &[]), None);
    // certain risks are taken for nearly certain ones
    assert!(slope(&[0.0, 1.0, 0.0, 1.0, 0.5], &[true, true, false, false, true], &[1.0; 5]).is_some());
}
