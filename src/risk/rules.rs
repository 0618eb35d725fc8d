//! From readings to flags: the trend rule on ctDNA, which holds with the reading itself and needs no model.

use chrono::{Days, NaiveDate};

use crate::burden::lesions::{Growth, growth};
use crate::burden::series::{self, Series};
use crate::burden::words;
use crate::domain::event::{Happening, RelapseKind};
use crate::domain::flag::{Cause, Raised, Severity};
use crate::domain::history::History;
use crate::domain::id::ObservationId;
use crate::domain::reading::Reading;

/// A scan this many days before the first draw above the baseline still counts as "at the same time".
const SCAN_BEFORE_DAYS: u64 = 30;

/// The flags that the readings ask for, at most one a cause.
///
/// ctDNA is rising when, in one series, the latest readings lie above the first (detected, where the first was not), and that is
/// confirmed: by a second reading, or by lesions that grow at the same time. Once a reading is back at the baseline or not
/// detected there is no flag. Nobody who has died or left is flagged.
pub fn flags_for(history: &History) -> Vec<Raised> {
    if history.died_on().is_some() || history.left_on().is_some() {
        return vec![];
    }
    let mut rising: Vec<Raised> = series::of(history)
        .iter()
        .filter_map(|series| rise(history, series))
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

fn rise(history: &History, series: &Series) -> Option<Raised> {
    let above = series.rise();
    let (first, last) = (above.first()?, above.last()?);
    let window = first.collected_on.checked_sub_days(Days::new(SCAN_BEFORE_DAYS))?;
    let growth = growth(history, window);
    if above.len() < 2 && growth.is_none() {
        return None;
    }
    let negative = matches!(series.baseline.reading, Reading::NotDetected { .. });
    let (since, draws) = (words::date(first.collected_on), times(above.len()));
    let mut reason = if negative {
        let baseline = words::date(series.baseline.collected_on);
        format!("ctDNA detected {draws} since {since} after a negative baseline on {baseline}")
    } else {
        let baseline = words::reading(&series.baseline.reading, &series.baseline.unit);
        format!("ctDNA above baseline ({baseline}) {draws} since {since}")
    };
    if let Reading::Quantified { value } = last.reading {
        reason += &format!(", latest {}", words::with_unit(value, &last.unit));
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
    // a relapse that the clinic has seen is no news: it must not stand above those that nobody has
    let strong = known.is_none() && (negative || (above.len() >= 2 && growth.is_some()));
    Some(Raised {
        cause: Cause::CtdnaRising,
        severity: if strong { Severity::High } else { Severity::Medium },
        reason,
        triggers,
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
