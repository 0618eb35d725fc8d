//! The log-rank statistic of every cut of a column at once, exact, in one pass over the node's rows in time order.
//!
//! The numerator is a sum over the rows of one side: event less Nelson-Aalen hazard of the whole node. The variance holds the
//! square of that side's risk set, summed over the event times: a quadratic form in which two rows meet at every time up to
//! the earlier of their ends, and which has them from the cut on that takes in the higher of their bins. In time order, prefix
//! sums over the bins (a Fenwick tree of at most 256) tell what a row adds.

use super::node::{End, Node};

/// Below this share of its larger term the variance is rounding.
const ROUNDING: f64 = 1e-10;

/// Sums over the node's event times up to one.
#[derive(Clone, Copy, Default)]
struct Until {
    /// Nelson-Aalen: d / Y.
    hazard: f64,
    /// d (Y - d) / (Y - 1) over Y, and over Y².
    linear: f64,
    square: f64,
}

/// What the rows of a bin add to the statistic of the rows in all bins up to theirs.
#[derive(Clone, Copy, Default)]
struct Cell {
    numerator: f64,
    linear: f64,
    square: f64,
    /// Of the ends met so far: their weight, and the same times `square` up to each.
    met: [f64; 2],
}

/// The rows of a node by the bin of one column, bins that hold nobody left out.
#[derive(Default)]
pub(super) struct Binned {
    /// Of each row of the node.
    pub bin: Vec<u8>,
    /// Signed weight of the ends in all lower bins.
    pub below: Vec<f64>,
}

/// Of one cause.
#[derive(Default)]
pub(super) struct Statistic {
    until: Vec<Until>,
    cells: Vec<Cell>,
    /// Fenwick tree over the bins of what `met` holds.
    tree: Vec<[f64; 2]>,
}

impl Statistic {
    /// For a new node.
    pub fn prepare(&mut self, node: &Node, cause: usize, causes: usize) {
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

    /// For a column of that node; then `chi_squares` are its cuts'.
    pub fn fill(&mut self, node: &Node, cause: u8, ends: &[End], binned: &Binned) {
        let bins = binned.below.len();
        self.cells.clear();
        self.cells.resize(bins, Cell::default());
        for (span, &bin) in node.spans.iter().zip(&binned.bin) {
            let (from, to) = (self.until[span.entry as usize], self.until[span.exit as usize]);
            let fell = f64::from(u8::from(span.cause == Some(cause)));
            let cell = &mut self.cells[usize::from(bin)];
            cell.numerator += span.weight * (fell - (to.hazard - from.hazard));
            cell.linear += span.weight * (to.linear - from.linear);
        }
        self.tree.clear();
        self.tree.resize(bins + 1, [0.0; 2]);
        for end in ends {
            self.meet(end, usize::from(binned.bin[end.row as usize]), &binned.below);
        }
    }

    fn meet(&mut self, end: &End, bin: usize, below: &[f64]) {
        let (weight, here) = (end.weight, self.until[end.at as usize].square);
        let [mut earlier, mut met] = [0.0; 2];
        let mut i = bin;
        while i > 0 {
            earlier += self.tree[i][0];
            met += self.tree[i][1];
            i &= i - 1;
        }
        let cell = &mut self.cells[bin];
        // Those before it in time in bins up to its own, itself, and those after it in lower bins.
        cell.square += weight * (2.0 * (met + cell.met[1] + here * (below[bin] - earlier)) + weight * here);
        cell.met[0] += weight;
        cell.met[1] += weight * here;
        let mut i = bin + 1;
        while i < self.tree.len() {
            self.tree[i][0] += weight;
            self.tree[i][1] += weight * here;
            i += i & i.wrapping_neg();
        }
    }

    /// Adds to `sums` the statistic of the bins up to each against the rest.
    pub fn add_chi_squares(&self, sums: &mut [f64]) {
        let mut side = Cell::default();
        for (sum, cell) in sums.iter_mut().zip(&self.cells) {
            side.numerator += cell.numerator;
            side.linear += cell.linear;
            side.square += cell.square;
            let variance = side.linear - side.square;
            if variance > ROUNDING * side.linear {
                *sum += side.numerator * side.numerator / variance;
            }
        }
    }
}
