//! From the rows of a cohort to what may be shown of it: each count as `Count`, curves of groups that are not too small.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::estimate::{Estimate, followed};
use crate::domain::cohort::{Count, Endpoint, FEW, Grouping, Question, Subject, Unwatched, View};
use crate::survival::{Error, FollowUp, LogRank};

const YEAR: f64 = 365.25;

/// What one pass over the rows keeps: one time and one code a patient.
pub(super) struct Gathered {
    question: Question,
    today: NaiveDate,
    groups: BTreeMap<(i32, String), Vec<FollowUp>>,
    metastatic: u64,
    unwatched: u64,
}

impl Gathered {
    pub(super) fn new(question: &Question, today: NaiveDate) -> Gathered {
        Gathered {
            question: question.clone(),
            today,
            groups: BTreeMap::new(),
            metastatic: 0,
            unwatched: 0,
        }
    }

    pub(super) fn add(&mut self, subject: &Subject) {
        let outcome = self.question.endpoint.outcome(subject);
        match outcome.map(|o| FollowUp::until(o.days as f64 / YEAR, o.event)) {
            Ok(Ok(wait)) => self
                .groups
                .entry(self.question.group.of(subject))
                .or_default()
                .push(wait),
            Ok(Err(_)) | Err(Unwatched::NoFollowUp) => self.unwatched += 1,
            Err(Unwatched::Metastatic) => self.metastatic += 1,
        }
    }

    /// All whom the filter let in.
    pub(super) fn patients(&self) -> u64 {
        self.groups.values().map(|group| group.len() as u64).sum::<u64>() + self.metastatic + self.unwatched
    }

    pub(super) fn answer(self) -> Result<Answer, Error> {
        let everybody: Vec<FollowUp> = self.groups.values().flatten().copied().collect();
        let with = |cause| everybody.iter().filter(|s| s.event() == cause).count() as u64;
        let mut answer = Answer {
            counted: Count::of(everybody.len() as u64),
            nobody: self.patients() == 0,
            events: Count::of(with(1)),
            deaths: Count::of(with(2)),
            metastatic: (self.metastatic > 0).then(|| Count::of(self.metastatic)),
            unwatched: (self.unwatched > 0).then(|| Count::of(self.unwatched)),
            followed: None,
            comparison: None,
            lines: vec![],
            today: self.today,
            question: self.question,
        };
        if (everybody.len() as u64) < FEW {
            return Ok(answer);
        }
        answer.followed = followed(&everybody)?;
        answer.lines = match (answer.question.view, answer.question.group) {
            (View::Incidence, Grouping::None) => both_causes(answer.question.endpoint, &everybody)?,
            _ => lines(answer.question.view, &self.groups)?,
        };
        answer.comparison = compare(answer.question.view, &self.groups, &answer.lines);
        Ok(answer)
    }
}

/// One curve, or the name of a group that is too small for one.
#[derive(Debug)]
pub struct Line {
    pub label: String,
    pub patients: Count,
    pub events: Count,
    pub estimate: Option<Estimate>,
}

/// Do the groups differ?
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    pub chi_square: f64,
    pub degrees: usize,
    pub p: f64,
}

#[derive(Debug)]
pub struct Answer {
    pub question: Question,
    pub today: NaiveDate,
    /// Nobody is let in by the filter.
    pub nobody: bool,
    /// Patients who are waited for.
    pub counted: Count,
    pub events: Count,
    /// Deaths before the event.
    pub deaths: Count,
    pub metastatic: Option<Count>,
    pub unwatched: Option<Count>,
    /// Median follow-up in years.
    pub followed: Option<f64>,
    pub comparison: Option<Comparison>,
    pub lines: Vec<Line>,
}

impl Answer {
    /// The end of the longest curve, in years.
    pub fn until(&self) -> f64 {
        let ends = self.lines.iter().filter_map(|line| line.estimate.as_ref());
        ends.map(|estimate| estimate.known_to).fold(0.0, f64::max)
    }

    /// At risk in each line at a time. The sum over the lines can be asked for, so that the smallest hide each other.
    pub fn at_risk(&self, time: f64) -> Vec<Count> {
        let of = |line: &Line| line.estimate.as_ref().map_or(0, |estimate| estimate.at_risk(time));
        let numbers: Vec<u64> = self.lines.iter().map(of).collect();
        let same = self.question.view == View::Incidence && self.question.group == Grouping::None;
        if same {
            numbers.into_iter().map(Count::of).collect()
        } else {
            Count::parts(&numbers)
        }
    }
}

fn both_causes(endpoint: Endpoint, everybody: &[FollowUp]) -> Result<Vec<Line>, Error> {
    let mut lines = vec![];
    for (cause, label) in [(1, endpoint.event()), (2, "death before it")] {
        let events = everybody.iter().filter(|s| s.event() == cause).count() as u64;
        lines.push(Line {
            label: label.into(),
            patients: Count::of(everybody.len() as u64),
            events: Count::of(events),
            estimate: Some(Estimate::fallen(everybody, cause)?),
        });
    }
    Ok(lines)
}

fn lines(view: View, groups: &BTreeMap<(i32, String), Vec<FollowUp>>) -> Result<Vec<Line>, Error> {
    let sizes: Vec<u64> = groups.values().map(|group| group.len() as u64).collect();
    let fallen = |group: &Vec<FollowUp>| {
        group
            .iter()
            .filter(|s| s.had((view == View::Incidence).then_some(1)))
            .count() as u64
    };
    let events: Vec<u64> = groups.values().map(fallen).collect();
    let mut lines = vec![];
    for (((_, label), group), (patients, events)) in groups
        .iter()
        .zip(Count::parts(&sizes).into_iter().zip(Count::parts(&events)))
    {
        lines.push(Line {
            label: label.clone(),
            patients,
            events,
            estimate: match (patients, view) {
                (Count::Exact(_), View::Free) => Some(Estimate::free(group)?),
                (Count::Exact(_), View::Incidence) => Some(Estimate::fallen(group, 1)?),
                _ => None,
            },
        });
    }
    Ok(lines)
}

/// The log-rank test over the groups that are shown. With incidence, deaths before the event are censored: it compares rates.
fn compare(view: View, groups: &BTreeMap<(i32, String), Vec<FollowUp>>, lines: &[Line]) -> Option<Comparison> {
    let shown = groups.values().zip(lines).filter(|(_, line)| line.estimate.is_some());
    let (mut subjects, mut group, mut count) = (vec![], vec![], 0);
    for (members, _) in shown {
        for member in members {
            let event = if view == View::Incidence {
                u32::from(member.event() == 1)
            } else {
                member.event()
            };
            subjects.push(FollowUp::until(member.exit(), event).ok()?);
            group.push(count);
        }
        count += 1;
    }
    let test = LogRank::of(&subjects, &group, count).ok()?;
    Some(Comparison {
        chi_square: test.chi_square,
        degrees: test.degrees,
        p: test.p,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cohort::Filter;

    fn gathered(group: Grouping, view: View, sizes: &[usize]) -> Gathered {
        let question = Question {
            filter: Filter::default(),
            endpoint: Endpoint::DistantFree,
            view,
            group,
        };
        let mut gathered = Gathered::new(&question, NaiveDate::from_ymd_opt(2026, 1, 1).unwrap());
        for (at, size) in sizes.iter().enumerate() {
            let wait = |i: usize| FollowUp::until(1.0 + i as f64 / 10.0, (i % 3) as u32).unwrap();
            gathered
                .groups
                .insert((at as i32, format!("group {at}")), (0..*size).map(wait).collect());
        }
        gathered
    }

    #[test]
    fn a_small_group_has_no_curve_and_takes_the_next_smallest_with_it() {
        let answer = gathered(Grouping::Grade, View::Free, &[60, 3, 40, 50])
            .answer()
            .unwrap();
        let shown: Vec<(Count, bool)> = answer
            .lines
            .iter()
            .map(|l| (l.patients, l.estimate.is_some()))
            .collect();
        assert_eq!(
            shown,
            [
                (Count::Exact(60), true),
                (Count::Few, false),
                (Count::Withheld, false),
                (Count::Exact(50), true)
            ]
        );
        assert_eq!(answer.comparison.unwrap().degrees, 1);
    }

    #[test]
    fn four_patients_have_no_answer_but_their_fewness() {
        let answer = gathered(Grouping::None, View::Free, &[4]).answer().unwrap();
        assert_eq!(
            (answer.counted, answer.lines.len(), answer.followed),
            (Count::Few, 0, None)
        );
    }

    #[test]
    fn numbers_at_risk_end_in_few() {
        let answer = gathered(Grouping::None, View::Free, &[20]).answer().unwrap();
        assert_eq!(answer.at_risk(0.0), [Count::Exact(20)]);
        assert_eq!(answer.at_risk(2.7), [Count::Few]);
        assert!(answer.until() < 2.7);
    }
}
