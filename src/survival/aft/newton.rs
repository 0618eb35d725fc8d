//! Newton's method, damped where the likelihood is not concave.

use ndarray::Array2;

use super::AftValidParams;
use super::likelihood::{Design, Evaluation};
use crate::survival::Error;
use crate::survival::symmetric::Cholesky;

/// Mean and spread of the values, censored or not.
pub(super) fn start(design: &Design) -> Vec<f64> {
    let total: f64 = design.weights.iter().sum();
    let over = |f: &dyn Fn(f64) -> f64| {
        let values = design.seen.iter().zip(&design.weights);
        values.map(|(seen, w)| w / total * f(seen.middle())).sum::<f64>()
    };
    let mean = over(&|y| y);
    let spread = over(&|y| (y - mean).powi(2)).sqrt();
    let spread = if spread > 1e-9 * mean.abs() { spread } else { 1.0 };
    let mut theta = vec![0.0; design.width()];
    theta[0] = mean;
    theta[design.x.ncols()..].fill(spread.ln());
    theta
}

/// The factor of the information without the aliased columns, its diagonal raised by `damping`.
pub(super) fn factor(information: &Array2<f64>, aliased: &[usize], damping: f64) -> Cholesky {
    let mut information = information.clone();
    let largest = information.diag().iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    information
        .diag_mut()
        .mapv_inplace(|v| v + damping * v.abs().max(1e-8 * largest));
    for &j in aliased {
        information.row_mut(j).fill(0.0);
        information.column_mut(j).fill(0.0);
    }
    Cholesky::of(information.view(), 1e-13)
}

pub(super) struct Top {
    pub theta: Vec<f64>,
    pub last: Evaluation,
    pub iterations: usize,
}

/// A step uphill: Newton's where the likelihood is concave, else damped until it is. Also says whether it was Newton's own.
fn step(here: &Evaluation, aliased: &[usize]) -> Option<(Vec<f64>, bool)> {
    let mut damping = 0.0;
    for _ in 0..40 {
        let factor = factor(&here.information, aliased, damping);
        if factor.aliased.len() == aliased.len() {
            return Some((factor.solve(&here.score), damping == 0.0));
        }
        damping = if damping == 0.0 { 1e-3 } else { damping * 4.0 };
    }
    None
}

/// The longest part of a step, coefficients counted in scales, and how long it is.
fn longest(design: &Design, theta: &[f64], step: &[f64]) -> (usize, f64) {
    let p = design.x.ncols();
    let scale = match design.scales {
        0 => design.known,
        _ => theta[p..].iter().fold(f64::INFINITY, |m, t| m.min(t.exp())),
    };
    let size = |j: usize| if j < p { (step[j] / scale).abs() } else { step[j].abs() };
    (0..step.len())
        .map(|j| (j, size(j)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((0, 0.0))
}

/// The step, halved until the likelihood does not fall; says whether the whole step was taken.
fn uphill(
    design: &Design,
    theta: &[f64],
    here: &Evaluation,
    mut step: Vec<f64>,
    columns: usize,
) -> Option<(Vec<f64>, Evaluation, bool)> {
    let slack = 1e-11 * here.log_likelihood.abs().max(1.0);
    for halvings in 0..=40 {
        let moved: Vec<f64> = theta.iter().zip(&step).map(|(b, s)| b + s).collect();
        let there = design.evaluate(&moved, columns);
        if there.is_finite() && there.log_likelihood >= here.log_likelihood - slack {
            return Some((moved, there, halvings == 0));
        }
        step.iter_mut().for_each(|s| *s *= 0.5);
    }
    None
}

/// The maximum from `theta` on, over the first `columns` columns without those that are aliased.
pub(super) fn climb(
    params: &AftValidParams,
    design: &Design,
    mut theta: Vec<f64>,
    columns: usize,
    aliased: &[usize],
) -> Result<Top, Error> {
    // What is left out has neither score nor information.
    let left_out: Vec<usize> = (aliased.iter().copied().filter(|j| *j < columns))
        .chain(columns..design.x.ncols())
        .collect();
    let mut here = design.evaluate(&theta, columns);
    let (mut close, mut place) = (false, 0);
    for iterations in 1..=params.max_iterations {
        let Some((step, newton)) = step(&here, &left_out) else {
            return Err(runaway(design, iterations, place));
        };
        let (at, length) = longest(design, &theta, &step);
        place = at;
        let Some((moved, there, whole)) = uphill(design, &theta, &here, step, columns) else {
            return Err(runaway(design, iterations, place));
        };
        (theta, here) = (moved, there);
        if close {
            return Ok(Top {
                theta,
                last: here,
                iterations,
            });
        }
        // Newton's error is about the square of the step before, so one more step after a short one is exact.
        close = newton && whole && length <= params.tolerance;
    }
    Err(runaway(design, params.max_iterations, place))
}

fn runaway(design: &Design, iterations: usize, place: usize) -> Error {
    let term = match place {
        0 => "the intercept".to_owned(),
        j if j < design.x.ncols() => format!("the coefficient of column {}", j - 1),
        _ => "the scale".to_owned(),
    };
    Error::Runaway { iterations, term }
}
