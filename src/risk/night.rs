//! What a night makes of all patients: the model with the gate's verdict, and the thresholds of its flags. A study makes the same.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::flags::{self, FIRST_DAY, FlagRule, Past, Point, Said, Series, Terms, Threshold, Watch};
use super::gate::{self, Decision, Measures, Report, Verdict};
use super::landmark::{self, Landmarks, MAIN, Model, NotScored, Score, Scorer, Settings};
use super::{Error, card};
use crate::burden::Case;
use crate::burden::case::Day;
use crate::domain::flag::Raised;

pub use super::landmark::VERSION;

pub const KIND: &str = "first_distant_relapse";
/// The window of the risk on show.
pub const HORIZON_DAYS: Day = crate::burden::line::HORIZONS[MAIN];
/// With fewer patients of whom anything was read, burden lines say nothing that the fit could learn from.
const LEAST_READ: usize = 50;
/// Thresholds are learned from the past days of so many patients.
const FOLLOWED: usize = 3000;

/// A model on show, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NightModel {
    pub model: Model,
    pub verdict: Verdict,
    pub rule: FlagRule,
    /// What the rule did on the days that it was learned from; `None` where these were too few, and in models from before it was kept.
    #[serde(default)]
    pub past: Option<Past>,
    /// Patients of the registry that are in no fit, by reason.
    #[serde(default)]
    pub not_in_the_fit: BTreeMap<String, usize>,
}

impl NightModel {
    /// From what was known of the cases on `cut`; `last` is the report of the model on show, which a candidate must not fall behind.
    /// `rate`: alerts per 100 patient-years. Errors: those of `landmark::fit`, and a budget that is none.
    pub fn fit(cases: &[Case], cut: NaiveDate, rate: f64, last: Option<&Report>) -> Result<NightModel, Error> {
        let settings = Settings {
            lines: cases.iter().filter(|case| !case.signals.is_empty()).count() >= LEAST_READ,
            // the first distant relapse may come after two decades; half as often, so that the rows of a fit are of more patients
            landmarks: Landmarks::Grid {
                first: 30,
                every: 182,
                last: 7305,
            },
            ..Settings::default()
        };
        let mut model = landmark::fit(cases, cut, &settings)?;
        let verdict = gate::decide(&model.report, last, HORIZON_DAYS);
        if verdict.decision == Decision::Recalibrate {
            model.recalibrate();
        }
        let (rule, past) = flag_rule(cases, cut, rate, &model)?;
        Ok(NightModel {
            model,
            verdict,
            rule,
            past,
            not_in_the_fit: BTreeMap::new(),
        })
    }

    /// The same model with thresholds for another budget, by what is known of the cases on `cut`. Errors: a budget that is none.
    pub fn with_budget(&self, cases: &[Case], cut: NaiveDate, rate: f64) -> Result<NightModel, Error> {
        let (rule, past) = flag_rule(cases, cut, rate, &self.model)?;
        Ok(NightModel {
            rule,
            past,
            ..self.clone()
        })
    }

    pub fn score(&self, case: &Case, day: Day) -> Result<Score, NotScored> {
        self.model.follow(case).on(day)
    }

    /// What the validation showed at the horizon on show, where it was reached.
    pub fn measures(&self) -> Option<&Measures> {
        self.model.report.at(HORIZON_DAYS)
    }

    pub fn card(&self) -> Value {
        let mut card = card::card(&self.model, &self.verdict);
        card["flags"] = json!(self.flags());
        card["not_in_the_fit"] = json!(self.not_in_the_fit);
        card
    }

    /// Alerts per 100 patient-years that the thresholds are to keep.
    pub fn budget(&self) -> Option<f64> {
        self.threshold().map(|threshold| threshold.rate)
    }

    fn flags(&self) -> Option<card::Flags> {
        let threshold = self.threshold()?;
        Some(card::Flags {
            budget: threshold.rate,
            raise: threshold.raise,
            score: self.rule.score.words(),
            patients: self.rule.patients,
            years: self.rule.years,
            past: self.past.clone(),
        })
    }

    fn threshold(&self) -> Option<&Threshold> {
        self.rule.thresholds.first()
    }

    /// The flag that a score asks for, and whether it only keeps one that is open: between the lower and the upper threshold.
    pub fn flag(&self, case: &Case, score: &Score) -> Option<(Raised, bool)> {
        let threshold = self.threshold().filter(|_| score.day >= FIRST_DAY)?;
        let point = point(case, score);
        let alert = self.rule.score.of(&point)?;
        let keeps = alert >= threshold.raise * self.rule.terms.hysteresis.ratio;
        keeps.then(|| (self.rule.raised(case, &point, threshold), alert < threshold.raise))
    }
}

fn point(case: &Case, score: &Score) -> Point {
    let own = score.risks[MAIN];
    Point::of(
        case,
        score.day,
        score.risks.map(|risk| risk.value),
        [own.lower, own.upper],
        score.line.regimes.grows(),
    )
}

/// Thresholds for a budget on past days, and what they did there. Rises of ctDNA are flagged whatever the risk, and the budget pays.
fn flag_rule(cases: &[Case], cut: NaiveDate, rate: f64, model: &Model) -> Result<(FlagRule, Option<Past>), Error> {
    let every = cases.len().div_ceil(FOLLOWED).max(1);
    let followed: Vec<&Case> = cases.iter().step_by(every).collect();
    let series: Vec<Series> = followed.par_iter().map(|case| series(case, cut, model)).collect();
    let settings = flags::Settings {
        terms: Terms {
            trend: true,
            ..Terms::default()
        },
        ..flags::Settings::default()
    };
    let rule = FlagRule::learn(&series, &[rate], &settings)?;
    let past: Vec<(&Case, &Series)> = followed.into_iter().zip(&series).collect();
    let past = (!past.is_empty()).then(|| Past::of(&rule, &past));
    Ok((rule, past))
}

/// The scored days of a patient as the model would have said them without it.
fn series(case: &Case, cut: NaiveDate, model: &Model) -> Series {
    let mut scorer = model.follow_unseen(case);
    Series::of(case, Watch::of(case, case.day_of(cut)), |day| said(&mut scorer, day))
}

/// `None` for a day without a score.
pub fn said(scorer: &mut Scorer, day: Day) -> Option<Said> {
    let (risks, line) = scorer.risks_and_line(day).ok()?;
    Some(Said {
        risks,
        growing: line.regimes.grows(),
    })
}
