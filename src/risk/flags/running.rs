//! The running ledger: what flags have been worth, quarter by quarter and all together, as far as it can be known on a day.

use chrono::{Datelike, Months, NaiveDate};
use serde::Serialize;

use super::figures::{CameTrue, EARLY_DAYS, LONGEST_LEAD, after};
use super::series::{End, Watch, date};
use super::threshold::load;
use crate::burden::case::Day;
use crate::survival::FollowUp;

/// A patient in the ledger: the watch, and the days on which flags were raised, in rising order. Flags of real nights come from the
/// store, those of a study from `FlagRule::flags`.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    pub origin: NaiveDate,
    pub watch: Watch,
    pub flags: Vec<Day>,
}

/// How flags stand within a window. They add up to all flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Relapsed within the window.
    pub came_true: usize,
    /// Did not: watched through it, or died in it.
    pub came_to_nothing: usize,
    /// Left before its end.
    pub lost: usize,
    /// The window has not passed: not yet known, whatever has happened since, so that early relapses do not run ahead of the rest.
    pub pending: usize,
}

/// Flags raised, time watched and relapses detected from `from` until before `until`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Period {
    pub from: NaiveDate,
    pub until: NaiveDate,
    pub years: f64,
    pub flags: usize,
    /// Flags per 100 patient-years, and the same that the budget allows.
    pub load: f64,
    pub budget: f64,
    pub within12: Standing,
    pub within24: Standing,
    /// Share of the flags that came true (Aalen-Johansen over all of them); `None` until a window has passed.
    pub ppv12: Option<f64>,
    pub ppv24: Option<f64>,
    pub relapses: usize,
    /// Relapses flagged on an earlier day, and by `EARLY_DAYS` or more.
    pub ahead: usize,
    pub early: usize,
    /// Days from first flag to detection over all relapses; a miss counts 0, no one more than `LONGEST_LEAD`.
    pub mean_lead: Option<f64>,
}

/// The ledger of one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunningLedger {
    pub as_of: NaiveDate,
    pub quarters: Vec<Period>,
    /// From the first day to the end of each quarter.
    pub cumulative: Vec<Period>,
}

impl RunningLedger {
    /// As known on `as_of`; `rate` is the budget in alerts per 100 patient-years. Empty without anybody under watch by then.
    pub fn of(patients: &[Watched], rate: f64, as_of: NaiveDate) -> RunningLedger {
        let told: Vec<Told> = patients.iter().map(|patient| Told::of(patient, as_of)).collect();
        let begins = told.iter().filter(|t| t.from < as_of).map(|t| t.from).min();
        let mut ends = vec![];
        let mut at = begins.map(quarter);
        while let Some(start) = at.filter(|start| *start <= as_of) {
            at = start.checked_add_months(Months::new(3));
            ends.extend(at.map(|end| (start, end)));
        }
        let whole = ends.first().map_or(as_of, |(start, _)| *start);
        let period = |from, until| Period::of(&told, from, until, rate, as_of);
        RunningLedger {
            as_of,
            quarters: ends.iter().map(|(start, end)| period(*start, *end)).collect(),
            cumulative: ends.iter().map(|(_, end)| period(whole, *end)).collect(),
        }
    }

    /// All together.
    pub fn total(&self) -> Option<&Period> {
        self.cumulative.last()
    }
}

/// The first day of the quarter that holds `day`.
fn quarter(day: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1).unwrap_or(day)
}

/// A patient as known on the day of the ledger, on the calendar.
struct Told {
    watch: Watch,
    from: NaiveDate,
    to: NaiveDate,
    today: Day,
    flags: Vec<(NaiveDate, Day)>,
}

impl Told {
    fn of(patient: &Watched, as_of: NaiveDate) -> Told {
        let today = i32::try_from((as_of - patient.origin).num_days()).unwrap_or(Day::MAX);
        let watch = patient.watch.as_of(today);
        let raised = patient.flags.iter().filter(|day| **day <= today && watch.covers(**day));
        Told {
            watch,
            from: date(patient.origin, watch.from),
            to: date(patient.origin, watch.to),
            today,
            flags: raised.map(|day| (date(patient.origin, *day), *day)).collect(),
        }
    }

    fn relapse(&self) -> Option<(NaiveDate, Day)> {
        self.watch.relapse().map(|day| (self.to, day))
    }
}

impl Standing {
    fn add(&mut self, told: &Told, flag: Day, window: Day) {
        let end = flag.saturating_add(window);
        let place = if told.today < end {
            &mut self.pending
        } else if matches!(told.watch.end, End::Relapse { .. }) && told.watch.to <= end {
            &mut self.came_true
        } else if told.watch.end == End::Censored && told.watch.to < end {
            &mut self.lost
        } else {
            &mut self.came_to_nothing
        };
        *place += 1;
    }
}

impl Period {
    fn of(patients: &[Told], from: NaiveDate, until: NaiveDate, rate: f64, as_of: NaiveDate) -> Period {
        let mut period = Period::empty(from, until.min(as_of.succ_opt().unwrap_or(as_of)), rate);
        let (mut followed, mut lead): (Vec<FollowUp>, f64) = (vec![], 0.0);
        let inside = |day: NaiveDate| from <= day && day < until;
        for told in patients {
            let days = (told.to.min(until) - told.from.max(from)).num_days().max(0);
            period.years += days as f64 / 365.25;
            for (_, flag) in told.flags.iter().filter(|(on, _)| inside(*on)) {
                period.flags += 1;
                period.within12.add(told, *flag, 365);
                period.within24.add(told, *flag, 730);
                followed.extend(after(&told.watch, *flag));
            }
            if let Some((_, relapse)) = told.relapse().filter(|(on, _)| inside(*on)) {
                lead += period.relapsed(told, relapse);
            }
        }
        period.load = load(period.flags, period.years);
        let came_true = CameTrue::of(&followed);
        period.ppv12 = came_true.as_ref().and_then(|c| c.within(365.0));
        period.ppv24 = came_true.as_ref().and_then(|c| c.within(730.0));
        period.mean_lead = (period.relapses > 0).then(|| lead / period.relapses as f64);
        period
    }

    /// Its lead.
    fn relapsed(&mut self, told: &Told, relapse: Day) -> f64 {
        self.relapses += 1;
        let Some((_, first)) = told.flags.first().filter(|(_, first)| *first < relapse) else {
            return 0.0;
        };
        self.ahead += 1;
        self.early += usize::from(relapse - first >= EARLY_DAYS);
        f64::from((relapse - first).min(LONGEST_LEAD))
    }

    fn empty(from: NaiveDate, until: NaiveDate, budget: f64) -> Period {
        Period {
            from,
            until,
            years: 0.0,
            flags: 0,
            load: 0.0,
            budget,
            within12: Standing::default(),
            within24: Standing::default(),
            ppv12: None,
            ppv24: None,
            relapses: 0,
            ahead: 0,
            early: 0,
            mean_lead: None,
        }
    }

    /// Share of the relapses that were flagged ahead.
    pub fn recall(&self) -> Option<f64> {
        (self.relapses > 0).then(|| self.ahead as f64 / self.relapses as f64)
    }
}
