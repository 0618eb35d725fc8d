//! From a case to the days on which it is scored, to a scored day, and to its watch.

use super::series::{End, Point, Said, Series, Watch};
use super::signs::{evidence, trend};
use crate::burden::Ended;
use crate::burden::case::{Case, Day, Finding, What};

/// From this day after surgery on flags are raised: what is found before says how the operation went.
pub const FIRST_DAY: Day = 30;
/// Without news a patient is scored anew after so many days.
pub const TICK_DAYS: Day = 30;

/// The days from `from` to `to` on which a case is scored: those on which something came on file or was amended, and a tick every
/// `TICK_DAYS` from `from` on. Rising, each once. What comes on file later adds days and takes none away, and so moves no flag.
pub fn scored_days(case: &Case, from: Day, to: Day) -> Vec<Day> {
    if from > to {
        return vec![];
    }
    // a day that is typed later than its report counts from itself on
    let signals = case.signals.iter().map(|s| (s.on, s.known));
    let visits = case.visits.iter().copied();
    let happened = case.happened.iter().map(|h| (h.on, h.known));
    let facts = case.facts.iter().map(|f| (f.known.from, f.known));
    let news = signals
        .chain(visits)
        .chain(happened)
        .chain(facts)
        .flat_map(|(on, known)| [known.from.max(on), known.until]);
    let ticks = (from..=to).step_by(TICK_DAYS as usize);
    let mut days: Vec<Day> = news.filter(|day| (from..=to).contains(day)).chain(ticks).collect();
    days.sort_unstable();
    days.dedup();
    days
}

impl Series {
    /// A case through its watch: what is said of it on each scored day, asked in rising order; `None` for a day without a score.
    pub fn of(case: &Case, watch: Watch, mut say: impl FnMut(Day) -> Option<Said>) -> Series {
        let days = scored_days(case, FIRST_DAY, watch.to).into_iter();
        let point = |day| say(day).map(|said| Point::of(case, day, said.risks, [said.risks[1]; 2], said.growing));
        Series {
            patient: case.patient,
            origin: case.origin,
            watch,
            points: days.filter_map(point).collect(),
        }
    }
}

impl Point {
    /// A scored day of a case: the calibrated risks within 182, 365, 730 days, the limits of the second, P(growing).
    pub fn of(case: &Case, day: Day, risk: [f64; 3], limits: [f64; 2], growing: f64) -> Point {
        Point {
            day,
            risk,
            limits,
            growing,
            trend: trend(case, day),
            triggers: evidence(case, day),
        }
    }
}

impl Watch {
    /// Of a case as known on `day`, for past data; one that ended before it began covers no day.
    pub fn of(case: &Case, day: Day) -> Watch {
        let Ended { on, event } = case.ended(day).unwrap_or(Ended { on: 0, event: 0 });
        let end = match event {
            1 => End::Relapse {
                after: last_clear(case, day, on),
                known: case.end(day).map_or(on, |relapse| relapse.known.from),
            },
            2 => End::Death,
            _ => End::Censored,
        };
        Watch {
            from: FIRST_DAY,
            to: on,
            end,
        }
    }
}

fn last_clear(case: &Case, day: Day, before: Day) -> Option<Day> {
    let clear = |what: &What| matches!(what, What::Scan { finding } if *finding == Finding::Clear);
    let scans = case.signals_on(day).filter(|s| s.on < before && clear(&s.what));
    scans.map(|s| s.on).max()
}
