//! The share that had the event by a horizon, for a whole cohort or any part of it, from one sort.

use super::censoring::from_the_origin;
use super::packed::ascending;
use crate::survival::{Error, FollowUp};

/// Subjects in the order of time.
pub(super) struct Observed<'a> {
    subjects: &'a [FollowUp],
    order: Vec<usize>,
    cause: Option<u32>,
    horizon: f64,
}

impl<'a> Observed<'a> {
    pub fn new(subjects: &'a [FollowUp], cause: Option<u32>, horizon: f64) -> Result<Observed<'a>, Error> {
        from_the_origin(subjects)?;
        if !horizon.is_finite() {
            return Err(Error::NotATime(horizon));
        }
        let followed = subjects.iter().map(FollowUp::exit).fold(0.0, f64::max);
        if horizon > followed {
            return Err(Error::BeyondFollowUp {
                asked: horizon,
                followed,
            });
        }
        Ok(Observed {
            subjects,
            order: ascending(subjects.len(), |i| subjects[i].exit()),
            cause,
            horizon,
        })
    }

    /// Among the rows that `belongs` names: how many they are, and their risk by Kaplan-Meier, or by Aalen-Johansen where one cause is
    /// asked for. A part that was not followed to the horizon keeps its last value.
    pub fn among(&self, belongs: impl Fn(usize) -> bool) -> (usize, f64) {
        let n = self.order.iter().filter(|i| belongs(**i)).count();
        let mut at_risk = n as f64;
        let (mut free, mut fallen) = (1.0, 0.0);
        for tied in (self.order).chunk_by(|a, b| self.subjects[*a].exit() == self.subjects[*b].exit()) {
            if self.subjects[tied[0]].exit() > self.horizon {
                break;
            }
            let (mut leave, mut events, mut own) = (0.0, 0.0, 0.0);
            for &i in tied.iter().filter(|i| belongs(**i)) {
                leave += 1.0;
                events += f64::from(u8::from(self.subjects[i].event() > 0));
                own += f64::from(u8::from(self.subjects[i].had(self.cause)));
            }
            if events > 0.0 {
                fallen += free * own / at_risk;
                free *= (at_risk - events) / at_risk;
            }
            at_risk -= leave;
        }
        // a sum of many shares can pass 1 in its last bit
        (
            n,
            if self.cause.is_none() {
                1.0 - free
            } else {
                fallen.min(1.0)
            },
        )
    }
}

/// The share that had the event by `horizon`: one less Kaplan-Meier or, for one cause of several, Aalen-Johansen. Errors: `Empty`,
/// `DelayedEntry`, `NotATime`, `BeyondFollowUp`.
pub fn observed_risk(subjects: &[FollowUp], cause: Option<u32>, horizon: f64) -> Result<f64, Error> {
    Ok(Observed::new(subjects, cause, horizon)?.among(|_| true).1)
}
