//! Newton's method on the partial likelihood.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayBase, Data, Ix2};

use super::partial::{Design, Evaluation};
use super::{CoxModel, CoxValidParams};
use crate::survival::risk_set::checked_weights;
use crate::survival::symmetric::Cholesky;
use crate::survival::{Error, FollowUp};

/// Below this share of its own variance a column is said to follow from those before it.
const ALIASED: f64 = 1e-9;

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error> for CoxValidParams {
    type Object = CoxModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<CoxModel, Error> {
        let subjects: Vec<FollowUp> = dataset.as_single_targets().iter().copied().collect();
        let weights: Option<Vec<f64>> = dataset
            .weights()
            .filter(|weights| !weights.is_empty())
            .map(|weights| weights.iter().map(|w| f64::from(*w)).collect());
        fit(self, &dataset.records.to_owned(), &subjects, weights.as_deref())
    }
}

fn checked(x: &Array2<f64>, subjects: &[FollowUp], params: &CoxValidParams) -> Result<(), Error> {
    if subjects.is_empty() {
        return Err(Error::Empty);
    }
    if x.nrows() != subjects.len() {
        return Err(Error::Lengths {
            records: x.nrows(),
            targets: subjects.len(),
        });
    }
    if let Some(((row, column), _)) = x.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(Error::NotFinite { row, column });
    }
    if !subjects.iter().any(|s| s.had(params.cause)) {
        return Err(Error::NoEvents);
    }
    Ok(())
}

/// Column means and standard deviations, the latter 0 for a column that does not vary beyond rounding.
fn moments(x: &Array2<f64>) -> (Array1<f64>, Array1<f64>) {
    let n = x.nrows() as f64;
    let means: Array1<f64> = x.columns().into_iter().map(|c| c.iter().map(|v| v / n).sum()).collect();
    let scale = (0..x.ncols())
        .map(|j| {
            let column = x.column(j);
            let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            let sd = column.iter().map(|v| (v - means[j]).powi(2) / n).sum::<f64>().sqrt();
            if sd <= 1e-12 * largest { 0.0 } else { sd }
        })
        .collect();
    (means, scale)
}

fn fit(
    params: &CoxValidParams,
    x: &Array2<f64>,
    subjects: &[FollowUp],
    weights: Option<&[f64]>,
) -> Result<CoxModel, Error> {
    checked(x, subjects, params)?;
    let weights = checked_weights(weights, subjects.len())?;
    let (means, scale) = moments(x);
    let mut z = x - &means;
    for (mut column, s) in z.columns_mut().into_iter().zip(&scale) {
        column.mapv_inplace(|v| if *s > 0.0 { v / s } else { 0.0 });
    }
    let design = Design::new(z, subjects, weights, params);
    let null = design.evaluate(&vec![0.0; x.ncols()]);
    let log_likelihood_null = null.log_likelihood;
    let aliased = Cholesky::of(null.information.view(), ALIASED).aliased;
    let top = climb(&design, null, &aliased)?;

    let per_unit = |j: usize| if scale[j] > 0.0 { 1.0 / scale[j] } else { 0.0 };
    let mut covariance = without(&top.last.information, &aliased).inverse(x.ncols());
    for ((i, j), value) in covariance.indexed_iter_mut() {
        *value *= per_unit(i) * per_unit(j);
    }
    Ok(CoxModel {
        ties: params.ties,
        cause: params.cause,
        n: subjects.len(),
        events: subjects.iter().filter(|s| s.had(params.cause)).count(),
        coefficients: top.beta.iter().enumerate().map(|(j, b)| b * per_unit(j)).collect(),
        aliased,
        covariance,
        means,
        log_likelihood_null,
        log_likelihood: top.last.log_likelihood,
        iterations: top.iterations,
        baseline: design.baseline(&top.beta, &scale),
        followed_to: subjects.iter().map(FollowUp::exit).fold(0.0, f64::max),
    })
}

/// The factor of the information with the aliased columns taken out, however their rounding has turned out by now.
fn without(information: &Array2<f64>, aliased: &[usize]) -> Cholesky {
    let mut information = information.clone();
    for &j in aliased {
        information.row_mut(j).fill(0.0);
        information.column_mut(j).fill(0.0);
    }
    Cholesky::of(information.view(), 1e-13)
}

struct Top {
    beta: Vec<f64>,
    last: Evaluation,
    iterations: usize,
}

fn climb(design: &Design, start: Evaluation, aliased: &[usize]) -> Result<Top, Error> {
    let mut beta = vec![0.0; start.score.len()];
    let mut here = start;
    let mut close = false;
    let mut longest = 0;
    for iterations in 1..=design.params.max_iterations {
        let factor = without(&here.information, aliased);
        if let Some(&column) = factor.aliased.iter().find(|j| !aliased.contains(j)) {
            return Err(Error::NotConverged { iterations, column });
        }
        let mut step = factor.solve(&here.score);
        longest = (0..step.len())
            .max_by(|a, b| step[*a].abs().total_cmp(&step[*b].abs()))
            .unwrap_or(0);
        let length = step.get(longest).map_or(0.0, |s| s.abs());
        let slack = 1e-11 * here.log_likelihood.abs().max(1.0);
        let mut halvings = 0;
        let (moved, there) = loop {
            let moved: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + s).collect();
            let there = design.evaluate(&moved);
            if there.log_likelihood.is_finite() && there.log_likelihood >= here.log_likelihood - slack {
                break (moved, there);
            }
            halvings += 1;
            if halvings > 40 {
                return Err(Error::NotConverged {
                    iterations,
                    column: longest,
                });
            }
            step.iter_mut().for_each(|s| *s *= 0.5);
        };
        (beta, here) = (moved, there);
        if close {
            return Ok(Top {
                beta,
                last: here,
                iterations,
            });
        }
        // Newton's error is about the square of the step before, so one more step after a short one is exact.
        close = halvings == 0 && length <= design.params.tolerance;
    }
    Err(Error::NotConverged {
        iterations: design.params.max_iterations,
        column: longest,
    })
}
