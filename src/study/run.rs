//! One study: a model and thresholds learned from one cohort, applied to another.

use std::sync::atomic::{AtomicU64, Ordering};

use super::answer::{Answer, answer};
use super::course::Course;
use super::folder::Cohort;
use super::rules::Rule;
use super::training::{Training, flag_rule};
use crate::burden::Names;
use crate::burden::case::Case;
use crate::risk::flags::{self, FlagRule};
use crate::risk::gate::{self, Decision};
use crate::risk::landmark::{self, Model};
use crate::risk::night::HORIZON_DAYS;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the training folder holds no patients")]
    Empty,
    #[error("no model could be fitted: {0}")]
    Fit(#[from] crate::risk::Error),
    #[error("no flag rule could be learned: {0}")]
    Flags(#[from] flags::Error),
}

/// What is being done, for a bar on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Fitting,
    /// Scoring training patients by the parts of the fit that did not see them.
    Crossing,
    Thresholds,
    Applying,
}

impl Stage {
    pub fn words(self) -> &'static str {
        match self {
            Stage::Fitting => "fitting the model",
            Stage::Crossing => "scoring training patients by fits that did not see them",
            Stage::Thresholds => "thresholds for the budgets",
            Stage::Applying => "following the patients",
        }
    }
}

pub struct Study {
    pub training: Training,
    pub model: Model,
    /// One threshold a budget: first those asked for, then one at the load that each of `Rule::ALL` has in the training cohort.
    pub rule: FlagRule,
    pub budgets: usize,
    /// Of the cohort that the model was applied to.
    pub cases: Vec<Case>,
    pub courses: Vec<Option<Course>>,
    pub answer: Answer,
}

/// The model that a night would publish: recalibrated where its gate asks for it. There is no night before that could stay on show.
fn night_of(training: &Training, settings: &landmark::Settings) -> Result<Model, crate::risk::Error> {
    let mut model = landmark::fit(&training.cases, training.cut, settings)?;
    if gate::decide(&model.report, None, HORIZON_DAYS).decision == Decision::Recalibrate {
        model.recalibrate();
    }
    Ok(model)
}

impl Study {
    /// `rates`: budgets in alerts per 100 patient-years. `tell` hears of each stage: how many patients of how many are done. The answer
    /// does not depend on the number of threads. Errors: `Empty`, too few events for a fit, a budget that is none.
    pub fn run(
        train: &Cohort,
        apply: &Cohort,
        rates: &[f64],
        seed: u64,
        tell: &(dyn Fn(Stage, u64, u64) + Sync),
    ) -> Result<Study, Error> {
        let names = Names::default();
        let training = Training::of(train, &names).ok_or(Error::Empty)?;
        let settings = landmark::Settings {
            seed,
            asked: training.asked.clone(),
            ..landmark::Settings::default()
        };
        tell(Stage::Fitting, 0, 1);
        let model = night_of(&training, &settings)?;
        let all = training.cases.len() as u64;
        let crossed = AtomicU64::new(0);
        tell(Stage::Crossing, 0, all);
        let past = training.past(&model, &|| {
            tell(Stage::Crossing, crossed.fetch_add(1, Ordering::Relaxed) + 1, all);
        });
        tell(Stage::Thresholds, 0, 1);
        let loads = training.loads();
        let asked = loads.iter().map(|(_, load)| *load).filter(|load| *load > 0.0);
        let budgets: Vec<f64> = rates.iter().copied().chain(asked).collect();
        let rule = flag_rule(&past, &budgets)?;
        let cases = apply.cases(&names);
        let (followed, of) = (AtomicU64::new(0), cases.len() as u64);
        tell(Stage::Applying, 0, of);
        let answer = answer(&model, apply, &cases, training.usual(), &|| {
            tell(Stage::Applying, followed.fetch_add(1, Ordering::Relaxed) + 1, of);
        });
        Ok(Study {
            courses: cases.iter().map(Course::of).collect(),
            training,
            model,
            rule,
            budgets: rates.len(),
            cases,
            answer,
        })
    }

    /// The same model and thresholds over another cohort.
    pub fn apply_to(&mut self, cohort: &Cohort, names: &Names) {
        self.cases = cohort.cases(names);
        self.courses = self.cases.iter().map(Course::of).collect();
        self.answer = answer(&self.model, cohort, &self.cases, self.training.usual(), &|| ());
    }

    /// The thresholds at the training loads of the plain rules: rule and place in `rule.thresholds`.
    pub fn rivals(&self) -> Vec<(Rule, usize)> {
        let loads = self.training.loads();
        let with_load = loads.into_iter().filter(|(_, load)| *load > 0.0);
        let numbered = with_load.enumerate();
        numbered.map(|(k, (rule, _))| (rule, self.budgets + k)).collect()
    }
}
