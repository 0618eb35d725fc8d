//! The plain rules that flags must beat at the same number of alerts.

use super::course::Course;
use super::follow::watch;
use crate::burden::case::{Case, Day};
use crate::risk::flags::{FIRST_DAY, Figures, Shown, Sign, Watch};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    AnyCtdna,
    TwoCtdna,
    OneCell,
    FiveCells,
}

impl Rule {
    pub const ALL: [Rule; 4] = [Rule::AnyCtdna, Rule::TwoCtdna, Rule::OneCell, Rule::FiveCells];

    pub fn words(self) -> &'static str {
        match self {
            Rule::AnyCtdna => "any detected ctDNA",
            Rule::TwoCtdna => "two consecutive ctDNA detections",
            Rule::OneCell => "CTC \u{2265} 1",
            Rule::FiveCells => "CTC \u{2265} 5",
        }
    }

    fn sign(self) -> Sign {
        match self {
            Rule::AnyCtdna => Sign::CtdnaDetected,
            Rule::TwoCtdna => Sign::CtdnaTwice,
            Rule::OneCell => Sign::CellsInBlood,
            Rule::FiveCells => Sign::FiveCellsInBlood,
        }
    }

    /// The day on which it would flag: of a sample taken on `FIRST_DAY` or later, on the day of its report.
    pub fn first(self, case: &Case, watch: &Watch) -> Option<Day> {
        Shown::first(case, self.sign(), watch.from, watch.to).map(|shown| shown.known)
    }

    /// How it does as a flag. Patients without a known course are left out.
    pub fn figures(self, cases: &[Case], courses: &[Option<Course>]) -> Figures {
        let one = |(case, course): (&Case, &Option<Course>)| {
            let watch = watch(case, course.as_ref()?);
            let flag: Vec<Day> = self
                .first(case, &watch)
                .filter(|day| watch.covers(*day))
                .into_iter()
                .collect();
            Some((watch, flag))
        };
        let flagged: Vec<(Watch, Vec<Day>)> = cases.iter().zip(courses).filter_map(one).collect();
        Figures::of(flagged.iter().map(|(watch, flag)| (*watch, flag.as_slice())))
    }
}

/// How flags did, held against what then happened: those after the end of the watch do not count.
pub fn judge(cases: &[Case], courses: &[Option<Course>], flags: &[Option<Day>]) -> Figures {
    let one = |((case, course), flag): ((&Case, &Option<Course>), &Option<Day>)| {
        let watch = watch(case, course.as_ref()?);
        let flag = flag.filter(|day| *day >= FIRST_DAY && watch.covers(*day));
        Some((watch, flag.into_iter().collect::<Vec<Day>>()))
    };
    let flagged: Vec<(Watch, Vec<Day>)> = cases.iter().zip(courses).zip(flags).filter_map(one).collect();
    Figures::of(flagged.iter().map(|(watch, flag)| (*watch, flag.as_slice())))
}
