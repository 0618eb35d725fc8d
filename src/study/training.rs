//! A training cohort: its cases, what became of them, and what a model and a flag rule are learned from.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::course::{Course, RELAPSE};
use super::folder::Cohort;
use super::follow::series;
use super::night::Unseen;
use super::rules::Rule;
use crate::burden::Names;
use crate::burden::case::{Case, Day};
use crate::burden::line::HORIZONS;
use crate::risk::flags::{self, AlertScore, Counted, FlagRule, Series, Terms};
use crate::risk::landmark::Model;
use crate::survival::FollowUp;
use crate::survival::metrics::observed_risk;

pub struct Training {
    pub cases: Vec<Case>,
    pub courses: Vec<Option<Course>>,
    /// The last day of the data: all that is known on it may be learned from.
    pub cut: NaiveDate,
    /// The days after surgery on which everybody is asked about, ascending; none where each patient has days of its own.
    pub asked: Vec<Day>,
}

/// Landmarks whose followers are the usual.
const USUAL_FROM: Day = 365;
/// More different days than this are days of each patient's own.
const MOST_ASKED: usize = 24;

impl Training {
    /// `None` for a folder without patients.
    pub fn of(cohort: &Cohort, names: &Names) -> Option<Training> {
        let cases = cohort.cases(names);
        Some(Training {
            courses: cases.iter().map(Course::of).collect(),
            asked: asked(cohort, &cases),
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

    /// The scored days of all patients whose course is known, each by what `model` makes of patients it has not seen. `tell` hears of each.
    pub fn past(&self, model: &Model, tell: &(impl Fn() + Sync)) -> Vec<Series> {
        let mut all = series(&Unseen(model), &self.cases, &self.courses, tell);
        all.sort_by_key(|series| series.patient);
        all
    }

    /// Alerts per 100 patient-years of each rule in this cohort: where a comparison at equal load is made.
    pub fn loads(&self) -> Vec<(Rule, f64)> {
        let load = |rule: Rule| (rule, rule.figures(&self.cases, &self.courses).per_100_years);
        Rule::ALL.into_iter().map(load).collect()
    }
}

fn asked(cohort: &Cohort, cases: &[Case]) -> Vec<Day> {
    let landmarks = cohort.landmarks.iter();
    let days = landmarks.map(|landmark| cases[landmark.person].day_of(landmark.on));
    let days: BTreeSet<Day> = days.filter(|day| *day >= 0).collect();
    if days.len() > MOST_ASKED {
        return vec![];
    }
    days.into_iter().collect()
}

/// Thresholds for budgets in alerts per 100 patient-years. Of each patient the first flag alone counts, as in flags.csv: no flag closes,
/// so none is raised again. Errors: those of `FlagRule::learn`.
pub fn flag_rule(past: &[Series], rates: &[f64]) -> Result<FlagRule, flags::Error> {
    let settings = flags::Settings {
        terms: Terms {
            counted: Counted::First,
            ..Terms::default()
        },
        candidates: AlertScore::candidates(),
    };
    FlagRule::learn(past, rates, &settings)
}

#[cfg(test)]
mod tests {
    use super::super::folder::tests::{folder, read};
    use super::*;

    #[test]
    fn days_on_which_everybody_is_asked_about_are_told_from_days_of_each_patient() {
        let days = |rows: &str| {
            let patients = "P000042,C03,F,1960,breast,TNBC,2015-03-01,24,,3,,maintenance,1,0\nP000043,C03,M,1950,colorectal,,2015-04-01,,2,,40,standard,0,0";
            let visits = "1,P000042,2015-03-01,baseline";
            let rows = [
                ("patients.csv", patients),
                ("visits.csv", visits),
                ("landmarks.csv", rows),
            ];
            let cohort = read(&folder(&rows)).expect("a sound folder");
            Training::of(&cohort, &Names::default()).expect("two patients").asked
        };
        // by the dates: the column of days may be empty
        let shared = "P000042,2016-02-29,365\nP000042,2015-08-30,\nP000043,2016-03-31,365\nP000043,2015-03-31,";
        assert_eq!(days(shared), [182, 365]);
        let own: Vec<String> = (1..=25).map(|day| format!("P000042,2015-04-{day:02},")).collect();
        assert!(days(&own.join("\n")).is_empty());
    }
}
