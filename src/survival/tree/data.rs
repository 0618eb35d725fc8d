//! The data set as an ensemble takes it: checked once, before the first tree.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use ndarray::{ArrayBase, ArrayView2, Axis, CowArray, Data, Ix2};

use crate::survival::risk_set::{ascending, checked_weights};
use crate::survival::{Error, FollowUp, Provenance};

pub(in crate::survival) struct Rows<'a> {
    pub records: CowArray<'a, f64, Ix2>,
    pub subjects: Vec<FollowUp>,
    pub weights: Vec<f64>,
    pub names: Vec<String>,
    pub provenance: Provenance,
}

impl<'a> Rows<'a> {
    /// `weights` win over those of the data set. Errors: `Empty`, `Lengths`, `NotFinite`, `Weight`, `NoEvents`.
    pub fn of<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>>(
        dataset: &'a DatasetBase<ArrayBase<D, Ix2>, T>,
        weights: Option<&[f64]>,
        cause: Option<u32>,
    ) -> Result<Rows<'a>, Error> {
        let subjects: Vec<FollowUp> = dataset.as_single_targets().iter().copied().collect();
        let records = dataset.records.view();
        if subjects.is_empty() {
            return Err(Error::Empty);
        }
        if records.nrows() != subjects.len() {
            return Err(Error::Lengths {
                records: records.nrows(),
                targets: subjects.len(),
            });
        }
        finite(records)?;
        if !subjects.iter().any(|s| s.had(cause)) {
            return Err(Error::NoEvents);
        }
        let own = dataset.weights().filter(|weights| !weights.is_empty());
        let own: Option<Vec<f64>> = own.map(|weights| weights.iter().map(|w| f64::from(*w)).collect());
        let weights = weights.or(own.as_deref());
        Ok(Rows {
            provenance: Provenance::of(records, &subjects, weights),
            weights: checked_weights(weights, subjects.len())?,
            names: names(dataset.feature_names(), records.ncols()),
            records: records.into(),
            subjects,
        })
    }

    /// The same rows by exit, so that a pass over time is one over memory.
    pub fn by_exit(self) -> Rows<'a> {
        let order = ascending(self.subjects.len(), |row| self.subjects[row].exit());
        Rows {
            records: self.records.select(Axis(0), &order).into(),
            subjects: order.iter().map(|row| self.subjects[*row]).collect(),
            weights: order.iter().map(|row| self.weights[*row]).collect(),
            ..self
        }
    }
}

/// Missing names are `x1`, `x2`, …
fn names(given: &[String], columns: usize) -> Vec<String> {
    let name = |j: usize| given.get(j).cloned().unwrap_or_else(|| format!("x{}", j + 1));
    (0..columns).map(name).collect()
}

fn finite(records: ArrayView2<f64>) -> Result<(), Error> {
    match records.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), _)) => Err(Error::NotFinite { row, column }),
        None => Ok(()),
    }
}

/// Rows that a model is asked about. Errors: `Width`, `NotFinite`, `NotATime`.
pub(in crate::survival) fn asked(records: ArrayView2<f64>, width: usize, times: &[f64]) -> Result<(), Error> {
    if records.ncols() != width {
        return Err(Error::Width {
            given: records.ncols(),
            expected: width,
        });
    }
    if let Some(time) = times.iter().find(|t| t.is_nan()) {
        return Err(Error::NotATime(*time));
    }
    finite(records)
}
