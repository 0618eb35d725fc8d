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
    /// The same after a recalibration, where there may be one.
    recalibrated: Option<Vec<f64>>,
    /// Smallest and largest value of each numeric fact, on the scale of its column; `None` where none is on file.
    pub ranges: Vec<Option<(f64, f64)>>,
    /// Of each raw column the middle value of the rows; `None` where it is missing more often than not.
    pub usual: Vec<Option<f64>>,
    pub groups: Vec<String>,
    /// The latest landmark after which at least `LEAST_SEEN` relapses came.
    pub last_day: Day,
}

impl Reference {
    /// `risks`: of each row, with its weight; `recalibrated` likewise.
    pub(super) fn of(
        stack: &Stack,
        schema: &Schema,
        cases: &[Case],
        risks: Vec<(f64, f64)>,
        recalibrated: Option<Vec<(f64, f64)>>,
    ) -> Reference {
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
        // rows lie patient by patient in order of their days: a relapse counts once, after its last landmark
        let last_of = |i: &usize| stack.case.get(i + 1) != Some(&stack.case[*i]);
        let mut relapsed: Vec<Day> = (0..stack.len())
            .filter(|i| stack.event[*i] == 1 && last_of(i))
            .map(|i| stack.day[i])
            .collect();
        relapsed.sort_unstable();
        Reference {
            risks: quantiles(risks),
            recalibrated: recalibrated.map(quantiles),
            ranges: (0..schema.numeric.len()).map(range).collect(),
            usual: (0..stack.width).map(|column| usual(stack, column)).collect(),
            groups,
            last_day: relapsed.len().checked_sub(LEAST_SEEN).map_or(0, |i| relapsed[i]),
        }
    }

    /// From now on of the recalibrated model.
    pub(super) fn recalibrate(&mut self) {
        self.risks = self
            .recalibrated
            .take()
            .unwrap_or_else(|| std::mem::take(&mut self.risks));
    }

    /// The share (in per cent) of the fit's risks below this one, equal ones counted half.
    pub fn percentile(&self, risk: f64) -> f64 {
        let below = self.risks.partition_point(|other| *other < risk) as f64;
        let up_to = self.risks.partition_point(|other| *other <= risk) as f64;
        50.0 * (below + up_to) / self.risks.len().max(1) as f64
    }
}

/// At equal steps of the weight, from the least to the greatest.
fn quantiles(mut risks: Vec<(f64, f64)>) -> Vec<f64> {
    risks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let whole: f64 = risks.iter().map(|(_, weight)| weight).sum();
    let points = POINTS.min(risks.len().saturating_sub(1)).max(1);
    let (mut kept, mut below) = (Vec::with_capacity(points + 1), 0.0);
    for (risk, weight) in &risks {
        while kept.len() < points && below + weight > whole * kept.len() as f64 / points as f64 {
            kept.push(*risk);
        }
        below += weight;
    }
    kept.extend(risks.last().map(|(risk, _)| *risk));
    kept
}

fn usual(stack: &Stack, column: usize) -> Option<f64> {
    let all = (0..stack.len()).map(|row| stack.raw(row)[column]);
    let mut known: Vec<f64> = all.filter(|value| value.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    (2 * known.len() > stack.len()).then(|| known[known.len() / 2])
}
