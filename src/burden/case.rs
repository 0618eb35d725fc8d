//! A patient as burden and risk reckon with them: small numbers on one axis of days, each with the days between which it was on file.
//! Made once from a record, and looked at as of any day without copying it: `known.on(day)` is the same question as `Record::as_of`.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::domain::id::PatientRef;

/// Days since the patient's day zero (surgery, else diagnosis); negative before it.
pub type Day = i32;

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

/// A baseline fact by its name: a number, or 1 for a category that holds (`cancer=breast`).
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub name: Arc<str>,
    pub value: f64,
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
    /// In order of `on`, then `id`.
    pub signals: Vec<Signal>,
    /// In order of `on`.
    pub happened: Vec<Happened>,
}

impl Case {
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
