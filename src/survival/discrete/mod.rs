//! Hazards per interval: person-period rows and their regression, for one cause or for several that compete.

mod alternative;
mod competing;
mod fit;
mod intervals;
mod likelihood;
mod newton;
mod params;
mod predict;
mod reduced;
mod system;
#[cfg(test)]
mod tests;

pub use competing::{CompetingModel, Incidence};
pub use intervals::{Intervals, LifeTableRow, PersonPeriod, Row, Spell};
pub use params::{CompetingParams, CompetingValidParams, Discrete, DiscreteParams, DiscreteValidParams, Fitter, Link};

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayBase, Data, Ix2};
use serde::{Deserialize, Serialize};

use self::fit::Prepared;
use super::{Error, FollowUp, Provenance, Summary};

/// The term of an interval: the link of its hazard with all covariates 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Finite(f64),
    /// Nobody had the event in this interval: its hazard is 0, the limit of the maximum (R runs to about −20 here).
    Never,
    /// Everybody at risk had the event in this interval: its hazard is 1.
    Always,
}

/// A fitted model of one hazard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiscreteModel {
    pub link: Link,
    pub cause: Option<u32>,
    pub fitter: Fitter,
    pub intervals: Intervals,
    /// One an interval.
    pub levels: Vec<Level>,
    /// Of the columns; empty where the data set had none.
    pub names: Vec<String>,
    /// Log odds ratios (logit) or log hazard ratios (complementary log-log) per unit; 0 in aliased columns.
    pub coefficients: Array1<f64>,
    /// Columns that are constant or follow from those before them: nothing can be said of them.
    pub aliased: Vec<usize>,
    /// Inverse expected information of the intervals' terms, then the coefficients; 0 for terms that are not finite or aliased.
    pub covariance: Array2<f64>,
    /// Sandwich over the clusters, where they were given.
    pub robust_covariance: Option<Array2<f64>>,
    pub n: usize,
    /// Rows of subjects and intervals, and events among them.
    pub rows: usize,
    pub events: usize,
    /// Of the model with intervals alone.
    pub log_likelihood_null: f64,
    pub log_likelihood: f64,
    /// 0 where linfa's fitter was used, which does not tell.
    pub iterations: usize,
    pub provenance: Provenance,
}

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error>
    for DiscreteValidParams
{
    type Object = DiscreteModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<DiscreteModel, Error> {
        let event_of = |event: u32| match self.cause {
            Some(cause) => u32::from(event == cause),
            None => event.min(1),
        };
        let data = Prepared::new(dataset, &self.common, self.link, 1, event_of)?;
        let by_linfa = matches!(self.fitter, Fitter::LinfaLogistic { .. });
        if by_linfa && dataset.weights().is_some_and(|weights| !weights.is_empty()) {
            return Err(Error::Parameter {
                name: "the fitter of weighted rows (0: Newton, 1: linfa)",
                value: 1.0,
            });
        }
        let fitted = data.maximise(self.fitter, &self.common)?;
        Ok(DiscreteModel {
            link: self.link,
            cause: self.cause,
            fitter: self.fitter,
            intervals: self.common.intervals.clone(),
            levels: fitted.levels,
            names: dataset.feature_names().to_vec(),
            coefficients: Array1::from(fitted.coefficients),
            aliased: fitted.aliased,
            covariance: fitted.covariance,
            robust_covariance: fitted.robust,
            n: data.system.spells.len(),
            rows: data.rows,
            events: data.system.spells.iter().filter(|s| s.event > 0).count(),
            log_likelihood_null: fitted.log_likelihood_null,
            log_likelihood: fitted.log_likelihood,
            iterations: fitted.iterations,
            provenance: data.provenance,
        })
    }
}

fn column_name(names: &[String], column: usize) -> String {
    names.get(column).cloned().unwrap_or_else(|| format!("x{}", column + 1))
}

impl DiscreteModel {
    /// −2 log-likelihood: rows are binary, so that the saturated model has none.
    pub fn deviance(&self) -> f64 {
        -2.0 * self.log_likelihood
    }

    /// The intervals and the columns, in the order of the covariance.
    pub fn terms(&self) -> Vec<String> {
        let intervals = (0..self.intervals.count()).map(|k| self.intervals.name(k));
        let columns = (0..self.coefficients.len()).map(|j| column_name(&self.names, j));
        intervals.chain(columns).collect()
    }

    /// Of the term at `place`; `None` where it is not finite.
    pub fn estimate(&self, place: usize) -> Option<f64> {
        match self.levels.get(place) {
            Some(Level::Finite(term)) => Some(*term),
            Some(_) => None,
            None => self.coefficients.get(place - self.levels.len()).copied(),
        }
    }

    /// Of the term at `place`; `None` where it is not finite or aliased.
    pub fn standard_error(&self, place: usize) -> Option<f64> {
        let variance = self.covariance[[place, place]];
        (variance > 0.0).then(|| variance.sqrt())
    }

    /// The finite terms with their errors. Errors: a level outside (0, 1).
    pub fn summary(&self, level: f64) -> Result<Summary, Error> {
        let estimates: Vec<Option<f64>> = (0..self.covariance.nrows()).map(|j| self.estimate(j)).collect();
        summary_of_finite(
            &self.terms(),
            &estimates,
            &self.covariance,
            self.robust_covariance.as_ref(),
            level,
        )
    }
}

fn summary_of_finite(
    terms: &[String],
    estimates: &[Option<f64>],
    covariance: &Array2<f64>,
    robust: Option<&Array2<f64>>,
    level: f64,
) -> Result<Summary, Error> {
    let kept: Vec<usize> = (0..terms.len()).filter(|j| estimates[*j].is_some()).collect();
    let part =
        |matrix: &Array2<f64>| Array2::from_shape_fn((kept.len(), kept.len()), |(i, j)| matrix[[kept[i], kept[j]]]);
    let names: Vec<String> = kept.iter().map(|j| terms[*j].clone()).collect();
    let finite: Array1<f64> = kept.iter().filter_map(|j| estimates[*j]).collect();
    Summary::of(
        &names,
        finite.view(),
        &part(covariance),
        robust.map(part).as_ref(),
        level,
    )
}
