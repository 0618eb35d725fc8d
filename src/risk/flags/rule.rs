//! The rule by which flags are raised: learned from past data, stored with the model, applied in the night and in a study alike.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Error;
use super::alert::AlertScore;
use super::choose::{choose, marks};
use super::expect::Experience;
use super::figures::after;
use super::life::{Change, Closing, Hysteresis, Life, Mark, Terms, raised};
use super::series::{Point, Series};
use super::threshold::{drawn, exact, load};
use crate::burden::case::Day;
use crate::domain::id::PatientRef;

/// How the rule is learned.
#[derive(Clone, Debug)]
pub struct Settings {
    pub terms: Terms,
    /// The alert scores to choose from, the standard first; one alone is taken as it is.
    pub candidates: Vec<AlertScore>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            terms: Terms::default(),
            candidates: AlertScore::candidates(),
        }
    }
}

/// One budget's threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Alerts per 100 patient-years.
    pub rate: f64,
    /// Flags are raised on alert scores at or above it.
    pub raise: f64,
    /// What past data alone would have it; below `raise` where few flags have drawn it towards the default.
    pub exact: f64,
    /// Flags that count on past data, and their rate.
    pub flags: usize,
    pub load: f64,
    pub experience: Experience,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlagRule {
    pub score: AlertScore,
    pub terms: Terms,
    /// One a budget, in the order asked for.
    pub thresholds: Vec<Threshold>,
    /// Patients and patient-years of the past data.
    pub patients: usize,
    pub years: f64,
}

/// A flag with its life so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    pub raised: Day,
    pub score: f64,
    /// Signals on file when it was raised, and those added while it was open.
    pub triggers: Vec<i64>,
    pub closed: Option<(Day, Closing)>,
}

impl FlagRule {
    /// From past data, for budgets in alerts per 100 patient-years: series whose scores were made for patients that the model was not fitted to (out of fold, or of later time),
    /// since thresholds on scores of its own patients promise too much. One alert score is chosen for all budgets, so that the flags of a
    /// larger one hold those of a smaller one.
    /// Errors: `NoBudget`, `Budget`, `Hysteresis`, `NoScore`. Without any past data thresholds are the defaults.
    pub fn learn(past: &[Series], rates: &[f64], settings: &Settings) -> Result<FlagRule, Error> {
        let Hysteresis { ratio, quiet_days } = settings.terms.hysteresis;
        if !(ratio > 0.0 && ratio <= 1.0 && quiet_days >= 0) {
            return Err(Error::Hysteresis { ratio, quiet_days });
        }
        if let Some(none) = rates.iter().find(|rate| !(rate.is_finite() && **rate > 0.0)) {
            return Err(Error::Budget(*none));
        }
        if rates.is_empty() {
            return Err(Error::NoBudget);
        }
        let score = choose(past, &settings.candidates, rates, &settings.terms)?;
        let days: Vec<Vec<Mark>> = past
            .par_iter()
            .map(|series| marks(series, &score, &settings.terms))
            .collect();
        let years: f64 = past.iter().map(|series| series.watch.years()).sum();
        let exact = exact(&days, years, rates, &settings.terms);
        let mut raise: Vec<f64> = exact
            .iter()
            .zip(rates)
            .map(|(e, rate)| drawn(e.raise, *rate, years))
            .collect();
        nest(rates, &mut raise);
        let thresholds = (0..rates.len()).map(|i| {
            let found = flags_of(past, &days, raise[i], &settings.terms);
            Threshold {
                rate: rates[i],
                raise: raise[i],
                exact: exact[i].raise,
                flags: found.0,
                load: load(found.0, years),
                experience: found.1,
            }
        });
        Ok(FlagRule {
            score,
            terms: settings.terms,
            thresholds: thresholds.collect(),
            patients: past.len(),
            years,
        })
    }

    /// The first flag of each flagged patient at the threshold of that place, in the order of the series.
    pub fn first_flags(&self, series: &[Series], place: usize) -> Vec<(PatientRef, Day)> {
        let Some(threshold) = self.thresholds.get(place) else {
            return vec![];
        };
        let first = |series: &Series| {
            let days = marks(series, &self.score, &self.terms);
            let first = days.iter().find(|mark| mark.top() >= threshold.raise);
            first.map(|mark| (series.patient, mark.day))
        };
        series.par_iter().filter_map(first).collect()
    }

    /// All flags of a patient, given the days on which a person closed one (in rising order; each comes before the night of its day).
    pub fn flags(&self, series: &Series, place: usize, dismissed: &[Day]) -> Vec<Flag> {
        let Some(threshold) = self.thresholds.get(place) else {
            return vec![];
        };
        let (mut life, mut flags, mut acts) = (Life::default(), Vec::<Flag>::new(), dismissed.iter().peekable());
        for point in series.watched() {
            while let Some(day) = acts.next_if(|day| **day <= point.day) {
                dismiss(&mut life, &mut flags, *day);
            }
            if let Some((change, score)) = self.step(&mut life, point, threshold) {
                match change {
                    Change::Raised => flags.push(Flag::new(point, score)),
                    Change::Closed(why) => close(&mut flags, point.day, why),
                }
            }
            if let Some(flag) = flags.last_mut().filter(|flag| flag.closed.is_none()) {
                flag.add(point);
            }
        }
        for day in acts {
            dismiss(&mut life, &mut flags, *day);
        }
        flags
    }

    /// One night of one patient: what changes, with the alert score. `None` where nothing does or the point has no score.
    pub fn step(&self, life: &mut Life, point: &Point, threshold: &Threshold) -> Option<(Change, f64)> {
        let score = self.score.of(point)?;
        let mark = Mark::of(point, score, &self.terms);
        let change = life.step(mark, threshold.raise, &self.terms.hysteresis)?;
        Some((change, score))
    }
}

impl Flag {
    fn new(point: &Point, score: f64) -> Flag {
        Flag {
            raised: point.day,
            score,
            triggers: vec![],
            closed: None,
        }
    }

    fn add(&mut self, point: &Point) {
        let new = point.triggers.iter().map(|t| t.id);
        let new: Vec<i64> = new.filter(|id| !self.triggers.contains(id)).collect();
        self.triggers.extend(new);
    }
}

fn dismiss(life: &mut Life, flags: &mut [Flag], day: Day) {
    if life.dismiss() {
        close(flags, day, Closing::Dismissed);
    }
}

fn close(flags: &mut [Flag], day: Day, why: Closing) {
    if let Some(flag) = flags.last_mut() {
        flag.closed = Some((day, why));
    }
}

/// A larger budget never has a higher threshold, to the last bit.
fn nest(rates: &[f64], raise: &mut [f64]) {
    let mut order: Vec<usize> = (0..rates.len()).collect();
    order.sort_by(|a, b| rates[*a].total_cmp(&rates[*b]));
    let mut lowest = f64::INFINITY;
    for place in order {
        lowest = lowest.min(raise[place]);
        raise[place] = lowest;
    }
}

/// How many flags count, and how those came true that the score raised.
fn flags_of(past: &[Series], days: &[Vec<Mark>], raise: f64, terms: &Terms) -> (usize, Experience) {
    let of = |(series, days): (&Series, &Vec<Mark>)| {
        let flags = raised(days, raise, terms);
        flags
            .map(|mark| (mark.score, after(&series.watch, mark.day)))
            .collect::<Vec<_>>()
    };
    let all: Vec<_> = past.par_iter().zip(days).flat_map_iter(of).collect();
    let flags = all.len();
    let by_score = all.into_iter().filter(|(score, _)| *score >= raise);
    let followed = by_score.filter_map(|(score, after)| Some((score, after?)));
    (flags, Experience::of(followed.collect()))
}
