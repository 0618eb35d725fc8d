//! One tree after another, each on what those before it leave unexplained.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::partial::{Partial, Residuals, Value};
use super::split::NewtonSplitter;
use super::{BoostingModel, BoostingValidParams};
use crate::survival::tree::{Bins, Grown, Rows, Tree, drawn, grow, streams};
use crate::survival::{Error, FollowUp};

/// A leaf with hardly any expected events moves the log hazard ratio by no more than this, before it is shrunk.
const LONGEST_STEP: f64 = 3.0;

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error>
    for BoostingValidParams
{
    type Object = BoostingModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<BoostingModel, Error> {
        let rows = Rows::of(dataset, self.weights.as_deref(), self.cause)?.by_exit();
        let ensemble = boost(self, &rows)?;
        let n = rows.subjects.len();
        let all = self.partial(&rows, &(0..n as u32).collect::<Vec<u32>>());
        let last = all.at(&ensemble.log_ratios(rows.records.view()), None);
        Ok(BoostingModel {
            ties: self.ties,
            cause: self.cause,
            n,
            events: rows.subjects.iter().filter(|s| s.had(self.cause)).count(),
            log_likelihood_null: all.at(&vec![0.0; n], None).log_likelihood,
            log_likelihood: last.log_likelihood,
            importance: ensemble.importance(rows.records.ncols()),
            held_out: ensemble.held_out,
            hazard: last.hazard,
            times: all.times,
            followed_to: rows.subjects.iter().map(FollowUp::exit).fold(0.0, f64::max),
            trees: ensemble.trees,
            values: ensemble.values,
            names: rows.names,
            provenance: rows.provenance,
        })
    }
}

impl BoostingValidParams {
    fn partial<'a>(&self, rows: &'a Rows, which: &[u32]) -> Partial<'a> {
        Partial::new(which, &rows.subjects, &rows.weights, self.cause, self.ties)
    }

    /// The rows to learn from and those to stop on, each in their old order.
    fn parts(&self, n: usize, random: &mut Xoshiro256PlusPlus) -> (Vec<u32>, Vec<u32>) {
        let Some(share) = self.held_out else {
            return ((0..n as u32).collect(), Vec::new());
        };
        let held = drawn(random, n, share);
        (0..n as u32).partition(|row| !held[*row as usize])
    }

    /// The rows that the next tree is grown on.
    fn sample(&self, rows: &[u32], random: &mut Xoshiro256PlusPlus) -> Vec<u32> {
        if self.subsample == 1.0 {
            return rows.to_vec();
        }
        let drawn = drawn(random, rows.len(), self.subsample);
        (rows.iter().zip(drawn))
            .filter_map(|(row, drawn)| drawn.then_some(*row))
            .collect()
    }
}

fn boost(params: &BoostingValidParams, rows: &Rows) -> Result<Ensemble, Error> {
    let n = rows.subjects.len();
    let mut random = streams(params.seed, 1).remove(0);
    let (seen, held) = params.parts(n, &mut random);
    let (learn, stop) = (params.partial(rows, &seen), params.partial(rows, &held));
    let stopping = params.held_out.is_some();
    if learn.times.is_empty() || (stopping && stop.times.is_empty()) {
        return Err(Error::NoEvents);
    }
    let bins = Bins::of(rows.records.view(), &(0..n as u32).collect::<Vec<u32>>());
    let mut ensemble = Ensemble::default();
    let mut log_ratios = vec![0.0; n];
    let mut residuals = Residuals::of(n);
    for _ in 0..params.ensemble_size {
        if stopping && !ensemble.gets_better(&stop.at(&log_ratios, None), params.patience) {
            break;
        }
        learn.at(&log_ratios, Some(&mut residuals));
        let mut splitter = NewtonSplitter {
            params,
            bins: &bins,
            residuals: &residuals,
            weights: &rows.weights,
        };
        let sample = params.sample(&seen, &mut random);
        let grown = grow(&bins, sample, Some(params.max_depth), &mut splitter);
        let values = steps(&grown, &splitter);
        add(&grown.tree, &values, rows.records.view(), &mut log_ratios);
        ensemble.push(grown, values);
    }
    if stopping {
        if ensemble.held_out.len() == ensemble.trees.len() {
            ensemble.gets_better(&stop.at(&log_ratios, None), params.patience);
        }
        ensemble.truncate(ensemble.best());
    }
    Ok(ensemble)
}

#[derive(Default)]
struct Ensemble {
    trees: Vec<Tree>,
    values: Vec<Vec<f64>>,
    /// Column and gain of each split of each tree.
    gains: Vec<Vec<(usize, f64)>>,
    /// Log-likelihood after so many trees.
    held_out: Vec<f64>,
}

impl Ensemble {
    fn push(&mut self, grown: Grown, values: Vec<f64>) {
        self.trees.push(grown.tree);
        self.gains.push(grown.gains);
        self.values.push(values);
    }

    fn truncate(&mut self, trees: usize) {
        self.trees.truncate(trees);
        self.gains.truncate(trees);
        self.values.truncate(trees);
    }

    /// Notes what the rows held out say of the trees so far; false after `patience` trees that were none the better.
    fn gets_better(&mut self, value: &Value, patience: usize) -> bool {
        self.held_out.push(value.log_likelihood);
        self.trees.len() < self.best() + patience
    }

    /// The fewest trees with which the rows held out are likeliest.
    fn best(&self) -> usize {
        let better = |best, now| {
            if self.held_out[now] > self.held_out[best] {
                now
            } else {
                best
            }
        };
        (0..self.held_out.len()).fold(0, better)
    }

    fn importance(&self, columns: usize) -> Vec<f64> {
        let mut gains = vec![0.0; columns];
        self.gains
            .iter()
            .flatten()
            .for_each(|(column, gain)| gains[*column] += gain);
        let total: f64 = gains.iter().sum();
        let share = |gain: f64| if total > 0.0 { gain / total } else { 0.0 };
        gains.into_iter().map(share).collect()
    }

    fn log_ratios(&self, records: ArrayView2<f64>) -> Vec<f64> {
        let mut log_ratios = vec![0.0; records.nrows()];
        for (tree, values) in self.trees.iter().zip(&self.values) {
            add(tree, values, records, &mut log_ratios);
        }
        log_ratios
    }
}

/// Newton's step of each leaf, shrunk; nothing where the tree has not split, as a shift of all rows changes nothing.
fn steps(grown: &Grown, splitter: &NewtonSplitter) -> Vec<f64> {
    if grown.leaves.len() == 1 {
        return vec![0.0];
    }
    let step = |rows: &[u32]| {
        let sum = splitter.sum(rows);
        let information = sum.expected + splitter.params.l2;
        let step = if information > 0.0 {
            sum.excess / information
        } else {
            0.0
        };
        splitter.params.learning_rate * step.clamp(-LONGEST_STEP, LONGEST_STEP)
    };
    grown
        .leaves
        .iter()
        .map(|range| step(&grown.rows[range.clone()]))
        .collect()
}

fn add(tree: &Tree, values: &[f64], records: ArrayView2<f64>, log_ratios: &mut [f64]) {
    let rows = log_ratios.par_iter_mut().with_min_len(1024).enumerate();
    rows.for_each(|(row, log_ratio)| *log_ratio += values[tree.leaf(|column| records[[row, column]])]);
}
