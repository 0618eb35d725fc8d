//! One tree after another, each on what those before it leave unexplained.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::partial::{Partial, Residuals};
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
        let rows = Rows::of(dataset, self.weights.as_deref(), self.cause)?;
        let boosted = boost(self, &rows)?;
        let n = rows.subjects.len();
        let all = Partial::new(0..n as u32, &rows.subjects, &rows.weights, self.cause, self.ties);
        let last = all.at(&log_ratios(&boosted, rows.records.view()), None);
        let total: f64 = boosted.gains.iter().sum();
        let share = |gain: &f64| if total > 0.0 { gain / total } else { 0.0 };
        Ok(BoostingModel {
            ties: self.ties,
            cause: self.cause,
            n,
            events: rows.subjects.iter().filter(|s| s.had(self.cause)).count(),
            log_likelihood_null: all.at(&vec![0.0; n], None).log_likelihood,
            log_likelihood: last.log_likelihood,
            held_out: boosted.held_out,
            importance: boosted.gains.iter().map(share).collect(),
            hazard: last.hazard,
            times: all.times,
            followed_to: rows.subjects.iter().map(FollowUp::exit).fold(0.0, f64::max),
            trees: boosted.trees,
            values: boosted.values,
            names: rows.names,
            provenance: rows.provenance,
        })
    }
}

struct Boosted {
    trees: Vec<Tree>,
    values: Vec<Vec<f64>>,
    /// Of each column.
    gains: Vec<f64>,
    held_out: Vec<f64>,
}

/// The rows to learn from and those to stop on, each in ascending order.
fn halves(params: &BoostingValidParams, n: usize, random: &mut Xoshiro256PlusPlus) -> (Vec<u32>, Vec<u32>) {
    let Some(share) = params.held_out else {
        return ((0..n as u32).collect(), Vec::new());
    };
    let held = drawn(random, n, share);
    (0..n as u32).partition(|row| !held[*row as usize])
}

fn boost(params: &BoostingValidParams, rows: &Rows) -> Result<Boosted, Error> {
    let n = rows.subjects.len();
    let mut random = streams(params.seed, 1).remove(0);
    let (seen, held) = halves(params, n, &mut random);
    let partial = |rows_of: &[u32]| {
        let rows_of = rows_of.to_vec().into_iter();
        Partial::new(rows_of, &rows.subjects, &rows.weights, params.cause, params.ties)
    };
    let (ours, theirs) = (partial(&seen), partial(&held));
    if ours.times.is_empty() || (params.held_out.is_some() && theirs.times.is_empty()) {
        return Err(Error::NoEvents);
    }
    let bins = Bins::of(rows.records.view());
    let mut boosted = Boosted {
        trees: Vec::new(),
        values: Vec::new(),
        gains: vec![0.0; bins.columns()],
        held_out: Vec::new(),
    };
    let mut log_ratios = vec![0.0; n];
    let mut residuals = Residuals {
        excess: vec![0.0; n],
        expected: vec![0.0; n],
    };
    let mut gains: Vec<Vec<(usize, f64)>> = Vec::new();
    let mut best = 0;
    boosted
        .held_out
        .extend(params.held_out.map(|_| theirs.at(&log_ratios, None).log_likelihood));
    for _ in 0..params.ensemble_size {
        ours.at(&log_ratios, Some(&mut residuals));
        let mut splitter = NewtonSplitter {
            params,
            bins: &bins,
            residuals: &residuals,
            weights: &rows.weights,
        };
        let grown = grow(
            &bins,
            sampled(&seen, params.subsample, &mut random),
            Some(params.max_depth),
            &mut splitter,
        );
        let values = steps(&grown, &splitter);
        add(&grown.tree, &values, rows.records.view(), &mut log_ratios);
        boosted.trees.push(grown.tree);
        boosted.values.push(values);
        gains.push(grown.gains);
        if params.held_out.is_some() {
            boosted.held_out.push(theirs.at(&log_ratios, None).log_likelihood);
            let now = boosted.trees.len();
            if boosted.held_out[now] > boosted.held_out[best] {
                best = now;
            } else if now - best >= params.patience {
                break;
            }
        }
    }
    let kept = if params.held_out.is_some() {
        best
    } else {
        boosted.trees.len()
    };
    boosted.trees.truncate(kept);
    boosted.values.truncate(kept);
    for (column, gain) in gains.into_iter().take(kept).flatten() {
        boosted.gains[column] += gain;
    }
    Ok(boosted)
}

fn sampled(rows: &[u32], share: f64, random: &mut Xoshiro256PlusPlus) -> Vec<u32> {
    if share == 1.0 {
        return rows.to_vec();
    }
    let drawn = drawn(random, rows.len(), share);
    rows.iter()
        .zip(drawn)
        .filter_map(|(row, drawn)| drawn.then_some(*row))
        .collect()
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
    log_ratios
        .par_iter_mut()
        .enumerate()
        .with_min_len(1024)
        .for_each(|(row, log_ratio)| {
            *log_ratio += values[tree.leaf(|column| records[[row, column]])];
        });
}

fn log_ratios(boosted: &Boosted, records: ArrayView2<f64>) -> Vec<f64> {
    let mut log_ratios = vec![0.0; records.nrows()];
    for (tree, values) in boosted.trees.iter().zip(&boosted.values) {
        add(tree, values, records, &mut log_ratios);
    }
    log_ratios
}
