use proptest::prelude::*;

use super::*;
use crate::survival::oracle::{close, near};

const TWO: Level = Level::TwoSided(0.05);

fn hazards(ratio: f64, share: f64, method: Method) -> Hazards {
    Hazards { ratio, share, method }
}

fn proportions(control: f64, experimental: f64, share: f64) -> Proportions {
    Proportions {
        control,
        experimental,
        share,
        variance: Variance::Pooled,
        continuity: false,
    }
}

/// The formulas of Schoenfeld and of Freedman, worked out in R with qnorm and pnorm.
#[test]
fn events_and_power() {
    let (schoenfeld, freedman) = (Method::Schoenfeld, Method::Freedman);
    for (trial, events) in [
        (hazards(0.5, 0.5, schoenfeld), 65.3456592588709),
        (hazards(0.5, 0.5, freedman), 70.6399176091418),
        (hazards(0.7, 2.0 / 3.0, schoenfeld), 277.635492615778),
        (hazards(0.7, 2.0 / 3.0, freedman), 251.164151499171),
    ] {
        close(trial.events(TWO, 0.8).unwrap(), events, 1e-11);
        close(trial.power(TWO, events).unwrap(), 0.8, 1e-10);
    }
    let trial = hazards(0.6, 0.5, schoenfeld);
    close(trial.power(TWO, 100.0).unwrap(), 0.723798830684205, 1e-10);
    let trial = hazards(0.6, 0.5, freedman);
    close(
        trial.power(Level::OneSided(0.05), 100.0).unwrap(),
        0.803764940015494,
        1e-10,
    );
}

/// Trials 2015;16:213, table 1: patients by Schoenfeld's formula at the 5 % level with 80 % power, half of them censored; events are
/// rounded up in each group.
#[test]
fn a_published_table() {
    for (ratio, patients) in [(1.25, 1264.0), (1.5, 384.0), (1.75, 204.0), (2.0, 132.0)] {
        let events = hazards(ratio, 0.5, Method::Schoenfeld).events(TWO, 0.8).unwrap();
        assert_eq!(2.0 * 2.0 * (events / 2.0).ceil(), patients);
    }
}

/// R: integrate() over the times of accrual of hazard/(hazard + dropout) (1 - exp(-(hazard + dropout) (accrual + follow-up - a))).
#[test]
fn patients_from_events() {
    let seen = |hazard, accrual, follow_up, dropout| {
        let recruitment = Recruitment {
            accrual,
            follow_up,
            dropout,
        };
        recruitment.event_share(hazard).unwrap()
    };
    close(seen(0.3, 3.0, 2.0, 0.0), 0.638131693393781, 1e-12);
    close(seen(0.2, 3.0, 2.0, 0.1), 0.425421128929188, 1e-12);
    close(seen(1.0 / 12.0, 12.0, 12.0, 0.01), 0.71761695611943, 1e-12);
    // Without accrual all are watched as long; without end all have the event.
    close(seen(0.3, 0.0, 2.0, 0.0), 1.0 - (-0.6_f64).exp(), 1e-14);
    close(seen(0.3, 1e-9, 2.0, 0.0), 1.0 - (-0.6_f64).exp(), 1e-8);
    close(seen(0.3, 1.0, 1e6, 0.0), 1.0, 1e-14);
    let trial = hazards(2.0 / 3.0, 0.5, Method::Schoenfeld);
    let recruitment = Recruitment {
        accrual: 3.0,
        follow_up: 2.0,
        dropout: 0.1,
    };
    let patients = trial.patients(TWO, 0.9, 0.3, recruitment).unwrap();
    let mean = 0.5 * (seen(0.3, 3.0, 2.0, 0.1) + seen(0.2, 3.0, 2.0, 0.1));
    close(patients * mean, trial.events(TWO, 0.9).unwrap(), 1e-14);
}

/// R 4.2.2: power.prop.test(p1, p2, power, sig.level, tol = 1e-13)$n and $power; 76.7 and 0.740 are the examples of its help page.
#[test]
fn proportions_as_in_r() {
    for (p, power, alpha, n) in [
        ([0.5, 0.75], 0.9, 0.05, 76.7069284517774),
        ([0.6, 0.7], 0.95, 0.01, 807.067425314228),
        ([0.02, 0.05], 0.8, 0.05, 587.921713946994),
    ] {
        let trial = proportions(p[0], p[1], 0.5);
        close(trial.patients(Level::TwoSided(alpha), power).unwrap(), 2.0 * n, 1e-10);
    }
    let trial = proportions(0.5, 0.75, 0.5);
    close(
        trial.patients(Level::OneSided(0.05), 0.9).unwrap(),
        2.0 * 62.3355080370964,
        1e-10,
    );
    close(trial.power(TWO, 100.0).unwrap(), 0.740165901331388, 1e-11);
    close(
        trial.power(Level::OneSided(0.01), 100.0).unwrap(),
        0.604346428406663,
        1e-11,
    );
}

/// The formulas of Fleiss, Tytun & Ury with groups 1:1 and 1:2, worked out in R.
#[test]
fn unequal_groups_and_continuity() {
    let level = Level::TwoSided(0.01);
    let corrected = |trial| Proportions {
        continuity: true,
        ..trial
    };
    let (even, uneven) = (proportions(0.6, 0.7, 0.5), proportions(0.25, 0.4, 2.0 / 3.0));
    close(even.patients(level, 0.95).unwrap(), 1614.13485062846, 1e-11);
    close(corrected(even).patients(level, 0.95).unwrap(), 1653.89299701355, 1e-11);
    close(uneven.patients(TWO, 0.9).unwrap(), 459.099777445923, 1e-11);
    close(corrected(uneven).patients(TWO, 0.9).unwrap(), 488.639315110941, 1e-11);
    close(corrected(uneven).power(TWO, 488.639315110941).unwrap(), 0.9, 1e-11);
    let unpooled = Proportions {
        variance: Variance::Unpooled,
        ..uneven
    };
    close(unpooled.patients(TWO, 0.9).unwrap(), 430.804345519065, 1e-11);
    close(unpooled.power(TWO, 430.804345519065).unwrap(), 0.9, 1e-11);
}

/// R: mean and standard deviation by integrate() of S(t) and 2 t S(t).
#[test]
fn mean_times() {
    let [control, experimental] = [0.3, 0.2].map(|hazard| exponential_mean(hazard, 5.0).unwrap());
    close(control.mean, 2.58956613283857, 1e-12);
    close(control.se, 1.76642278564098, 1e-12);
    close(experimental.mean, 3.16060279414279, 1e-12);
    close(experimental.se, 1.79517293331661, 1e-12);
    let trial = MeanTimes {
        difference: experimental.mean - control.mean,
        deviation: [control.se, experimental.se],
        share: 0.5,
    };
    close(trial.patients(TWO, 0.8).unwrap(), 305.349512781999, 1e-10);
    close(trial.power(TWO, 305.349512781999).unwrap(), 0.8, 1e-10);
    // The two forms of the variance meet.
    let [below, above] = [0.5 - 1e-9, 0.5].map(|hazard| exponential_mean(hazard, 1.0).unwrap().se);
    close(below, above, 1e-8);
    // A hazard near 0: tau² x/3.
    close(
        exponential_mean(1e-12, 1.0).unwrap().se,
        (1e-12_f64 / 3.0).sqrt(),
        1e-11,
    );
}

#[test]
fn nonsense_has_a_name() {
    let refused = |result: Result<f64, Error>| assert!(matches!(result, Err(Error::Parameter { .. })), "{result:?}");
    let trial = hazards(0.7, 0.5, Method::Freedman);
    for value in [0.0, 1.0, -1.0, f64::NAN] {
        refused(trial.events(Level::TwoSided(value), 0.8));
        refused(trial.events(TWO, value));
        refused(hazards(0.7, value, Method::Schoenfeld).events(TWO, 0.8));
        refused(hazards(value, 0.5, Method::Schoenfeld).events(TWO, 0.8));
        refused(proportions(value, 0.5, 0.5).patients(TWO, 0.8));
    }
    refused(trial.events(TWO, 0.01));
    refused(trial.power(TWO, 0.0));
    refused(trial.power(TWO, f64::INFINITY));
    refused(proportions(0.5, 0.5, 0.5).patients(TWO, 0.8));
    refused(proportions(0.5, 0.6, 0.5).power(TWO, -1.0));
    let recruitment = |accrual, follow_up, dropout| Recruitment {
        accrual,
        follow_up,
        dropout,
    };
    refused(recruitment(0.0, 0.0, 0.0).event_share(0.1));
    refused(recruitment(-1.0, 2.0, 0.0).event_share(0.1));
    refused(recruitment(1.0, 2.0, f64::NAN).event_share(0.1));
    refused(recruitment(1.0, 2.0, 0.0).event_share(0.0));
    let same = MeanTimes {
        difference: 0.0,
        deviation: [1.0, 1.0],
        share: 0.5,
    };
    refused(same.patients(TWO, 0.8));
    refused(
        MeanTimes {
            difference: 1.0,
            deviation: [0.0, 1.0],
            ..same
        }
        .patients(TWO, 0.8),
    );
    refused(exponential_mean(0.0, 1.0).map(|mean| mean.mean));
}

proptest! {
    #[test]
    fn power_and_number_are_inverse(ratio in 0.2..0.95f64, share in 0.1..0.9f64, power in 0.3..0.99f64, p in 0.05..0.9f64) {
        for method in [Method::Schoenfeld, Method::Freedman] {
            let trial = hazards(ratio, share, method);
            near(trial.power(TWO, trial.events(TWO, power).unwrap()).unwrap(), power, 1e-9);
        }
        for variance in [Variance::Pooled, Variance::Unpooled] {
            for continuity in [false, true] {
                let trial = Proportions { variance, continuity, ..proportions(p, p * ratio, share) };
                if let Ok(patients) = trial.patients(TWO, power) {
                    near(trial.power(TWO, patients).unwrap(), power, 1e-9);
                }
            }
        }
    }
}
