//! One patient through the days: which days are scored, and what a model says on them. Flags and predictions come from the same walk.

use rayon::prelude::*;

use super::course::{Course, End};
use crate::burden::case::{Case, Day, Finding, What};
use crate::risk::flags::{self, FIRST_DAY, Point, Series, Watch, scored_days};
use crate::risk::landmark::MAIN;

/// What a model says of a patient on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// Within 182, 365 and 730 days.
    pub risks: [f64; 3],
    /// P(the burden is growing); NaN where the model has no burden line.
    pub growing: f64,
}

/// The night's model, as a study asks it.
pub trait Follows: Sync {
    /// What it says of one patient, asked on days in rising order; `None` for a day without a score. It sees of the case only what was on
    /// file on the day.
    fn follow<'a>(&'a self, case: &'a Case) -> Box<dyn FnMut(Day) -> Option<Said> + 'a>;
}

/// What the watch for flags saw in the end.
pub fn watch(case: &Case, course: &Course) -> Watch {
    let clear = |day: Day| {
        let scans = case.signals.iter().filter(|s| s.on > 0 && s.on < day);
        let clear = scans.filter(|s| {
            s.what
                == What::Scan {
                    finding: Finding::Clear,
                }
        });
        clear.map(|s| s.on).max()
    };
    Watch {
        from: FIRST_DAY,
        to: course.until,
        end: match course.end {
            End::Relapse => flags::End::Relapse {
                after: clear(course.until),
                known: course.until,
            },
            End::Death => flags::End::Death,
            End::Censored => flags::End::Censored,
        },
    }
}

/// A patient's scored days, and what was said on `asked`, days in rising order, in their order.
pub fn walk(model: &impl Follows, case: &Case, watch: Watch, asked: &[Day]) -> (Series, Vec<Option<Said>>) {
    let mut say = model.follow(case);
    let mut asked = asked.iter().copied().peekable();
    let (mut points, mut answers) = (vec![], vec![]);
    for day in scored_days(case, FIRST_DAY, watch.to) {
        while let Some(before) = asked.next_if(|landmark| *landmark < day) {
            answers.push(say(before));
        }
        let said = say(day);
        while asked.next_if_eq(&day).is_some() {
            answers.push(said);
        }
        points.extend(said.map(|said| point(case, day, said)));
    }
    answers.extend(asked.map(&mut say));
    let series = Series {
        patient: case.patient,
        origin: case.origin,
        watch,
        points,
    };
    (series, answers)
}

fn point(case: &Case, day: Day, said: Said) -> Point {
    Point::of(case, day, said.risks, [said.risks[MAIN]; 2], said.growing)
}

/// The scored days of everybody whose course is known.
pub fn series<M: Follows>(
    model: &M,
    cases: &[Case],
    courses: &[Option<Course>],
    tell: &(impl Fn() + Sync),
) -> Vec<Series> {
    let one = |(case, course): (&Case, &Option<Course>)| {
        let watch = watch(case, course.as_ref()?);
        let (series, _) = walk(model, case, watch, &[]);
        tell();
        Some(series)
    };
    cases.par_iter().zip(courses).filter_map(one).collect()
}
