//! A study held against what then happened: accuracy at each horizon, flags at each budget, the plain rules at equal load.

use super::answer::first_flags;
use super::folder::Cohort;
use super::measures::{Accuracy, Predicted};
use super::rules::{Rule, judge};
use super::run::Study;
use crate::burden::case::Day;
use crate::burden::line::HORIZONS;
use crate::risk::flags::Figures;
use crate::survival::metrics::calibration::{self, Group};

pub struct Evaluation {
    /// At each of `HORIZONS` that somebody was watched for.
    pub accuracy: Vec<Accuracy>,
    /// Groups of like risk at each of them, and all risks.
    pub groups: Vec<Vec<Group>>,
    /// Budget, and how its flags did.
    pub flags: Vec<(f64, Figures)>,
    /// A plain rule, and flags whose budget is the load that the rule had in the training cohort.
    pub rivals: Vec<(Rule, Figures, Figures)>,
    /// Days of the first flag ahead of each relapse at the first budget; `None`: missed.
    pub leads: Vec<Option<Day>>,
}

const GROUPS: usize = 10;

/// Pairs of patients who had not relapsed, died or left by the landmark.
pub fn pairs(study: &Study, apply: &Cohort, horizon: usize) -> Vec<Predicted> {
    let one = |(landmark, risks): (&super::Landmark, &[f64; 3])| {
        let course = study.courses[landmark.person]?;
        let day = study.cases[landmark.person].day_of(landmark.on);
        Some(Predicted {
            landmark: landmark.day,
            followed: course.after(day)?,
            risk: risks[horizon],
        })
    };
    apply
        .landmarks
        .iter()
        .zip(&study.answer.predictions)
        .filter_map(one)
        .collect()
}

impl Evaluation {
    /// `None` where nothing of the outcomes is known.
    pub fn of(study: &Study, apply: &Cohort) -> Option<Evaluation> {
        if !apply.outcomes {
            return None;
        }
        let (mut accuracy, mut groups) = (vec![], vec![]);
        for (place, horizon) in HORIZONS.into_iter().enumerate() {
            let pairs = pairs(study, apply, place);
            let Ok(found) = Accuracy::of(&pairs, horizon) else {
                continue;
            };
            let followed: Vec<_> = pairs.iter().map(|p| p.followed).collect();
            let risks: Vec<f64> = pairs.iter().map(|p| p.risk).collect();
            let cause = Some(super::course::RELAPSE);
            let by_risk = calibration::by_risk(&followed, cause, &risks, f64::from(horizon), GROUPS);
            accuracy.push(found);
            groups.push(by_risk.unwrap_or_default());
        }
        let figures = |place: usize| {
            judge(
                &study.cases,
                &study.courses,
                &first_flags(&study.rule, &study.answer, place),
            )
        };
        let budgets = study.rule.thresholds[..study.budgets].iter().enumerate();
        let rival = |(rule, place): (Rule, usize)| {
            let own = rule.figures(&study.cases, &study.courses);
            (rule, own, figures(place))
        };
        Some(Evaluation {
            accuracy,
            groups,
            flags: budgets
                .map(|(place, threshold)| (threshold.rate, figures(place)))
                .collect(),
            rivals: study.rivals().into_iter().map(rival).collect(),
            leads: leads(study),
        })
    }
}

fn leads(study: &Study) -> Vec<Option<Day>> {
    let flags = first_flags(&study.rule, &study.answer, 0);
    let one = |(course, flag): (&Option<super::Course>, &Option<Day>)| {
        let course = course.filter(|course| course.end == super::course::End::Relapse)?;
        let ahead = flag.filter(|day| *day < course.until).map(|day| course.until - day);
        Some(ahead)
    };
    study.courses.iter().zip(&flags).filter_map(one).collect()
}
