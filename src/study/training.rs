//! A training cohort: its cases, what became of them, and what a model and a flag rule are learned from.

use chrono::NaiveDate;
use xxhash_rust::xxh3::xxh3_64;

use super::course::{Course, RELAPSE};
use super::folder::Cohort;
use super::follow::{Follows, series};
use super::rules::Rule;
use crate::burden::Names;
use crate::burden::case::{Case, Day};
use crate::burden::line::HORIZONS;
use crate::risk::flags::{self, AlertScore, Budget, Counted, FlagRule, Series, Terms};
use crate::survival::FollowUp;
use crate::survival::metrics::observed_risk;

pub struct Training {
    pub cases: Vec<Case>,
    pub courses: Vec<Option<Course>>,
    /// The last day of the data: all that is known on it may be learned from.
    pub cut: NaiveDate,
}

/// Landmarks whose followers are the usual.
const USUAL_FROM: Day = 365;
/// So many models are fitted without a part of the patients each, to score that part.
pub const PARTS: usize = 2;

impl Training {
    /// `None` for a folder without patients.
    pub fn of(cohort: &Cohort, names: &Names) -> Option<Training> {
        let cases = cohort.cases(names);
        Some(Training {
            courses: cases.iter().map(Course::of).collect(),
            cases,
            cut: cohort.last_day()?,
        })
    }

    /// The share that relapses within `HORIZONS` after the first year, death competing; 0 where nobody was watched.
    pub fn usual(&self) -> [f64; 3] {
        let followed = self
            .courses
            .iter()
            .flatten()
            .filter_map(|course| course.after(USUAL_FROM));
        let followed: Vec<FollowUp> = followed.collect();
        let longest = followed.iter().map(FollowUp::exit).fold(0.0, f64::max);
        HORIZONS.map(|horizon| {
            let time = f64::from(horizon).min(longest);
            observed_risk(&followed, Some(RELAPSE), time).unwrap_or(0.0)
        })
    }

    /// The scored days of all patients, each by a model that did not see the patient. Errors: those of `fit`.
    pub fn crossed<M: Follows, E>(
        &self,
        mut fit: impl FnMut(&[Case]) -> Result<M, E>,
        tell: &(impl Fn() + Sync),
    ) -> Result<Vec<Series>, E> {
        let mut all = vec![];
        for part in 0..PARTS {
            let inside = |i: &usize| part_of(&self.cases[*i]) == part;
            let others: Vec<Case> = (0..self.cases.len())
                .filter(|i| !inside(i))
                .map(|i| self.cases[i].clone())
                .collect();
            let model = fit(&others)?;
            let own: Vec<usize> = (0..self.cases.len()).filter(inside).collect();
            let cases: Vec<&Case> = own.iter().map(|i| &self.cases[*i]).collect();
            let courses: Vec<Option<Course>> = own.iter().map(|i| self.courses[*i]).collect();
            all.extend(series(&model, &cases, &courses, tell));
        }
        all.sort_by_key(|series| series.patient);
        Ok(all)
    }

    /// Alerts per 100 patient-years of each rule in this cohort: where a comparison at equal load is made.
    pub fn loads(&self) -> Vec<(Rule, f64)> {
        let load = |rule: Rule| (rule, rule.figures(&self.cases, &self.courses).per_100_years);
        Rule::ALL.into_iter().map(load).collect()
    }
}

/// By the patient's own number, whatever place it has in the files.
fn part_of(case: &Case) -> usize {
    (xxh3_64(&case.patient.patient.0.to_le_bytes()) % PARTS as u64) as usize
}

/// Thresholds for budgets in alerts per 100 patient-years. Of each patient the first flag alone counts, as in flags.csv: no flag closes,
/// so none is raised again. Errors: those of `FlagRule::learn`.
pub fn flag_rule(past: &[Series], rates: &[f64]) -> Result<FlagRule, flags::Error> {
    let budgets: Vec<Budget> = rates.iter().map(|rate| Budget::Per100Years(*rate)).collect();
    let settings = flags::Settings {
        terms: Terms {
            counted: Counted::First,
            ..Terms::default()
        },
        candidates: AlertScore::candidates(),
    };
    FlagRule::learn(past, &budgets, &settings)
}
