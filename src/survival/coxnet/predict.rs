//! What a path and its models say: coefficients between λ, linear predictors, survival, tables.

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::{Baseline, CoxNetModel, CoxNetPath};
use crate::survival::{Error, Summary, SurvivalModel};

/// The coefficients at some λ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    pub lambda: f64,
    pub values: Array1<f64>,
    /// λ is one of the path; otherwise the values lie on the straight line between its neighbours.
    pub exact: bool,
}

impl CoxNetPath {
    /// How many coefficients are not 0 at the λ of that number.
    pub fn nonzero(&self, number: usize) -> usize {
        self.coefficients.row(number).iter().filter(|b| **b != 0.0).count()
    }

    /// The coefficients at `lambda`: those of the path, or between two of them linear in λ, as glmnet's `coef(s = lambda)`; beyond its ends
    /// those of the end. `CoxNetValidParams::fit_at` solves for any λ. Errors: `Parameter` for a λ that is NaN or below 0.
    pub fn at(&self, lambda: f64) -> Result<Coefficients, Error> {
        if !(lambda.is_finite() && lambda >= 0.0) {
            return Err(Error::Parameter {
                name: "lambda",
                value: lambda,
            });
        }
        let row = |k: usize, exact: bool| Coefficients {
            lambda,
            values: self.coefficients.row(k).to_owned(),
            exact,
        };
        let below = self.lambdas.partition_point(|l| *l > lambda);
        let last = self.lambdas.len() - 1;
        if below > last {
            return Ok(row(last, false));
        }
        if below == 0 || self.lambdas[below] == lambda {
            return Ok(row(below, self.lambdas[below] == lambda));
        }
        let (high, low) = (self.lambdas[below - 1], self.lambdas[below]);
        let share = (lambda - low) / (high - low);
        Ok(Coefficients {
            lambda,
            values: &self.coefficients.row(below - 1) * share + &self.coefficients.row(below) * (1.0 - share),
            exact: false,
        })
    }

    /// One row a λ.
    pub fn table(&self) -> Vec<PathRow> {
        (0..self.lambdas.len())
            .map(|k| PathRow {
                lambda: self.lambdas[k],
                nonzero: self.nonzero(k),
                log_likelihood: self.log_likelihoods[k],
                violation: self.violations[k],
            })
            .collect()
    }

    /// Names (`x1`, `x2`, … where the data have none) and values of the coefficients that are not 0 at the λ of that number, largest first.
    pub fn entered(&self, number: usize) -> Vec<(String, f64)> {
        let name = |j: usize| self.names.get(j).cloned().unwrap_or_else(|| format!("x{}", j + 1));
        let row = self.coefficients.row(number);
        let mut entered: Vec<(String, f64)> = (row.iter().enumerate())
            .filter(|(_, b)| **b != 0.0)
            .map(|(j, b)| (name(j), *b))
            .collect();
        entered.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        entered
    }
}

/// One λ of a path at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathRow {
    pub lambda: f64,
    pub nonzero: usize,
    pub log_likelihood: f64,
    pub violation: f64,
}

/// The linear predictor of each row, not centred: `coefficients · row`. As elsewhere in linfa, rows of another width panic;
/// `survival_at` returns an error.
impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for CoxNetModel {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(x.nrows(), y.len(), "one prediction a row");
        y.assign(&x.dot(&self.coefficients));
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

impl CoxNetModel {
    /// The coefficients that are not 0 with the errors of the penalised information: no inference after selection.
    pub fn summary(&self, level: f64) -> Result<Summary, Error> {
        let all = Summary::of(&self.names, self.coefficients.view(), &self.covariance, None, level)?;
        let entered = all.coefficients.into_iter().filter(|c| c.estimate != 0.0).collect();
        Ok(Summary {
            level,
            coefficients: entered,
        })
    }

    fn ratio(&self, row: ArrayView1<f64>) -> Result<f64, Error> {
        if row.len() != self.coefficients.len() {
            return Err(Error::Width {
                given: row.len(),
                expected: self.coefficients.len(),
            });
        }
        if let Some(column) = row.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite { row: 0, column });
        }
        let terms = self.coefficients.iter().zip(row).zip(&self.means);
        Ok(terms.map(|((b, x), m)| b * (x - m)).sum::<f64>().exp())
    }

    /// Survival in one stratum, one row a record, one column a time. Errors: `Parameter` for a stratum the data did not have.
    pub fn survival_in(&self, stratum: u32, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        let found = self.baselines.binary_search_by_key(&stratum, |b| b.stratum);
        let baseline = &self.baselines[found.map_err(|_| Error::Parameter {
            name: "a stratum",
            value: f64::from(stratum),
        })?];
        let hazards: Vec<f64> = times.iter().map(|t| baseline.cumulative(*t)).collect();
        let mut curves = Array2::zeros((records.nrows(), times.len()));
        for (row, mut curve) in records.rows().into_iter().zip(curves.rows_mut()) {
            let ratio = self.ratio(row)?;
            for (s, h) in curve.iter_mut().zip(&hazards) {
                // No hazard yet and an overflowing ratio would make NaN of 0 times infinity.
                *s = if *h == 0.0 { 1.0 } else { (-h * ratio).exp() };
            }
        }
        Ok(curves)
    }
}

impl Baseline {
    /// The cumulative hazard at the column means.
    pub fn cumulative(&self, time: f64) -> f64 {
        let until = self.times.partition_point(|t| *t <= time);
        self.hazard[..until].iter().fold(0.0, |sum, h| sum + h)
    }
}

/// With several strata the first answers; `survival_in` names one.
impl SurvivalModel for CoxNetModel {
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        self.survival_in(self.baselines[0].stratum, records, times)
    }
}
