//! From the rows of a cohort to what may be shown of it: each count as `Count`, curves of groups that are not too small.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::estimate::{Estimate, followed};
use super::mask::{self, Tally, Why};
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

    /// Rows of a file: told where the reader can't take a small number from it by subtracting those that are told.
    fn rows(&self, counted: u64) -> Count {
        let others = [self.metastatic, self.unwatched];
        let small = counted < FEW || others.iter().any(|number| (1..FEW).contains(number));
        match Count::of(self.patients()) {
            Count::Exact(_) if small => Count::Withheld,
            count => count,
        }
    }

    pub(super) fn answer(self) -> Result<Answer, Error> {
        let everybody: Vec<FollowUp> = self.groups.values().flatten().copied().collect();
        let tally = Tally::of(&everybody, self.question.endpoint);
        let (events, deaths) = tally.apart();
        let mut answer = Answer {
            counted: Count::of(tally.patients),
            nobody: self.patients() == 0,
            rows: self.rows(tally.patients),
            events,
            deaths,
            ended: tally.together(),
            metastatic: (self.metastatic > 0).then(|| Count::of(self.metastatic)),
            unwatched: (self.unwatched > 0).then(|| Count::of(self.unwatched)),
            followed: None,
            comparison: None,
            lines: vec![],
            today: self.today,
            question: self.question,
        };
        if tally.patients < FEW {
            return Ok(answer);
        }
        answer.followed = followed(&everybody)?;
        answer.lines = match (answer.question.view, answer.question.group) {
            (View::Incidence, Grouping::None) => both_causes(answer.question.endpoint, &everybody)?,
            _ => lines(&answer.question, &self.groups)?,
        };
        answer.comparison = compare(answer.question.view, &self.groups, &answer.lines);
        Ok(answer)
    }
}

/// One curve, or the name of a group and why it has none.
#[derive(Debug)]
pub struct Line {
    pub label: String,
    pub patients: Count,
    /// What the curve counts.
    pub events: Count,
    pub estimate: std::result::Result<Estimate, Why>,
    /// The ends of all waits in order, also of a group that is not shown: the others' numbers at risk are masked beside it.
    exits: Vec<f64>,
}

impl Line {
    fn at_risk(&self, time: f64) -> u64 {
        (self.exits.len() - self.exits.partition_point(|exit| *exit < time)) as u64
    }
}

fn exits(group: &[FollowUp]) -> Vec<f64> {
    let mut exits: Vec<f64> = group.iter().map(FollowUp::exit).collect();
    exits.sort_by(f64::total_cmp);
    exits
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
    /// Rows of a file of one row a patient: those who are counted and those who are not.
    pub rows: Count,
    pub events: Count,
    /// Deaths before the event.
    pub deaths: Count,
    /// Events and deaths before them together: what the event-free curve counts.
    pub ended: Count,
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
        let ends = self.lines.iter().filter_map(|line| line.estimate.as_ref().ok());
        ends.map(|estimate| estimate.known_to).fold(0.0, f64::max)
    }

    /// At risk in each line at a time. The sum over the lines can be asked for, so that the smallest hide each other.
    pub fn at_risk(&self, time: f64) -> Vec<Count> {
        let numbers: Vec<u64> = self.lines.iter().map(|line| line.at_risk(time)).collect();
        let same = self.question.view == View::Incidence && self.question.group == Grouping::None;
        if same {
            numbers.into_iter().map(Count::of).collect()
        } else {
            Count::parts(&numbers)
        }
    }
}

/// A curve a cause. Both or none: with what is left, which the event-free curve tells, each gives the other.
fn both_causes(endpoint: Endpoint, everybody: &[FollowUp]) -> Result<Vec<Line>, Error> {
    let tally = Tally::of(everybody, endpoint);
    let (events, deaths) = tally.apart();
    let both = events.exact().and(deaths.exact()).is_some();
    let mut lines = vec![];
    for (cause, label, events) in [(1, endpoint.event(), events), (2, "death before it", deaths)] {
        lines.push(Line {
            label: label.into(),
            patients: Count::of(tally.patients),
            events,
            estimate: match events {
                _ if both => Ok(Estimate::fallen(everybody, cause)?),
                Count::Few => Err(Why::FewEvents),
                _ => Err(Why::Beside),
            },
            exits: exits(everybody),
        });
    }
    Ok(lines)
}

fn lines(question: &Question, groups: &BTreeMap<(i32, String), Vec<FollowUp>>) -> Result<Vec<Line>, Error> {
    let view = question.view;
    let tallies: Vec<Tally> = groups
        .values()
        .map(|group| Tally::of(group, question.endpoint))
        .collect();
    let whys = mask::kept_back(&tallies, view);
    let hidden: Vec<bool> = whys.iter().map(Option::is_some).collect();
    let counts = |of: &dyn Fn(&Tally) -> u64| Count::behind(&tallies.iter().map(of).collect::<Vec<_>>(), &hidden);
    let (patients, events) = (counts(&|tally| tally.patients), counts(&|tally| tally.counted_by(view)));
    let mut lines = vec![];
    for (at, ((_, label), group)) in groups.iter().enumerate() {
        lines.push(Line {
            label: label.clone(),
            patients: patients[at],
            events: events[at],
            estimate: match (whys[at], view) {
                (Some(why), _) => Err(why),
                (None, View::Free) => Ok(Estimate::free(group)?),
                (None, View::Incidence) => Ok(Estimate::fallen(group, 1)?),
            },
            exits: exits(group),
        });
    }
    Ok(lines)
}

/// The log-rank test over the groups that are shown. With incidence, deaths before the event are censored: it compares rates.
fn compare(view: View, groups: &BTreeMap<(i32, String), Vec<FollowUp>>, lines: &[Line]) -> Option<Comparison> {
    let shown = groups.values().zip(lines).filter(|(_, line)| line.estimate.is_ok());
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
        let shown: Vec<(Count, bool)> = answer.lines.iter().map(|l| (l.patients, l.estimate.is_ok())).collect();
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

    /// Patients, events and deaths before them of each arm.
    type Arm = (usize, usize, usize);

    /// INSPIRE on the demonstration page: 94 patients, 79 progressions, 3 deaths before them.
    const INSPIRE: [Arm; 5] = [(16, 14, 0), (21, 18, 0), (20, 17, 1), (7, 6, 0), (30, 24, 2)];

    fn waits((patients, events, deaths): Arm) -> Vec<FollowUp> {
        let wait = |i: usize| match i {
            _ if i < events => FollowUp::until(0.1 + i as f64 / 100.0, 1),
            _ if i < events + deaths => FollowUp::until(0.1 + i as f64 / 100.0, 2),
            _ => FollowUp::until(5.0, 0),
        };
        (0..patients).map(|i| wait(i).unwrap()).collect()
    }

    fn asked(arms: &[Arm], view: View, group: Grouping) -> Answer {
        let mut gathered = gathered(group, view, &[]);
        for (at, arm) in arms.iter().enumerate() {
            let name = match group {
                Grouping::None => (0, "All".to_owned()),
                _ => (at as i32, format!("arm {at}")),
            };
            gathered.groups.entry(name).or_default().extend(waits(*arm));
        }
        gathered.answer().unwrap()
    }

    fn fits(told: Count, number: u64) -> bool {
        match told {
            Count::Exact(exact) => number == exact,
            Count::Few => number < FEW,
            Count::Withheld => number >= FEW,
        }
    }

    /// Could the cohort have had so many events and deaths, by all that the answer tells: counts, sums of groups, ends of curves?
    fn could_be(answer: &Answer, patients: u64, events: u64, deaths: u64) -> bool {
        let counted_by = |at: usize| match (answer.question.view, at) {
            (View::Free, _) => events + deaths,
            (View::Incidence, 0) => events,
            (View::Incidence, _) => deaths,
        };
        let counts = fits(answer.events, events) && fits(answer.deaths, deaths) && fits(answer.ended, events + deaths);
        if answer.question.group == Grouping::None {
            // nobody leaves before the end: the curve's height is a share of all
            let fallen = |line: &Line| {
                let end = line.estimate.as_ref().ok()?.steps.last()?.p;
                let share = if answer.question.view == View::Free {
                    1.0 - end
                } else {
                    end
                };
                Some((share * patients as f64).round() as u64)
            };
            let agrees = |(at, line): (usize, &Line)| {
                fits(line.events, counted_by(at)) && fallen(line).is_none_or(|fallen| fallen == counted_by(at))
            };
            return counts && answer.lines.iter().enumerate().all(agrees);
        }
        let shown: Vec<u64> = answer.lines.iter().filter_map(|line| line.events.exact()).collect();
        let sum = shown.iter().sum::<u64>();
        let sums = match answer.lines.len() - shown.len() {
            0 => sum == counted_by(0),
            _ => sum <= counted_by(0),
        };
        counts && sums
    }

    #[test]
    fn a_small_number_of_one_cause_is_found_from_no_answer_and_not_from_all_of_them_together() {
        let swapped: Vec<Arm> = INSPIRE
            .iter()
            .map(|(n, events, deaths)| (*n, *deaths, *events))
            .collect();
        for arms in [
            &INSPIRE[..],
            &swapped,
            // eight in two causes below five; five of one cause and none of the other
            &[(20, 2, 2), (30, 2, 2)],
            &[(20, 5, 0), (30, 0, 0)],
            &[(50, 40, 0)],
            &[(50, 3, 1)],
        ] {
            let sum = |of: fn(&Arm) -> usize| arms.iter().map(of).sum::<usize>() as u64;
            let (patients, events, deaths) = (sum(|a| a.0), sum(|a| a.1), sum(|a| a.2));
            let answers: Vec<Answer> = [View::Free, View::Incidence]
                .into_iter()
                .flat_map(|view| [Grouping::None, Grouping::Arm].map(|group| asked(arms, view, group)))
                .collect();
            let mut left = vec![];
            for e in 0..=patients {
                for d in 0..=patients - e {
                    if answers.iter().all(|answer| could_be(answer, patients, e, d)) {
                        left.push((e, d));
                    }
                }
            }
            assert!(left.contains(&(events, deaths)), "{arms:?}: told wrong");
            for (truth, of) in [(events, 0), (deaths, 1)] {
                let mut could: Vec<u64> = left.iter().map(|pair| if of == 0 { pair.0 } else { pair.1 }).collect();
                could.sort_unstable();
                could.dedup();
                assert!(truth >= FEW || could.len() > 1, "{arms:?}: {truth} is found");
            }
        }
    }

    #[test]
    fn a_cause_of_fewer_than_five_has_no_curve_and_the_event_free_one_stays() {
        let free = asked(&INSPIRE, View::Free, Grouping::Arm);
        assert_eq!(
            (free.events, free.deaths, free.ended),
            (Count::Withheld, Count::Few, Count::Exact(82))
        );
        assert!(free.lines.iter().all(|line| line.estimate.is_ok()));
        let fallen = asked(&INSPIRE, View::Incidence, Grouping::None);
        let whys: Vec<Option<Why>> = fallen
            .lines
            .iter()
            .map(|line| line.estimate.as_ref().err().copied())
            .collect();
        assert_eq!(whys, [Some(Why::Beside), Some(Why::FewEvents)]);
        // both causes large: both curves
        let both = asked(&[(60, 20, 20)], View::Incidence, Grouping::None);
        assert!(both.lines.iter().all(|line| line.estimate.is_ok()));
        assert_eq!((both.events, both.deaths), (Count::Exact(20), Count::Exact(20)));
    }

    #[test]
    fn rows_of_a_file_are_told_where_no_small_number_is_the_difference() {
        let rows = |metastatic, unwatched| {
            let mut gathered = gathered(Grouping::None, View::Free, &[60]);
            (gathered.metastatic, gathered.unwatched) = (metastatic, unwatched);
            gathered.answer().unwrap().rows
        };
        assert_eq!(rows(0, 0), Count::Exact(60));
        assert_eq!(rows(94, 0), Count::Exact(154));
        assert_eq!(rows(94, 2), Count::Withheld);
        assert_eq!(rows(3, 0), Count::Withheld);
    }
}
