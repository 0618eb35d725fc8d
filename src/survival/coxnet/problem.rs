//! Rows, settings and the standardised likelihood of one path, and the walk along it.

use ndarray::{Array2, ArrayView2};

use super::CoxNetValidParams;
use super::newton::{Limits, Point, Smooth};
use super::objective::Objective;
use super::order::{Member, sorted};
use super::quadratic::Penalty;
use super::scale::Scale;
use super::surrogate::Engine;
use crate::survival::symmetric::Cholesky;
use crate::survival::{Error, FollowUp};

/// Below this share of its own variance a column is said to follow from those before it.
const ALIASED: f64 = 1e-9;
/// With more rows a digit less is worth the passes it saves: the coefficients still hold to 2e-9.
const VERY_MANY: usize = 100_000;
/// Below this many rows every pass goes over all of them; above, a sample of about one in so many stands in between.
const MANY: usize = 16_384;
const ONE_IN: usize = 16;
/// Where a curvature of all columns is too large to keep up.
const WIDE: usize = 256;

/// A data set with its case weights and strata.
pub(super) struct Data<'a> {
    pub x: ArrayView2<'a, f64>,
    pub subjects: &'a [FollowUp],
    pub weights: &'a [f64],
    pub strata: Option<&'a [u32]>,
    pub cause: Option<u32>,
}

impl Data<'_> {
    /// The rows for which `keep` holds, in the order of the sweep.
    pub fn members(&self, keep: impl Fn(usize) -> bool) -> Vec<Member> {
        let mut members: Vec<Member> = (0..self.subjects.len())
            .filter(|&i| keep(i))
            .map(|i| Member {
                row: i as u32,
                stratum: self.strata.map_or(0, |strata| strata[i]),
                follow_up: self.subjects[i],
                falls: self.subjects[i].had(self.cause),
                weight: self.weights[i],
            })
            .collect();
        sorted(&mut members);
        members
    }
}

pub(super) struct Problem<'a> {
    params: &'a CoxNetValidParams,
    pub scale: Scale,
    pub engine: Engine,
    /// Of the kept columns.
    factors: Vec<f64>,
    /// Kept columns that follow from earlier ones: held at 0 where nothing else decides.
    aliased: Vec<usize>,
    pub null: Point,
    rows: usize,
}

/// The answer for one λ, in standardised columns.
pub(super) struct Solution {
    pub point: Point,
    pub violation: f64,
    /// Sum of the case weights.
    pub total: f64,
}

impl<'a> Problem<'a> {
    pub fn new(params: &'a CoxNetValidParams, data: &Data, members: &[Member]) -> Result<Problem<'a>, Error> {
        if !members.iter().any(|m| m.falls) {
            return Err(Error::NoEvents);
        }
        let scale = Scale::of(data.x.view(), members, params.standardise);
        let full = Objective::new(data.x.view(), &scale, members, params.ties);
        let sample = sampled(members, scale.kept.len()).map(|m| Objective::new(data.x.view(), &scale, &m, params.ties));
        let mut engine = Engine::new(full, sample);
        let null = engine.full.evaluate(&vec![0.0; scale.kept.len()]);
        let factors = factors(params, data.x.ncols());
        let mut problem = Problem {
            params,
            factors: scale.kept.iter().map(|&j| factors[j]).collect(),
            scale,
            engine,
            aliased: Vec::new(),
            null,
            rows: members.len(),
        };
        problem.find_aliased()?;
        Ok(problem)
    }

    /// Of the columns that somewhere have no penalty, those that follow from the ones before.
    fn find_aliased(&mut self) -> Result<(), Error> {
        let free_path = self.params.lambdas.iter().flatten().any(|lambda| *lambda == 0.0);
        let unpenalised: Vec<usize> = (0..self.factors.len())
            .filter(|&j| free_path || self.factors[j] == 0.0)
            .collect();
        if unpenalised.len() >= self.rows {
            return Err(Error::Unpenalised {
                columns: unpenalised.len(),
                rows: self.rows,
            });
        }
        if !unpenalised.is_empty() {
            let square = Smooth::information(&mut self.engine.full, &self.null.beta, &unpenalised);
            let square = Array2::from_shape_vec((unpenalised.len(), unpenalised.len()), square).expect("a square");
            let aliased = Cholesky::of(square.view(), ALIASED).aliased;
            self.aliased = aliased.into_iter().map(|k| unpenalised[k]).collect();
        }
        Ok(())
    }

    fn limits(&self) -> Limits {
        Limits {
            violation: self
                .params
                .tolerance
                .unwrap_or(if self.rows > VERY_MANY { 1e-9 } else { 1e-10 }),
            iterations: self.params.max_iterations,
        }
    }

    fn penalty(&self, lambda: f64) -> Penalty {
        let weigh = |share: f64| self.factors.iter().map(|f| lambda * share * f).collect();
        let held = |j: usize| lambda * self.factors[j] == 0.0 && self.aliased.contains(&j);
        Penalty {
            absolute: weigh(self.params.alpha),
            square: weigh(1.0 - self.params.alpha),
            held: (0..self.factors.len()).map(held).collect(),
        }
    }

    /// Weights of β²/2 on the scale of the log likelihood.
    pub fn square_penalties(&self, lambda: f64) -> Vec<f64> {
        let total = self.engine.full.total;
        self.penalty(lambda).square.iter().map(|s| s * total).collect()
    }

    /// From `start` to the minimum at λ.
    pub fn solve(&mut self, lambda: f64, start: &Point) -> Result<Solution, Error> {
        let penalty = self.penalty(lambda);
        let mut point = start.clone();
        if (0..point.beta.len()).any(|j| penalty.held[j] && point.beta[j] != 0.0) {
            let beta: Vec<f64> = (0..point.beta.len())
                .map(|j| if penalty.held[j] { 0.0 } else { point.beta[j] })
                .collect();
            point = self.engine.full.evaluate(&beta);
        }
        let (limits, kept) = (self.limits(), &self.scale.kept);
        let named = |error| match error {
            Error::NotConverged { iterations, column } => Error::NotConverged {
                iterations,
                column: kept[column],
            },
            other => other,
        };
        self.engine.solve(&mut point, &penalty, limits).map_err(named)?;
        self.engine.stands(&point, &penalty, limits).map_err(named)?;
        let violation = penalty.worst(&point.beta, &point.gradient);
        Ok(Solution {
            point,
            violation,
            total: self.engine.full.total,
        })
    }

    /// The given λ from the largest down, or as many as asked for from the smallest that keeps every penalised column out.
    pub fn lambdas(&mut self) -> Result<Vec<f64>, Error> {
        if let Some(given) = &self.params.lambdas {
            let mut lambdas = given.clone();
            lambdas.sort_by(|a, b| b.total_cmp(a));
            return Ok(lambdas);
        }
        let largest = self.largest()?;
        if largest == 0.0 {
            return Ok(vec![0.0]);
        }
        let usual = if self.rows < self.factors.len() { 1e-2 } else { 1e-4 };
        let ratio = self.params.ratio.unwrap_or(usual).ln();
        let last = (self.params.count - 1).max(1) as f64;
        Ok((0..self.params.count)
            .map(|k| largest * (ratio * k as f64 / last).exp())
            .collect())
    }

    /// The smallest λ at which no penalised column is in (for ridge: glmnet's, as if α were 0.001).
    fn largest(&mut self) -> Result<f64, Error> {
        if self.factors.contains(&0.0) {
            let mut penalty = self.penalty(0.0);
            for (held, factor) in penalty.held.iter_mut().zip(&self.factors) {
                *held |= *factor > 0.0;
            }
            let mut null = self.null.clone();
            self.engine.solve(&mut null, &penalty, self.limits())?;
            self.null = null;
        }
        let pull = self.null.gradient.iter().zip(&self.factors);
        let pulls = pull.filter(|(_, f)| **f > 0.0).map(|(g, f)| g.abs() / f);
        Ok(pulls.fold(0.0, f64::max) / self.params.alpha.max(1e-3))
    }

    /// Every λ in turn, each from the one before.
    pub fn walk(&mut self, lambdas: &[f64], mut visit: impl FnMut(&Scale, Solution)) -> Result<(), Error> {
        let mut point = self.null.clone();
        for &lambda in lambdas {
            let solution = self.solve(lambda, &point)?;
            point = solution.point.clone();
            visit(&self.scale, solution);
        }
        Ok(())
    }

    /// The information of the log likelihood at `beta`, in standardised columns.
    pub fn information(&mut self, beta: &[f64]) -> Vec<f64> {
        let all: Vec<usize> = (0..beta.len()).collect();
        self.engine.full.information(beta, &all)
    }
}

/// Penalty factors with the mean 1.
fn factors(params: &CoxNetValidParams, columns: usize) -> Vec<f64> {
    let given = params.penalty_factors.clone().unwrap_or_else(|| vec![1.0; columns]);
    let sum: f64 = given.iter().sum();
    let scale = if sum > 0.0 { columns as f64 / sum } else { 1.0 };
    given.iter().map(|factor| factor * scale).collect()
}

/// One in so many rows at even steps of the order, weighing as much as those it stands for; of few events more are taken.
fn sampled(members: &[Member], columns: usize) -> Option<Vec<Member>> {
    let n = members.len();
    if n < MANY || columns == 0 || columns > WIDE {
        return None;
    }
    let events = members.iter().filter(|m| m.falls).count();
    let step = |count: usize, least: usize| (count / least.max(1)).clamp(1, ONE_IN);
    let (fallen, censored) = (
        step(events, 2_000 + 20 * columns),
        step(n - events, 2_000 + 20 * columns),
    );
    let mut seen = [0_usize; 2];
    let taken = |m: &Member| {
        let (seen, step) = if m.falls {
            (&mut seen[0], fallen)
        } else {
            (&mut seen[1], censored)
        };
        *seen += 1;
        (*seen % step == step / 2).then_some(Member {
            weight: m.weight * step as f64,
            ..*m
        })
    };
    let sample: Vec<Member> = members.iter().filter_map(taken).collect();
    (sample.len() * 3 < n).then_some(sample)
}
