//! One patient through the days: which days are scored, and what a model says on them. Flags and predictions come from the same walk.

use rayon::prelude::*;

use super::course::{Course, End};
use crate::burden::case::{Case, Day, Finding, What};
use crate::risk::flags::{self, FIRST_DAY, Said, Series, Watch};

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
    let mut answers = vec![];
    let series = Series::of(case, watch, |day| {
        while let Some(before) = asked.next_if(|landmark| *landmark < day) {
            answers.push(say(before));
        }
        let said = say(day);
        while asked.next_if_eq(&day).is_some() {
            answers.push(said);
        }
        said
    });
    answers.extend(asked.map(say));
    (series, answers)
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
