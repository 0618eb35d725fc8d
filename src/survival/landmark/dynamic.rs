//! The fitted model of several landmarks, and the risk in the window after one.

use linfa::Dataset;
use linfa::ParamGuard;
use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::{LandmarkBaseline, SupermodelValidParams};
use crate::survival::{Cox, CoxModel, Error, FollowUp, Ties};

/// How `s` and its interactions become columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Terms {
    columns: usize,
    interactions: Vec<usize>,
    smooth: bool,
    origin: f64,
    unit: f64,
}

/// A fitted supermodel. It serialises whole, so that a stored model predicts the same bits again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LandmarkModel {
    /// Columns as given, then `column:s`, then `s` and `s^2` of a smooth baseline; coefficients, errors, tests and provenance.
    pub cox: CoxModel,
    pub baseline: LandmarkBaseline,
    pub window: f64,
    /// Those of the fit, ascending.
    pub landmarks: Vec<f64>,
    /// The last time at which somebody of each was observed.
    pub followed_to: Vec<f64>,
    terms: Terms,
}

impl Terms {
    fn count(&self) -> usize {
        self.columns + self.interactions.len() + if self.smooth { 2 } else { 0 }
    }

    fn fill(&self, row: ArrayView1<f64>, landmark: f64, mut to: impl FnMut(usize, f64)) {
        let s = (landmark - self.origin) / self.unit;
        for (j, value) in row.iter().enumerate() {
            to(j, *value);
        }
        for (k, j) in self.interactions.iter().enumerate() {
            to(self.columns + k, row[*j] * s);
        }
        if self.smooth {
            let first = self.columns + self.interactions.len();
            to(first, s);
            to(first + 1, s * s);
        }
    }

    fn names(&self, given: &[String]) -> Vec<String> {
        let name = |j: usize| given.get(j).cloned().unwrap_or_else(|| format!("x{}", j + 1));
        let mut names: Vec<String> = (0..self.columns).map(name).collect();
        names.extend(self.interactions.iter().map(|j| format!("{}:s", name(*j))));
        if self.smooth {
            names.extend(["s".to_owned(), "s^2".to_owned()]);
        }
        names
    }
}

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error>
    for SupermodelValidParams
{
    type Object = LandmarkModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<LandmarkModel, Error> {
        let targets: Array1<FollowUp> = dataset.as_single_targets().to_owned();
        let records = &dataset.records;
        for targets in [targets.len(), self.landmarks.len(), self.clusters.len()] {
            if targets != records.nrows() {
                let records = records.nrows();
                return Err(Error::Lengths { records, targets });
            }
        }
        let (landmarks, place) = numbered(&self.landmarks)?;
        let terms = self.terms(records.ncols(), landmarks[0])?;
        let mut design = Array2::zeros((records.nrows(), terms.count()));
        for ((row, mut to), s) in records.rows().into_iter().zip(design.rows_mut()).zip(&self.landmarks) {
            terms.fill(row, *s, |j, value| to[j] = value);
        }
        let mut followed_to = landmarks.clone();
        for (end, place) in targets.iter().map(FollowUp::exit).zip(&place) {
            followed_to[*place] = followed_to[*place].max(end);
        }
        let mut cox = Cox::params().ties(Ties::Breslow).clusters(self.clusters.clone());
        if self.baseline == LandmarkBaseline::Stratified {
            cox = cox.strata(place);
        }
        if let Some(cause) = self.cause {
            cox = cox.cause(cause);
        }
        let names = terms.names(dataset.feature_names());
        Ok(LandmarkModel {
            cox: cox
                .check()?
                .fit(&Dataset::new(design, targets).with_feature_names(names))?,
            baseline: self.baseline,
            window: self.window,
            landmarks,
            followed_to,
            terms,
        })
    }
}

/// The landmarks, ascending, and which of them each row has.
fn numbered(rows: &[f64]) -> Result<(Vec<f64>, Vec<usize>), Error> {
    if let Some(bad) = rows.iter().find(|s| !s.is_finite()) {
        return Err(Error::NotATime(*bad));
    }
    let mut landmarks = rows.to_vec();
    landmarks.sort_by(f64::total_cmp);
    landmarks.dedup();
    if landmarks.is_empty() {
        return Err(Error::Empty);
    }
    let place = rows.iter().map(|s| landmarks.partition_point(|l| l < s)).collect();
    Ok((landmarks, place))
}

impl SupermodelValidParams {
    fn terms(&self, columns: usize, origin: f64) -> Result<Terms, Error> {
        if let Some(j) = self.interactions.iter().find(|j| **j >= columns) {
            return Err(Error::Parameter {
                name: "the column of an interaction",
                value: *j as f64,
            });
        }
        Ok(Terms {
            columns,
            interactions: self.interactions.clone(),
            smooth: self.baseline == LandmarkBaseline::Smooth,
            origin,
            unit: self.unit,
        })
    }
}

impl LandmarkModel {
    /// The chance of the event in `(landmark, landmark + window]` for rows as known at the landmark, one number a row.
    /// Errors: `Width`, `NotFinite`, `Parameter` (a landmark that the model does not cover), `BeyondFollowUp`.
    pub fn risk(&self, records: ArrayView2<f64>, landmark: f64) -> Result<Array1<f64>, Error> {
        let end = landmark + self.window;
        let survival = self.survival_from(records, landmark, &[end])?;
        Ok(survival.column(0).mapv(|s| 1.0 - s))
    }

    /// The chance to be free of the event at times up to the end of the window: one row a record, one column a time; 1 up to
    /// the landmark. Errors as for `risk`.
    pub fn survival_from(&self, records: ArrayView2<f64>, landmark: f64, times: &[f64]) -> Result<Array2<f64>, Error> {
        let (stratum, followed) = self.covering(landmark)?;
        let baseline = &self.cox.baselines[stratum];
        let before = baseline.cumulative_at(landmark);
        let hazard = times.iter().map(|time| match time {
            t if !t.is_finite() => Err(Error::NotATime(*t)),
            t if *t <= landmark => Ok(0.0),
            t if *t > followed => Err(Error::BeyondFollowUp { asked: *t, followed }),
            t => Ok(baseline.cumulative_at(*t) - before),
        });
        let hazard: Vec<f64> = hazard.collect::<Result<_, _>>()?;
        let mut curves = Array2::ones((records.nrows(), times.len()));
        let mut design = Array1::zeros(self.terms.count());
        for (i, (row, mut curve)) in records.rows().into_iter().zip(curves.rows_mut()).enumerate() {
            if row.len() != self.terms.columns {
                let (given, expected) = (row.len(), self.terms.columns);
                return Err(Error::Width { given, expected });
            }
            if let Some(column) = row.iter().position(|value| !value.is_finite()) {
                return Err(Error::NotFinite { row: i, column });
            }
            self.terms.fill(row, landmark, |j, value| design[j] = value);
            let ratio = self.cox.centred_predictor(design.view())?.exp();
            for (survival, h) in curve.iter_mut().zip(&hazard) {
                // No hazard and an overflowing ratio would make NaN of 0 times infinity.
                *survival = if *h > 0.0 { (-h * ratio).exp() } else { 1.0 };
            }
        }
        Ok(curves)
    }

    /// The stratum that speaks for a landmark, and until when.
    fn covering(&self, landmark: f64) -> Result<(usize, f64), Error> {
        let end = landmark + self.window;
        let known = match self.baseline {
            LandmarkBaseline::Stratified => {
                let place = self.landmarks.iter().position(|s| *s == landmark);
                place.map(|place| (place, self.followed_to[place]))
            }
            LandmarkBaseline::Smooth => {
                let (first, last) = (self.landmarks[0], self.landmarks[self.landmarks.len() - 1]);
                (first..=last).contains(&landmark).then_some((0, self.cox.followed_to))
            }
        };
        let refused = Error::Parameter {
            name: "a landmark that the model covers",
            value: landmark,
        };
        known
            .map(|(stratum, followed)| (stratum, followed.min(end)))
            .ok_or(refused)
    }
}
