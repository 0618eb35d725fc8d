//! The equations with the interval terms eliminated: small blocks one by one, then as many as there are coefficients.

use ndarray::{Array2, ArrayView2};

use super::system::Evaluation;
use crate::survival::symmetric::Cholesky;

/// The equations with the interval terms eliminated.
pub(super) struct Reduced {
    blocks: Vec<Cholesky>,
    /// Each block's inverse times its tie.
    pull: Vec<Array2<f64>>,
    pub factor: Cholesky,
}

impl Evaluation {
    /// Interval terms eliminated (Schur's complement). `aliased` coefficients are left out; one whose information, given the
    /// rest, is below `tolerance` of what it was is aliased as well.
    pub fn reduced(&self, causes: usize, aliased: &[usize], tolerance: f64) -> Reduced {
        let mut left = self.rest.clone();
        let (mut blocks, mut pull) = (Vec::new(), Vec::new());
        let wide = self.rest.nrows();
        for (k, own) in self.own.chunks(causes * causes).enumerate() {
            let tie = &self.tie[k * causes * wide..(k + 1) * causes * wide];
            let own = ArrayView2::from_shape((causes, causes), own).expect("a block each");
            let tie = ArrayView2::from_shape((causes, wide), tie).expect("a block each");
            let block = Cholesky::of(own, 1e-14);
            let mut pulled = Array2::zeros(tie.dim());
            for (mut to, from) in pulled.columns_mut().into_iter().zip(tie.columns()) {
                let solved = block.solve(&from.to_vec());
                to.iter_mut().zip(solved).for_each(|(t, s)| *t = s);
            }
            left -= &tie.t().dot(&pulled);
            blocks.push(block);
            pull.push(pulled);
        }
        for j in 0..left.nrows() {
            if aliased.contains(&j) || left[[j, j]] <= tolerance * self.rest[[j, j]] {
                left.row_mut(j).fill(0.0);
                left.column_mut(j).fill(0.0);
            }
        }
        Reduced {
            blocks,
            pull,
            factor: Cholesky::of(left.view(), tolerance),
        }
    }
}

impl Reduced {
    /// The step that solves the equations for `score`.
    pub fn solve(&self, score: &[f64], causes: usize) -> Vec<f64> {
        let start = self.blocks.len() * causes;
        let mut right = score[start..].to_vec();
        for (k, pull) in self.pull.iter().enumerate() {
            for (j, row) in pull.rows().into_iter().enumerate() {
                let own = score[k * causes + j];
                right.iter_mut().zip(row).for_each(|(r, v)| *r -= v * own);
            }
        }
        let coefficients = self.factor.solve(&right);
        let mut step = Vec::with_capacity(score.len());
        for (k, (block, pull)) in self.blocks.iter().zip(&self.pull).enumerate() {
            let own = block.solve(&score[k * causes..(k + 1) * causes]);
            for (term, row) in own.iter().zip(pull.rows()) {
                let tied: f64 = row.iter().zip(&coefficients).map(|(v, c)| v * c).sum();
                step.push(term - tied);
            }
        }
        step.extend(coefficients);
        step
    }

    /// The inverse of the whole information; 0 in rows and columns of terms that are not finite or aliased.
    pub fn inverse(&self, causes: usize, wide: usize) -> Array2<f64> {
        let start = self.blocks.len() * causes;
        let rest = self.factor.inverse(wide);
        let mut whole = Array2::zeros((start + wide, start + wide));
        let mut put = |i: usize, j: usize, block: ArrayView2<f64>| {
            for ((a, b), value) in block.indexed_iter() {
                whole[[i + a, j + b]] += *value;
                if i != j {
                    whole[[j + b, i + a]] += *value;
                }
            }
        };
        put(start, start, rest.view());
        let tied: Vec<Array2<f64>> = self.pull.iter().map(|pull| pull.dot(&rest)).collect();
        for (k, block) in self.blocks.iter().enumerate() {
            put(k * causes, start, tied[k].mapv(|v| -v).view());
            put(k * causes, k * causes, block.inverse(causes).view());
            for (m, pull) in self.pull.iter().enumerate().take(k + 1) {
                let mut both = tied[k].dot(&pull.t());
                if m == k {
                    both = 0.5 * (&both + &both.t());
                }
                put(k * causes, m * causes, both.view());
            }
        }
        whole
    }
}
