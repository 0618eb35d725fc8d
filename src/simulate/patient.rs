//! A patient, whole: what the registry holds, what was wrong in it, and what was true.

use rayon::prelude::*;

use super::assay;
use super::baseline::Baseline;
use super::calendar::Calendar;
use super::course::Course;
use super::disease::Disease;
use super::draw::{Draw, Purpose};
use super::errors::{self, Slip};
use super::mix::CaseMix;
use super::readings::Readings;

/// Patients are made in blocks of this size, since tubes are swapped between two patients of a block.
pub(super) const BLOCK: u32 = 64;
/// Blocks that are held at a time.
const HELD: u32 = 64;

#[derive(Clone, Debug)]
pub struct Patient {
    /// From 1.
    pub number: u32,
    pub who: Baseline,
    pub course: Course,
    pub readings: Readings,
    pub disease: Disease,
    pub slips: Vec<Slip>,
}

impl Patient {
    fn make(number: u32, seed: u64, mix: &CaseMix, calendar: &Calendar) -> Patient {
        let of = |purpose| Draw::of(seed, number, purpose);
        let mut first = of(Purpose::Disease);
        let who = Baseline::draw(&mut first, mix, calendar);
        let mut disease = Disease::draw(&mut first, &who);
        let course = Course::live(&mut of(Purpose::Care), &who, &mut disease, calendar);
        let centre = &calendar.centres[who.centre];
        let mut readings = assay::readings(&mut of(Purpose::Assays), &who, &disease, &course, centre);
        let cut = (calendar.cut - who.surgery).num_days() as i32;
        readings.known_by(cut);
        let slips = errors::spoil(&mut of(Purpose::Errors), &mut readings, cut);
        Patient {
            number,
            who,
            course,
            readings,
            disease,
            slips,
        }
    }
}

/// A synthetic cohort. Nothing is held: patients are made as they are asked for, and a patient is the same whatever the size
/// of the cohort.
pub struct Cohort {
    pub patients: u32,
    pub seed: u64,
    pub mix: &'static CaseMix,
    pub calendar: Calendar,
}

impl Cohort {
    fn block(&self, block: u32) -> Vec<Patient> {
        let from = block * BLOCK + 1;
        let all = from..from + BLOCK;
        let mut patients: Vec<Patient> = all
            .map(|n| Patient::make(n, self.seed, self.mix, &self.calendar))
            .collect();
        errors::swap(&mut Draw::of(self.seed, block, Purpose::Swaps), &mut patients);
        for patient in &mut patients {
            patient.slips.sort();
        }
        patients.retain(|p| p.number <= self.patients);
        patients
    }

    /// Hands over the patients in order, a few thousand at a time, each batch made on all cores. Errors: those of `each`.
    pub fn each<E>(&self, mut each: impl FnMut(&Patient) -> Result<(), E>) -> Result<(), E> {
        let blocks = self.patients.div_ceil(BLOCK);
        for start in (0..blocks).step_by(HELD as usize) {
            let batch = start..blocks.min(start + HELD);
            let made: Vec<Vec<Patient>> = batch.into_par_iter().map(|block| self.block(block)).collect();
            made.iter().flatten().try_for_each(&mut each)?;
        }
        Ok(())
    }

    /// The whole cohort in memory.
    pub fn all(&self) -> Vec<Patient> {
        let blocks = self.patients.div_ceil(BLOCK);
        (0..blocks)
            .into_par_iter()
            .flat_map_iter(|block| self.block(block))
            .collect()
    }
}
