//! Flags: from scored days to few, early, explained requests to act, and the ledgers that say how they did. Pure: thresholds, lives and
//! ledgers see a day only through what was known on it.

mod alert;
mod choose;
mod days;
mod expect;
mod figures;
mod lead;
mod life;
mod past;
mod reason;
mod rule;
mod running;
mod series;
mod signs;
mod threshold;
mod turnbull;

#[cfg(test)]
mod tests;

pub use alert::AlertScore;
pub use days::{FIRST_DAY, TICK_DAYS, scored_days};
pub use expect::{Expected, Experience};
pub use figures::{EARLY_DAYS, Figures, LONGEST_LEAD, Share};
pub use lead::{Announced, Herald, LeadLedger, Relapse};
pub use life::{Change, Closing, Counted, Hysteresis, Life, Terms};
pub use past::Past;
pub use reason::{promise, reason};
pub use rule::{Flag, FlagRule, Settings, Threshold};
pub use running::{Period, RunningLedger, Standing};
pub use series::{End, Point, Said, Series, Trend, Trigger, Watch};
pub use signs::{EVIDENCE_DAYS, Shown, Sign, evidence, trend};
pub use threshold::default_threshold;

use crate::burden::case::Day;

#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("an alert budget is a number above 0; this one is {0} alerts per 100 patient-years")]
    Budget(f64),
    #[error("no alert budget is given")]
    NoBudget,
    #[error("no alert score is given")]
    NoScore,
    #[error(
        "a flag can't close below {ratio} of its threshold for {quiet_days} days; the share is above 0 and at most 1"
    )]
    Hysteresis { ratio: f64, quiet_days: Day },
}
