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
    /// one who dies on the day from which time is counted.
    pub fn at_origin(event: u32) -> FollowUp {
        FollowUp {
            entry: 0.0,
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

    /// At risk at `t` means `watched_from < t`: `entry`, but for who is watched from the origin just before it, since an event may
    /// happen there.
    pub(crate) fn watched_from(&self) -> f64 {
        if self.entry > 0.0 {
            self.entry
        } else {
            -f64::MIN_POSITIVE
        }
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
    use linfa::Dataset;
    use linfa::traits::Fit;
    use ndarray::{Array1, Array2};

    use super::*;
    use crate::survival::metrics::concordance;
    use crate::survival::oracle::near;
    use crate::survival::{AalenJohansen, Cox, CoxNet, KaplanMeier, LogRank};

    /// R on the same twelve subjects: survfit, survdiff, coxph, concordance.
    #[test]
    fn an_end_at_the_origin_is_among_those_at_risk() {
        let times = [0.0, 0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 6.0, 8.0];
        let events = [1, 2, 0, 1, 0, 1, 2, 1, 1, 0, 1, 0];
        let x = [0.5, -1.0, 0.3, 1.2, 0.1, -0.4, 0.9, 0.0, -1.3, 0.7, -0.2, -0.8];
        let subjects: Vec<FollowUp> = (times.iter().zip(events))
            .map(|(t, e)| {
                if *t == 0.0 {
                    FollowUp::at_origin(e)
                } else {
                    FollowUp::until(*t, e).unwrap()
                }
            })
            .collect();
        let curve = KaplanMeier::fit(&subjects, None).unwrap();
        near(curve.steps[0].at_risk, 12.0, 0.0);
        near(curve.survival_at(0.0), 0.8333333333333334, 1e-14);
        near(
            AalenJohansen::fit(&subjects).unwrap().incidence_at(1, 4.0),
            0.3765432098765432,
            1e-14,
        );
        let groups: Vec<usize> = (0..12).map(|i| i % 2).collect();
        near(
            LogRank::of(&subjects, &groups, 2).unwrap().chi_square,
            0.01246358044674657,
            1e-12,
        );
        let data = Dataset::new(
            Array2::from_shape_vec((12, 1), x.to_vec()).unwrap(),
            Array1::from(subjects.clone()),
        );
        let model = Cox::params().fit(&data).unwrap();
        near(model.coefficients[0], 0.2931881119139764, 1e-9);
        near(
            concordance(&subjects, &x, None).unwrap().index().unwrap(),
            0.5625,
            1e-14,
        );
        let path = CoxNet::params().lambdas(vec![0.0]).fit(&data).unwrap();
        let breslow = Cox::params().ties(crate::survival::Ties::Breslow).fit(&data).unwrap();
        near(path.coefficients[[0, 0]], breslow.coefficients[0], 1e-8);
    }

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
