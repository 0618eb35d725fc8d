//! A patient's scored days and how the watch ended: what every threshold, flag and ledger is made from.

use chrono::NaiveDate;

use crate::burden::case::Day;
use crate::domain::id::PatientRef;

/// A signal that speaks for tumour, on file since `known`. It is listed on each scored day for as long as it is on file and not older
/// than `signs::EVIDENCE_DAYS`, so that its absence means that it was amended or has aged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trigger {
    /// The signal's id, which is the observation's.
    pub id: i64,
    pub known: Day,
}

/// The trend rules on ctDNA that hold on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// The two latest draws were both positive.
    pub repeated: bool,
    /// Twice above the baseline since it was last reached: what the registry flags when a result is saved.
    pub rising: bool,
}

/// What a model says of a patient on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// P(first distant relapse within 182, 365, 730 days), death competing.
    pub risks: [f64; 3],
    /// P(the burden is growing); NaN where the model has no burden line.
    pub growing: f64,
}

/// One scored day: one on which something new came on file, or a tick of the month.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub day: Day,
    /// P(first distant relapse within 182, 365, 730 days), death competing.
    pub risk: [f64; 3],
    /// Limits of the 12-month risk.
    pub limits: [f64; 2],
    /// P(the burden is growing).
    pub growing: f64,
    pub trend: Trend,
    pub triggers: Vec<Trigger>,
}

impl Point {
    /// The day on which the newest of the evidence came on file; `None` without evidence.
    pub fn newest(&self) -> Option<Day> {
        self.triggers.iter().map(|t| t.known).max()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A first distant relapse was detected on the last day; the last scan without it was on `after`, and it was on file on `known`.
    Relapse {
        after: Option<Day>,
        known: Day,
    },
    Death,
    /// Lost, withdrawn, or still watched.
    Censored,
}

/// From when to when a patient could be flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    pub from: Day,
    pub to: Day,
    pub end: End,
}

const YEAR: f64 = 365.25;

impl Watch {
    /// Years at risk of a flag, those after a flag among them.
    pub fn years(&self) -> f64 {
        f64::from(self.to.saturating_sub(self.from).max(0)) / YEAR
    }

    /// Whether a flag may be raised on that day: a flag on the day of the relapse is late.
    pub fn covers(&self, day: Day) -> bool {
        self.from <= day && (day < self.to || (day == self.to && self.end == End::Censored))
    }

    /// The day of a relapse that a flag could have announced: not of one before the watch began.
    pub fn relapse(&self) -> Option<Day> {
        let relapsed = matches!(self.end, End::Relapse { .. });
        (relapsed && self.to > self.from).then_some(self.to)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub patient: PatientRef,
    /// Day zero.
    pub origin: NaiveDate,
    pub watch: Watch,
    /// In rising order of days.
    pub points: Vec<Point>,
}

impl Series {
    /// Those points on which a flag may be raised.
    pub fn watched(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| self.watch.covers(point.day))
    }
}
