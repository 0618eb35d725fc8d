//! What a fit is given beside its columns, checked: follow-up, weights, strata, clusters, names.

use std::borrow::Cow;

use linfa::dataset::{AsSingleTargets, DatasetBase};
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};

use super::CoxValidParams;
use super::design::Sample;
use crate::survival::provenance::Provenance;
use crate::survival::risk_set::checked_weights;
use crate::survival::{Error, FollowUp};

pub(in crate::survival) struct Rows<'a> {
    pub subjects: Cow<'a, [FollowUp]>,
    pub weights: Option<Vec<f64>>,
    /// Numbers from 0 on …
    pub strata: Option<Vec<u32>>,
    /// … and the labels that they stand for.
    pub labels: Vec<usize>,
    pub names: Vec<String>,
    pub provenance: Provenance,
    pub cause: Option<u32>,
}

impl<'a> Rows<'a> {
    /// Weights, strata and clusters of the settings; the data set's weights where the settings have none.
    pub fn of<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>>(
        params: &CoxValidParams,
        dataset: &'a DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Rows<'a>, Error> {
        let targets = dataset.as_single_targets();
        let subjects = match targets.to_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(targets.to_vec()),
        };
        let given = dataset.weights().filter(|weights| !weights.is_empty());
        let weights = given.map(|weights| weights.iter().map(|w| f64::from(*w)).collect());
        Rows::checked(
            params,
            dataset.records.view(),
            subjects,
            weights,
            dataset.feature_names(),
        )
    }

    pub fn checked(
        params: &CoxValidParams,
        records: ArrayView2<f64>,
        subjects: Cow<'a, [FollowUp]>,
        weights: Option<Vec<f64>>,
        names: &[String],
    ) -> Result<Rows<'a>, Error> {
        let n = subjects.len();
        if n == 0 {
            return Err(Error::Empty);
        }
        let labels = params.strata.as_ref().map(Vec::len);
        let clusters = params.clusters.as_ref().map(Vec::len);
        for length in [Some(records.nrows()), labels, clusters].into_iter().flatten() {
            if length != n {
                return Err(Error::Lengths {
                    records: length,
                    targets: n,
                });
            }
        }
        if !subjects.iter().any(|s| s.had(params.cause)) {
            return Err(Error::NoEvents);
        }
        let weights = match params.weights.clone().or(weights) {
            Some(weights) => Some(checked_weights(Some(&weights), n)?),
            None => None,
        };
        let (strata, labels) = numbered(params.strata.as_deref());
        Ok(Rows {
            provenance: Provenance::of(records, &subjects, weights.as_deref()),
            subjects,
            weights,
            strata,
            labels,
            names: names.to_vec(),
            cause: params.cause,
        })
    }

    pub fn sample(&self) -> Sample<'_> {
        Sample {
            subjects: &self.subjects,
            weights: self.weights.as_deref(),
            strata: self.strata.as_deref(),
            cause: self.cause,
        }
    }
}

/// Labels in ascending order, and the place of each subject's among them; one label 0 without strata.
fn numbered(strata: Option<&[usize]>) -> (Option<Vec<u32>>, Vec<usize>) {
    let Some(strata) = strata else {
        return (None, vec![0]);
    };
    let mut labels = strata.to_vec();
    labels.sort_unstable();
    labels.dedup();
    let place = |label: &usize| labels.partition_point(|l| l < label) as u32;
    (Some(strata.iter().map(place).collect()), labels)
}
