//! Standardised columns in blocks that fit the nearest cache, and the products the likelihood needs of them.

use ndarray::ArrayView2;

use super::scale::Scale;

/// Rows a block.
pub(super) const BLOCK: usize = 128;

pub(super) type Block = [f64; BLOCK];

/// Block after block, column after column in a block; the last block is filled up with zeros.
pub(super) struct Columns {
    pub count: usize,
    pub blocks: usize,
    data: Vec<Block>,
}

impl Columns {
    /// The rows in the order given, column `kept[j]` of each less `centre[j]`, times `factor[j]`.
    pub fn new(x: ArrayView2<f64>, rows: &[u32], scale: &Scale) -> Columns {
        let count = scale.kept.len();
        let mut data = Vec::with_capacity(rows.len().div_ceil(BLOCK) * count);
        for rows in rows.chunks(BLOCK) {
            let from = data.len();
            data.resize(from + count, [0.0; BLOCK]);
            for (lane, &row) in rows.iter().enumerate() {
                let row = x.row(row as usize);
                for (j, cell) in data[from..].iter_mut().enumerate() {
                    cell[lane] = (row[scale.kept[j]] - scale.centre[j]) * scale.factor[j];
                }
            }
        }
        Columns {
            count,
            blocks: rows.len().div_ceil(BLOCK),
            data,
        }
    }

    /// The columns of a block.
    pub fn block(&self, b: usize) -> &[Block] {
        &self.data[b * self.count..(b + 1) * self.count]
    }

    /// Adds Σ coefficient · column of a block.
    #[inline(always)]
    pub fn add_predictors(&self, b: usize, active: &[(usize, f64)], eta: &mut Block) {
        let block = self.block(b);
        let fours = active.chunks_exact(4);
        for &(j, beta) in fours.remainder() {
            for (e, x) in eta.iter_mut().zip(&block[j]) {
                *e += beta * x;
            }
        }
        for four in fours {
            let x: [&Block; 4] = std::array::from_fn(|k| &block[four[k].0]);
            let beta: [f64; 4] = std::array::from_fn(|k| four[k].1);
            for (l, e) in eta.iter_mut().enumerate() {
                *e += (beta[0] * x[0][l] + beta[1] * x[1][l]) + (beta[2] * x[2][l] + beta[3] * x[3][l]);
            }
        }
    }

    /// Each column times `u`.
    pub fn transposed_times(&self, u: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.count];
        for (b, u) in u.chunks_exact(BLOCK).enumerate() {
            let u: &Block = u.try_into().expect("chunks of one block");
            for (sum, column) in sums.iter_mut().zip(self.block(b)) {
                *sum += dot(u, column);
            }
        }
        sums
    }

    /// Each column of a block times `u` and times `v`: the loads of the column serve both.
    #[inline(always)]
    pub fn two_products(&self, b: usize, u: &Block, v: &Block, mut visit: impl FnMut(usize, f64, f64)) {
        for (j, x) in self.block(b).iter().enumerate() {
            let (mut with_u, mut with_v) = ([0.0; 4], [0.0; 4]);
            let chunks = u.as_chunks::<4>().0.iter().zip(v.as_chunks::<4>().0);
            for (x, (u, v)) in x.as_chunks::<4>().0.iter().zip(chunks) {
                add_products_of(&mut with_u, u, x);
                add_products_of(&mut with_v, v, x);
            }
            let [u, v] = [with_u, with_v].map(|l| (l[0] + l[2]) + (l[1] + l[3]));
            visit(j, u, v);
        }
    }

    /// The number at a place.
    pub fn at(&self, place: usize, j: usize) -> f64 {
        self.data[place / BLOCK * self.count + j][place % BLOCK]
    }
}

#[inline(always)]
fn add_products_of(lanes: &mut [f64; 4], a: &[f64; 4], b: &[f64; 4]) {
    for l in 0..4 {
        lanes[l] += a[l] * b[l];
    }
}

/// The product of two blocks, in lanes added up in pairs.
#[inline(always)]
pub(super) fn dot(a: &Block, b: &Block) -> f64 {
    let mut lanes = [0.0; 8];
    for k in (0..BLOCK).step_by(8) {
        for l in 0..8 {
            lanes[l] += a[k + l] * b[k + l];
        }
    }
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}
