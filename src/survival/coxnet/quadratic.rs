//! The elastic net of a quadratic: coordinate descent finds the active columns and signs, a linear system the rest of the digits.

use ndarray::Array2;

use crate::survival::symmetric::Cholesky;

/// Weight of |b| and of b²/2 of each column, and the columns held at 0.
#[derive(Clone, Debug)]
pub(super) struct Penalty {
    pub absolute: Vec<f64>,
    pub square: Vec<f64>,
    pub held: Vec<bool>,
}

impl Penalty {
    pub fn value(&self, beta: &[f64]) -> f64 {
        let term = |(j, b): (usize, &f64)| self.absolute[j] * b.abs() + 0.5 * self.square[j] * b * b;
        beta.iter().enumerate().map(term).sum()
    }

    /// How far column j is from its optimality condition, `gradient` being that of the smooth part.
    pub fn violation(&self, j: usize, b: f64, gradient: f64) -> f64 {
        let slope = gradient + self.square[j] * b;
        match b {
            _ if self.held[j] => 0.0,
            b if b != 0.0 => (slope + self.absolute[j] * b.signum()).abs(),
            _ => (slope.abs() - self.absolute[j]).max(0.0),
        }
    }

    pub fn worst(&self, beta: &[f64], gradient: &[f64]) -> f64 {
        let violation = |j: usize| self.violation(j, beta[j], gradient[j]);
        (0..beta.len())
            .map(violation)
            .fold(0.0, |m: f64, v| if v > m || v.is_nan() { v } else { m })
    }

    fn among(&self, among: &[usize]) -> Penalty {
        Penalty {
            absolute: among.iter().map(|&j| self.absolute[j]).collect(),
            square: among.iter().map(|&j| self.square[j]).collect(),
            held: among.iter().map(|&j| self.held[j]).collect(),
        }
    }
}

/// Second derivatives (row by row of a square) between the columns `among`.
pub(super) struct Curvature {
    pub among: Vec<usize>,
    pub square: Vec<f64>,
}

const ROUNDS: usize = 2_000;
const SWEEPS: usize = 4;

/// From `beta`, where the smooth part has `gradient`, to the minimum over the columns of the curvature, the others staying.
/// `None` where the curvature has a direction without a bottom.
pub(super) fn minimise(curvature: &Curvature, gradient: &[f64], beta: &[f64], penalty: &Penalty) -> Option<Vec<f64>> {
    let among = &curvature.among;
    let mut here = Descent {
        square: &curvature.square,
        penalty: penalty.among(among),
        b: among.iter().map(|&j| beta[j]).collect(),
        gradient: among.iter().map(|&j| gradient[j]).collect(),
    };
    let largest = gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
    let goal = 1e-14 * largest.max(1e-6);
    for _ in 0..ROUNDS {
        for _ in 0..SWEEPS {
            here.sweep()?;
        }
        let exact = here.polish();
        let worst = here.penalty.worst(&here.b, &here.gradient);
        if exact && worst <= 10.0 * goal || worst <= goal {
            break;
        }
    }
    let mut moved = beta.to_vec();
    for (&j, b) in among.iter().zip(here.b) {
        moved[j] = b;
    }
    Some(moved)
}

struct Descent<'a> {
    square: &'a [f64],
    penalty: Penalty,
    b: Vec<f64>,
    /// Of the quadratic at `b`, without the penalty.
    gradient: Vec<f64>,
}

impl Descent<'_> {
    fn shift(&mut self, j: usize, step: f64) {
        let m = self.b.len();
        self.b[j] += step;
        for (g, q) in self.gradient.iter_mut().zip(&self.square[j * m..(j + 1) * m]) {
            *g += q * step;
        }
    }

    fn sweep(&mut self) -> Option<()> {
        let m = self.b.len();
        for j in 0..m {
            if self.penalty.held[j] {
                continue;
            }
            let own = self.square[j * m + j];
            let (absolute, bottom) = (self.penalty.absolute[j], own + self.penalty.square[j]);
            if !(bottom > 0.0 && bottom.is_finite()) {
                return None;
            }
            let pull = own * self.b[j] - self.gradient[j];
            let to = (pull.abs() - absolute).max(0.0).copysign(pull) / bottom;
            if to != self.b[j] {
                self.shift(j, to - self.b[j]);
                if to == 0.0 {
                    self.b[j] = 0.0;
                }
            }
        }
        Some(())
    }

    /// Solves for the active columns with their signs; says whether the signs stayed.
    fn polish(&mut self) -> bool {
        let m = self.b.len();
        let penalty = &self.penalty;
        let free = |j: usize| self.b[j] != 0.0 || (penalty.absolute[j] == 0.0 && !penalty.held[j]);
        let active: Vec<usize> = (0..m).filter(|&j| free(j)).collect();
        let system = Array2::from_shape_fn((active.len(), active.len()), |(i, k)| {
            let own = if i == k { penalty.square[active[i]] } else { 0.0 };
            self.square[active[i] * m + active[k]] + own
        });
        let signed = |j: usize| {
            if self.b[j] == 0.0 {
                0.0
            } else {
                penalty.absolute[j] * self.b[j].signum()
            }
        };
        let right: Vec<f64> = (active.iter())
            .map(|&j| -(self.gradient[j] + penalty.square[j] * self.b[j] + signed(j)))
            .collect();
        let factor = Cholesky::of(system.view(), 1e-13);
        if !factor.aliased.is_empty() {
            return false;
        }
        let step = factor.solve(&right);
        let turns = |(&j, step): (&usize, &f64)| penalty.absolute[j] > 0.0 && (self.b[j] + step) * self.b[j] <= 0.0;
        if active.iter().zip(&step).any(turns) {
            return false;
        }
        for (j, step) in active.into_iter().zip(step) {
            self.shift(j, step);
        }
        true
    }
}
