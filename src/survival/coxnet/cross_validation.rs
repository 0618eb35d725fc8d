//! λ by cross-validation: how well the coefficients found without a fold explain that fold's part of the partial likelihood.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use ndarray::{ArrayBase, Data as Elements, Ix2};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::fit::Rows;
use super::objective::Objective;
use super::order::Member;
use super::problem::{Data, Problem};
use super::{CoxNetPath, CoxNetValidParams};
use crate::survival::{Error, FollowUp};

/// Which fold each row belongs to: 0, 1, …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folds {
    of_row: Vec<usize>,
    count: usize,
}

impl Folds {
    /// `count` folds of about as many subjects each, dealt out after a seeded shuffle; all rows of a subject go together.
    /// Errors: `Parameter` for fewer than 2 folds or fewer subjects than folds.
    pub fn of_subjects(subjects: &[u64], count: usize, seed: u64) -> Result<Folds, Error> {
        let mut distinct = subjects.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        check_count(count.min(distinct.len()))?;
        if count > distinct.len() {
            return refuse(count);
        }
        let mut places: Vec<usize> = (0..distinct.len()).collect();
        places.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
        let fold = |subject: &u64| {
            let number = distinct.binary_search(subject).expect("it is one of them");
            places[number] % count
        };
        Ok(Folds {
            of_row: subjects.iter().map(fold).collect(),
            count,
        })
    }

    /// `count` folds of about as many rows each. Errors as of `of_subjects`.
    pub fn of_rows(rows: usize, count: usize, seed: u64) -> Result<Folds, Error> {
        Folds::of_subjects(&(0..rows as u64).collect::<Vec<_>>(), count, seed)
    }

    /// Folds by number, one a row. Errors: `Parameter` for fewer than 2.
    pub fn given(of_row: Vec<usize>) -> Result<Folds, Error> {
        let count = of_row.iter().max().map_or(0, |last| last + 1);
        check_count(count)?;
        Ok(Folds { of_row, count })
    }
}

fn check_count(count: usize) -> Result<(), Error> {
    if count < 2 { refuse(count) } else { Ok(()) }
}

fn refuse<T>(count: usize) -> Result<T, Error> {
    Err(Error::Parameter {
        name: "the number of folds",
        value: count as f64,
    })
}

/// A path with its cross-validated deviance at each λ, as glmnet's `cv.glmnet(grouped = TRUE)`: a fold's deviance is that of all rows less
/// that of the rows without it, both at the coefficients found without it, an event. Verweij & van Houwelingen, Stat Med 1993;12:2305.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossValidated {
    pub path: CoxNetPath,
    /// Mean over the folds, weighted by their events, and its standard error, at each λ of the path.
    pub deviance: Vec<f64>,
    pub error: Vec<f64>,
    /// The λ of the least deviance (the largest such), and the largest λ within one standard error of it; with their numbers in the path.
    pub lambda_min: f64,
    pub number_min: usize,
    pub lambda_1se: f64,
    pub number_1se: usize,
}

impl CoxNetValidParams {
    /// The path on all rows and its deviance by cross-validation; folds are fitted side by side and give the same bits on any number of
    /// threads. Errors: those of the fit on all rows or without one of the folds; `Lengths` for folds of other rows; `NoEvents` for a fold
    /// without any.
    pub fn cross_validate<D: Elements<Elem = f64> + Sync, T: AsSingleTargets<Elem = FollowUp>>(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
        folds: &Folds,
    ) -> Result<CrossValidated, Error> {
        let rows = Rows::of(self, dataset)?;
        if folds.of_row.len() != rows.subjects.len() {
            return Err(Error::Lengths {
                records: rows.subjects.len(),
                targets: folds.of_row.len(),
            });
        }
        let path = rows.path()?;
        let data = rows.data();
        let members = data.members(|_| true);
        let one = |fold: usize| self.without(&data, &members, &path.lambdas, &|i| folds.of_row[i] == fold);
        let parts: Vec<Fold> = (0..folds.count).into_par_iter().map(one).collect::<Result<_, _>>()?;
        Ok(summarise(path, &parts))
    }

    /// The deviance of the rows `left_out`, an event, at each λ.
    fn without(
        &self,
        data: &Data,
        members: &[Member],
        lambdas: &[f64],
        left_out: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Fold, Error> {
        let gone = |m: &Member| left_out(m.row as usize);
        let events: f64 = members.iter().filter(|m| m.falls && gone(m)).map(|m| m.weight).sum();
        if events == 0.0 {
            return Err(Error::NoEvents);
        }
        let rest: Vec<Member> = members.iter().filter(|m| !gone(m)).copied().collect();
        let params = CoxNetValidParams {
            lambdas: Some(lambdas.to_vec()),
            ..self.clone()
        };
        let mut problem = Problem::new(&params, data, &rest)?;
        let columns = data.x.ncols();
        let kept = problem.scale.centred();
        let mut whole = Objective::new(data.x.view(), &kept, members, self.ties);
        let (of_whole, of_rest) = (
            per_row(&whole, members.len()),
            per_row(&problem.engine.full, rest.len()),
        );
        let (saturated, saturated_rest) = (whole.saturated(), problem.engine.full.saturated());
        let mut deviance = Vec::with_capacity(lambdas.len());
        problem.walk(lambdas, |scale, solution| {
            let per_unit = scale.per_unit(&solution.point.beta, columns);
            let beta: Vec<f64> = scale.kept.iter().map(|&j| per_unit[j]).collect();
            let all = whole.value_and_gradient(&beta).log_likelihood;
            let rest = -solution.point.value * solution.total;
            deviance.push(2.0 * (of_whole * (saturated - all) - of_rest * (saturated_rest - rest)) / events);
        })?;
        Ok(Fold { events, deviance })
    }
}

/// glmnet scales weights to the mean 1 before it takes a deviance.
fn per_row(objective: &Objective, rows: usize) -> f64 {
    rows as f64 / objective.total
}

struct Fold {
    events: f64,
    deviance: Vec<f64>,
}

fn summarise(path: CoxNetPath, folds: &[Fold]) -> CrossValidated {
    let events: f64 = folds.iter().map(|fold| fold.events).sum();
    let mean = |value: &dyn Fn(&Fold) -> f64| folds.iter().map(|fold| fold.events * value(fold)).sum::<f64>() / events;
    let deviance: Vec<f64> = (0..path.lambdas.len())
        .map(|k| mean(&|fold| fold.deviance[k]))
        .collect();
    let error: Vec<f64> = (deviance.iter().enumerate())
        .map(|(k, centre)| mean(&|fold| (fold.deviance[k] - centre).powi(2)))
        .map(|square| (square / (folds.len() - 1) as f64).sqrt())
        .collect();
    let least = deviance.iter().copied().fold(f64::INFINITY, f64::min);
    let first = |limit: f64| deviance.iter().position(|d| *d <= limit).unwrap_or(0);
    let number_min = first(least);
    let number_1se = first(least + error[number_min]);
    CrossValidated {
        lambda_min: path.lambdas[number_min],
        lambda_1se: path.lambdas[number_1se],
        path,
        deviance,
        error,
        number_min,
        number_1se,
    }
}
