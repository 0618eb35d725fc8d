//! The lead-time ledger: for every relapse which sign came first and by how much, both ends known only as intervals, misses counted.

use chrono::{Datelike, NaiveDate};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::figures::{EARLY_DAYS, LONGEST_LEAD};
use super::series::{End, Series};
use super::signs::{Shown, Sign};
use super::turnbull::Turnbull;
use crate::burden::case::{Case, Day, date_of};

/// The burden counts as growing from this probability.
const GROWING: f64 = 0.5;

/// What may announce a relapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Debug, PartialEq)]
pub struct Relapse {
    /// The day of its detection.
    pub on: NaiveDate,
    /// The relapse became visible after the first day (the last clear scan, else day zero) and not after the second (its detection).
    pub between: (Day, Day),
    /// In the order of `Herald::all`: those on file before the detection. A reading counts in the `LONGEST_LEAD` days before it, so
    /// that a false positive of years ago does not pass for an announcement; growth and a flag count whenever they came.
    pub shown: [Option<Shown>; Herald::COUNT],
    /// Whether anything that could have shown it was on file in those days: a reading of its kind; for growth any reading, for flags a scored day.
    pub looked: [bool; Herald::COUNT],
}

impl Relapse {
    /// `None` for a patient without a relapse under watch. `flag`: the day of the first flag.
    pub fn of(case: &Case, series: &Series, flag: Option<Day>) -> Option<Relapse> {
        let End::Relapse { after, .. } = series.watch.end else {
            return None;
        };
        let on = series.watch.relapse()?;
        let from = on.saturating_sub(LONGEST_LEAD);
        let was_scored = series.watched().next().is_some();
        let (mut shown, mut looked) = ([None; Herald::COUNT], [was_scored; Herald::COUNT]);
        for (place, herald) in Herald::all().enumerate() {
            shown[place] = match herald {
                Herald::Reading(sign) => {
                    looked[place] = sign.was_read(case, from, on);
                    Shown::first(case, sign, from, on)
                }
                Herald::Growing => {
                    let growing = scored(series, |point| point.growing >= GROWING);
                    looked[place] = growing.is_some() || was_scored && any_read(case, on);
                    growing
                }
                Herald::Flag => scored(series, |point| Some(point.day) == flag),
            };
        }
        Some(Relapse {
            on: date_of(series.origin, on),
            looked,
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

/// Whether any reading from after day zero was on file before `until`: without one a burden line says what is usual.
fn any_read(case: &Case, until: Day) -> bool {
    case.signals.iter().any(|s| s.on > 0 && s.known.from.max(s.on) < until)
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Announced {
    pub herald: Herald,
    /// Relapses before which anything was on file that could have shown it.
    pub looked: usize,
    /// Relapses before whose detection it was on file, and those by `EARLY_DAYS` or more.
    pub ahead: usize,
    pub early: usize,
    /// Relapses that it announced first; one that k signs announced on the same day counts 1/k for each.
    pub first: f64,
    /// Notice in days over all relapses: a miss counts 0, no one more than `LONGEST_LEAD`.
    pub mean_notice: f64,
    /// The same in the middle, a miss as 0.
    pub median_notice: f64,
    /// The median lead over all relapses lies between these: medians of least and most, not below 0, a miss as 0.
    pub bounds: (f64, f64),
    /// Turnbull's estimate of the median lead over all relapses (the interval in which it is reached); a miss is a lead of 0 or less, and
    /// `None` says that the median lies among the misses.
    pub median: Option<(f64, f64)>,
}

/// All relapses and what announced them; counts and medians, nothing of one patient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadLedger {
    pub relapses: usize,
    /// The years of the first and the last detection.
    pub years: Option<(i32, i32)>,
    /// In the order of `Herald::all`.
    pub announced: Vec<Announced>,
    /// Relapses that nothing announced.
    pub missed: usize,
    /// Those of them before which no reading was on file; a ledger of an earlier program does not know.
    #[serde(default)]
    pub unread: Option<usize>,
}

impl LeadLedger {
    pub fn of(relapses: &[Relapse]) -> LeadLedger {
        let heralds: Vec<Herald> = Herald::all().collect();
        let missed = || relapses.iter().filter(|r| r.first().is_empty());
        // a flag is looked for in everybody
        let read: Vec<usize> = (0..heralds.len())
            .filter(|place| heralds[*place] != Herald::Flag)
            .collect();
        let years = || relapses.iter().map(|relapse| relapse.on.year());
        LeadLedger {
            relapses: relapses.len(),
            years: years().min().zip(years().max()),
            announced: (heralds.into_par_iter().enumerate())
                .map(|(place, herald)| announced_by(herald, place, relapses))
                .collect(),
            missed: missed().count(),
            unread: Some(missed().filter(|r| !read.iter().any(|place| r.looked[*place])).count()),
        }
    }

    pub fn by(&self, herald: Herald) -> Option<&Announced> {
        self.announced.iter().find(|own| own.herald == herald)
    }
}

fn announced_by(herald: Herald, place: usize, relapses: &[Relapse]) -> Announced {
    let notices: Vec<Day> = relapses.iter().filter_map(|r| r.notice(place)).collect();
    let firsts = relapses.iter().map(Relapse::first);
    let first = firsts.filter(|first| first.contains(&place));
    let mut capped: Vec<f64> = notices
        .iter()
        .map(|days| f64::from((*days).min(LONGEST_LEAD)))
        .collect();
    let sum: f64 = capped.iter().sum();
    capped.resize(relapses.len(), 0.0);
    let leads = relapses.iter().map(|r| match r.lead(place) {
        Some((least, most)) => (f64::from(least), f64::from(most)),
        None => (f64::NEG_INFINITY, 0.0),
    });
    let leads: Vec<(f64, f64)> = leads.collect();
    Announced {
        herald,
        looked: relapses.iter().filter(|r| r.looked[place]).count(),
        ahead: notices.len(),
        early: notices.iter().filter(|days| **days >= EARLY_DAYS).count(),
        first: first.map(|first| 1.0 / first.len() as f64).sum(),
        mean_notice: if relapses.is_empty() {
            0.0
        } else {
            sum / relapses.len() as f64
        },
        median_notice: median(capped),
        bounds: (
            median(leads.iter().map(|lead| lead.0.max(0.0)).collect()),
            median(leads.iter().map(|lead| lead.1.max(0.0)).collect()),
        ),
        median: Turnbull::fit(&leads)
            .and_then(|fitted| fitted.median())
            .filter(|median| median.0.is_finite()),
    }
}

/// 0 of nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n.is_multiple_of(2) => 0.5 * (values[half - 1] + values[half]),
        _ => values[half],
    }
}
