//! Several causes at once: one multinomial logit in every interval, so that the chances of all causes and of none add up to 1.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::fit::Prepared;
use super::likelihood::shares;
use super::predict::{at_steps, checked, ended_by};
use super::{CompetingValidParams, Fitter, Intervals, Level, Link, column_name, summary_of_finite};
use crate::survival::{Error, FollowUp, Provenance, Summary, SurvivalModel};

/// A fitted model of competing causes: in interval k, `log(h_j / (1 − Σ h)) = a_kj + row · coefficients_j`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompetingModel {
    pub causes: usize,
    pub intervals: Intervals,
    /// Interval by interval, cause by cause.
    pub levels: Vec<Level>,
    /// Of the columns; empty where the data set had none.
    pub names: Vec<String>,
    /// One row a cause, one column a column: log odds ratios against no event, per unit; 0 in aliased columns.
    pub coefficients: Array2<f64>,
    /// Columns that are constant or follow from those before them: nothing can be said of them.
    pub aliased: Vec<usize>,
    /// Inverse information of the intervals' terms (interval by interval, cause by cause), then the coefficients (cause by
    /// cause); 0 for terms that are not finite or aliased.
    pub covariance: Array2<f64>,
    /// Sandwich over the clusters, where they were given.
    pub robust_covariance: Option<Array2<f64>>,
    pub n: usize,
    /// Rows of subjects and intervals, and events of each cause among them.
    pub rows: usize,
    pub events: Vec<usize>,
    /// Of the model with intervals alone.
    pub log_likelihood_null: f64,
    pub log_likelihood: f64,
    pub iterations: usize,
    pub provenance: Provenance,
}

/// Curves at some times: one row a record, one column a time. In every place survival and incidences add up to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Incidence {
    pub survival: Array2<f64>,
    /// The cumulative incidence of each cause.
    pub causes: Vec<Array2<f64>>,
}

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error>
    for CompetingValidParams
{
    type Object = CompetingModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<CompetingModel, Error> {
        let last = u32::try_from(self.causes).unwrap_or(u32::MAX);
        let data = Prepared::new(dataset, &self.common, Link::Logit, self.causes, |event| event.min(last))?;
        let fitted = data.maximise(Fitter::Newton, &self.common)?;
        let columns = data.system.x.ncols();
        let of_cause = |cause: usize| data.system.spells.iter().filter(|s| s.event as usize == cause).count();
        Ok(CompetingModel {
            causes: self.causes,
            intervals: self.common.intervals.clone(),
            levels: fitted.levels,
            names: dataset.feature_names().to_vec(),
            coefficients: Array2::from_shape_fn((self.causes, columns), |(j, c)| fitted.coefficients[j * columns + c]),
            aliased: fitted.aliased,
            covariance: fitted.covariance,
            robust_covariance: fitted.robust,
            n: data.system.spells.len(),
            rows: data.rows,
            events: (1..=self.causes).map(of_cause).collect(),
            log_likelihood_null: fitted.log_likelihood_null,
            log_likelihood: fitted.log_likelihood,
            iterations: fitted.iterations,
            provenance: data.provenance,
        })
    }
}

impl CompetingModel {
    /// −2 log-likelihood.
    pub fn deviance(&self) -> f64 {
        -2.0 * self.log_likelihood
    }

    /// `(0, 1], cause 1`, …, `age, cause 1`, …, in the order of the covariance.
    pub fn terms(&self) -> Vec<String> {
        let cause = |name: String, j: usize| format!("{name}, cause {}", j + 1);
        let levels = (0..self.levels.len()).map(|i| cause(self.intervals.name(i / self.causes), i % self.causes));
        let columns = self.coefficients.indexed_iter();
        let columns = columns.map(|((j, c), _)| cause(column_name(&self.names, c), j));
        levels.chain(columns).collect()
    }

    /// The finite terms with their errors. Errors: a level outside (0, 1).
    pub fn summary(&self, level: f64) -> Result<Summary, Error> {
        let finite = |level: &Level| match level {
            Level::Finite(term) => Some(*term),
            _ => None,
        };
        let levels = self.levels.iter().map(finite);
        let estimates: Vec<Option<f64>> = levels.chain(self.coefficients.iter().map(|b| Some(*b))).collect();
        summary_of_finite(
            &self.terms(),
            &estimates,
            &self.covariance,
            self.robust_covariance.as_ref(),
            level,
        )
    }

    /// Linear predictors of one row, one a cause.
    fn predictors(&self, row: ArrayView1<f64>) -> Vec<f64> {
        self.coefficients.rows().into_iter().map(|own| own.dot(&row)).collect()
    }

    /// Calls `each` with every interval's number, hazards and chance of no event.
    fn walk(&self, row: ArrayView1<f64>, mut each: impl FnMut(usize, &[f64], f64)) {
        let predictors = self.predictors(row);
        let (mut eta, mut hazards) = (vec![0.0; self.causes], vec![0.0; self.causes]);
        for (k, levels) in self.levels.chunks(self.causes).enumerate() {
            for (e, (level, predictor)) in eta.iter_mut().zip(levels.iter().zip(&predictors)) {
                *e = match level {
                    Level::Finite(term) => term + predictor,
                    Level::Never => f64::NEG_INFINITY,
                    Level::Always => f64::INFINITY,
                };
            }
            let free = match eta.iter().position(|e| *e == f64::INFINITY) {
                Some(certain) => {
                    hazards.fill(0.0);
                    hazards[certain] = 1.0;
                    0.0
                }
                None => shares(&eta, &mut hazards).0,
            };
            each(k, &hazards, free);
        }
    }

    /// The chance of each cause in each interval, for those who reach it: for each cause one row a record, one column an interval.
    pub fn hazards(&self, records: ArrayView2<f64>) -> Result<Vec<Array2<f64>>, Error> {
        let empty = Array2::zeros((records.nrows(), self.intervals.count()));
        let mut all = vec![empty; self.causes];
        for (i, row) in records.rows().into_iter().enumerate() {
            checked(row, i, self.coefficients.ncols())?;
            self.walk(row, |k, hazards, _| {
                all.iter_mut().zip(hazards).for_each(|(all, h)| all[[i, k]] = *h);
            });
        }
        Ok(all)
    }

    /// Survival and cumulative incidences at the end of each interval.
    pub fn curves(&self, records: ArrayView2<f64>) -> Result<Incidence, Error> {
        let empty = Array2::zeros((records.nrows(), self.intervals.count()));
        let mut survival = empty.clone();
        let mut causes = vec![empty; self.causes];
        let mut sums = vec![0.0; self.causes];
        for (i, row) in records.rows().into_iter().enumerate() {
            checked(row, i, self.coefficients.ncols())?;
            let mut free = 1.0;
            sums.fill(0.0);
            self.walk(row, |k, hazards, none| {
                for (cause, (sum, hazard)) in causes.iter_mut().zip(sums.iter_mut().zip(hazards)) {
                    *sum += free * hazard;
                    cause[[i, k]] = *sum;
                }
                free *= none;
                survival[[i, k]] = free;
            });
        }
        Ok(Incidence { survival, causes })
    }

    /// Survival and cumulative incidences at `times`, in steps at the ends of intervals. Errors: `BeyondFollowUp`, `Width`, `NotFinite`.
    pub fn incidence_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Incidence, Error> {
        let steps = ended_by(&self.intervals, times)?;
        let whole = self.curves(records)?;
        Ok(Incidence {
            survival: at_steps(&whole.survival, &steps, 1.0),
            causes: whole.causes.iter().map(|cause| at_steps(cause, &steps, 0.0)).collect(),
        })
    }
}

impl SurvivalModel for CompetingModel {
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        Ok(self.incidence_at(records, times)?.survival)
    }
}
