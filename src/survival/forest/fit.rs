//! Draws a bag of subjects for each tree and grows it; the trees are grown side by side.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{ArrayBase, Data, Ix2};
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::leaves::Leaves;
use super::sample::Sample;
use super::split::LogRankSplitter;
use super::{Draw, ForestModel, ForestValidParams};
use crate::survival::metrics::concordance;
use crate::survival::tree::{Bins, Rows, Tree, drawn, grow, streams};
use crate::survival::{Error, FollowUp};

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error> for ForestValidParams {
    type Object = ForestModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<ForestModel, Error> {
        let rows = Rows::of(dataset, self.weights.as_deref(), self.cause)?;
        if let Some(mtry) = self.mtry.filter(|mtry| *mtry > rows.records.ncols()) {
            return Err(Error::Parameter {
                name: "the number of columns tried at a split",
                value: mtry as f64,
            });
        }
        let sample = Sample::of(&rows.subjects, &rows.weights, self)?;
        let bins = Bins::of(rows.records.view(), &sample.order);
        let trees = streams(self.seed, self.ensemble_size)
            .into_par_iter()
            .map(|random| tree(self, &sample, &bins, random))
            .collect();
        let mut model = ForestModel {
            names: rows.names,
            provenance: rows.provenance,
            n: rows.subjects.len(),
            events: rows.subjects.iter().filter(|s| s.had(self.cause)).count(),
            causes: sample.causes,
            times: sample.grid,
            followed_to: rows.subjects.iter().map(FollowUp::exit).fold(0.0, f64::max),
            oob_mortality: Vec::new(),
            oob_concordance: None,
            seed: self.seed,
            draw: self.draw,
            cause: self.cause,
            trees,
        };
        model.oob_mortality = model.mortality_out_of_bag(rows.records.view());
        model.oob_concordance = known(&rows.subjects, &model.oob_mortality, self.cause)?;
        Ok(model)
    }
}

/// How often each of `n` subjects is in the bag of the tree that owns `random`, whose first draws these are.
pub(super) fn bag(random: &mut Xoshiro256PlusPlus, n: usize, draw: Draw) -> Vec<u32> {
    let mut times = vec![0; n];
    match draw {
        Draw::All => times.fill(1),
        Draw::Bootstrap => (0..n).for_each(|_| times[random.gen_range(0..n as u32) as usize] += 1),
        Draw::Subsample(share) => {
            let drawn = drawn(random, n, share);
            times
                .iter_mut()
                .zip(drawn)
                .for_each(|(times, drawn)| *times = u32::from(drawn));
        }
    }
    times
}

fn tree(params: &ForestValidParams, sample: &Sample, bins: &Bins, mut random: Xoshiro256PlusPlus) -> (Tree, Leaves) {
    let mut weights = sample.weights.clone();
    let times = bag(&mut random, weights.len(), params.draw);
    for (weight, row) in weights.iter_mut().zip(&sample.order) {
        *weight *= f64::from(times[*row as usize]);
    }
    let in_bag = |row: &u32| weights[*row as usize] > 0.0;
    let rows = (0..weights.len() as u32).filter(in_bag).collect();
    let mut splitter = LogRankSplitter::new(params, sample, bins, &weights, random);
    let grown = grow(bins, rows, params.max_depth, &mut splitter);
    let leaves = Leaves::of(&grown, sample, &weights);
    (grown.tree, leaves)
}

/// Concordance among the rows that have a score; `None` without a pair to compare.
pub(super) fn known(subjects: &[FollowUp], scores: &[Option<f64>], cause: Option<u32>) -> Result<Option<f64>, Error> {
    let scored = subjects
        .iter()
        .zip(scores)
        .filter_map(|(s, score)| Some((*s, (*score)?)));
    let (subjects, scores): (Vec<FollowUp>, Vec<f64>) = scored.unzip();
    Ok(concordance(&subjects, &scores, cause)?.index())
}
