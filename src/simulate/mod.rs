//! Synthetic cohorts from a mechanistic model: seeding, sleep, reawakening, growth, shedding, assay, care, errors of entry.
//!
//! Pure: a cohort is a function of its size, seed, case mix and calendar. `docs/simulate.md` has the equations, the source of each
//! parameter, and the table of published against simulated. Everything made here is synthetic and says so.

mod assay;
mod baseline;
mod calendar;
mod calibration;
mod course;
mod disease;
mod draw;
mod errors;
mod groups;
mod mix;
mod patient;
mod readings;
pub mod registry;
mod tables;
mod truth;

#[cfg(test)]
mod tests;

pub use baseline::{Arm, Baseline};
pub use calendar::{Calendar, Centre, Platform, calendars};
pub use calibration::{Calibration, Row};
pub use course::{Course, Look, Outcome, Relapse, Seen, Visit, VisitKind};
pub use disease::{Disease, Regime};
pub use errors::{File, Kind, Slip};
pub use groups::{Group, Organ};
pub use mix::{CASE_MIXES, CaseMix};
pub use patient::{Cohort, Patient};
pub use readings::{Analyte, Cells, Ctdna, Marker, Readings, Sample, Scan};
pub use tables::{Table, Writer};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("a cohort has at least 1 and at most 50 million patients")]
    Size,
    #[error("no case mix is called {0:?}; there are {names}", names = names(CASE_MIXES.iter().map(|mix| mix.name)))]
    Mix(String),
    #[error("no calendar is called {0:?}; there are {names}", names = names(calendars().map(|(name, _)| name)))]
    Calendar(String),
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

impl Cohort {
    /// Errors: no patients or too many, an unknown name.
    pub fn new(patients: u32, seed: u64, mix: &str, calendar: &str) -> Result<Cohort, Error> {
        if !(1..=50_000_000).contains(&patients) {
            return Err(Error::Size);
        }
        let known = CASE_MIXES.iter().find(|known| known.name == mix);
        Ok(Cohort {
            patients,
            seed,
            mix: known.ok_or_else(|| Error::Mix(mix.to_owned()))?,
            calendar: Calendar::named(calendar).ok_or_else(|| Error::Calendar(calendar.to_owned()))?,
        })
    }
}
