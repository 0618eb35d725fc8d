//! From a data set to a path, and to the model of one λ.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayBase, Data as Elements, Ix2};

use super::problem::{Data, Problem, Solution};
use super::{Baseline, CoxNetModel, CoxNetPath, CoxNetValidParams};
use crate::survival::risk_set::checked_weights;
use crate::survival::symmetric::Cholesky;
use crate::survival::{Error, FollowUp, Provenance};

impl<D: Elements<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error>
    for CoxNetValidParams
{
    type Object = CoxNetPath;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<CoxNetPath, Error> {
        Rows::of(self, dataset)?.path()
    }
}

impl CoxNetValidParams {
    /// The model at one λ, exactly, with its baseline. Errors as of the fit; `Parameter` for a λ below 0.
    pub fn fit_at<D: Elements<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>>(
        &self,
        lambda: f64,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<CoxNetModel, Error> {
        if !(lambda.is_finite() && lambda >= 0.0) {
            return Err(Error::Parameter {
                name: "lambda",
                value: lambda,
            });
        }
        let one = CoxNetValidParams {
            lambdas: Some(vec![lambda]),
            ..self.clone()
        };
        Rows::of(&one, dataset)?.model(lambda)
    }
}

/// A checked data set.
pub(super) struct Rows<'a> {
    params: &'a CoxNetValidParams,
    x: ndarray::ArrayView2<'a, f64>,
    pub subjects: Vec<FollowUp>,
    pub weights: Vec<f64>,
    names: Vec<String>,
    provenance: Provenance,
}

impl<'a> Rows<'a> {
    pub fn of<D: Elements<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>>(
        params: &'a CoxNetValidParams,
        dataset: &'a DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Rows<'a>, Error> {
        let subjects: Vec<FollowUp> = dataset.as_single_targets().iter().copied().collect();
        let of_dataset = || {
            let weights = dataset.weights().filter(|weights| !weights.is_empty())?;
            Some(weights.iter().map(|w| f64::from(*w)).collect())
        };
        let given: Option<Vec<f64>> = params.weights.clone().or_else(of_dataset);
        let x = dataset.records.view();
        check(params, x, &subjects)?;
        Ok(Rows {
            params,
            x,
            weights: checked_weights(given.as_deref(), subjects.len())?,
            names: dataset.feature_names().to_vec(),
            provenance: Provenance::of(x, &subjects, given.as_deref()),
            subjects,
        })
    }

    pub fn data(&self) -> Data<'_> {
        Data {
            x: self.x.reborrow(),
            subjects: &self.subjects,
            weights: &self.weights,
            strata: self.params.strata.as_deref(),
            cause: self.params.cause,
        }
    }

    fn events(&self) -> usize {
        self.subjects.iter().filter(|s| s.had(self.params.cause)).count()
    }

    pub fn path(&self) -> Result<CoxNetPath, Error> {
        let members = self.data().members(|_| true);
        let mut problem = Problem::new(self.params, &self.data(), &members)?;
        drop(members);
        let (total, p) = (problem.engine.full.total, self.x.ncols());
        let log_likelihood_null = -problem.null.value * total;
        let lambdas = problem.lambdas()?;
        let (mut coefficients, mut log_likelihoods, mut violations) = (vec![], vec![], vec![]);
        problem.walk(&lambdas, |scale, Solution { point, violation, .. }| {
            coefficients.extend(scale.per_unit(&point.beta, p));
            log_likelihoods.push(-point.value * total);
            violations.push(violation);
        })?;
        Ok(CoxNetPath {
            alpha: self.params.alpha,
            ties: self.params.ties,
            cause: self.params.cause,
            n: self.subjects.len(),
            events: self.events(),
            coefficients: Array2::from_shape_vec((lambdas.len(), p), coefficients).expect("p numbers a lambda"),
            lambdas,
            log_likelihood_null,
            log_likelihoods,
            violations,
            passes: problem.engine.passes(),
            names: self.names.clone(),
            provenance: self.provenance.clone(),
        })
    }

    fn model(&self, lambda: f64) -> Result<CoxNetModel, Error> {
        let members = self.data().members(|_| true);
        let mut problem = Problem::new(self.params, &self.data(), &members)?;
        let (total, p) = (problem.engine.full.total, self.x.ncols());
        let null = problem.null.clone();
        let Solution { point, violation, .. } = problem.solve(lambda, &null)?;
        let (covariance, degrees) = precision(&mut problem, lambda, &point.beta, p);
        let mut means = Array1::zeros(p);
        for (&j, centre) in problem.scale.kept.iter().zip(&problem.scale.centre) {
            means[j] = *centre;
        }
        let strata = members.chunk_by(|a, b| a.stratum == b.stratum);
        let baselines = problem.engine.full.baseline(&point.beta);
        let baselines = (strata.zip(baselines))
            .map(|(members, (times, hazard))| Baseline {
                stratum: members[0].stratum,
                followed_to: members[0].follow_up.exit(),
                times,
                hazard,
            })
            .collect();
        Ok(CoxNetModel {
            alpha: self.params.alpha,
            lambda,
            ties: self.params.ties,
            cause: self.params.cause,
            n: self.subjects.len(),
            events: self.events(),
            coefficients: problem.scale.per_unit(&point.beta, p).into(),
            covariance,
            degrees,
            means,
            log_likelihood_null: -null.value * total,
            log_likelihood: -point.value * total,
            violation,
            passes: problem.engine.passes(),
            baselines,
            names: self.names.clone(),
            provenance: self.provenance.clone(),
        })
    }
}

/// The inverse penalised information of the active columns per unit, 0 elsewhere, and tr(I (I + penalty)⁻¹).
fn precision(problem: &mut Problem, lambda: f64, beta: &[f64], columns: usize) -> (Array2<f64>, f64) {
    let m = beta.len();
    let information = problem.information(beta);
    let square = problem.square_penalties(lambda);
    let active = |j: usize| beta[j] != 0.0;
    let system = Array2::from_shape_fn((m, m), |(i, j)| match i == j {
        _ if !(active(i) && active(j)) => 0.0,
        true => information[i * m + j] + square[i],
        false => information[i * m + j],
    });
    let inverse = Cholesky::of(system.view(), 1e-13).inverse(m);
    let degrees = (0..m)
        .map(|i| (0..m).map(|j| inverse[[i, j]] * information[j * m + i]).sum::<f64>())
        .sum();
    let mut covariance = Array2::zeros((columns, columns));
    let (kept, factor) = (&problem.scale.kept, &problem.scale.factor);
    for ((i, j), value) in inverse.indexed_iter() {
        covariance[[kept[i], kept[j]]] = value * factor[i] * factor[j];
    }
    (covariance, degrees)
}

fn check(params: &CoxNetValidParams, x: ndarray::ArrayView2<f64>, subjects: &[FollowUp]) -> Result<(), Error> {
    let (n, p) = x.dim();
    if subjects.is_empty() {
        return Err(Error::Empty);
    }
    let lengths = [subjects.len(), params.strata.as_ref().map_or(n, Vec::len)];
    if let Some(&targets) = lengths.iter().find(|length| **length != n) {
        return Err(Error::Lengths { records: n, targets });
    }
    if let Some(factors) = params.penalty_factors.as_ref().filter(|factors| factors.len() != p) {
        return Err(Error::Width {
            given: factors.len(),
            expected: p,
        });
    }
    match x.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), _)) => Err(Error::NotFinite { row, column }),
        None => Ok(()),
    }
}
