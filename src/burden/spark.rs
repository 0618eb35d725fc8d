//! The sparkline's points: every draw of the followed series, with its mark.

use super::series::same_series;
use crate::domain::history::History;
use crate::domain::observation::Observation;
use crate::domain::reading::Reading;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Value,
    Below,
    Detected,
    Above,
    Failed,
}

impl Mark {
    pub fn code(self) -> &'static str {
        match self {
            Mark::Value => "value",
            Mark::Below => "below",
            Mark::Detected => "detected",
            Mark::Above => "above",
            Mark::Failed => "failed",
        }
    }
}

/// Equal lengths. `log10` is of the value, or of the limit where the reading is only a limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spark {
    /// Since the first draw.
    pub days: Vec<i32>,
    pub log10: Vec<f32>,
    pub marks: Vec<Mark>,
}

/// The mark, and the number that the reading gives, if it gives one above 0.
fn point(observation: &Observation) -> Option<(Mark, Option<f64>)> {
    let (mark, number) = match observation.reading {
        Reading::Quantified { value } => (Mark::Value, Some(value)),
        // with no upper end it says no more than a reading above the range does
        Reading::DetectedNotQuantified { lo, hi } if lo > 0.0 && hi.is_infinite() => (Mark::Above, Some(lo)),
        Reading::DetectedNotQuantified { lo, hi } => {
            let number = match (lo > 0.0, hi.is_finite()) {
                (true, true) => (lo * hi).sqrt(),
                _ => hi,
            };
            (Mark::Detected, Some(number))
        }
        Reading::NotDetected { hi } => (Mark::Below, hi.or(observation.lod)),
        Reading::AboveRange { lo } => (Mark::Above, Some(lo)),
        Reading::Indeterminate | Reading::Failed { .. } => (Mark::Failed, None),
        Reading::NotDone => return None,
    };
    Some((mark, number.filter(|n| n.is_finite() && *n > 0.0)))
}

/// The series of the last draw. A mark without a number of its own (a failed sample, a non-detect without a limit on file) stands at
/// the foot: half a decade below the lowest number of the series.
pub fn spark(history: &History) -> Spark {
    let ctdna = || history.observations.iter().filter(|o| o.is_plasma_ctdna());
    let Some(last) = ctdna().rev().find(|o| point(o).is_some()) else {
        return Spark::default();
    };
    let points: Vec<_> = ctdna()
        .filter(|o| same_series(o, last))
        .filter_map(|o| point(o).map(|(mark, number)| (o.collected_on, mark, number.map(f64::log10))))
        .collect();
    let foot = points
        .iter()
        .filter_map(|(_, _, y)| *y)
        .reduce(f64::min)
        .map_or(0.0, |lowest| lowest - 0.5);
    let first = points[0].0;
    Spark {
        days: points
            .iter()
            .map(|(day, _, _)| (*day - first).num_days() as i32)
            .collect(),
        log10: points.iter().map(|(_, _, y)| y.unwrap_or(foot) as f32).collect(),
        marks: points.iter().map(|(_, mark, _)| *mark).collect(),
    }
}
