//! One patient's risks on one day, with their reasons and doubts.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::contributions::{Contribution, rounded};
use super::features::Readings;
use super::organs::Share;
use super::rows::part_of;
use super::{Hazards, MAIN, Model, WINDOWS, words};
use crate::burden::case::{Case, Day, Outcome};
use crate::burden::{Follow, Line};

/// A probability with its 95 % limits: what the fit leaves open by chance, not what care may change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
}

/// The chances of a first distant relapse within the horizons after `day`, death competing, for somebody free of it until then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub day: Day,
    pub risks: [Risk; WINDOWS],
    /// By the last horizon: each organ, death without relapse, free of both. They add up to 1.
    pub organs: Vec<Share>,
    /// Of the risk at the main horizon (the second): the average patient of the fit first, then what each fact adds, the largest first. They
    /// add up to the risk as shown, in tenths of a per cent.
    pub contributions: Vec<Contribution>,
    /// Share (per cent) of the landmarks of the fit with a lower risk at the main horizon.
    pub percentile: f64,
    /// What the registry does not know of this patient.
    pub missing: Vec<String>,
    pub stale: Vec<String>,
    /// How this patient lies outside what the model has seen.
    pub outside: Option<String>,
    /// The burden on the same day, where lines enter the model.
    pub line: Line,
}

/// Why there is no risk.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotScored {
    #[error("Distant relapse on {}", crate::burden::words::date(*.0))]
    Relapsed(NaiveDate),
    #[error("Died on {}", crate::burden::words::date(*.0))]
    Died(NaiveDate),
    #[error("Left observation on {}", crate::burden::words::date(*.0))]
    Left(NaiveDate),
    #[error("Day zero, {}, has not come", crate::burden::words::date(*.0))]
    NotYet(NaiveDate),
    #[error("Too long after day zero: {years:.1} years, and the fit saw fewer than {least} relapses after {seen:.1}")]
    TooFewSeen { years: f64, seen: f64, least: usize },
    #[error("A covariate is not a number the model can take")]
    Unusable,
}

/// A patient asked about on one day after another; days in rising order are cheap.
#[derive(Debug)]
pub struct Scorer<'a> {
    model: &'a Model,
    case: &'a Case,
    follow: Option<Follow<'a>>,
    /// The part of the patients whose fit is asked; `None`: the mean of all.
    left_out: Option<usize>,
    raw: Vec<f64>,
    x: Vec<f64>,
}

impl Model {
    pub fn follow<'a>(&'a self, case: &'a Case) -> Scorer<'a> {
        self.followed(case, None)
    }

    /// As a patient whom the fit has not seen: by that which left the patient's part out. What is learned from everybody is few numbers:
    /// the columns' scales, the weights of the families, the population of the burden lines.
    pub fn follow_unseen<'a>(&'a self, case: &'a Case) -> Scorer<'a> {
        self.followed(case, Some(part_of(case.patient, &self.settings)))
    }

    fn followed<'a>(&'a self, case: &'a Case, left_out: Option<usize>) -> Scorer<'a> {
        Scorer {
            model: self,
            case,
            follow: self.engine().map(|engine| engine.follow(case)),
            left_out,
            raw: Vec::with_capacity(self.schema.width()),
            x: Vec::with_capacity(self.basis.width()),
        }
    }
}

impl Scorer<'_> {
    /// Why a patient has no risk on `day`, as known on it.
    fn at_risk(&self, day: Day) -> Result<(), NotScored> {
        if let Some(end) = self.case.end(day) {
            return Err(match end.what {
                Outcome::Relapse { .. } => NotScored::Relapsed(self.case.date_of(end.on)),
                Outcome::Death => NotScored::Died(self.case.date_of(end.on)),
                Outcome::Left | Outcome::Contact => NotScored::Left(self.case.date_of(end.on)),
            });
        }
        if day < 0 {
            return Err(NotScored::NotYet(self.case.origin));
        }
        let last = self.model.reference.last_day;
        if day > last {
            let years = |day: Day| f64::from(day) / super::windows::YEAR;
            return Err(NotScored::TooFewSeen {
                years: years(day),
                seen: years(last),
                least: super::reference::LEAST_SEEN,
            });
        }
        Ok(())
    }

    /// Brings the design row to `day`.
    fn look(&mut self, day: Day) -> Result<Line, NotScored> {
        self.at_risk(day)?;
        let line = self.follow.as_mut().map(|follow| follow.on(day));
        self.model.schema.fill(self.case, day, line.as_ref(), &mut self.raw);
        self.model.basis.design(&self.raw, &mut self.x);
        if self.x.iter().any(|x| !x.is_finite()) {
            return Err(NotScored::Unusable);
        }
        Ok(line.unwrap_or(Line { day, ..Line::default() }))
    }

    fn hazards(&self) -> Hazards {
        let Some(part) = self.left_out else {
            return self.model.hazards(&self.raw, &self.x);
        };
        let (row, mechanism) = (self.model.filled(&self.raw), self.model.mechanism(&self.raw));
        self.model.hazards_without(part, &row, mechanism, &self.x)
    }

    /// The risks with the burden line, for those who ask on many days.
    pub fn risks_and_line(&mut self, day: Day) -> Result<([f64; WINDOWS], Line), NotScored> {
        let line = self.look(day)?;
        Ok((self.model.risks(&self.hazards())[0], line))
    }

    /// The risks alone, for those who ask on many days.
    pub fn risks_on(&mut self, day: Day) -> Result<[f64; WINDOWS], NotScored> {
        Ok(self.risks_and_line(day)?.0)
    }

    /// The score of `day`, from what was on file on that day alone.
    pub fn on(&mut self, day: Day) -> Result<Score, NotScored> {
        let mut line = self.look(day)?;
        let model = self.model;
        if let Some(engine) = model
            .engine()
            .filter(|_| self.follow.as_ref().is_some_and(Follow::doubtful))
        {
            line.surprises = engine.follow(self.case).surprises(day);
        }
        let hazards = self.hazards();
        let risks = model.risks(&hazards);
        let readings = Readings::of(self.case, day, &model.schema.analytes);
        let parts = model.parts(&self.raw, &self.x);
        let (start, effects) = model.effects(&hazards, &parts);
        let mut all = vec![("Average patient of the fit".to_owned(), String::new(), start)];
        for ((label, effect), part) in model.schema.labels.iter().zip(effects).zip(&parts) {
            if part.iter().flatten().any(|b| *b != 0.0) {
                let value = words::value(label, &model.schema, self.case, day, &readings, &line);
                all.push((words::label(label), value, effect));
            }
        }
        Ok(Score {
            day,
            risks: model.limits(&risks[0], &self.raw, &self.x),
            organs: model.organs.shares(self.case, &readings, &risks),
            contributions: rounded(risks[0][MAIN], all),
            percentile: model.reference.percentile(risks[0][MAIN]),
            missing: words::missing(&model.schema, &self.raw, &readings),
            stale: words::stale(&model.schema, day, &readings),
            outside: words::outside(model, self.case, &self.raw),
            line,
        })
    }
}
