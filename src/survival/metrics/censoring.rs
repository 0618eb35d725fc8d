//! The chance to be still under observation: the reverse Kaplan-Meier curve that weighs what censoring has taken away.

use super::packed::ascending;
use crate::survival::risk_set::checked_weights;
use crate::survival::{Error, FollowUp};

/// What an event at T weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseWeight {
    /// 1 / G(T−), the chance to be watched until just before; R's.
    #[default]
    Before,
    /// 1 / G(T), as scikit-survival does.
    At,
}

/// G(t), the chance not to be censored by `t`, where censoring is the event. At a tied time events leave the risk set before the
/// censorings. Graf et al., Stat Med 1999;18:2529.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Censoring {
    times: Vec<f64>,
    free: Vec<f64>,
}

impl Censoring {
    /// From the validation data or, where those are few, from the development data. Weights are one a subject, above 0. Errors: `Empty`,
    /// `Lengths`, `Weight`.
    pub fn fit(subjects: &[FollowUp], weights: Option<&[f64]>) -> Result<Censoring, Error> {
        let n = subjects.len();
        if n == 0 {
            return Err(Error::Empty);
        }
        let weights = checked_weights(weights, n)?;
        let by_exit = ascending(n, |i| subjects[i].exit());
        let by_entry = ascending(n, |i| subjects[i].watched_from());
        let (mut entered, mut g) = (0, 1.0);
        let (mut at_risk, mut count) = (0.0, 0);
        let mut curve = Censoring::default();
        for tied in by_exit.chunk_by(|a, b| subjects[*a].exit() == subjects[*b].exit()) {
            let time = subjects[tied[0]].exit();
            while entered < n && subjects[by_entry[entered]].watched_from() < time {
                at_risk += weights[by_entry[entered]];
                count += 1;
                entered += 1;
            }
            let side = |censored: bool| {
                let one = tied.iter().filter(|i| (subjects[**i].event() == 0) == censored);
                one.fold((0, 0.0), |(count, sum), i| (count + 1, sum + weights[*i]))
            };
            let (events, censored) = (side(false), side(true));
            if censored.0 > 0 {
                // With nobody left the curve is at 0, whatever rounding left behind.
                let lost = if count == events.0 + censored.0 {
                    1.0
                } else {
                    censored.1 / (at_risk - events.1)
                };
                g *= 1.0 - lost;
                curve.times.push(time);
                curve.free.push(g);
            }
            at_risk -= events.1 + censored.1;
            count -= tied.len();
        }
        Ok(curve)
    }

    fn after(&self, steps: usize) -> f64 {
        steps.checked_sub(1).map_or(1.0, |last| self.free[last])
    }

    /// G(t).
    pub fn at(&self, time: f64) -> f64 {
        self.after(self.times.partition_point(|t| *t <= time))
    }

    /// The left limit G(t−).
    pub fn before(&self, time: f64) -> f64 {
        self.after(self.times.partition_point(|t| *t < time))
    }

    /// What an event at `time` weighs; infinite where nobody could be watched that long.
    pub fn case_weight(&self, time: f64, rule: CaseWeight) -> f64 {
        1.0 / match rule {
            CaseWeight::Before => self.before(time),
            CaseWeight::At => self.at(time),
        }
    }
}

pub(super) fn from_the_origin(subjects: &[FollowUp]) -> Result<(), Error> {
    if subjects.is_empty() {
        return Err(Error::Empty);
    }
    match subjects.iter().position(|s| s.entry() > 0.0) {
        Some(row) => Err(Error::DelayedEntry {
            row,
            entry: subjects[row].entry(),
        }),
        None => Ok(()),
    }
}

pub(super) fn one_a_subject(subjects: &[FollowUp], values: &[f64]) -> Result<(), Error> {
    if values.len() != subjects.len() {
        return Err(Error::Lengths {
            records: values.len(),
            targets: subjects.len(),
        });
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(row) => Err(Error::NotFinite { row, column: 0 }),
        None => Ok(()),
    }
}

/// Finite, one a subject and within [0, 1].
pub(super) fn risks_of(subjects: &[FollowUp], risks: &[f64]) -> Result<(), Error> {
    one_a_subject(subjects, risks)?;
    match risks.iter().find(|risk| !(0.0..=1.0).contains(*risk)) {
        Some(&value) => Err(Error::Parameter {
            name: "a predicted risk",
            value,
        }),
        None => Ok(()),
    }
}
