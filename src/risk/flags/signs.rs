//! What the readings of a case say by rule, as of a day: the evidence of a flag, the trend rules, and the signs of the lead-time ledger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::series::{Trend, Trigger};
use crate::burden::MOLECULES_AT_LIMIT;
use crate::burden::case::{Case, Day, Finding, Found, Known, Signal, Tissue, What};

/// A positive reading is evidence for so long after its collection.
pub const EVIDENCE_DAYS: Day = 730;
/// A marker has risen at half as much again as the median of the patient's earlier values after day zero, of which there are two or
/// more: well above what protein markers wander within a person (10 to 25 %).
pub const MARKER_RISE: f64 = 1.5;
const EARLIER_VALUES: usize = 2;

/// A sign that readings alone can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    CtdnaDetected,
    /// In two consecutive draws.
    CtdnaTwice,
    /// Tumour cells in blood: one or more, five or more.
    CellsInBlood,
    FiveCellsInBlood,
    CellsInMarrow,
    MarkerRise,
}

impl Sign {
    pub const ALL: [Sign; 6] = [
        Sign::CtdnaDetected,
        Sign::CtdnaTwice,
        Sign::CellsInBlood,
        Sign::FiveCellsInBlood,
        Sign::CellsInMarrow,
        Sign::MarkerRise,
    ];

    fn reads(self, what: &What) -> bool {
        match self {
            Sign::CtdnaDetected | Sign::CtdnaTwice => matches!(what, What::Molecules { .. }),
            Sign::CellsInBlood | Sign::FiveCellsInBlood => blood(what),
            Sign::CellsInMarrow => matches!(what, What::Cells { tissue, .. } if *tissue == Tissue::Marrow),
            Sign::MarkerRise => matches!(what, What::Marker { .. }),
        }
    }

    /// Whether a reading that could show it, collected on `from` or later and after day zero, was on file before `until`.
    pub(super) fn was_read(self, case: &Case, from: Day, until: Day) -> bool {
        let mut of_kind = case
            .signals
            .iter()
            .filter(|s| self.reads(&s.what) && s.on >= from.max(1));
        of_kind.any(|s| came(s.known, s.on) < until)
    }
}

fn blood(what: &What) -> bool {
    matches!(what, What::Cells { tissue, .. } if *tissue == Tissue::Blood)
}

/// When a sign first showed: it became true after `after` (the last reading without it; `None` without one) and not after `on`, the
/// collection of the first reading with it, which came on file on `known`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub after: Option<Day>,
    pub on: Day,
    pub known: Day,
}

impl Shown {
    /// The first day before `until` on whose file the sign stood in a reading collected on `from` or later, and what that file said of
    /// when it became true.
    pub fn first(case: &Case, sign: Sign, from: Day, until: Day) -> Option<Shown> {
        let of_kind = case.signals.iter().filter(|s| sign.reads(&s.what) && s.on >= from);
        let changes = of_kind.flat_map(|s| [came(s.known, s.on), s.known.until]);
        let mut days: Vec<Day> = changes.filter(|day| *day < until).collect();
        days.sort_unstable();
        days.dedup();
        days.into_iter().find_map(|known| {
            let (after, on) = onset(&readings(case, sign, known), sign, from)?;
            Some(Shown { after, on, known })
        })
    }
}

/// Each day's readings in one: positive where one of them is.
fn readings(case: &Case, sign: Sign, day: Day) -> Vec<(Day, bool)> {
    let mut days: Vec<(Day, bool)> = vec![];
    for signal in follow_up(case, day).filter(|s| sign.reads(&s.what)) {
        let positive = speaks(case, signal, day, sign);
        match days.last_mut().filter(|(on, _)| *on == signal.on) {
            Some(last) => last.1 |= positive,
            None => days.push((signal.on, positive)),
        }
    }
    days
}

/// The signals on file on `day` from after day zero: those before are of the primary tumour.
fn follow_up(case: &Case, day: Day) -> impl Iterator<Item = &Signal> {
    case.signals_on(day).filter(|s| s.on > 0)
}

/// The last reading before the sign held (`None` where it already held, or nothing was read), and the first from `from` on with it.
fn onset(readings: &[(Day, bool)], sign: Sign, from: Day) -> Option<(Option<Day>, Day)> {
    let needed = if sign == Sign::CtdnaTwice { 2 } else { 1 };
    let holds = |end: usize| end + 1 >= needed && readings[end + 1 - needed..=end].iter().all(|(_, yes)| *yes);
    let end = (0..readings.len()).find(|end| readings[*end].0 >= from && holds(*end))?;
    let before = end.checked_sub(1).filter(|before| !holds(*before));
    Some((before.map(|before| readings[before].0), readings[end].0))
}

/// Whether a reading has the sign, as the file of `day` shows it.
fn speaks(case: &Case, signal: &Signal, day: Day, sign: Sign) -> bool {
    match &signal.what {
        What::Molecules { found, .. } => !matches!(found, Found::Below(_)),
        What::Cells { count, .. } => *count >= if sign == Sign::FiveCellsInBlood { 5.0 } else { 1.0 },
        What::Marker { .. } => marker_rise(case, signal, day).is_some(),
        What::Scan { finding } => *finding != Finding::Clear,
    }
}

/// How many times the median of the earlier values a marker is, where that is a rise. A value below the limit counts as at the limit,
/// which makes the baseline too high rather than the rise too great.
pub(super) fn marker_rise(case: &Case, signal: &Signal, day: Day) -> Option<f64> {
    let What::Marker { analyte, level } = &signal.what else {
        return None;
    };
    let (Found::Number(level) | Found::Above(level)) = level else {
        return None;
    };
    let earlier = follow_up(case, day).filter(|s| s.on < signal.on);
    let mut earlier: Vec<f64> = earlier
        .filter_map(|s| match &s.what {
            What::Marker {
                analyte: same,
                level: Found::Number(level) | Found::Below(level),
            } if same == analyte => Some(*level),
            _ => None,
        })
        .filter(|level| level.is_finite())
        .collect();
    if earlier.len() < EARLIER_VALUES {
        return None;
    }
    earlier.sort_by(f64::total_cmp);
    let half = earlier.len() / 2;
    let median = if earlier.len().is_multiple_of(2) {
        0.5 * (earlier[half - 1] + earlier[half])
    } else {
        earlier[half]
    };
    let times = (level - median).exp();
    (times >= MARKER_RISE).then_some(times)
}

/// The readings on file that speak for tumour, of the last `EVIDENCE_DAYS`, in order of collection.
pub fn evidence(case: &Case, day: Day) -> Vec<Trigger> {
    let recent = follow_up(case, day).filter(|s| day - s.on <= EVIDENCE_DAYS);
    let speaks = recent.filter(|s| speaks(case, s, day, Sign::CellsInBlood));
    speaks
        .map(|s| Trigger {
            id: s.id,
            known: came(s.known, s.on),
        })
        .collect()
}

/// A result that is on file with a date before its own collection counts from the collection.
fn came(known: Known, on: Day) -> Day {
    known.from.max(on)
}

/// The trend rules as of a day.
pub fn trend(case: &Case, day: Day) -> Trend {
    let draws = readings(case, Sign::CtdnaTwice, day);
    Trend {
        repeated: draws.len() >= 2 && draws[draws.len() - 2..].iter().all(|(_, yes)| *yes),
        rising: rising(case, day),
    }
}

/// What `risk::rules` flags, as far as a case tells: by one assay readings of two days or more above the first after surgery, since one
/// last was not, the last of them not too old and not refuted by a later draw by another assay. Amounts are mutant fractions here, in the registry's rule values in their unit; lesions that grow confirm nothing here.
fn rising(case: &Case, day: Day) -> bool {
    let mut series: BTreeMap<&str, Rise> = BTreeMap::new();
    for signal in case.signals_on(day).filter(|s| !s.is_of_the_primary()) {
        let What::Molecules { assay, examined, found } = &signal.what else {
            continue;
        };
        let amount = (found, *examined);
        if let (Found::Below(_), shown) = (found, MOLECULES_AT_LIMIT / examined) {
            for (_, rise) in series.iter_mut().filter(|(other, _)| **other != assay.as_ref()) {
                rise.refuted |= rise.last.is_some_and(|last| last.on < signal.on && shown < last.least);
            }
        }
        let rise = series.entry(assay).or_insert(Rise {
            baseline: amount,
            days: 0,
            last: None,
            refuted: false,
        });
        match is_above(amount, rise.baseline) {
            Some(true) => {
                rise.days += usize::from(rise.last.is_none_or(|last| last.on != signal.on));
                rise.refuted = false;
                rise.last = Some(Last {
                    on: signal.on,
                    least: least(amount),
                });
            }
            Some(false) => (rise.days, rise.last, rise.refuted) = (0, None, false),
            None => {}
        }
    }
    let fresh = |rise: &Rise| rise.last.is_some_and(|last| day - last.on <= EVIDENCE_DAYS);
    series
        .values()
        .any(|rise| rise.days >= 2 && fresh(rise) && !rise.refuted)
}

/// The readings of one assay above its first since one last was not.
struct Rise<'a> {
    baseline: Amount<'a>,
    days: usize,
    last: Option<Last>,
    /// By a draw of another assay after the last of them.
    refuted: bool,
}

#[derive(Clone, Copy)]
struct Last {
    on: Day,
    /// The mutant fraction at least.
    least: f64,
}

fn least((found, of): Amount) -> f64 {
    match found {
        Found::Below(_) => 0.0,
        Found::Number(n) | Found::Above(n) => n / of,
    }
}

/// Molecules found, and among how many.
type Amount<'a> = (&'a Found, f64);

/// Whether all of a reading lies above the baseline; `None` where they overlap.
fn is_above((found, of): Amount, (baseline, of_baseline): Amount) -> Option<bool> {
    match (found, baseline) {
        (Found::Below(_), _) => Some(false),
        (_, Found::Below(_)) => Some(true),
        (_, Found::Above(_)) => None,
        (Found::Number(n), Found::Number(base)) => Some(n / of > base / of_baseline),
        (Found::Above(n), Found::Number(base)) => (n / of >= base / of_baseline).then_some(true),
    }
}

/// The unbroken run of positive ctDNA readings up to the day: signal and lowest mutant fraction that it allows.
pub(super) fn run(case: &Case, day: Day) -> Vec<(&Signal, f64)> {
    let mut run = vec![];
    for signal in follow_up(case, day) {
        let What::Molecules { examined, found, .. } = &signal.what else {
            continue;
        };
        match found {
            Found::Number(n) | Found::Above(n) => run.push((signal, n / examined.max(1.0))),
            // a second tube of a positive day does not end the run
            Found::Below(_)
                if run
                    .last()
                    .is_some_and(|(last, _): &(&Signal, f64)| last.on == signal.on) => {}
            Found::Below(_) => run.clear(),
        }
    }
    run
}
