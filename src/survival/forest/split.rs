//! The best log-rank split of a node, exact, in O(n log n) for all cuts of a column.
//!
//! The statistic's numerator is a sum over the rows of one side: event less Nelson-Aalen hazard of the whole node. Its variance
//! holds the square of that side's risk set, summed over the event times: a quadratic form in which two rows meet at every
//! time both are at risk. Two prefix sums over the event times (a Fenwick tree) tell what a row adds to it.

use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::ForestValidParams;
use super::node::{Node, Span};
use super::sample::Sample;
use crate::survival::tree::{BINS, Bins, Split, Splitter};

/// Below this share of its larger term the variance is rounding.
const ROUNDING: f64 = 1e-10;

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
    sides: Vec<Side>,
    /// Places in the node, in the order of the column at hand.
    sorted: Vec<u32>,
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
            sides: (0..sample.causes.len()).map(|_| Side::default()).collect(),
            sorted: Vec::new(),
        }
    }

    /// Puts the node's places in the order of `column`; false when all have one value.
    fn sort(&mut self, column: usize, rows: &[u32]) -> bool {
        let codes = self.bins.column(column);
        let mut next = [0u32; BINS + 1];
        for &row in rows {
            next[usize::from(codes[row as usize]) + 1] += 1;
        }
        if next.contains(&(rows.len() as u32)) {
            return false;
        }
        for code in 0..BINS {
            next[code + 1] += next[code];
        }
        self.sorted.resize(rows.len(), 0);
        for (place, &row) in rows.iter().enumerate() {
            let slot = &mut next[usize::from(codes[row as usize])];
            self.sorted[*slot as usize] = place as u32;
            *slot += 1;
        }
        true
    }

    fn best_of(&mut self, column: usize, rows: &[u32]) -> Option<Split> {
        if !self.sort(column, rows) {
            return None;
        }
        self.sides.iter_mut().for_each(Side::clear);
        let codes = self.bins.column(column);
        let code = |place: u32| codes[rows[place as usize] as usize];
        let mut best: Option<Split> = None;
        let mut left = 0.0;
        for pair in self.sorted.windows(2) {
            let span = &self.node.spans[pair[0] as usize];
            left += span.weight;
            for (cause, side) in self.sides.iter_mut().enumerate() {
                side.take(span, span.cause == Some(cause as u8));
            }
            let (here, next) = (code(pair[0]), code(pair[1]));
            if here == next || left < self.params.min_weight_leaf {
                continue;
            }
            if self.node.weight - left < self.params.min_weight_leaf {
                break;
            }
            let gain: f64 = self.sides.iter().map(Side::chi_square).sum();
            if gain > best.map_or(0.0, |split| split.gain) {
                let code = self.bins.halfway(column, here, next);
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
        for (cause, side) in self.sides.iter_mut().enumerate() {
            side.prepare(&self.node, cause, self.sample.causes.len());
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

/// Sums over the node's event times up to one, of one cause.
#[derive(Clone, Copy, Default)]
struct Until {
    /// Nelson-Aalen: d / Y.
    hazard: f64,
    /// d (Y - d) / (Y - 1) over Y, and over Y².
    linear: f64,
    square: f64,
}

/// The log-rank statistic of the rows taken so far against the node, for one cause.
#[derive(Default)]
struct Side {
    until: Vec<Until>,
    numerator: f64,
    linear: f64,
    square: f64,
    /// Fenwick tree over the event times: weight of the ends there, and the same times `square` up to there.
    ends: Vec<[f64; 2]>,
    all: f64,
}

impl Side {
    fn prepare(&mut self, node: &Node, cause: usize, causes: usize) {
        self.until.clear();
        self.until.push(Until::default());
        let mut sum = Until::default();
        for (events, &at_risk) in node.events.chunks_exact(causes).zip(&node.at_risk) {
            let fell = events[cause];
            // With no more than one at risk there is nobody to compare.
            let tied = if at_risk > 1.0 {
                (at_risk - fell).max(0.0) / (at_risk - 1.0)
            } else {
                0.0
            };
            sum.hazard += fell / at_risk;
            sum.linear += fell * tied / at_risk;
            sum.square += fell * tied / (at_risk * at_risk);
            self.until.push(sum);
        }
    }

    fn clear(&mut self) {
        self.ends.clear();
        self.ends.resize(self.until.len(), [0.0; 2]);
        (self.numerator, self.linear, self.square, self.all) = (0.0, 0.0, 0.0, 0.0);
    }

    fn take(&mut self, span: &Span, fell: bool) {
        let (from, to) = (self.until[span.entry as usize], self.until[span.exit as usize]);
        self.numerator += span.weight * (f64::from(u8::from(fell)) - (to.hazard - from.hazard));
        self.linear += span.weight * (to.linear - from.linear);
        self.end(span.exit as usize, span.weight);
        // At risk up to the exit, less at risk up to the entry.
        self.end(span.entry as usize, -span.weight);
    }

    /// Two rows meet at the times up to the earlier of their ends.
    fn end(&mut self, at: usize, weight: f64) {
        if at == 0 {
            return;
        }
        let here = self.until[at].square;
        let [mut before, mut met] = [0.0; 2];
        let mut i = at;
        while i > 0 {
            before += self.ends[i][0];
            met += self.ends[i][1];
            i &= i - 1;
        }
        met += (self.all - before) * here;
        self.square += weight * (2.0 * met + weight * here);
        self.all += weight;
        let mut i = at;
        while i < self.ends.len() {
            self.ends[i][0] += weight;
            self.ends[i][1] += weight * here;
            i += i & i.wrapping_neg();
        }
    }

    fn chi_square(&self) -> f64 {
        let variance = self.linear - self.square;
        if variance > ROUNDING * self.linear {
            self.numerator * self.numerator / variance
        } else {
            0.0
        }
    }
}
