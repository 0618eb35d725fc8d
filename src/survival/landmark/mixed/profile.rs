//! The likelihood of a linear mixed model with its fixed effects and residual variance profiled out, and its gradient.

use ndarray::{Array1, Array2};

use super::Likelihood;
use crate::survival::symmetric::Cholesky;

pub(super) type Two = [[f64; 2]; 2];

/// Sums of one subject's rows; they are all that the likelihood needs.
pub(super) struct Sums {
    pub zz: Two,
    pub zy: [f64; 2],
    /// Two rows, one column a fixed effect.
    pub zx: Array2<f64>,
}

/// All subjects: `y = x b + z (b0, b1) + error`.
pub(super) struct Profile {
    pub subjects: Vec<Sums>,
    pub xx: Array2<f64>,
    pub xy: Array1<f64>,
    pub yy: f64,
    pub n: usize,
    pub likelihood: Likelihood,
}

pub(super) struct Point {
    pub log_likelihood: f64,
    /// By the three elements of the factor: (0,0), (1,0), (1,1).
    pub gradient: [f64; 3],
    pub fixed: Array1<f64>,
    /// Inverse of `xᵗ V⁻¹ x`, the residual variance taken out.
    pub bread: Array2<f64>,
    pub variance: f64,
}

/// The lower factor of the covariance of the random effects over the residual variance.
pub(super) fn factor(theta: [f64; 3]) -> Two {
    [[theta[0], 0.0], [theta[1], theta[2]]]
}

pub(super) fn product(a: Two, b: Two) -> Two {
    let cell = |i: usize, j: usize| a[i][0] * b[0][j] + a[i][1] * b[1][j];
    [[cell(0, 0), cell(0, 1)], [cell(1, 0), cell(1, 1)]]
}

pub(super) fn transposed(a: Two) -> Two {
    [[a[0][0], a[1][0]], [a[0][1], a[1][1]]]
}

fn apply(a: Two, v: [f64; 2]) -> [f64; 2] {
    [a[0][0] * v[0] + a[0][1] * v[1], a[1][0] * v[0] + a[1][1] * v[1]]
}

/// `K = L (I + Lᵗ zᵗz L)⁻¹ Lᵗ`, so that `V⁻¹ = I - z K zᵗ`, and the log determinant of `V`.
pub(super) fn kernel(l: Two, zz: Two) -> (Two, f64) {
    let mut m = product(transposed(l), product(zz, l));
    m[0][0] += 1.0;
    m[1][1] += 1.0;
    let determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    let inverse = [
        [m[1][1] / determinant, -m[0][1] / determinant],
        [-m[1][0] / determinant, m[0][0] / determinant],
    ];
    (product(l, product(inverse, transposed(l))), determinant.ln())
}

/// `I - zz K`: what `V⁻¹` makes of sums with `z`.
fn shrink(zz: Two, k: Two) -> Two {
    let zk = product(zz, k);
    [[1.0 - zk[0][0], -zk[0][1]], [-zk[1][0], 1.0 - zk[1][1]]]
}

impl Profile {
    /// `None` where the columns of `x` can't be told apart or nothing is left to explain.
    pub fn at(&self, theta: [f64; 3]) -> Option<Point> {
        let l = factor(theta);
        let p = self.xy.len();
        let (mut a, mut b, mut c) = (self.xx.clone(), self.xy.clone(), self.yy);
        let mut determinants = 0.0;
        let kernels: Vec<Two> = (self.subjects.iter())
            .map(|s| {
                let (k, determinant) = kernel(l, s.zz);
                determinants += determinant;
                let ky = apply(k, s.zy);
                c -= s.zy[0] * ky[0] + s.zy[1] * ky[1];
                for i in 0..p {
                    let column = [s.zx[[0, i]], s.zx[[1, i]]];
                    b[i] -= column[0] * ky[0] + column[1] * ky[1];
                    let kx = apply(k, column);
                    for j in 0..p {
                        a[[i, j]] -= kx[0] * s.zx[[0, j]] + kx[1] * s.zx[[1, j]];
                    }
                }
                k
            })
            .collect();
        let cholesky = Cholesky::of(a.view(), 1e-12);
        if !cholesky.aliased.is_empty() {
            return None;
        }
        let fixed = Array1::from(cholesky.solve(&b.to_vec()));
        let rest = c - b.dot(&fixed);
        let degrees = match self.likelihood {
            Likelihood::Ml => self.n as f64,
            Likelihood::Reml => (self.n - p) as f64,
        };
        let variance = rest / degrees;
        // Written so that NaN counts as nothing left, too.
        let left = variance > 1e-13 * self.yy / self.n as f64;
        if !left {
            return None;
        }
        let mut log_likelihood = -0.5 * degrees * ((std::f64::consts::TAU * variance).ln() + 1.0) - 0.5 * determinants;
        if self.likelihood == Likelihood::Reml {
            log_likelihood -= 0.5 * cholesky.log_determinant();
        }
        let bread = cholesky.inverse(p);
        let gradient = self.gradient(l, &kernels, &fixed, &bread, variance);
        log_likelihood.is_finite().then_some(Point {
            log_likelihood,
            gradient,
            fixed,
            bread,
            variance,
        })
    }

    fn gradient(&self, l: Two, kernels: &[Two], fixed: &Array1<f64>, bread: &Array2<f64>, variance: f64) -> [f64; 3] {
        let mut g = [[0.0; 2]; 2];
        for (s, k) in self.subjects.iter().zip(kernels) {
            let left = shrink(s.zz, *k);
            let fitted = s.zx.dot(fixed);
            let u = apply(left, [s.zy[0] - fitted[0], s.zy[1] - fitted[1]]);
            let w = product(left, s.zz);
            for i in 0..2 {
                for j in 0..2 {
                    g[i][j] += 0.5 * (u[i] * u[j] / variance - w[i][j]);
                }
            }
            if self.likelihood == Likelihood::Reml {
                let q = s.zx.dot(bread).dot(&s.zx.t());
                let q = product(
                    left,
                    product([[q[[0, 0]], q[[0, 1]]], [q[[1, 0]], q[[1, 1]]]], transposed(left)),
                );
                for i in 0..2 {
                    for j in 0..2 {
                        g[i][j] += 0.5 * q[i][j];
                    }
                }
            }
        }
        let by_factor = product(g, l);
        [2.0 * by_factor[0][0], 2.0 * by_factor[1][0], 2.0 * by_factor[1][1]]
    }
}
