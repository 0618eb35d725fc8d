//! Small synthetic series, and what must hold of any.

mod cases;
mod ledgers;
mod lives;
mod thresholds;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::domain::id::{PatientId, PatientRef, SiteId};

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn patient(id: i64) -> PatientRef {
    PatientRef {
        site: SiteId(1),
        patient: PatientId(id),
    }
}

/// The same watch as it was known on `today`.
pub fn watch_on(watch: Watch, today: Day) -> Watch {
    let told = match watch.end {
        End::Relapse { known, .. } => known <= today,
        End::Death | End::Censored => true,
    };
    if watch.to <= today && told {
        return watch;
    }
    Watch {
        to: watch.to.min(today),
        end: End::Censored,
        ..watch
    }
}

/// A point whose three risks are the same.
pub fn point(on: Day, risk: f64, triggers: &[(i64, Day)]) -> Point {
    Point {
        day: on,
        risk: [risk; 3],
        limits: [0.8 * risk, risk],
        growing: risk,
        trend: Trend::default(),
        triggers: triggers
            .iter()
            .map(|(id, known)| Trigger { id: *id, known: *known })
            .collect(),
    }
}

pub fn series(id: i64, to: Day, end: End, points: Vec<Point>) -> Series {
    Series {
        patient: patient(id),
        origin: day("2020-01-01"),
        watch: Watch { from: 30, to, end },
        points,
    }
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => Just(End::Censored),
        1 => Just(End::Death),
        3 => (0..40i32).prop_map(|late| End::Relapse { after: None, known: 400 + late }),
    ]
}

/// Risks of a coarse grid, so that ties are common; evidence that comes, goes and is sometimes absent.
pub fn any_series() -> impl Strategy<Value = Series> {
    let points = prop::collection::vec((1..60i32, 0..12u32, any::<bool>(), 0..4u32), 0..14);
    (points, end(), 31..900i32).prop_map(|(steps, end, to)| {
        let (mut on, mut triggers, mut next) = (0, vec![], 1);
        let mut points = vec![];
        for (gap, risk, news, gone) in steps {
            on += gap;
            if news {
                triggers.push((next, on));
                next += 1;
            }
            if gone == 0 {
                triggers.clear();
            }
            points.push(point(on, f64::from(risk) / 12.0, &triggers));
        }
        series(0, to, end, points)
    })
}

pub fn any_cohort() -> impl Strategy<Value = Vec<Series>> {
    prop::collection::vec(any_series(), 0..30).prop_map(|mut all| {
        for (id, series) in all.iter_mut().enumerate() {
            series.patient = patient(id as i64);
        }
        all
    })
}

/// The rule without a choice of score.
pub fn learned(past: &[Series], rates: &[f64]) -> FlagRule {
    let settings = Settings {
        candidates: vec![AlertScore::STANDARD],
        ..Settings::default()
    };
    FlagRule::learn(past, rates, &settings).unwrap()
}

/// The rule with one given threshold.
pub fn at(raise: f64) -> FlagRule {
    let mut rule = learned(&[], &[4.0]);
    rule.thresholds[0].raise = raise;
    rule
}
