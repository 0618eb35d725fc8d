//! The running ledger: what the flags that were really raised have been worth, month by month, as far as it can be known on a day.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::figures::{CameTrue, EARLY_DAYS, LONGEST_LEAD, Share};
use super::lead::median;
use super::threshold::load;
use crate::burden::case::Day;
use crate::domain::count::poisson_interval;
use crate::domain::ledger::{Alert, Came, Detected, Raised};
use crate::survival::FollowUp;

/// The windows within which a flag is to come true.
pub const WINDOWS: [Day; 2] = [365, 730];
const DAYS_A_YEAR: f64 = 365.25;

/// How flags stand within a window. They add up to all flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Relapsed within the window.
    pub came_true: usize,
    /// Did not: watched through it, or died in it.
    pub came_to_nothing: usize,
    /// Not seen until its end.
    pub lost: usize,
    /// The window has not passed: not yet known, whatever has happened since, so that early relapses do not run ahead of the rest.
    pub pending: usize,
}

/// Flags raised, time watched and relapses detected from `from` until before `until`.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    pub from: NaiveDate,
    pub until: NaiveDate,
    pub years: f64,
    pub flags: usize,
    /// Of these, those of a patient's first night or the first of a higher budget: what had gathered before, and no part of the load.
    pub backlog: usize,
    /// Within 12 and 24 months of the flag.
    pub within: [Standing; 2],
    pub relapses: usize,
    /// Relapses flagged on an earlier day, and by `EARLY_DAYS` or more.
    pub ahead: usize,
    pub early: usize,
}

/// Of one centre, or of several together.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningLedger {
    pub as_of: NaiveDate,
    /// From the month of the first watch on; the last ends with `as_of`.
    pub months: Vec<Period>,
    /// The 12 months to `as_of`, or as many as there are.
    pub year: Period,
    pub whole: Period,
    /// Share of the flags that came true within 12 and 24 months, among those whose window has passed (Aalen-Johansen: death competes,
    /// loss is censored); `None` before a first one has.
    pub ppv: [Option<Share>; 2],
    /// From first flag to detection in days over all relapses; a miss counts 0, no one more than `LONGEST_LEAD`.
    pub median_lead: Option<f64>,
    pub mean_lead: Option<f64>,
    pub beside: usize,
}

impl RunningLedger {
    /// As known on `as_of`. `None` where nobody has been under watch.
    pub fn of<'a>(centres: impl IntoIterator<Item = &'a Raised>, as_of: NaiveDate) -> Option<RunningLedger> {
        let mut all = All::default();
        centres.into_iter().for_each(|centre| all.add(centre, as_of));
        let begins = all.watches.iter().map(|(on, _)| *on).min().filter(|on| *on <= as_of)?;
        let tomorrow = as_of.checked_add_days(Days::new(1)).unwrap_or(as_of);
        let year = as_of.checked_sub_months(Months::new(12)).unwrap_or(begins);
        let year = year.checked_add_days(Days::new(1)).unwrap_or(year);
        let period = |from: NaiveDate, until: NaiveDate| Period::of(&all, from, until.min(tomorrow), as_of);
        let leads: Vec<f64> = all.relapses.iter().map(lead).collect();
        let told = !leads.is_empty();
        Some(RunningLedger {
            as_of,
            months: months(begins, as_of)
                .map(|(from, until)| period(from.max(begins), until))
                .collect(),
            year: period(year.max(begins), tomorrow),
            whole: period(begins, tomorrow),
            ppv: WINDOWS.map(|window| all.ppv(window, as_of)),
            mean_lead: told.then(|| leads.iter().sum::<f64>() / leads.len() as f64),
            median_lead: told.then(|| median(leads)),
            beside: all.beside,
        })
    }
}

/// The first days of the calendar months that hold these days, each with that of the next.
fn months(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = (NaiveDate, NaiveDate)> {
    let first = from.with_day(1).unwrap_or(from);
    let next = |month: &NaiveDate| month.checked_add_months(Months::new(1));
    let starts = std::iter::successors(Some(first), next).take_while(move |month| *month <= to);
    starts.filter_map(move |month| Some((month, next(&month)?)))
}

/// 0 for a miss.
fn lead(relapse: &Detected) -> f64 {
    let days = relapse.first_alert.map_or(0, |first| (relapse.on - first).num_days());
    days.clamp(0, i64::from(LONGEST_LEAD)) as f64
}

/// All centres together, nothing of it after the ledger's day.
#[derive(Default)]
struct All {
    watches: Vec<(NaiveDate, i64)>,
    alerts: Vec<Alert>,
    relapses: Vec<Detected>,
    beside: usize,
}

impl All {
    fn add(&mut self, centre: &Raised, as_of: NaiveDate) {
        self.watches.extend(&centre.watches);
        self.alerts
            .extend(centre.alerts.iter().filter(|alert| alert.on <= as_of));
        self.relapses
            .extend(centre.relapses.iter().filter(|relapse| relapse.on <= as_of));
        self.beside += centre.beside;
    }

    fn years(&self, from: NaiveDate, until: NaiveDate) -> f64 {
        let days = |(on, n): &(NaiveDate, i64)| n * (until - from.max(*on)).num_days().max(0);
        self.watches.iter().map(days).sum::<i64>() as f64 / DAYS_A_YEAR
    }

    fn ppv(&self, window: Day, as_of: NaiveDate) -> Option<Share> {
        let passed = self
            .alerts
            .iter()
            .filter(|alert| (as_of - alert.on).num_days() >= i64::from(window));
        let followed: Vec<FollowUp> = passed.filter_map(followed).collect();
        CameTrue::of(&followed)?.share(f64::from(window))
    }
}

fn followed(alert: &Alert) -> Option<FollowUp> {
    let event = match alert.came {
        Came::Relapse => 1,
        Came::Death => 2,
        Came::Nothing => 0,
    };
    FollowUp::until((alert.to - alert.on).num_days() as f64, event).ok()
}

impl Standing {
    fn add(&mut self, alert: &Alert, window: Day, as_of: NaiveDate) {
        let window = i64::from(window);
        let (passed, seen) = ((as_of - alert.on).num_days(), (alert.to - alert.on).num_days());
        let place = if passed < window {
            &mut self.pending
        } else if alert.came == Came::Relapse && seen <= window {
            &mut self.came_true
        } else if alert.came == Came::Nothing && seen < window {
            &mut self.lost
        } else {
            &mut self.came_to_nothing
        };
        *place += 1;
    }

    /// Flags whose window has passed.
    pub fn passed(&self) -> usize {
        self.came_true + self.came_to_nothing + self.lost
    }
}

impl Period {
    fn of(all: &All, from: NaiveDate, until: NaiveDate, as_of: NaiveDate) -> Period {
        let inside = |day: NaiveDate| from <= day && day < until;
        let mut period = Period {
            from,
            until,
            years: all.years(from, until),
            flags: 0,
            backlog: 0,
            within: [Standing::default(); 2],
            relapses: 0,
            ahead: 0,
            early: 0,
        };
        for alert in all.alerts.iter().filter(|alert| inside(alert.on)) {
            period.flags += 1;
            period.backlog += usize::from(alert.backlog);
            for (standing, window) in period.within.iter_mut().zip(WINDOWS) {
                standing.add(alert, window, as_of);
            }
        }
        for relapse in all.relapses.iter().filter(|relapse| inside(relapse.on)) {
            period.relapses += 1;
            period.ahead += usize::from(relapse.first_alert.is_some());
            period.early += usize::from(lead(relapse) >= f64::from(EARLY_DAYS));
        }
        period
    }

    /// Flags that count for the load: those that came up under watch.
    pub fn counted(&self) -> usize {
        self.flags - self.backlog
    }

    /// These per 100 patient-years; 0 without time.
    pub fn load(&self) -> f64 {
        load(self.counted(), self.years)
    }

    /// Between which its 95 % interval lies (Poisson, exact).
    pub fn load_limits(&self) -> Option<(f64, f64)> {
        let (lower, upper) = poisson_interval(u32::try_from(self.counted()).ok()?);
        (self.years > 0.0).then(|| (100.0 * lower / self.years, 100.0 * upper / self.years))
    }

    /// Share of the relapses that were flagged ahead.
    pub fn recall(&self) -> Option<Share> {
        Share::part(self.ahead, self.relapses)
    }

    pub fn early_recall(&self) -> Option<Share> {
        Share::part(self.early, self.relapses)
    }
}
