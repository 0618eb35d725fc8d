//! How well burden lines recover what was true of a synthetic cohort: bands, growth, errors of entry. Each line is asked as the night
//! asks: from what was on file on its day.

mod errors;
mod growth;

pub use errors::{Errors, Found};
pub use growth::Growth;

use rayon::prelude::*;

use super::course::Course;
use super::folder::Person;
use super::truth::{Regime, Truth, Truths};
use crate::burden::case::{Case, Day};
use crate::burden::{Engine, Line};
use crate::domain::id::ObservationId;

/// Patient-days, and those whose band holds the truth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Covered {
    pub days: u64,
    pub inside: u64,
    /// Where the truth lies below, or above, the band.
    pub below: u64,
    pub above: u64,
    /// Sum of the bands' widths, in natural logarithms.
    pub width: f64,
}

impl Covered {
    fn add(&mut self, line: &Line, truth: f64) {
        let band = line.growing;
        self.days += 1;
        self.below += u64::from(truth < band.lower);
        self.above += u64::from(truth > band.upper);
        self.inside += u64::from((band.lower..=band.upper).contains(&truth));
        self.width += band.upper - band.lower;
    }

    pub fn and(self, other: Covered) -> Covered {
        Covered {
            days: self.days + other.days,
            inside: self.inside + other.inside,
            below: self.below + other.below,
            above: self.above + other.above,
            width: self.width + other.width,
        }
    }

    /// `None` without a day.
    pub fn share(&self) -> Option<f64> {
        (self.days > 0).then(|| self.inside as f64 / self.days as f64)
    }

    pub fn mean_width(&self) -> Option<f64> {
        (self.days > 0).then(|| self.width / self.days as f64)
    }
}

/// Days count from surgery until the first relapse, death or loss; every thirtieth, and those of visits. What is covered is the
/// simulated level by the band of what grows (`Line::growing`), on days on which something grows. Where nothing lives there is no
/// level, and no day; while all that lives sleeps, the band speaks of growth that is not there: told apart, and nothing wanted of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovery {
    pub silent: Covered,
    pub growing: Covered,
    pub overt: Covered,
    pub growth: Growth,
    pub errors: Errors,
}

impl Recovery {
    /// `cases` and `courses` of `people`, in their order. Patients without a course or a truth are left out.
    pub fn of(
        engine: &Engine,
        people: &[Person],
        cases: &[Case],
        courses: &[Option<Course>],
        truths: &Truths,
    ) -> Recovery {
        let known = people.iter().zip(cases).zip(courses);
        let watched: Vec<Watched> = known
            .filter_map(|((person, case), course)| {
                Some(Watched {
                    case,
                    redated: &person.redated,
                    until: course.as_ref()?.until,
                    truth: truths.get(&person.key)?,
                })
            })
            .collect();
        let covered: Vec<[Covered; 3]> = watched.par_iter().map(|one| one.covered(engine)).collect();
        let sum = |regime: usize| covered.iter().fold(Covered::default(), |all, one| all.and(one[regime]));
        Recovery {
            silent: sum(0),
            growing: sum(1),
            overt: sum(2),
            growth: Growth::of(engine, &watched),
            errors: Errors::of(engine, &watched),
        }
    }
}

/// A patient with the truth.
struct Watched<'a> {
    case: &'a Case,
    redated: &'a [ObservationId],
    until: Day,
    truth: &'a Truth,
}

impl Watched<'_> {
    /// While asleep, growing, overt.
    fn covered(&self, engine: &Engine) -> [Covered; 3] {
        let mut found = [Covered::default(); 3];
        let mut follow = engine.follow(self.case);
        for truth in &self.truth.days {
            let day = self.case.day_of(truth.on);
            let place = match truth.regime {
                Regime::Cleared => continue,
                Regime::Silent => 0,
                Regime::Growing => 1,
                Regime::Overt => 2,
            };
            if let (Some(level), true) = (truth.level, (0..self.until).contains(&day)) {
                found[place].add(&follow.on(day), level);
            }
        }
        found
    }
}
