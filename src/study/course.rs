//! What in the end happened to a patient, for the judge alone: no prediction sees it.

use crate::burden::case::{Case, Day, Outcome};
use crate::survival::FollowUp;

/// First distant relapse, and death without it, as causes of a `FollowUp`.
pub const RELAPSE: u32 = 1;
pub const DEATH: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Relapse,
    Death,
    /// Lost, or still watched when the data were cut.
    Censored,
}

/// The watch for a first distant relapse: until it, death, loss, or the last day under observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    pub until: Day,
    pub end: End,
}

impl Course {
    /// `None` where nothing is known of the outcome, not even a last contact.
    pub fn of(case: &Case) -> Option<Course> {
        let ended = case.happened.iter().find_map(|h| {
            let end = match h.what {
                Outcome::Relapse { .. } => End::Relapse,
                Outcome::Death => End::Death,
                Outcome::Left => End::Censored,
                Outcome::Contact => return None,
            };
            Some(Course { until: h.on, end })
        });
        let last = || case.happened.last().map(|h| h.on);
        ended.or_else(|| {
            last().map(|until| Course {
                until,
                end: End::Censored,
            })
        })
    }

    /// What followed after a landmark; `None` for who had relapsed, died or left by then.
    pub fn after(&self, landmark: Day) -> Option<FollowUp> {
        let event = match self.end {
            End::Relapse => RELAPSE,
            End::Death => DEATH,
            End::Censored => 0,
        };
        let time = f64::from(self.until.checked_sub(landmark)?);
        FollowUp::until(time, event).ok().filter(|_| time > 0.0)
    }
}
