//! Newton's method on the partial likelihood.

use std::borrow::Cow;

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array2, ArrayBase, Data, Ix2};

use super::design::{Design, Moments};
use super::exact::Exact;
use super::partial::Evaluation;
use super::residuals::{Residuals, robust_covariance};
use super::sample::Rows;
use super::{Baseline, CoxModel, CoxValidParams, Ties};
use crate::survival::symmetric::Cholesky;
use crate::survival::{Error, FollowUp, Test};

/// Below this share of its own variance a column is said to follow from those before it.
const ALIASED: f64 = 1e-9;

/// With more rows than this, a fit to a part of them finds the neighbourhood of the maximum.
const MANY: usize = 40_000;

/// Newton's decrement (twice what the log-likelihood still has to gain) at which no digit of a standard error changes.
const NOTHING_TO_GAIN: f64 = 1e-20;

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error> for CoxValidParams {
    type Object = CoxModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<CoxModel, Error> {
        let records = dataset.records.view();
        let rows = Rows::of(self, dataset)?;
        let moments = Moments::of(records)?;
        let design = Design::new(records, &moments, &rows.sample());
        self.climb(&rows, &moments, &design)
    }
}

impl CoxValidParams {
    /// `fit` for data that need not be kept: the rows are put in order where they are, and so are held in memory once.
    pub fn fit_owned(&self, records: Array2<f64>, subjects: &[FollowUp], names: &[String]) -> Result<CoxModel, Error> {
        let columns = records.ncols();
        let rows = Rows::checked(self, records.view(), Cow::Borrowed(subjects), None, names)?;
        let moments = Moments::of(records.view())?;
        let x = if records.is_standard_layout() {
            records.into_raw_vec_and_offset().0
        } else {
            records.iter().copied().collect()
        };
        let design = Design::in_place(x, columns, &moments, &rows.sample());
        self.climb(&rows, &moments, &design)
    }

    fn climb(&self, rows: &Rows, moments: &Moments, design: &Design) -> Result<CoxModel, Error> {
        let top = if self.ties == Ties::Exact {
            self.top(&Exact::new(design)?, design.columns, None)?
        } else {
            let start = (design.rows() > MANY).then(|| {
                let thin = design.thinned(&rows.sample(), design.rows().div_ceil(MANY / 2));
                let part = Partial {
                    design: &thin,
                    ties: self.ties,
                };
                self.top(&part, design.columns, None).ok().map(|top| top.beta)
            });
            let whole = Partial {
                design,
                ties: self.ties,
            };
            self.top(&whole, design.columns, start.flatten())?
        };
        self.model(rows, moments, design, top)
    }

    fn model(&self, rows: &Rows, moments: &Moments, design: &Design, top: Top) -> Result<CoxModel, Error> {
        let p = moments.means.len();
        let inverse = without(&top.last.information, &top.aliased).inverse(p);
        let runaway = Error::NotConverged {
            iterations: top.iterations,
            column: 0,
        };
        let state = design.state(&top.beta, self.ties).ok_or(runaway)?;
        let robust = self.clusters.as_deref().map(|clusters| {
            let levers = Residuals::of(design, &state, self.ties).levers(design, &inverse);
            robust_covariance(design, &levers, clusters)
        });
        let per_unit = |j: usize| {
            if moments.scale[j] > 0.0 {
                1.0 / moments.scale[j]
            } else {
                0.0
            }
        };
        let in_units = |mut matrix: Array2<f64>| {
            for ((i, j), value) in matrix.indexed_iter_mut() {
                *value *= per_unit(i) * per_unit(j);
            }
            matrix
        };
        Ok(CoxModel {
            ties: self.ties,
            cause: self.cause,
            names: rows.names.clone(),
            n: rows.subjects.len(),
            events: rows.subjects.iter().filter(|s| s.had(self.cause)).count(),
            coefficients: top.beta.iter().enumerate().map(|(j, b)| b * per_unit(j)).collect(),
            aliased: top.aliased,
            covariance: in_units(inverse),
            robust_covariance: robust.map(in_units),
            means: moments.means.iter().copied().collect(),
            log_likelihood_null: top.null,
            log_likelihood: top.last.log_likelihood,
            score_test: top.score_test,
            iterations: top.iterations,
            strata: rows.labels.clone(),
            baselines: Baseline::all(design, &state, self.ties, moments, rows.labels.len()),
            followed_to: rows.subjects.iter().map(FollowUp::exit).fold(0.0, f64::max),
            provenance: rows.provenance.clone(),
        })
    }

    /// The maximum, from `start`, or from 0 where that is no better.
    fn top(&self, objective: &impl Objective, columns: usize, start: Option<Vec<f64>>) -> Result<Top, Error> {
        let mut beta = vec![0.0; columns];
        let runaway = |iterations, column| Error::NotConverged { iterations, column };
        let mut here = objective.evaluate(&beta).ok_or(runaway(0, 0))?;
        let null = here.log_likelihood;
        let aliased = Cholesky::of(here.information.view(), ALIASED).aliased;
        let step = without(&here.information, &aliased).solve(&here.score);
        let score_test = Test::of(product(&step, &here.score), columns - aliased.len());
        if let Some(start) = start
            && let Some(there) = objective.evaluate(&start)
            && there.log_likelihood >= null
        {
            (beta, here) = (start, there);
        }
        let mut last = 0;
        for iterations in 1..=self.max_iterations {
            let factor = without(&here.information, &aliased);
            if let Some(&column) = factor.aliased.iter().find(|j| !aliased.contains(j)) {
                return Err(runaway(iterations, column));
            }
            let step = factor.solve(&here.score);
            last = longest(&step);
            let length = step.get(last).map_or(0.0, |s| s.abs());
            let decrement = product(&step, &here.score);
            if length <= self.tolerance || decrement <= NOTHING_TO_GAIN {
                // The step is still worth taking; its error is about its square.
                here.log_likelihood += 0.5 * decrement;
                beta.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
                return Ok(Top {
                    beta,
                    last: here,
                    null,
                    score_test,
                    aliased,
                    iterations,
                });
            }
            (beta, here) = uphill(objective, &beta, &here, step).ok_or(runaway(iterations, last))?;
        }
        Err(runaway(self.max_iterations, last))
    }
}

/// A log-likelihood to climb.
pub(super) trait Objective {
    fn evaluate(&self, beta: &[f64]) -> Option<Evaluation>;
}

struct Partial<'a> {
    design: &'a Design,
    ties: Ties,
}

impl Objective for Partial<'_> {
    fn evaluate(&self, beta: &[f64]) -> Option<Evaluation> {
        self.design.evaluate(beta, self.ties)
    }
}

/// The factor of the information with the aliased columns taken out, however their rounding has turned out by now.
pub(super) fn without(information: &Array2<f64>, aliased: &[usize]) -> Cholesky {
    let mut information = information.clone();
    for &j in aliased {
        information.row_mut(j).fill(0.0);
        information.column_mut(j).fill(0.0);
    }
    Cholesky::of(information.view(), 1e-13)
}

pub(super) struct Top {
    pub beta: Vec<f64>,
    pub last: Evaluation,
    pub null: f64,
    pub score_test: Test,
    pub aliased: Vec<usize>,
    pub iterations: usize,
}

/// The step, or as much of it as does not lead down.
fn uphill(
    objective: &impl Objective,
    beta: &[f64],
    here: &Evaluation,
    mut step: Vec<f64>,
) -> Option<(Vec<f64>, Evaluation)> {
    let slack = 1e-11 * here.log_likelihood.abs().max(1.0);
    for _ in 0..40 {
        let moved: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + s).collect();
        if let Some(there) = objective.evaluate(&moved)
            && there.log_likelihood >= here.log_likelihood - slack
        {
            return Some((moved, there));
        }
        step.iter_mut().for_each(|s| *s *= 0.5);
    }
    None
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn longest(step: &[f64]) -> usize {
    (0..step.len())
        .max_by(|a, b| step[*a].abs().total_cmp(&step[*b].abs()))
        .unwrap_or(0)
}
