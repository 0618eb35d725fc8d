//! The rival family: boosted trees on the same columns as seen (no smooth terms), for the hazard of relapse since the landmark, each fitted
//! to all patients but one part.

use linfa::Dataset;
use linfa::prelude::Predict;
use linfa::traits::Fit;
use ndarray::{Array1, Array2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::burden::case::Day;
use crate::survival::{Boosting, BoostingModel, Error, FollowUp};

/// Stands for what is not known: below every value, so that a split can part it from all others.
const MISSING: f64 = -1e9;
const TREES: usize = 100;
const RATE: f64 = 0.08;
const DEPTH: usize = 3;
const LEAF: f64 = 60.0;
const SHRINK: f64 = 5.0;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trees {
    /// Of all patients but those of each part.
    pub parts: Vec<BoostingModel>,
}

/// One number for what is missing.
pub(super) fn filled(value: f64) -> f64 {
    if value.is_finite() { value } else { MISSING }
}

pub(super) struct Seen<'a> {
    /// Missing values filled.
    pub raw: &'a Array2<f64>,
    pub watched: &'a [Day],
    pub event: &'a [u8],
    /// 0 leaves a row out.
    pub weights: &'a [f64],
    pub fold: &'a [u8],
    pub folds: usize,
    /// The end of the last window.
    pub last: Day,
}

impl Trees {
    /// Errors: a part without relapses.
    pub(super) fn fit(seen: &Seen, seed: u64) -> Result<Trees, Error> {
        let parts: Vec<BoostingModel> = (0..seen.folds)
            .into_par_iter()
            .map(|fold| one(seen, fold, seed.wrapping_add(fold as u64)))
            .collect::<Result<_, Error>>()?;
        Ok(Trees { parts })
    }

    /// Log hazard ratios of each row from the fit that did not see its patient.
    pub(super) fn crossed(&self, raw: &Array2<f64>, fold: &[u8]) -> Vec<f64> {
        let all: Vec<Array1<f64>> = self.parts.par_iter().map(|part| part.predict(raw)).collect();
        fold.iter()
            .enumerate()
            .map(|(i, fold)| all[usize::from(*fold)][i])
            .collect()
    }

    /// Mean over the parts, one a row.
    pub(super) fn mean(&self, raw: &Array2<f64>) -> Vec<f64> {
        let mut sums = vec![0.0; raw.nrows()];
        for part in &self.parts {
            let own = part.predict(raw);
            sums.iter_mut()
                .zip(&own)
                .for_each(|(sum, own)| *sum += own / self.parts.len() as f64);
        }
        sums
    }
}

fn one(seen: &Seen, fold: usize, seed: u64) -> Result<BoostingModel, Error> {
    let kept: Vec<usize> = (0..seen.fold.len())
        .filter(|i| usize::from(seen.fold[*i]) != fold && seen.weights[*i] > 0.0 && seen.watched[*i] > 0)
        .collect();
    let follow_up = |i: usize| {
        let within = seen.watched[i] <= seen.last;
        let event = if within { u32::from(seen.event[i]) } else { 0 };
        FollowUp::until(f64::from(seen.watched[i].min(seen.last)), event)
    };
    let subjects: Array1<FollowUp> = kept.iter().map(|i| follow_up(*i)).collect::<Result<_, _>>()?;
    let records = Array2::from_shape_fn((kept.len(), seen.raw.ncols()), |(i, j)| seen.raw[[kept[i], j]]);
    let weights = kept.iter().map(|i| seen.weights[*i]).collect();
    Boosting::params()
        .cause(1)
        .ensemble_size(TREES)
        .learning_rate(RATE)
        .max_depth(DEPTH)
        .min_weight_leaf(LEAF.min(kept.len() as f64 / 20.0))
        .l2(SHRINK)
        .weights(weights)
        .seed(seed)
        .fit(&Dataset::new(records, subjects))
}
