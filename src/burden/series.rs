//! Plasma ctDNA in series (one analyte by one assay in one unit), each reading held against the first of its series.
//! Readings are intervals: a reading is above only if all of its interval is.

use crate::domain::history::History;
use crate::domain::observation::Observation;
use crate::domain::reading::Reading;

/// Where a reading stands against the baseline of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    Above,
    /// At or below it, or not detected.
    Below,
    /// The intervals overlap.
    Unclear,
}

/// The readings that say something, in order of collection; the first is the baseline. Failed and indeterminate samples are
/// not here: they are neither low nor negative.
#[derive(Clone, Debug)]
pub struct Series<'h> {
    pub baseline: &'h Observation,
    pub later: Vec<(&'h Observation, Against)>,
}

fn says_something(reading: &Reading) -> bool {
    !matches!(
        reading,
        Reading::Indeterminate | Reading::Failed { .. } | Reading::NotDone
    )
}

pub fn same_series(a: &Observation, b: &Observation) -> bool {
    a.measure == b.measure && a.analyte == b.analyte && a.assay == b.assay && a.unit == b.unit
}

/// The interval in which the true value lies, and whether its lower end is outside (`>0.91`).
fn interval(reading: &Reading) -> (f64, f64, bool) {
    match *reading {
        Reading::Quantified { value } => (value, value, false),
        Reading::DetectedNotQuantified { lo, hi } => (lo, hi, hi.is_infinite()),
        Reading::AboveRange { lo } => (lo, f64::INFINITY, true),
        Reading::NotDetected { hi } => (0.0, hi.unwrap_or(f64::INFINITY), false),
        Reading::Indeterminate | Reading::Failed { .. } | Reading::NotDone => (0.0, f64::INFINITY, false),
    }
}

/// What the true value is at least; `None` where that is nothing.
pub fn least(reading: &Reading) -> Option<f64> {
    let (least, _, _) = interval(reading);
    (least > 0.0).then_some(least)
}

fn against(reading: &Reading, baseline: &Reading) -> Against {
    if matches!(reading, Reading::NotDetected { .. }) {
        return Against::Below;
    }
    if matches!(baseline, Reading::NotDetected { .. }) {
        return Against::Above;
    }
    let ((lo, hi, open), (_, top, _)) = (interval(reading), interval(baseline));
    if top.is_infinite() {
        // Nothing can be shown to lie above a baseline that has no upper end.
        Against::Unclear
    } else if lo > top || (open && lo >= top) {
        Against::Above
    } else if hi <= top {
        Against::Below
    } else {
        Against::Unclear
    }
}

/// All ctDNA series of a history, in the order of their first readings. What was drawn before the primary was removed, or on that day, is the
/// primary's, and no baseline of what may come back.
pub fn of(history: &History) -> Vec<Series<'_>> {
    let mut all: Vec<Series> = Vec::new();
    let removed = history.surgeries.first().map(|surgery| surgery.performed_on);
    let readings = history
        .observations
        .iter()
        .filter(|o| o.is_plasma_ctdna() && says_something(&o.reading))
        .filter(|o| removed.is_none_or(|day| o.collected_on > day));
    for observation in readings {
        match all.iter_mut().find(|s| same_series(s.baseline, observation)) {
            Some(series) => {
                let stands = against(&observation.reading, &series.baseline.reading);
                series.later.push((observation, stands));
            }
            None => all.push(Series {
                baseline: observation,
                later: vec![],
            }),
        }
    }
    all
}

impl<'h> Series<'h> {
    pub fn last(&self) -> &'h Observation {
        self.later.last().map_or(self.baseline, |(observation, _)| observation)
    }

    /// The readings above the baseline since it was last seen at or below it. Unclear ones between neither count nor break.
    pub fn rise(&self) -> Vec<&'h Observation> {
        let since = self
            .later
            .iter()
            .rposition(|(_, stands)| *stands == Against::Below)
            .map_or(0, |i| i + 1);
        let above = self.later[since..]
            .iter()
            .filter(|(_, stands)| *stands == Against::Above);
        above.map(|(observation, _)| *observation).collect()
    }
}
