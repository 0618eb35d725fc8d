//! The best split of a node: of some columns drawn at random, the cut with the largest log-rank statistic.

use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::ForestValidParams;
use super::node::{End, Node};
use super::sample::Sample;
use super::statistic::{Binned, Statistic};
use crate::survival::tree::{BINS, Bins, Split, Splitter};

pub(super) struct LogRankSplitter<'a> {
    params: &'a ForestValidParams,
    sample: &'a Sample,
    bins: &'a Bins,
    /// Weight of each row in this tree.
    bag: &'a [f64],
    mtry: usize,
    random: Xoshiro256PlusPlus,
    columns: Vec<usize>,
    node: Node,
    ends: Vec<End>,
    binned: Binned,
    /// Which code each bin is, and the weight of its rows.
    filled: Vec<(u8, f64)>,
    /// One a cause.
    statistics: Vec<Statistic>,
    chi_squares: Vec<f64>,
}

impl<'a> LogRankSplitter<'a> {
    pub fn new(
        params: &'a ForestValidParams,
        sample: &'a Sample,
        bins: &'a Bins,
        bag: &'a [f64],
        random: Xoshiro256PlusPlus,
    ) -> LogRankSplitter<'a> {
        let columns = bins.columns();
        LogRankSplitter {
            params,
            sample,
            bins,
            bag,
            mtry: params.mtry.unwrap_or((columns as f64).sqrt().ceil() as usize),
            random,
            columns: (0..columns).collect(),
            node: Node::default(),
            ends: Vec::new(),
            binned: Binned::default(),
            filled: Vec::new(),
            statistics: (0..sample.causes.len()).map(|_| Statistic::default()).collect(),
            chi_squares: Vec::new(),
        }
    }

    /// Puts the node's rows into the bins that they fill.
    fn bin(&mut self, column: usize, rows: &[u32]) {
        let codes = self.bins.column(column);
        let mut weights = [0.0; BINS];
        for (&row, span) in rows.iter().zip(&self.node.spans) {
            weights[usize::from(codes[row as usize])] += span.weight;
        }
        let mut bin = [0; BINS];
        self.filled.clear();
        for (code, &weight) in (0..=u8::MAX).zip(&weights).filter(|(_, weight)| **weight > 0.0) {
            bin[usize::from(code)] = self.filled.len() as u8;
            self.filled.push((code, weight));
        }
        let binned = &mut self.binned;
        binned.bin.clear();
        binned
            .bin
            .extend(rows.iter().map(|row| bin[usize::from(codes[*row as usize])]));
        binned.below.clear();
        binned.below.resize(self.filled.len(), 0.0);
        for end in &self.ends {
            binned.below[usize::from(binned.bin[end.row as usize])] += end.weight;
        }
        let mut sum = 0.0;
        for below in &mut binned.below {
            sum += *below;
            *below = sum - *below;
        }
    }

    fn best_of(&mut self, column: usize, rows: &[u32]) -> Option<Split> {
        self.bin(column, rows);
        if self.filled.len() < 2 {
            return None;
        }
        self.chi_squares.clear();
        self.chi_squares.resize(self.filled.len(), 0.0);
        for (cause, statistic) in self.statistics.iter_mut().enumerate() {
            statistic.fill(&self.node, cause as u8, &self.ends, &self.binned);
            statistic.add_chi_squares(&mut self.chi_squares);
        }
        let mut best: Option<Split> = None;
        let mut left = 0.0;
        for (pair, &gain) in self.filled.windows(2).zip(&self.chi_squares) {
            left += pair[0].1;
            let lighter = f64::min(left, self.node.weight - left);
            if lighter >= self.params.min_weight_leaf && gain > best.map_or(0.0, |split| split.gain) {
                let code = self.bins.halfway(column, pair[0].0, pair[1].0);
                best = Some(Split { column, code, gain });
            }
        }
        best
    }
}

impl Splitter for LogRankSplitter<'_> {
    /// The best of `mtry` columns drawn without replacement; one that can't split the node is drawn over.
    fn split(&mut self, rows: &[u32]) -> Option<Split> {
        self.node.fill(self.sample, self.bag, rows);
        let least = self.params.min_weight_split.max(2.0 * self.params.min_weight_leaf);
        if self.node.at.is_empty() || self.node.weight < least {
            return None;
        }
        self.node.ends(&mut self.ends);
        for (cause, statistic) in self.statistics.iter_mut().enumerate() {
            statistic.prepare(&self.node, cause, self.sample.causes.len());
        }
        let mut best: Option<Split> = None;
        let (mut tried, count) = (0, self.columns.len());
        for drawn in 0..count {
            if tried == self.mtry {
                break;
            }
            let other = self.random.gen_range(drawn as u32..count as u32) as usize;
            self.columns.swap(drawn, other);
            if let Some(split) = self.best_of(self.columns[drawn], rows) {
                tried += 1;
                if best.is_none_or(|best| split.gain > best.gain) {
                    best = Some(split);
                }
            }
        }
        best
    }
}
