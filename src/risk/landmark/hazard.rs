//! Hazards that are constant within each window, log-linear in the columns, with a ridge: each window has coefficients of its own, held
//! together by those that all windows share. A Poisson likelihood (Holford, Biometrics 1980;36:299; Laird & Olivier, JASA 1981;76:231).

use ndarray::{Array2, ArrayView2, Axis, Slice};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::factor::Factor;

/// One row a window; in it the level of the log yearly hazard first, then one coefficient a column.
pub type Coefficients = Array2<f64>;

/// Rows are reckoned in blocks of this many, and blocks are summed in order: the answer does not depend on the number of threads.
const BLOCK: usize = 2048;
const MOST_STEPS: usize = 40;
const TOLERANCE: f64 = 1e-7;
/// A log hazard is taken no higher than this, so that a wild step stays a number.
const HIGHEST: f64 = 12.0;

/// Strengths of the ridge: of what all windows share, and of how far each strays from it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ridge {
    pub shared: f64,
    pub own: f64,
}

/// What happened to one cause in every row and window.
pub(super) struct Problem<'a> {
    /// The first column is 1.
    pub x: ArrayView2<'a, f64>,
    /// Years at risk, one row a row, one column a window.
    pub exposure: ArrayView2<'a, f64>,
    /// The window in which the event fell.
    pub fell: &'a [Option<u8>],
    /// 0 leaves a row out.
    pub weights: &'a [f64],
    /// Share of the ridge that each column bears; that of the first does not count.
    pub held: &'a [f64],
}

/// Blocks of the second derivative, one a window, without the ridge.
pub(super) type Information = Vec<Array2<f64>>;

impl Problem<'_> {
    fn windows(&self) -> usize {
        self.exposure.ncols()
    }

    fn blocks(&self) -> Vec<(usize, usize)> {
        let n = self.x.nrows();
        (0..n)
            .step_by(BLOCK)
            .map(|from| (from, (from + BLOCK).min(n)))
            .collect()
    }

    /// Log-likelihood and its slope, without the ridge.
    fn gradient(&self, at: &Coefficients) -> (f64, Coefficients) {
        let one = |&(from, to): &(usize, usize)| {
            let x = self.x.slice_axis(Axis(0), Slice::from(from..to));
            let mut eta = x.dot(&at.t());
            let mut value = 0.0;
            for (i, mut row) in eta.rows_mut().into_iter().enumerate() {
                let w = self.weights[from + i];
                for (k, eta) in row.iter_mut().enumerate() {
                    let exposure = self.exposure[[from + i, k]];
                    let fell = self.fell[from + i] == Some(k as u8);
                    let mean = exposure * eta.min(HIGHEST).exp();
                    value += w * (if fell { *eta } else { 0.0 } - mean);
                    *eta = w * (f64::from(u8::from(fell)) - mean);
                }
            }
            (value, eta.t().dot(&x))
        };
        let parts: Vec<(f64, Coefficients)> = self.blocks().par_iter().map(one).collect();
        let mut sum = (0.0, Array2::zeros(at.raw_dim()));
        for (value, part) in parts {
            sum.0 += value;
            sum.1 += &part;
        }
        sum
    }

    pub fn information(&self, at: &Coefficients) -> Information {
        let p = self.x.ncols();
        let one = |&(from, to): &(usize, usize)| -> Information {
            let x = self.x.slice_axis(Axis(0), Slice::from(from..to));
            let eta = x.dot(&at.t());
            (0..self.windows())
                .map(|k| {
                    let mut scaled = x.to_owned();
                    for (i, mut row) in scaled.rows_mut().into_iter().enumerate() {
                        let mean = self.exposure[[from + i, k]] * eta[[i, k]].min(HIGHEST).exp();
                        let root = (self.weights[from + i] * mean).sqrt();
                        row.mapv_inplace(|v| v * root);
                    }
                    scaled.t().dot(&scaled)
                })
                .collect()
        };
        let parts: Vec<Information> = self.blocks().par_iter().map(one).collect();
        let mut sum = vec![Array2::zeros((p, p)); self.windows()];
        for part in parts {
            for (total, own) in sum.iter_mut().zip(part) {
                *total += &own;
            }
        }
        sum
    }

    /// The log hazards of everybody at the rates of all, from which a fit starts.
    pub fn start(&self) -> Coefficients {
        let mut start = Array2::zeros((self.windows(), self.x.ncols()));
        for k in 0..self.windows() {
            let (mut events, mut years) = (0.5, 0.5);
            for (i, w) in self.weights.iter().enumerate() {
                years += w * self.exposure[[i, k]];
                events += if self.fell[i] == Some(k as u8) { *w } else { 0.0 };
            }
            start[[k, 0]] = f64::ln(events / years);
        }
        start
    }

    /// Newton's way from `start`, with new second derivatives at each of the first `fresh` steps and the last ones after it. `None`
    /// where no step leads up (which a ridge above 0 excludes).
    pub fn climb(
        &self,
        start: Coefficients,
        ridge: Ridge,
        fresh: usize,
        mut information: Option<Information>,
    ) -> Option<(Coefficients, Information)> {
        let mut at = start;
        let mut factor = information.as_ref().and_then(|own| ridge.factor(own, self.held));
        let (mut value, mut slope) = self.penalised(&at, ridge);
        for step in 0..MOST_STEPS {
            if step < fresh || factor.is_none() {
                let own = self.information(&at);
                factor = Some(ridge.factor(&own, self.held)?);
                information = Some(own);
            }
            let right: Vec<f64> = slope.iter().copied().collect();
            let move_by = factor.as_ref()?.solve(&right);
            let gain: f64 = move_by.iter().zip(&right).map(|(a, b)| a * b).sum();
            let direction = Array2::from_shape_vec(at.raw_dim(), move_by).ok()?;
            let mut length = 1.0;
            loop {
                let next = &at + &(&direction * length);
                let (there, its_slope) = self.penalised(&next, ridge);
                if there >= value || length < 1e-3 {
                    (at, value, slope) = (next, there, its_slope);
                    break;
                }
                length *= 0.5;
            }
            if gain < TOLERANCE * (1.0 + value.abs()) {
                break;
            }
        }
        Some((at, information?))
    }

    fn penalised(&self, at: &Coefficients, ridge: Ridge) -> (f64, Coefficients) {
        let (mut value, mut slope) = self.gradient(at);
        ridge.pull(at, self.held, &mut value, &mut slope);
        (value, slope)
    }

    /// Poisson deviance per unit of weight of the rows chosen by `weights`, up to a constant.
    pub fn loss(&self, at: &Coefficients) -> f64 {
        -self.gradient(at).0
    }
}

impl Ridge {
    /// The prior's precision between windows: the shared part is integrated out.
    fn precision(self, windows: usize) -> (f64, f64) {
        let shared = self.own * self.own / (self.shared + windows as f64 * self.own);
        (self.own - shared, -shared)
    }

    fn pull(self, at: &Coefficients, held: &[f64], value: &mut f64, slope: &mut Coefficients) {
        let (same, other) = self.precision(at.nrows());
        for j in 1..at.ncols() {
            let sum: f64 = at.column(j).sum();
            for k in 0..at.nrows() {
                let pulled = held[j] * ((same - other) * at[[k, j]] + other * sum);
                *value -= 0.5 * at[[k, j]] * pulled;
                slope[[k, j]] -= pulled;
            }
        }
    }

    pub(super) fn factor(self, information: &Information, held: &[f64]) -> Option<Factor> {
        let (windows, p) = (information.len(), information[0].nrows());
        let (same, other) = self.precision(windows);
        let mut all = Array2::zeros((windows * p, windows * p));
        for (k, own) in information.iter().enumerate() {
            for ((i, j), value) in own.indexed_iter() {
                all[[k * p + i, k * p + j]] = *value;
            }
            // a window without any event still has a level
            all[[k * p, k * p]] += 1e-6;
        }
        for k in 0..windows {
            for l in 0..windows {
                for j in 1..p {
                    all[[k * p + j, l * p + j]] += held[j] * if k == l { same } else { other };
                }
            }
        }
        Factor::of(&all)
    }
}

/// Log hazards of all rows: one column a window.
pub(super) fn log_hazards(x: ArrayView2<f64>, at: &Coefficients) -> Array2<f64> {
    let blocks: Vec<Array2<f64>> = (0..x.nrows())
        .collect::<Vec<usize>>()
        .par_chunks(BLOCK)
        .map(|rows| {
            x.slice_axis(Axis(0), Slice::from(rows[0]..=rows[rows.len() - 1]))
                .dot(&at.t())
        })
        .collect();
    let views: Vec<_> = blocks.iter().map(Array2::view).collect();
    ndarray::concatenate(Axis(0), &views).unwrap_or_else(|_| Array2::zeros((0, at.nrows())))
}
