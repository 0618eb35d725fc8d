//! Columns cut into at most 256 bins, one byte a value: rows of a node are put in order by counting, not by comparing.

use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;

pub(in crate::survival) const BINS: usize = 256;

/// A column with up to 256 distinct values loses nothing; one with more is cut near its quantiles.
pub(in crate::survival) struct Bins {
    rows: usize,
    /// Column after column.
    codes: Vec<u8>,
    /// Between neighbouring bins, ascending.
    cuts: Vec<Vec<f64>>,
}

impl Bins {
    /// `records` are finite; their rows are numbered anew by their places in `order`.
    pub fn of(records: ArrayView2<f64>, order: &[u32]) -> Bins {
        let rows = order.len();
        let columns: Vec<(Vec<f64>, Vec<u8>)> = (0..records.ncols())
            .into_par_iter()
            .map(|j| binned(records.column(j), order))
            .collect();
        let mut bins = Bins {
            rows,
            codes: Vec::with_capacity(rows * columns.len()),
            cuts: Vec::with_capacity(columns.len()),
        };
        for (cuts, codes) in columns {
            bins.cuts.push(cuts);
            bins.codes.extend(codes);
        }
        bins
    }

    pub fn columns(&self) -> usize {
        self.cuts.len()
    }

    /// The bin of each row.
    pub fn column(&self, column: usize) -> &[u8] {
        &self.codes[column * self.rows..][..self.rows]
    }

    /// The bin to cut after when the neighbours `low` and `high` are to part and those between them are empty: nearest to
    /// half the way from the one to the other.
    pub fn halfway(&self, column: usize, low: u8, high: u8) -> u8 {
        let cuts = &self.cuts[column][usize::from(low)..usize::from(high)];
        let middle = cuts[0] / 2.0 + cuts[cuts.len() - 1] / 2.0;
        let below = cuts.partition_point(|cut| *cut <= middle).max(1);
        low + (below - 1) as u8
    }

    /// The value that parts the bins up to `code` from those above.
    pub fn threshold(&self, column: usize, code: u8) -> f64 {
        self.cuts[column][usize::from(code)]
    }
}

fn binned(column: ArrayView1<f64>, order: &[u32]) -> (Vec<f64>, Vec<u8>) {
    let mut sorted = column.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let cuts = cuts(&sorted);
    // At most 255 cuts, so that their number fits.
    let code = |row: &u32| cuts.partition_point(|cut| *cut < column[*row as usize]) as u8;
    let codes = order.iter().map(code).collect();
    (cuts, codes)
}

fn cuts(sorted: &[f64]) -> Vec<f64> {
    let distinct: Vec<&[f64]> = sorted.chunk_by(|a, b| a == b).collect();
    let exact = distinct.len() <= BINS;
    let (mut left, mut bins, mut inside) = (sorted.len(), BINS, 0);
    let mut cuts = Vec::new();
    for pair in distinct.windows(2) {
        inside += pair[0].len();
        // A common value fills a bin alone; the rest is shared out anew among the bins that are left.
        if exact || (bins > 1 && inside * bins >= left) {
            cuts.push(between(pair[0][0], pair[1][0]));
            (left, bins, inside) = (left - inside, bins - 1, 0);
        }
    }
    cuts
}

/// The middle, at or above `low` and below `high` even where the two are neighbours among floating-point numbers.
fn between(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if middle >= low && middle < high { middle } else { low }
}
