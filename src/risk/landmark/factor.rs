//! Cholesky factor of a dense positive matrix, for systems of some hundred unknowns.

use ndarray::Array2;

/// Lower factor, row by row: row `i` has `i + 1` numbers.
pub(super) struct Factor {
    rows: Vec<Vec<f64>>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // four sums at once, in a fixed order
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0; 4];
    for (x, y) in a4.zip(b4) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}

impl Factor {
    /// Of the lower triangle. `None` where the matrix is not positive.
    pub fn of(matrix: &Array2<f64>) -> Option<Factor> {
        let n = matrix.nrows();
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
        for i in 0..n {
            let mut own: Vec<f64> = matrix.row(i).iter().take(i + 1).copied().collect();
            for k in 0..i {
                own[k] = (own[k] - dot(&rows[k][..k], &own[..k])) / rows[k][k];
            }
            let pivot = own[i] - dot(&own[..i], &own[..i]);
            if !(pivot > 0.0 && pivot.is_finite()) {
                return None;
            }
            own[i] = pivot.sqrt();
            rows.push(own);
        }
        Some(Factor { rows })
    }

    pub fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut y = right.to_vec();
        for (i, row) in self.rows.iter().enumerate() {
            y[i] = (y[i] - dot(&row[..i], &y[..i])) / row[i];
        }
        for (i, row) in self.rows.iter().enumerate().rev() {
            y[i] /= row[i];
            let solved = y[i];
            for (value, own) in y.iter_mut().zip(&row[..i]) {
                *value -= own * solved;
            }
        }
        y
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn solves_what_it_factored_and_refuses_what_is_not_positive() {
        let matrix = array![[4.0, 2.0, 0.4], [2.0, 3.0, 0.5], [0.4, 0.5, 1.0]];
        let solved = Factor::of(&matrix).unwrap().solve(&[1.0, -2.0, 0.3]);
        for (i, right) in [1.0, -2.0, 0.3].into_iter().enumerate() {
            let left: f64 = (0..3).map(|j| matrix[[i, j]] * solved[j]).sum();
            assert!((left - right).abs() < 1e-12);
        }
        assert!(Factor::of(&array![[1.0, 2.0], [2.0, 1.0]]).is_none());
    }
}
