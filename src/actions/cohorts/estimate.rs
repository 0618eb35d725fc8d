//! One curve with its interval: Kaplan-Meier, or cumulative incidence with death competing.

use crate::domain::cohort::FEW;
use crate::survival::{AalenJohansen, Error, FollowUp, KaplanMeier, Limits};

/// Two-sided, as everywhere on the page.
const LEVEL: f64 = 0.95;

/// A probability and its interval at a time in years.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    pub time: f64,
    pub p: f64,
    pub lo: f64,
    pub hi: f64,
}

#[derive(Clone, Debug)]
pub struct Estimate {
    pub steps: Vec<At>,
    /// The last time at which not too few are watched; the curve ends there.
    pub known_to: f64,
    /// The time by which half have had the event, with its limits, as far as the curve reaches.
    pub median: Option<(f64, Option<f64>, Option<f64>)>,
    start: f64,
}

impl Estimate {
    /// Free of any event, with log-log limits.
    pub fn free(subjects: &[FollowUp]) -> Result<Estimate, Error> {
        let fitted = KaplanMeier::fit(subjects, None)?;
        let known_to = known_to(&fitted, subjects, |event| event > 0);
        let mut steps = vec![];
        for step in fitted.steps.iter().filter(|step| step.time <= known_to) {
            let (lo, hi) = fitted
                .limits_at(step.time, Limits::LogLog, LEVEL)?
                .unwrap_or((0.0, 1.0));
            steps.push(At {
                time: step.time,
                p: step.survival,
                lo,
                hi,
            });
        }
        let half = fitted.quantile(0.5, Limits::LogLog, LEVEL)?;
        let within = |time: Option<f64>| time.filter(|time| *time <= known_to);
        Ok(Estimate {
            steps,
            known_to,
            median: within(half.time).map(|time| (time, within(half.lower), within(half.upper))),
            start: 1.0,
        })
    }

    /// Fallen to `cause`; limits are symmetric on the log-log scale of what is left.
    pub fn fallen(subjects: &[FollowUp], cause: u32) -> Result<Estimate, Error> {
        let known_to = known_to(&KaplanMeier::fit(subjects, None)?, subjects, |event| event == cause);
        let fitted = AalenJohansen::fit(subjects)?;
        let z = 1.959_963_984_540_054; // the normal quantile of LEVEL
        let errors = fitted.se(cause);
        let steps = fitted
            .steps
            .iter()
            .zip(errors)
            .filter(|(step, _)| step.time <= known_to)
            .map(|(step, se)| {
                let p = fitted.incidence_at(cause, step.time);
                let (lo, hi) = if p > 0.0 && p < 1.0 {
                    let width = z * se / ((1.0 - p) * (1.0 - p).ln().abs());
                    (1.0 - (1.0 - p).powf((-width).exp()), 1.0 - (1.0 - p).powf(width.exp()))
                } else {
                    (p, p)
                };
                At {
                    time: step.time,
                    p,
                    lo,
                    hi,
                }
            });
        Ok(Estimate {
            steps: steps.collect(),
            known_to,
            median: None,
            start: 0.0,
        })
    }

    /// The curve at a time, where it is known.
    pub fn at(&self, time: f64) -> Option<At> {
        let before = self.steps[..self.steps.partition_point(|step| step.time <= time)].last();
        (time <= self.known_to).then(|| {
            before.map_or(
                At {
                    time,
                    p: self.start,
                    lo: self.start,
                    hi: self.start,
                },
                |step| At { time, ..*step },
            )
        })
    }
}

/// The last exit before which `FEW` or more are at risk, and after which none or `FEW` or more of the events came that the curve steps at:
/// who counts the steps and is told how many events there were learns no smaller number.
fn known_to(fitted: &KaplanMeier, subjects: &[FollowUp], steps_at: impl Fn(u32) -> bool) -> f64 {
    let mut last_first: Vec<(f64, bool)> = subjects.iter().map(|s| (s.exit(), steps_at(s.event()))).collect();
    last_first.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut after = 0;
    for tied in last_first.chunk_by(|a, b| a.0 == b.0) {
        let exit = tied[0].0;
        if fitted.at_risk_at(exit) as u64 >= FEW && (after == 0 || after >= FEW) {
            return exit;
        }
        after += tied.iter().filter(|(_, step)| *step).count() as u64;
    }
    0.0
}

/// How long who is still waiting has been watched: the median of the reverse Kaplan-Meier curve.
pub fn followed(subjects: &[FollowUp]) -> Result<Option<f64>, Error> {
    let turn = |subject: &FollowUp| subject.with_event(u32::from(subject.event() == 0));
    let reversed: Vec<FollowUp> = subjects.iter().map(turn).collect();
    Ok(KaplanMeier::fit(&reversed, None)?
        .quantile(0.5, Limits::LogLog, LEVEL)?
        .time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(exits: &[(f64, u32)]) -> Vec<FollowUp> {
        exits
            .iter()
            .map(|(exit, event)| FollowUp::until(*exit, *event).unwrap())
            .collect()
    }

    #[test]
    fn a_curve_ends_where_too_few_are_watched() {
        let subjects = some(&[(1.0, 1), (2.0, 0), (3.0, 1), (4.0, 0), (5.0, 0), (6.0, 0), (7.0, 0)]);
        for estimate in [
            Estimate::free(&subjects).unwrap(),
            Estimate::fallen(&subjects, 1).unwrap(),
        ] {
            assert_eq!(estimate.known_to, 3.0);
            assert!(
                estimate
                    .steps
                    .iter()
                    .all(|s| s.time <= 3.0 && s.lo <= s.p && s.p <= s.hi)
            );
            assert_eq!(estimate.at(3.5), None);
            assert!(estimate.at(0.5).is_some());
        }
        let few = Estimate::free(&subjects[..3]).unwrap();
        assert_eq!((few.known_to, few.steps.len()), (0.0, 0));
    }

    /// 18 events in 20 patients; of the last four, whom nobody may be told of, three have one: who counts the steps must not be able to.
    #[test]
    fn a_curve_ends_before_so_few_events_that_they_could_be_worked_out() {
        let mut exits: Vec<(f64, u32)> = (1..=20).map(|t| (f64::from(t), 1)).collect();
        (exits[0].1, exits[18].1) = (0, 0);
        let ends = |exits: &[(f64, u32)]| Estimate::free(&some(exits)).unwrap().known_to;
        // five are watched at 16; after 14 come those at 15, 16, 17, 18 and 20
        assert_eq!(ends(&exits), 14.0);
        // an incidence steps at one sort of events: after 12 come those at 13, 14, 17, 18 and 20
        (exits[14].1, exits[15].1) = (2, 2);
        assert_eq!(ends(&exits), 14.0);
        assert_eq!(Estimate::fallen(&some(&exits), 1).unwrap().known_to, 12.0);
        // none to come: up to where five are watched
        exits[14..].iter_mut().for_each(|exit| exit.1 = 0);
        assert_eq!(ends(&exits), 16.0);
    }

    #[test]
    fn follow_up_is_the_time_to_censoring() {
        let subjects = some(&[(1.0, 1), (2.0, 0), (3.0, 0), (4.0, 0)]);
        assert_eq!(followed(&subjects).unwrap(), Some(3.0));
        assert_eq!(followed(&some(&[(1.0, 1)])).unwrap(), None);
    }
}
