//! Target lesions: has their sum grown since a day? RECIST 1.1 (Eisenhauer et al., Eur J Cancer 2009;45:228).

use chrono::NaiveDate;
use serde_json::Value;

use super::series::same_series;
use crate::domain::history::History;
use crate::domain::observation::Observation;
use crate::domain::reading::Reading;
use crate::domain::recist;

#[derive(Clone, Debug, PartialEq)]
pub enum Growth<'h> {
    Sum {
        scan: &'h Observation,
        /// The smallest sum before, in mm; 0 when the lesions had gone.
        smallest: f64,
        sum: f64,
    },
    NewLesion {
        scan: &'h Observation,
    },
}

impl<'h> Growth<'h> {
    pub fn scan(&self) -> &'h Observation {
        match self {
            Growth::Sum { scan, .. } | Growth::NewLesion { scan } => scan,
        }
    }
}

/// The sum of target diameters in mm; 0 when none is left.
fn sum_of(scan: &Observation) -> Option<f64> {
    match scan.reading {
        Reading::Quantified { value } => Some(value),
        Reading::NotDetected { .. } => Some(0.0),
        _ => None,
    }
}

fn shows_new_lesion(scan: &Observation) -> bool {
    scan.detail.get("new_lesion").and_then(Value::as_bool).unwrap_or(false)
}

/// What the scans from `since` on say: a new lesion in any, or growth in the last that has a sum.
pub fn growth(history: &History, since: NaiveDate) -> Option<Growth<'_>> {
    let scans = || history.observations.iter().filter(|o| o.measure == "imaging");
    if let Some(scan) = scans().rev().find(|o| o.collected_on >= since && shows_new_lesion(o)) {
        return Some(Growth::NewLesion { scan });
    }
    let (place, scan) = scans().enumerate().filter(|(_, o)| sum_of(o).is_some()).last()?;
    let sum = sum_of(scan)?;
    let before = scans().take(place).filter(|o| same_series(o, scan)).filter_map(sum_of);
    let smallest = before.reduce(f64::min)?;
    let grown = recist::progressed(smallest, sum);
    (scan.collected_on >= since && grown).then_some(Growth::Sum { scan, smallest, sum })
}
