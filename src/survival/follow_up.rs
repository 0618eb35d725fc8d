//! One subject's time under observation: the element of every target.

use super::Error;

/// At risk on (entry, exit]; `event` says how it ended: 0 censored, 1, 2, … the cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FollowUp {
    entry: f64,
    exit: f64,
    event: u32,
}

impl FollowUp {
    /// Watched from `entry` (0: from the origin). Errors: a time that is NaN, infinite or negative; `entry >= exit`.
    pub fn new(entry: f64, exit: f64, event: u32) -> Result<FollowUp, Error> {
        for time in [entry, exit] {
            if !time.is_finite() {
                return Err(Error::NotATime(time));
            }
            if time < 0.0 {
                return Err(Error::NegativeTime(time));
            }
        }
        if entry >= exit {
            return Err(Error::NoTimeAtRisk { entry, exit });
        }
        Ok(FollowUp { entry, exit, event })
    }

    /// Watched from the origin.
    pub fn until(exit: f64, event: u32) -> Result<FollowUp, Error> {
        FollowUp::new(0.0, exit, event)
    }

    /// Ended at the origin itself. Data without entry times may hold such subjects (R counts them as at risk at 0), and so does the
    /// one who dies on the day from which time is counted: watched from just before 0.
    pub fn at_origin(event: u32) -> FollowUp {
        FollowUp {
            entry: -f64::MIN_POSITIVE,
            exit: 0.0,
            event,
        }
    }

    /// The same time, ended otherwise.
    pub fn with_event(self, event: u32) -> FollowUp {
        FollowUp { event, ..self }
    }

    pub fn entry(&self) -> f64 {
        self.entry
    }

    pub fn exit(&self) -> f64 {
        self.exit
    }

    pub fn event(&self) -> u32 {
        self.event
    }

    /// Ended by `cause`, or by any cause for `None`.
    pub fn had(&self, cause: Option<u32>) -> bool {
        match cause {
            Some(cause) => self.event == cause,
            None => self.event > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_times_have_names() {
        assert!(matches!(FollowUp::until(f64::NAN, 0), Err(Error::NotATime(_))));
        assert!(matches!(FollowUp::until(f64::INFINITY, 0), Err(Error::NotATime(_))));
        assert!(matches!(FollowUp::until(-1.0, 0), Err(Error::NegativeTime(_))));
        assert!(matches!(FollowUp::until(0.0, 1), Err(Error::NoTimeAtRisk { .. })));
        assert!(matches!(FollowUp::new(3.0, 2.0, 1), Err(Error::NoTimeAtRisk { .. })));
        assert!(FollowUp::new(1.0, 2.0, 1).is_ok());
    }
}
