//! The life of a flag: raised at a threshold, closed by itself only after a quiet time below a lower one or when its evidence is gone,
//! raised again only by evidence that came on file after the last one closed.

use serde::{Deserialize, Serialize};

use super::series::Point;
use crate::burden::case::Day;

/// When a flag closes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hysteresis {
    /// The lower threshold as a share of the one at which flags are raised, above 0 and at most 1.
    pub ratio: f64,
    /// The score must stay below the lower threshold on all scored days of so long a time.
    pub quiet_days: Day,
}

impl Default for Hysteresis {
    fn default() -> Hysteresis {
        Hysteresis {
            ratio: 0.5,
            quiet_days: 90,
        }
    }
}

/// Which flags a budget pays for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counted {
    /// Re-raised ones too: what a clinic has to look at.
    #[default]
    All,
    /// The first of each patient: what a study compares.
    First,
}

/// The terms on which flags are raised and counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    pub hysteresis: Hysteresis,
    pub counted: Counted,
    /// Whether a rise of ctDNA is flagged whatever the risk, as it is in the registry when a result is saved: the budget pays for such
    /// flags as well.
    #[serde(default)]
    pub trend: bool,
}

/// The days on which flags that count are raised at a threshold.
pub(super) fn raised<'a>(days: &'a [Mark], raise: f64, terms: &'a Terms) -> impl Iterator<Item = &'a Mark> {
    let most = match terms.counted {
        Counted::All => usize::MAX,
        Counted::First => 1,
    };
    let mut life = Life::default();
    let all = days
        .iter()
        .filter(move |mark| life.step(**mark, raise, &terms.hysteresis) == Some(Change::Raised));
    all.take(most)
}

/// A scored day with all that a flag's life depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    pub day: Day,
    pub score: f64,
    /// `Point::newest`.
    pub newest: Option<Day>,
    /// The trend rule holds, and the terms let it raise a flag.
    pub rising: bool,
}

impl Mark {
    pub fn of(point: &Point, score: f64, terms: &Terms) -> Mark {
        Mark {
            day: point.day,
            score,
            newest: point.newest(),
            rising: terms.trend && point.trend.rising,
        }
    }

    /// The highest threshold at which a flag is raised on this day.
    pub fn top(&self) -> f64 {
        if self.rising { f64::INFINITY } else { self.score }
    }

    /// A threshold above this one has a lower threshold above the score. (A division, so that the same number is compared with every
    /// threshold and the count of flags is an exact step function of it.)
    pub fn lower_bound(&self, hysteresis: &Hysteresis) -> f64 {
        self.top() / hysteresis.ratio
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closing {
    /// Below the lower threshold for `quiet_days`.
    Quiet,
    /// All of its evidence was amended away or has aged, and the rest does not carry it.
    EvidenceGone,
    /// A person closed it.
    Dismissed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Raised,
    Closed(Closing),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    since: Day,
    /// It has had evidence of its own, not baseline and time alone.
    backed: bool,
    quiet_since: Option<Day>,
}

/// Where a patient's flag stands from one scored day to the next. What the registry keeps of it lies in its flags and in what each night
/// found (`store::runs::withdraw`, `store::flags::raise_all`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    open: Option<Open>,
    /// Evidence that came on file on this day or before was seen when the last flag closed.
    seen_to: Option<Day>,
    last: Option<Day>,
}

impl Life {
    pub fn open_since(&self) -> Option<Day> {
        self.open.map(|open| open.since)
    }

    /// A person closes the open flag, having seen what was on file on the last scored day. `false` where none is open.
    pub fn dismiss(&mut self) -> bool {
        let open = self.open.take().is_some();
        if open {
            self.seen_to = self.seen_to.max(self.last);
        }
        open
    }

    /// Takes the next scored day, later than the one before.
    pub(super) fn step(&mut self, mark: Mark, raise: f64, hysteresis: &Hysteresis) -> Option<Change> {
        self.last = Some(mark.day);
        let carried = mark.top() >= raise;
        let Some(open) = &mut self.open else {
            let news = self.seen_to.is_none() || mark.newest > self.seen_to;
            if !(carried && news) {
                return None;
            }
            self.open = Some(Open {
                since: mark.day,
                backed: mark.newest.is_some(),
                quiet_since: None,
            });
            return Some(Change::Raised);
        };
        let gone = open.backed && mark.newest.is_none() && !carried;
        open.backed |= mark.newest.is_some();
        let low = mark.lower_bound(hysteresis) < raise;
        open.quiet_since = low.then(|| open.quiet_since.unwrap_or(mark.day));
        let quiet = open
            .quiet_since
            .is_some_and(|since| mark.day - since >= hysteresis.quiet_days);
        let why = match (gone, quiet) {
            (true, _) => Closing::EvidenceGone,
            (false, true) => Closing::Quiet,
            (false, false) => return None,
        };
        self.open = None;
        self.seen_to = self.seen_to.max(Some(mark.day));
        Some(Change::Closed(why))
    }
}
