//! One line of what the ctDNA series says now, and its last reading in words.

use super::series::{self, Against, Series};
use super::words;
use crate::domain::history::History;
use crate::domain::observation::Observation;
use crate::domain::reading::Reading;

/// The series that is followed: the one with the latest reading, the longer one where two are equal.
fn followed(history: &History) -> Option<Series<'_>> {
    series::of(history)
        .into_iter()
        .max_by_key(|s| (s.last().collected_on, s.later.len()))
}

/// `Rising against baseline`, `Below the limit since 3 Feb 2026`, `Falling`, …
pub fn state(history: &History) -> String {
    let Some(series) = followed(history) else {
        let any = history.observations.iter().any(Observation::is_plasma_ctdna);
        return if any { "No usable readings" } else { "No readings" }.to_owned();
    };
    if let Some(text) = undetected(&series) {
        return text;
    }
    let Some((_, stands)) = series.later.last() else {
        return "Baseline only".to_owned();
    };
    let rise = series.rise();
    match stands {
        Against::Above if matches!(series.baseline.reading, Reading::NotDetected { .. }) => {
            format!("Detected since {}", words::date(rise[0].collected_on))
        }
        Against::Above if rise.len() >= 2 => "Rising against baseline".to_owned(),
        Against::Above => "Above baseline once".to_owned(),
        Against::Below if same_value(series.last(), series.baseline) => "Stable".to_owned(),
        Against::Below => "Falling".to_owned(),
        Against::Unclear => "Stable".to_owned(),
    }
}

fn same_value(a: &Observation, b: &Observation) -> bool {
    matches!((a.reading, b.reading), (Reading::Quantified { value: x }, Reading::Quantified { value: y }) if x == y)
}

/// Not detected, since the first of the last unbroken run.
fn undetected(series: &Series) -> Option<String> {
    let all = std::iter::once(series.baseline).chain(series.later.iter().map(|(observation, _)| *observation));
    let all: Vec<&Observation> = all.collect();
    let negative = |o: &&&Observation| matches!(o.reading, Reading::NotDetected { .. });
    let first = all.iter().rev().take_while(negative).last()?;
    let since = words::date(first.collected_on);
    let limited = matches!(series.last().reading, Reading::NotDetected { hi: Some(_) });
    Some(if limited {
        format!("Below the limit since {since}")
    } else {
        format!("Not detected since {since}")
    })
}

/// `ctDNA <0.3 MTM/mL, 3 Oct 2026`; a failed sample is said as such.
pub fn last_reading(history: &History) -> Option<String> {
    let done = |o: &&Observation| o.is_plasma_ctdna() && o.reading != Reading::NotDone;
    let last = history.observations.iter().rev().find(done)?;
    let (reading, date) = (
        words::reading(&last.reading, &last.unit),
        words::date(last.collected_on),
    );
    Some(format!("ctDNA {reading}, {date}"))
}
