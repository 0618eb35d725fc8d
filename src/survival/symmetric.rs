//! Symmetric positive systems: Cholesky factors that name the columns which add nothing.

use ndarray::{Array2, ArrayView2};

/// Lower factor of the matrix without its `aliased` rows and columns.
pub(super) struct Cholesky {
    lower: Array2<f64>,
    kept: Vec<usize>,
    pub aliased: Vec<usize>,
}

impl Cholesky {
    /// A column is aliased when what is left of its diagonal, after the columns before it, is below `tolerance` of what it was.
    pub fn of(matrix: ArrayView2<f64>, tolerance: f64) -> Cholesky {
        let n = matrix.nrows();
        let mut lower = Array2::zeros((n, n));
        let (mut kept, mut aliased): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for j in 0..n {
            let row = kept.len();
            for (k, &column) in kept.iter().enumerate() {
                let dot: f64 = (0..k).map(|m| lower[[row, m]] * lower[[k, m]]).sum();
                lower[[row, k]] = (matrix[[j, column]] - dot) / lower[[k, k]];
            }
            let square: f64 = (0..row).map(|m| lower[[row, m]] * lower[[row, m]]).sum();
            let pivot = matrix[[j, j]] - square;
            if pivot.is_finite() && pivot > tolerance * matrix[[j, j]] && pivot > f64::MIN_POSITIVE {
                lower[[row, row]] = pivot.sqrt();
                kept.push(j);
            } else {
                aliased.push(j);
            }
        }
        Cholesky { lower, kept, aliased }
    }

    /// The solution, 0 in aliased places.
    pub fn solve(&self, right: &[f64]) -> Vec<f64> {
        let n = self.kept.len();
        let mut y = vec![0.0; n];
        for i in 0..n {
            let dot: f64 = (0..i).map(|k| self.lower[[i, k]] * y[k]).sum();
            y[i] = (right[self.kept[i]] - dot) / self.lower[[i, i]];
        }
        for i in (0..n).rev() {
            let dot: f64 = (i + 1..n).map(|k| self.lower[[k, i]] * y[k]).sum();
            y[i] = (y[i] - dot) / self.lower[[i, i]];
        }
        let mut full = vec![0.0; right.len()];
        for (i, &column) in self.kept.iter().enumerate() {
            full[column] = y[i];
        }
        full
    }

    /// Of the matrix without its aliased rows and columns.
    pub fn log_determinant(&self) -> f64 {
        (0..self.kept.len()).map(|i| 2.0 * self.lower[[i, i]].ln()).sum()
    }

    /// The inverse, 0 in aliased rows and columns.
    pub fn inverse(&self, n: usize) -> Array2<f64> {
        let mut inverse = Array2::zeros((n, n));
        for &j in &self.kept {
            let mut unit = vec![0.0; n];
            unit[j] = 1.0;
            for (i, value) in self.solve(&unit).into_iter().enumerate() {
                inverse[[i, j]] = value;
            }
        }
        // The two halves differ in the last bit; a covariance should not.
        for i in 0..n {
            for j in 0..i {
                let mean = 0.5 * (inverse[[i, j]] + inverse[[j, i]]);
                inverse[[i, j]] = mean;
                inverse[[j, i]] = mean;
            }
        }
        inverse
    }
}
