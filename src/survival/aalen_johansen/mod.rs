//! Aalen-Johansen: the share that has fallen to each of several competing causes.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::risk_set::{Split, checked_weights, rows};
use super::{Error, FollowUp};

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub time: f64,
    pub at_risk: f64,
    pub events: Vec<f64>,
    /// Still free of every cause.
    pub free: f64,
    /// Cumulative incidence of cause 1, 2, …; with `free` they add up to 1.
    pub incidence: Vec<f64>,
}

/// Cumulative incidence with competing causes. Aalen & Johansen, Scand J Stat 1978;5:141.
#[derive(Clone, Debug)]
pub struct AalenJohansen {
    pub steps: Vec<Step>,
    pub causes: usize,
    pub followed_to: f64,
    subjects: Vec<FollowUp>,
}

impl AalenJohansen {
    /// As many causes as the highest event code, but at least one.
    pub fn fit(subjects: &[FollowUp]) -> Result<AalenJohansen, Error> {
        if subjects.is_empty() {
            return Err(Error::Empty);
        }
        let weights = checked_weights(None, subjects.len())?;
        let causes = subjects.iter().map(|s| s.event() as usize).max().unwrap_or(0).max(1);
        let split = Split {
            group: &|_| 0,
            groups: 1,
            causes,
        };
        let mut free = 1.0;
        let mut incidence = vec![0.0; causes];
        let mut steps = Vec::new();
        for mut row in rows(subjects, &weights, &split) {
            let (at_risk, events) = (row.at_risk[0], row.events.swap_remove(0));
            for (sum, d) in incidence.iter_mut().zip(&events) {
                *sum += free * d / at_risk;
            }
            free *= (at_risk - events.iter().sum::<f64>()) / at_risk;
            steps.push(Step {
                time: row.time,
                at_risk,
                events,
                free,
                incidence: incidence.clone(),
            });
        }
        Ok(AalenJohansen {
            steps,
            causes,
            followed_to: subjects.iter().map(FollowUp::exit).fold(0.0, f64::max),
            subjects: subjects.to_vec(),
        })
    }

    fn step_at(&self, time: f64) -> Option<&Step> {
        self.steps[..self.steps.partition_point(|step| step.time <= time)].last()
    }

    pub fn free_at(&self, time: f64) -> f64 {
        self.step_at(time).map_or(1.0, |step| step.free)
    }

    /// The share that has fallen to `cause` (1, 2, …) by `time`.
    pub fn incidence_at(&self, cause: u32, time: f64) -> f64 {
        let place = (cause as usize).wrapping_sub(1);
        self.step_at(time)
            .and_then(|step| step.incidence.get(place).copied())
            .unwrap_or(0.0)
    }

    /// The standard error of `incidence_at`, by the infinitesimal jackknife (R's).
    pub fn se_at(&self, cause: u32, time: f64) -> f64 {
        let until = self.steps.partition_point(|step| step.time <= time);
        self.jackknife(cause, until).last().copied().unwrap_or(0.0)
    }

    /// The standard error of a cause's incidence after each step. One pass over the steps a subject; subjects who enter at the
    /// origin and leave alike are passed once.
    pub fn se(&self, cause: u32) -> Vec<f64> {
        self.jackknife(cause, self.steps.len())
    }

    /// The root of the sum of squares of what each subject adds, after each of the first `until` steps.
    fn jackknife(&self, cause: u32, until: usize) -> Vec<f64> {
        let mut squares = vec![0.0; until];
        let place = (cause as usize).wrapping_sub(1);
        if place >= self.causes {
            return squares;
        }
        let mut alike: HashMap<(u64, u64, u32), (FollowUp, f64)> = HashMap::new();
        for subject in &self.subjects {
            let key = (subject.entry().to_bits(), subject.exit().to_bits(), subject.event());
            alike.entry(key).or_insert((*subject, 0.0)).1 += 1.0;
        }
        // in order of time: the sums must not depend on how a map is laid out
        let mut alike: Vec<(FollowUp, f64)> = alike.into_values().collect();
        alike.sort_by(|(a, _), (b, _)| {
            (a.exit().total_cmp(&b.exit()))
                .then(a.entry().total_cmp(&b.entry()))
                .then(a.event().cmp(&b.event()))
        });
        for (subject, times) in alike {
            let (mut free, mut fallen, mut before) = (0.0, 0.0, 1.0);
            for (step, square) in self.steps[..until].iter().zip(&mut squares) {
                let (n, d) = (step.at_risk, step.events.iter().sum::<f64>());
                let (mut any, mut own) = (0.0, 0.0);
                if subject.entry() < step.time && step.time <= subject.exit() {
                    let falls = subject.exit() == step.time && subject.event() > 0;
                    any = (f64::from(u8::from(falls)) - d / n) / n;
                    let own_fall = falls && subject.event() == cause;
                    own = (f64::from(u8::from(own_fall)) - step.events[place] / n) / n;
                }
                fallen += free * step.events[place] / n + before * own;
                free = free * (1.0 - d / n) - before * any;
                before = step.free;
                *square += times * fallen * fallen;
            }
        }
        squares.iter().map(|sum: &f64| sum.sqrt()).collect()
    }
}
