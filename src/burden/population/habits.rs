//! Simple counts over all patients that need no filter: how they are scanned, and what their primaries shed.

use std::collections::BTreeMap;

use super::baseline::watched;
use super::learn::WORTH;
use super::{Scanning, organ_of, prior};
use crate::burden::case::{Case, Day};
use crate::burden::filter::{read_before, scans};

/// How patients are scanned, from the scans of all: simple counts, the prior where they are few.
pub(super) fn scanning(known: &[(&Case, Day)]) -> BTreeMap<String, Scanning> {
    let mut by_organ: BTreeMap<String, Vec<(Vec<Day>, Day)>> = BTreeMap::new();
    for (case, day) in known {
        let end = watched(case, *day).on;
        let days: Vec<Day> = scans(case, *day).into_iter().filter(|d| *d < end).collect();
        let organ = organ_of(&case.group).to_owned();
        by_organ.entry(String::new()).or_default().push((days.clone(), end));
        by_organ.entry(organ).or_default().push((days, end));
    }
    by_organ
        .into_iter()
        .map(|(organ, all)| (organ, scanning_of(&all)))
        .collect()
}

fn scanning_of(all: &[(Vec<Day>, Day)]) -> Scanning {
    let usual = prior::scanning();
    let at = |values: &mut Vec<Day>, share: f64, usual: f64| {
        values.sort_unstable();
        let place = ((values.len().max(1) - 1) as f64 * share) as usize;
        if values.len() < 20 {
            usual
        } else {
            f64::from(values[place])
        }
    };
    let mut first: Vec<Day> = all.iter().filter_map(|(days, _)| days.first().copied()).collect();
    let mut gaps: Vec<Day> = all
        .iter()
        .flat_map(|(days, _)| days.windows(2).map(|w| w[1] - w[0]))
        .collect();
    let mut every: Vec<Day> = all.iter().flat_map(|(days, _)| days.iter().copied()).collect();
    let first_by = at(&mut first, 0.9, usual.first_by);
    let long = all.iter().filter(|(_, end)| f64::from(*end) >= first_by);
    let (scanned, of) = long.fold((WORTH * usual.share, WORTH), |(s, n), (days, _)| {
        (s + f64::from(u8::from(!days.is_empty())), n + 1.0)
    });
    Scanning {
        share: scanned / of,
        first: at(&mut first, 0.5, usual.first),
        first_by,
        gap: at(&mut gaps, 0.5, usual.gap),
        until: at(&mut every, 0.99, usual.until),
    }
}

/// The median log fraction before surgery of those in whom it was detected, by organ.
pub(super) fn before_levels(known: &[(&Case, Day)]) -> BTreeMap<String, f64> {
    let mut levels: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (case, day) in known {
        if let Some(level) = read_before(case, *day).filter(|l| l.is_finite()) {
            levels.entry(organ_of(&case.group).to_owned()).or_default().push(level);
            levels.entry(String::new()).or_default().push(level);
        }
    }
    let middle = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    levels.into_iter().map(|(organ, all)| (organ, middle(all))).collect()
}
