//! A patient as burden and risk reckon with them: small numbers on one axis of days, each with the days between which it was on file.
//! Made once from a record, and looked at as of any day without copying it: `known.on(day)` is the same question as `Record::as_of`.

use std::cmp::Ordering;
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use crate::domain::id::PatientRef;

/// Days since the patient's day zero (surgery, else diagnosis); negative before it.
pub type Day = i32;

/// The day of a date; all dates there are have one.
pub fn day_of(origin: NaiveDate, date: NaiveDate) -> Day {
    (date - origin).num_days() as Day
}

/// The date of a day, or the last there is on its side.
pub fn date_of(origin: NaiveDate, day: Day) -> NaiveDate {
    let days = Days::new(u64::from(day.unsigned_abs()));
    match day < 0 {
        true => origin.checked_sub_days(days).unwrap_or(NaiveDate::MIN),
        false => origin.checked_add_days(days).unwrap_or(NaiveDate::MAX),
    }
}

/// On file from `from` (inclusive) until it was amended on `until` (exclusive; `Day::MAX` where it never was).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub from: Day,
    pub until: Day,
}

impl Known {
    pub fn on(self, day: Day) -> bool {
        self.from <= day && day < self.until
    }
}

/// What a count of molecules or a concentration says: an interval, never a bare number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    Number(f64),
    /// Not detected: below it.
    Below(f64),
    /// Above the range, or detected and not quantified.
    Above(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tissue {
    Blood,
    Marrow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    Clear,
    Equivocal,
    Disease,
}

/// One reading in the units of its likelihood.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// ctDNA as mutant molecules found among `examined` (genome equivalents x variants x efficiency): `Number(n)` molecules, or
    /// `Below(2)` where the assay calls at two. The expected number is `examined` x mutant fraction.
    Molecules {
        assay: Arc<str>,
        examined: f64,
        found: Found,
    },
    /// Cells counted in `screened`: mL of blood, or millions of mononuclear marrow cells.
    Cells {
        tissue: Tissue,
        count: f64,
        screened: f64,
    },
    /// Natural logarithm of a protein's level in its stored unit.
    Marker {
        analyte: Arc<str>,
        level: Found,
    },
    Scan {
        finding: Finding,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// The observation's id in its centre.
    pub id: i64,
    pub on: Day,
    pub known: Known,
    pub what: What,
}

impl What {
    /// Place among the readings of one day: those that say most of a tumour first, since each is heard in the light of those before.
    fn rank(&self) -> (u8, &str) {
        match self {
            What::Scan { .. } => (0, ""),
            What::Molecules { assay, .. } => (1, assay),
            What::Cells {
                tissue: Tissue::Blood, ..
            } => (2, ""),
            What::Cells {
                tissue: Tissue::Marrow, ..
            } => (3, ""),
            What::Marker { analyte, .. } => (4, analyte),
        }
    }

    fn number(&self) -> f64 {
        match self {
            What::Scan { finding } => f64::from(*finding as u8),
            What::Molecules { found, .. } | What::Marker { level: found, .. } => match found {
                Found::Number(n) | Found::Below(n) | Found::Above(n) => *n,
            },
            What::Cells { count, .. } => *count,
        }
    }
}

impl Signal {
    /// From before surgery. A tube of that very day was drawn before it; a protein marker's value of day zero begins the patient's own course.
    pub fn is_of_the_primary(&self) -> bool {
        match self.what {
            What::Marker { .. } => self.on < 0,
            _ => self.on <= 0,
        }
    }

    /// By day, and within one by what the reading is and says and when it was known: numbers that a registry or a laboratory gives out
    /// decide nothing, except between readings that are alike in all of it.
    pub fn order(&self, other: &Signal) -> Ordering {
        (self.on.cmp(&other.on))
            .then_with(|| self.what.rank().cmp(&other.what.rank()))
            .then_with(|| self.known.from.cmp(&other.known.from))
            .then_with(|| self.what.number().total_cmp(&other.what.number()))
            .then_with(|| self.id.cmp(&other.id))
    }
}

/// A baseline fact by its name: a number, or 1 for a category that holds (`cancer=breast`).
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub name: Arc<str>,
    pub value: f64,
    pub known: Known,
}

/// A course of systemic treatment, while which what grows and what rests have less of the time that passes.
#[derive(Clone, Debug, PartialEq)]
pub struct Treated {
    pub category: Arc<str>,
    pub from: Day,
    /// Exclusive; the usual length of such a course where no end is on file.
    pub to: Day,
    pub known: Known,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// First distant relapse, in the first organ named; `by_scan` where a planned scan found it and not symptoms.
    Relapse {
        organ: Arc<str>,
        by_scan: bool,
    },
    Death,
    /// Lost or withdrawn.
    Left,
    /// Known alive and watched.
    Contact,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    pub on: Day,
    pub known: Known,
    pub what: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub patient: PatientRef,
    /// Day zero.
    pub origin: NaiveDate,
    /// Cancer and subtype (`breast TNBC`): whose population parameters apply.
    pub group: Arc<str>,
    pub facts: Vec<Fact>,
    pub treated: Vec<Treated>,
    /// In the order of `Signal::order`.
    pub signals: Vec<Signal>,
    /// In order of `on`.
    pub happened: Vec<Happened>,
    /// Days on which the patient was seen, in order; one may come more than once, with other spans.
    pub visits: Vec<(Day, Known)>,
}

impl Case {
    pub fn day_of(&self, date: NaiveDate) -> Day {
        day_of(self.origin, date)
    }

    pub fn date_of(&self, day: Day) -> NaiveDate {
        date_of(self.origin, day)
    }

    /// What ended the watch for a first distant relapse, as known on `day`: the first relapse, death or loss.
    pub fn end(&self, day: Day) -> Option<&Happened> {
        let ends = |h: &&Happened| h.known.on(day) && h.on <= day && h.what != Outcome::Contact;
        self.happened.iter().find(ends)
    }

    /// The signals on file on `day`, in order of collection. Those from before day zero are of the primary tumour.
    pub fn signals_on(&self, day: Day) -> impl Iterator<Item = &Signal> {
        self.signals.iter().filter(move |s| s.on <= day && s.known.on(day))
    }

    /// The facts on file on `day`.
    pub fn facts_on(&self, day: Day) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(move |f| f.known.on(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_lead_to_each_other() {
        let origin = NaiveDate::from_ymd_opt(2020, 2, 28).unwrap();
        for (day, date) in [(0, "2020-02-28"), (2, "2020-03-01"), (-28, "2020-01-31")] {
            assert_eq!(date_of(origin, day), date.parse().unwrap());
            assert_eq!(day_of(origin, date.parse().unwrap()), day);
        }
        assert_eq!(
            (date_of(origin, Day::MAX), date_of(origin, Day::MIN)),
            (NaiveDate::MAX, NaiveDate::MIN)
        );
        assert_eq!(date_of(origin, day_of(origin, NaiveDate::MIN)), NaiveDate::MIN);
    }
}
