//! Newton's method on the weighted partial likelihood.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayBase, Axis, Data, Ix2};

use super::design::{Design, Evaluation};
use super::{FineGrayModel, FineGrayValidParams, sandwich};
use crate::survival::risk_set::checked_weights;
use crate::survival::symmetric::Cholesky;
use crate::survival::{Error, FollowUp, Provenance};

/// Below this share of its own variance a column is said to follow from those before it.
const ALIASED: f64 = 1e-9;
/// Likewise in a fit under way, where only rounding or a coefficient that runs away makes it so small.
const SINGULAR: f64 = 1e-13;

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error>
    for FineGrayValidParams
{
    type Object = FineGrayModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<FineGrayModel, Error> {
        let subjects: Vec<FollowUp> = dataset.as_single_targets().iter().copied().collect();
        let given = self.weights.clone().or_else(|| {
            let weights = dataset.weights().filter(|weights| !weights.is_empty())?;
            Some(weights.iter().map(|w| f64::from(*w)).collect())
        });
        let names = dataset.feature_names().to_vec();
        fit(self, dataset.records.to_owned(), &subjects, given.as_deref(), names)
    }
}

fn checked(x: &Array2<f64>, subjects: &[FollowUp], params: &FineGrayValidParams) -> Result<(), Error> {
    if subjects.is_empty() {
        return Err(Error::Empty);
    }
    let lengths = [Some(x.nrows()), params.censoring_groups.as_ref().map(Vec::len)];
    let clusters = params.clusters.as_ref().map(Vec::len);
    for records in lengths.into_iter().chain([clusters]).flatten() {
        if records != subjects.len() {
            let targets = subjects.len();
            return Err(Error::Lengths { records, targets });
        }
    }
    if let Some(((row, column), _)) = x.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(Error::NotFinite { row, column });
    }
    if let Some(row) = subjects.iter().position(|s| s.entry() > 0.0) {
        let entry = subjects[row].entry();
        return Err(Error::DelayedEntry { row, entry });
    }
    if !subjects.iter().any(|s| s.had(Some(params.cause))) {
        return Err(Error::NoEvents);
    }
    Ok(())
}

/// Centres and scales the columns in place; gives their means and standard deviations, 0 where only rounding varies.
fn standardise(x: &mut Array2<f64>) -> (Array1<f64>, Array1<f64>) {
    let n = x.nrows() as f64;
    let mut means = Array1::zeros(x.ncols());
    let mut scale = Array1::zeros(x.ncols());
    for (j, mut column) in x.columns_mut().into_iter().enumerate() {
        means[j] = column.iter().map(|v| v / n).sum();
        let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        column.mapv_inplace(|v| v - means[j]);
        let sd = column.iter().map(|v| v * v / n).sum::<f64>().sqrt();
        let varies = sd > 1e-12 * largest;
        scale[j] = if varies { sd } else { 0.0 };
        column.mapv_inplace(|v| if varies { v / sd } else { 0.0 });
    }
    (means, scale)
}

fn fit(
    params: &FineGrayValidParams,
    mut x: Array2<f64>,
    subjects: &[FollowUp],
    given: Option<&[f64]>,
    names: Vec<String>,
) -> Result<FineGrayModel, Error> {
    checked(&x, subjects, params)?;
    let weights = checked_weights(given, subjects.len())?;
    let provenance = Provenance::of(x.view(), subjects, given);
    let (means, scale) = standardise(&mut x);
    let design = Design::new(&x, subjects, &weights, params);
    let p = x.ncols();
    drop(x);
    let null = design.evaluate(&vec![0.0; p]);
    let log_likelihood_null = null.log_likelihood;
    let aliased = Cholesky::of(null.information.view(), ALIASED).aliased;
    let top = climb(&design, null, &aliased, params)?;

    let per_unit = scale.mapv(|s| if s > 0.0 { 1.0 / s } else { 0.0 });
    let bread = without(&top.last.information, &aliased).inverse(p);
    let robust = bread.dot(&sandwich::meat(&design, &top.last, params)).dot(&bread);
    let back = |matrix: Array2<f64>| matrix * &per_unit * per_unit.view().insert_axis(Axis(1));
    let of_cause = subjects.iter().filter(|s| s.had(Some(params.cause))).count();
    Ok(FineGrayModel {
        cause: params.cause,
        tied_censoring: params.tied_censoring,
        names,
        n: subjects.len(),
        events: of_cause,
        competing: subjects.iter().filter(|s| s.had(None)).count() - of_cause,
        coefficients: Array1::from(top.beta) * &per_unit,
        aliased,
        covariance: back(bread),
        robust_covariance: symmetric(&back(robust)),
        means,
        log_likelihood_null,
        log_likelihood: top.last.log_likelihood,
        iterations: top.iterations,
        baseline: design.baseline(&top.last),
        followed_to: subjects.iter().map(FollowUp::exit).fold(0.0, f64::max),
        provenance,
    })
}

fn symmetric(matrix: &Array2<f64>) -> Array2<f64> {
    (matrix + &matrix.t()) * 0.5
}

/// The factor of the information with the aliased columns taken out, however their rounding has turned out by now.
fn without(information: &Array2<f64>, aliased: &[usize]) -> Cholesky {
    let mut information = information.clone();
    for &j in aliased {
        information.row_mut(j).fill(0.0);
        information.column_mut(j).fill(0.0);
    }
    Cholesky::of(information.view(), SINGULAR)
}

struct Top {
    beta: Vec<f64>,
    last: Evaluation,
    iterations: usize,
}

fn climb(design: &Design, start: Evaluation, aliased: &[usize], params: &FineGrayValidParams) -> Result<Top, Error> {
    let mut beta = vec![0.0; start.score.len()];
    let mut here = start;
    let mut close = false;
    let mut longest = 0;
    for iterations in 1..=params.max_iterations {
        let factor = without(&here.information, aliased);
        if let Some(&column) = factor.aliased.iter().find(|j| !aliased.contains(j)) {
            return Err(Error::NotConverged { iterations, column });
        }
        let step = factor.solve(&here.score);
        let by_size = |a: &usize, b: &usize| step[*a].abs().total_cmp(&step[*b].abs());
        longest = (0..step.len()).max_by(by_size).unwrap_or(0);
        let length = step.get(longest).map_or(0.0, |s| s.abs());
        let Some((share, moved, there)) = uphill(design, &beta, &step, here.log_likelihood) else {
            let column = longest;
            return Err(Error::NotConverged { iterations, column });
        };
        (beta, here) = (moved, there);
        if close {
            let last = here;
            return Ok(Top { beta, last, iterations });
        }
        // Newton's error is about the square of the step before, so one more step after a short one is exact.
        close = share == 1.0 && length <= params.tolerance;
    }
    Err(Error::NotConverged {
        iterations: params.max_iterations,
        column: longest,
    })
}

/// The step, or the first of its halves that does not lead down.
fn uphill(design: &Design, beta: &[f64], step: &[f64], floor: f64) -> Option<(f64, Vec<f64>, Evaluation)> {
    let slack = 1e-11 * floor.abs().max(1.0);
    (0..=40).map(|halvings| 0.5_f64.powi(halvings)).find_map(|share| {
        let moved: Vec<f64> = beta.iter().zip(step).map(|(b, s)| b + share * s).collect();
        let there = design.evaluate(&moved);
        let fine = there.log_likelihood.is_finite() && there.log_likelihood >= floor - slack;
        fine.then_some((share, moved, there))
    })
}
