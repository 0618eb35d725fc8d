//! From readings to flags: the trend rule on ctDNA, which holds with the reading itself and needs no model.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::flags::EVIDENCE_DAYS;
use crate::burden::lesions::{Growth, growth};
use crate::burden::series::{self, Series};
use crate::burden::words;
use crate::domain::event::{Happening, RelapseKind};
use crate::domain::flag::{Cause, Raised, Severity};
use crate::domain::history::History;
use crate::domain::id::ObservationId;
use crate::domain::observation::Observation;
use crate::domain::reading::Reading;
use crate::domain::unit;

/// A scan this many days before the first draw above the baseline still counts as "at the same time".
const SCAN_BEFORE_DAYS: u64 = 30;

/// The flags that the readings ask for on `today`, at most one a cause.
///
/// ctDNA is rising when, in one series, the latest readings lie above the first (detected, where the first was not), and that is
/// confirmed: by a draw of a second day, or by lesions that grow at the same time. Once a reading is back at the baseline or not
/// detected there is no flag, nor where a later draw by another assay would have shown the last of them and did not, or the last of them
/// is older than evidence may be. Nobody who has died or left is flagged.
pub fn flags_for(history: &History, today: NaiveDate) -> Vec<Raised> {
    if history.died_on().is_some() || history.left_on().is_some() {
        return vec![];
    }
    let mut rising: Vec<Raised> = series::of(history)
        .iter()
        .filter_map(|series| rise(history, series, today))
        .collect();
    rising.sort_by_key(|raised| raised.severity);
    let mut all = rising.into_iter();
    let Some(mut first) = all.next() else { return vec![] };
    for other in all {
        first.triggers.extend(other.triggers);
    }
    first.triggers.sort();
    first.triggers.dedup();
    vec![first]
}

fn rise(history: &History, series: &Series, today: NaiveDate) -> Option<Raised> {
    let above = series.rise();
    let (first, last) = (above.first()?, above.last()?);
    let window = first.collected_on.checked_sub_days(Days::new(SCAN_BEFORE_DAYS))?;
    let growth = growth(history, window);
    let days: BTreeSet<NaiveDate> = above.iter().map(|o| o.collected_on).collect();
    let aged = (today - last.collected_on).num_days() > EVIDENCE_DAYS.into();
    if (days.len() < 2 && growth.is_none()) || aged || is_refuted(history, last) {
        return None;
    }
    let negative = matches!(series.baseline.reading, Reading::NotDetected { .. });
    let (since, draws) = (words::date(first.collected_on), times(days.len()));
    let mut reason = if negative {
        let baseline = words::date(series.baseline.collected_on);
        format!("ctDNA detected {draws} since {since} after a negative baseline on {baseline}")
    } else {
        let baseline = words::reading(&series.baseline.reading, &series.baseline.unit);
        format!("ctDNA above baseline ({baseline}) {draws} since {since}")
    };
    if let Reading::Quantified { value } = last.reading {
        let on = words::date(last.collected_on);
        reason += &format!(", latest {} on {on}", words::with_unit(value, &last.unit));
    }
    if let Some(growth) = &growth {
        reason += &format!("; {}", grown(growth));
    }
    let known = known_already(history, series.baseline.collected_on);
    if let Some(known) = &known {
        reason += &format!("; {known}");
    }
    reason.push('.');
    let mut triggers: Vec<ObservationId> = std::iter::once(series.baseline.id)
        .chain(above.iter().map(|o| o.id))
        .collect();
    triggers.extend(growth.as_ref().map(|growth| growth.scan().id));
    let strong = negative || (days.len() >= 2 && growth.is_some());
    Some(Raised {
        cause: Cause::CtdnaRising,
        severity: match known {
            Some(_) => Severity::OnFile,
            None if strong => Severity::High,
            None => Severity::Medium,
        },
        reason,
        triggers,
    })
}

/// Whether a later draw by another assay, in a unit that can be held against it, was not detected though it would have shown so much.
fn is_refuted(history: &History, last: &Observation) -> bool {
    let Some(least) = series::least(&last.reading) else {
        return false;
    };
    let later = history.observations.iter().filter(|o| o.is_plasma_ctdna());
    let mut later = later.filter(|o| o.collected_on > last.collected_on && !series::same_series(o, last));
    later.any(|other| {
        let ratio = if other.unit == last.unit {
            Some(1.0)
        } else {
            unit::factor(&other.unit, "1")
                .zip(unit::factor(&last.unit, "1"))
                .map(|(of, to)| of / to)
        };
        match (&other.reading, ratio) {
            (Reading::NotDetected { hi: Some(limit) }, Some(ratio)) => limit * ratio < least,
            _ => false,
        }
    })
}

/// What the clinic has seen since the baseline, and a distant relapse at any time, so that the flag does not pass for news.
fn known_already(history: &History, since: NaiveDate) -> Option<String> {
    let mut said = history.events.iter().filter_map(|event| match event.what {
        // disease that has spread stays known, however long ago
        Happening::Relapse {
            kind: RelapseKind::Distant,
            ..
        } => Some(("distant relapse", event.occurred_on)),
        _ if event.occurred_on < since => None,
        Happening::Progression => Some(("progression", event.occurred_on)),
        Happening::Relapse { .. } => Some(("relapse", event.occurred_on)),
        _ => None,
    });
    said.next()
        .map(|(what, on)| format!("{what} on file since {}", words::date(on)))
}

fn times(draws: usize) -> String {
    if draws == 1 {
        "in 1 draw".to_owned()
    } else {
        format!("in {draws} draws")
    }
}

fn grown(growth: &Growth) -> String {
    match growth {
        Growth::NewLesion { scan } => format!("new lesion on {}", words::date(scan.collected_on)),
        Growth::Sum { smallest, sum, .. } if *smallest > 0.0 => {
            format!("target lesions +{:.0} % from smallest", 100.0 * (sum / smallest - 1.0))
        }
        Growth::Sum { sum, .. } => format!("target lesions back at {} mm", words::number(*sum)),
    }
}
