//! Synthetic cohorts in memory, with their truth. Nobody in them exists.

use std::io::Cursor;

use anyhow::Context;
use metwatch::simulate::{self, Table, Writer};
use metwatch::study::{Cohort, Reader, Truths, truth};

use crate::cli::show::Step;

/// Names of `metwatch simulate`.
pub struct Kind {
    pub mix: &'static str,
    pub calendar: &'static str,
}

/// Where the model is learned.
pub const HOME: Kind = Kind {
    mix: "registry",
    calendar: "gradual",
};
/// Other patients, other platforms.
pub const ELSEWHERE: Kind = Kind {
    mix: "chest-and-bowel",
    calendar: "early-genome",
};

/// Errors: none that a name above could make.
pub fn cohort(kind: &Kind, patients: u32, seed: u64) -> anyhow::Result<(Cohort, Truths)> {
    let step = Step::begin("making synthetic patients");
    let made = simulate::Cohort::new(patients, seed, kind.mix, kind.calendar)?;
    let tables = Table::REGISTRY.into_iter().chain(Table::TRUTH);
    let mut writer = Writer::new(&made.calendar, tables.map(|table| (table, vec![])).collect())?;
    made.each(|patient| writer.patient(patient))?;
    let files: Vec<(String, Vec<u8>)> = writer
        .finish()?
        .into_iter()
        .map(|(table, text)| (table.file(), text))
        .collect();
    let open = |name: &'static str| {
        let file = files.iter().find(|(own, _)| own == name);
        Ok(file.map(|(_, text)| Cursor::new(text.as_slice())))
    };
    let read = Reader::new(open).cohort()?;
    let truths = truth::read(open)?.context("a synthetic cohort has its truth")?;
    step.done(&format!("{patients} patients, none of whom exists"));
    Ok((read, truths))
}
