//! The lead-time ledger: for every relapse which sign came first and by how much, both ends known only as intervals, misses counted.

use chrono::NaiveDate;
use rayon::prelude::*;
use serde::Serialize;

use super::figures::{EARLY_DAYS, LONGEST_LEAD};
use super::series::{End, Series};
use super::signs::{Shown, Sign};
use super::turnbull::Turnbull;
use crate::burden::case::{Case, Day};
use crate::domain::id::PatientRef;

/// The burden counts as growing from this probability.
const GROWING: f64 = 0.5;

/// What may announce a relapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Herald {
    Reading(Sign),
    /// P(growing) of one half or more.
    Growing,
    Flag,
}

impl Herald {
    pub const COUNT: usize = Sign::ALL.len() + 2;

    pub fn all() -> impl Iterator<Item = Herald> {
        let readings = Sign::ALL.into_iter().map(Herald::Reading);
        readings.chain([Herald::Growing, Herald::Flag])
    }

    pub fn words(self) -> &'static str {
        match self {
            Herald::Reading(Sign::CtdnaDetected) => "ctDNA detected",
            Herald::Reading(Sign::CtdnaTwice) => "ctDNA in two consecutive draws",
            Herald::Reading(Sign::CellsInBlood) => "CTC, one or more",
            Herald::Reading(Sign::FiveCellsInBlood) => "CTC, five or more",
            Herald::Reading(Sign::CellsInMarrow) => "DTC, one or more",
            Herald::Reading(Sign::MarkerRise) => "marker rise",
            Herald::Growing => "burden growing",
            Herald::Flag => "flag",
        }
    }
}

/// One relapse.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Relapse {
    pub patient: PatientRef,
    /// Day zero.
    pub origin: NaiveDate,
    /// The relapse became visible after the first day (the last clear scan, else day zero) and not after the second (its detection).
    pub between: (Day, Day),
    /// In the order of `Herald::all`: those on file before the detection. A reading counts in the `LONGEST_LEAD` days before it, so
    /// that a false positive of years ago does not pass for an announcement; growth and a flag count whenever they came.
    pub shown: [Option<Shown>; Herald::COUNT],
}

impl Relapse {
    /// `None` for a patient without a relapse. `flag`: the day of the first flag.
    pub fn of(case: &Case, series: &Series, flag: Option<Day>) -> Option<Relapse> {
        let End::Relapse { after, .. } = series.watch.end else {
            return None;
        };
        let on = series.watch.to;
        let mut shown = [None; Herald::COUNT];
        for (slot, herald) in shown.iter_mut().zip(Herald::all()) {
            *slot = match herald {
                Herald::Reading(sign) => Shown::first(case, sign, on.saturating_sub(LONGEST_LEAD), on),
                Herald::Growing => scored(series, |point| point.growing >= GROWING),
                Herald::Flag => scored(series, |point| Some(point.day) == flag),
            };
        }
        Some(Relapse {
            patient: series.patient,
            origin: series.origin,
            between: (after.unwrap_or(0).min(on), on),
            shown,
        })
    }

    /// From the day on which the sign was on file to the detection: the time that there was to act.
    pub fn notice(&self, place: usize) -> Option<Day> {
        let shown = self.shown.get(place).copied().flatten()?;
        Some(self.between.1 - shown.known)
    }

    /// From when the sign became true to when the relapse became visible: the least and the most it can have been.
    pub fn lead(&self, place: usize) -> Option<(Day, Day)> {
        let shown = self.shown.get(place).copied().flatten()?;
        let (clear, detected) = self.between;
        let not_before = shown
            .after
            .unwrap_or_else(|| (detected - LONGEST_LEAD).max(0).min(shown.on));
        Some((clear - shown.on, detected - not_before))
    }

    /// The signs that were on file first, several where they came on the same day; none for a miss.
    pub fn first(&self) -> Vec<usize> {
        let known = |shown: &Option<Shown>| shown.map(|s| s.known);
        let earliest = self.shown.iter().filter_map(known).min();
        let places = self.shown.iter().enumerate();
        places
            .filter(|(_, shown)| earliest.is_some() && known(shown) == earliest)
            .map(|(place, _)| place)
            .collect()
    }
}

/// The first watched point that is so.
fn scored(series: &Series, so: impl Fn(&super::series::Point) -> bool) -> Option<Shown> {
    let mut after = None;
    for point in series.watched() {
        if so(point) {
            return Some(Shown {
                after,
                on: point.day,
                known: point.day,
            });
        }
        after = Some(point.day);
    }
    None
}

/// One kind of sign over all relapses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Announced {
    pub herald: Herald,
    /// Relapses before whose detection it was on file, and those by `EARLY_DAYS` or more.
    pub ahead: usize,
    pub early: usize,
    /// Relapses that it announced first; one that k signs announced on the same day counts 1/k for each.
    pub first: f64,
    /// Notice in days over all relapses: a miss counts 0, no one more than `LONGEST_LEAD`.
    pub mean_notice: f64,
    /// The median lead over all relapses lies between these: medians of least and most, not below 0, a miss as 0.
    pub bounds: (f64, f64),
    /// Turnbull's estimate of the median lead over all relapses (the interval in which it is reached); a miss is a lead of 0 or less,
    /// so that a median in misses starts at minus infinity.
    pub median: Option<(f64, f64)>,
}

/// All relapses and what announced them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeadLedger {
    pub relapses: Vec<Relapse>,
    /// In the order of `Herald::all`.
    pub announced: Vec<Announced>,
    /// Relapses that nothing announced.
    pub missed: usize,
}

impl LeadLedger {
    pub fn of(relapses: Vec<Relapse>) -> LeadLedger {
        let heralds: Vec<Herald> = Herald::all().collect();
        let announced = heralds.into_par_iter().enumerate();
        LeadLedger {
            announced: announced
                .map(|(place, herald)| announced_by(herald, place, &relapses))
                .collect(),
            missed: relapses.iter().filter(|r| r.first().is_empty()).count(),
            relapses,
        }
    }
}

fn announced_by(herald: Herald, place: usize, relapses: &[Relapse]) -> Announced {
    let notices: Vec<Day> = relapses.iter().filter_map(|r| r.notice(place)).collect();
    let firsts = relapses.iter().map(Relapse::first);
    let first = firsts.filter(|first| first.contains(&place));
    let sum: f64 = notices.iter().map(|days| f64::from((*days).min(LONGEST_LEAD))).sum();
    let leads = relapses.iter().map(|r| match r.lead(place) {
        Some((least, most)) => (f64::from(least), f64::from(most)),
        None => (f64::NEG_INFINITY, 0.0),
    });
    let leads: Vec<(f64, f64)> = leads.collect();
    Announced {
        herald,
        ahead: notices.len(),
        early: notices.iter().filter(|days| **days >= EARLY_DAYS).count(),
        first: first.map(|first| 1.0 / first.len() as f64).sum(),
        mean_notice: if relapses.is_empty() {
            0.0
        } else {
            sum / relapses.len() as f64
        },
        bounds: (
            median(leads.iter().map(|lead| lead.0.max(0.0)).collect()),
            median(leads.iter().map(|lead| lead.1.max(0.0)).collect()),
        ),
        median: Turnbull::fit(&leads).and_then(|fitted| fitted.median()),
    }
}

/// 0 of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n.is_multiple_of(2) => 0.5 * (values[half - 1] + values[half]),
        _ => values[half],
    }
}
