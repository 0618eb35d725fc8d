//! What the fit has seen: the distribution of its risks, the ranges of its facts, how far in time it saw relapses come.

use serde::{Deserialize, Serialize};

use super::features::Schema;
use super::rows::Stack;
use crate::burden::Case;
use crate::burden::case::Day;

/// Quantiles kept of the risks: finer than a reader can use.
const POINTS: usize = 1000;
/// With fewer relapses after later landmarks than this, the model has no answer there, not a risk of nothing.
pub const LEAST_SEEN: usize = 5;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Ascending; risks at the main horizon of the rows of the fit, each predicted without its patient.
    pub risks: Vec<f64>,
    /// Smallest and largest value of each numeric fact, on the scale of its column; `None` where none is on file.
    pub ranges: Vec<Option<(f64, f64)>>,
    /// Of each raw column the middle value of the rows; `None` where it is missing more often than not.
    pub usual: Vec<Option<f64>>,
    pub groups: Vec<String>,
    /// The latest landmark after which at least `LEAST_SEEN` relapses came.
    pub last_day: Day,
}

impl Reference {
    pub(super) fn of(stack: &Stack, schema: &Schema, cases: &[Case], mut risks: Vec<f64>) -> Reference {
        risks.sort_by(f64::total_cmp);
        let last = risks.len().saturating_sub(1);
        let points = POINTS.min(last.max(1));
        let kept = (0..=points).map(|p| risks[(last * p) / points]).collect();
        let range = |column: usize| {
            let all = (0..stack.len()).map(|row| stack.raw(row)[column]);
            all.filter(|value| value.is_finite())
                .fold(None, |range: Option<(f64, f64)>, value| {
                    Some(range.map_or((value, value), |(low, high)| (value.min(low), value.max(high))))
                })
        };
        let mut groups: Vec<String> = stack
            .case
            .iter()
            .map(|i| cases[*i as usize].group.to_string())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let mut relapsed: Vec<Day> = (0..stack.len())
            .filter(|i| stack.event[*i] == 1)
            .map(|i| stack.day[i])
            .collect();
        relapsed.sort_unstable();
        Reference {
            risks: kept,
            ranges: (0..schema.numeric.len()).map(range).collect(),
            usual: (0..stack.width).map(|column| usual(stack, column)).collect(),
            groups,
            last_day: relapsed.len().checked_sub(LEAST_SEEN).map_or(0, |i| relapsed[i]),
        }
    }

    /// The share (in per cent) of the fit's risks below this one, equal ones counted half.
    pub fn percentile(&self, risk: f64) -> f64 {
        let below = self.risks.partition_point(|other| *other < risk) as f64;
        let up_to = self.risks.partition_point(|other| *other <= risk) as f64;
        50.0 * (below + up_to) / self.risks.len().max(1) as f64
    }
}

fn usual(stack: &Stack, column: usize) -> Option<f64> {
    let all = (0..stack.len()).map(|row| stack.raw(row)[column]);
    let mut known: Vec<f64> = all.filter(|value| value.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    (2 * known.len() > stack.len()).then(|| known[known.len() / 2])
}
