//! Files that a hospital brings (docs/import.md): which columns they have, what a row must hold, what it becomes.
//! Every check is pure: rows and what is on file come in, facts or problems go out.

mod fields;
mod kind;
mod known;
mod observation;
mod outcome;
mod patient;
mod setup;
mod tumour;

pub use fields::{Fields, Header};
pub use kind::{Column, Kind, Need};
pub use known::{Arm, Known, Person};

use serde_json::Value;

use super::id::{PatientId, SiteId};
use super::problem::Problem;

/// The table a fact goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    Site,
    Trial,
    Arm,
    Assay,
    Patient,
    Enrolment,
    Tumour,
    Stage,
    Treatment,
    Surgery,
    Visit,
    Observation,
    Event,
}

impl Table {
    pub fn name(self) -> &'static str {
        match self {
            Table::Site => "site",
            Table::Trial => "trial",
            Table::Arm => "arm",
            Table::Assay => "assay_version",
            Table::Patient => "patient",
            Table::Enrolment => "enrolment",
            Table::Tumour => "tumour",
            Table::Stage => "stage",
            Table::Treatment => "treatment",
            Table::Surgery => "surgery",
            Table::Visit => "visit",
            Table::Observation => "observation",
            Table::Event => "event",
        }
    }
}

/// One row for one table. `natural_key` is its identity: the same key is the same fact, again or amended.
/// `values` holds its columns by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub line: u64,
    pub table: Table,
    pub site: Option<SiteId>,
    pub patient: Option<PatientId>,
    pub natural_key: String,
    pub values: Value,
    /// Soft remarks that a typed reason must stand beside.
    pub remarks: Vec<Problem>,
}

/// One problem of one row, with all that a person needs to find and mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    pub line: u64,
    pub value: String,
    pub problem: Problem,
}

/// Checks one row. Hard problems come back with what stood in the field.
pub fn check(kind: Kind, fields: &mut Fields, known: &Known) -> Vec<Fact> {
    match kind {
        Kind::Sites => setup::site(fields),
        Kind::Trials => setup::trial(fields),
        Kind::Assays => setup::assay(fields),
        Kind::Patients => patient::patient(fields, known),
        Kind::Tumours => tumour::tumour(fields, known),
        Kind::Treatments => tumour::treatment(fields, known),
        Kind::Visits => outcome::visit(fields, known),
        Kind::Observations => observation::observation(fields, known),
        Kind::Events => outcome::event(fields, known),
    }
}

#[cfg(test)]
mod tests;
