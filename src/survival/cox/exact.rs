//! Tied events as a draw of so many from the risk set: the conditional likelihood of discrete time.

use ndarray::Array2;

use super::design::Design;
use super::fit::Objective;
use super::gram::{add_scaled, dot};
use super::partial::Evaluation;
use crate::survival::Error;

/// e^700 is where a sum over all draws leaves the numbers.
const LARGEST: f64 = 690.0;

pub(super) struct Exact<'a> {
    design: &'a Design,
}

/// Sums over all draws of 0, 1, … of those at risk: of products of their ratios, and of the first and second derivatives.
struct Draws {
    width: usize,
    zero: Vec<f64>,
    one: Vec<f64>,
    two: Vec<f64>,
}

impl<'a> Exact<'a> {
    /// Errors: `Parameter` for case weights, `TiesBeyondExact` for more draws than can be summed.
    pub fn new(design: &'a Design) -> Result<Exact<'a>, Error> {
        let weighted = design.weights.as_ref().and_then(|w| w.iter().find(|w| **w != 1.0));
        if let Some(&value) = weighted {
            return Err(Error::Parameter {
                name: "a case weight with exact ties",
                value,
            });
        }
        for group in &design.groups {
            let (events, at_risk) = (group.dead().len(), group.crowd as usize);
            if highest(at_risk, events) > LARGEST {
                return Err(Error::TiesBeyondExact { events, at_risk });
            }
        }
        Ok(Exact { design })
    }
}

/// ln C(n, d) / d: what each factor is divided by so that the sum over draws of d is about 1.
fn per_factor(n: usize, d: usize) -> f64 {
    (0..d).map(|i| ((n - i) as f64 / (i + 1) as f64).ln()).sum::<f64>() / d as f64
}

/// The largest logarithm on the way to draws of d.
fn highest(n: usize, d: usize) -> f64 {
    let scale = per_factor(n, d);
    let (mut sum, mut most) = (0.0_f64, 0.0_f64);
    for i in 0..d {
        sum += ((n - i) as f64 / (i + 1) as f64).ln() - scale;
        most = most.max(sum);
    }
    most
}

impl Objective for Exact<'_> {
    fn evaluate(&self, beta: &[f64]) -> Option<Evaluation> {
        let design = self.design;
        let width = design.width;
        let mut wide = beta.to_vec();
        wide.resize(width, 0.0);
        let eta: Vec<f64> = (0..design.rows()).map(|i| dot(design.row(i), &wide)).collect();
        if eta.iter().any(|e| e.is_nan() || e.abs() > 300.0) {
            return None;
        }
        let (mut log_likelihood, mut score) = (0.0, vec![0.0; width]);
        let mut information = Array2::<f64>::zeros((width, width));
        let mut gross = vec![0.0; width];
        for stratum in &design.strata {
            for k in stratum.groups.clone() {
                let group = &design.groups[k];
                let count = group.dead().len();
                let scale = per_factor(group.crowd as usize, count);
                let mut draws = Draws::of(count, width);
                let at_risk = |i: &usize| design.entered.get(*i).is_none_or(|entered| *entered as usize > k);
                let rows = stratum.rows.start..group.end as usize;
                // The mean predictor is divided out, so that the products neither overflow nor vanish.
                let dead_mean = group.dead().map(|i| eta[i]).sum::<f64>() / count as f64;
                for i in rows.filter(at_risk) {
                    draws.add((eta[i] - dead_mean - scale).exp(), design.row(i));
                }
                for i in group.dead() {
                    add_scaled(&mut score, 1.0, design.row(i));
                }
                let total = draws.zero[count];
                if !(total.is_finite() && total > 0.0) {
                    return None;
                }
                log_likelihood -= total.ln() + count as f64 * scale;
                let mean: Vec<f64> = draws.first(count).iter().map(|v| v / total).collect();
                add_scaled(&mut score, -1.0, &mean);
                for ((i, j), cell) in information.indexed_iter_mut() {
                    let square = draws.second(count)[i * width + j] / total;
                    *cell += square - mean[i] * mean[j];
                    if i == j {
                        gross[i] += square.abs();
                    }
                }
            }
        }
        let p = design.columns;
        score.truncate(p);
        let mut information = Array2::from_shape_fn((p, p), |place| information[place]);
        Evaluation::settle(&mut information, |j| gross[j]);
        Some(Evaluation {
            log_likelihood,
            score,
            information,
        })
    }
}

impl Draws {
    fn of(most: usize, width: usize) -> Draws {
        let mut zero = vec![0.0; most + 1];
        zero[0] = 1.0;
        Draws {
            width,
            zero,
            one: vec![0.0; (most + 1) * width],
            two: vec![0.0; (most + 1) * width * width],
        }
    }

    fn first(&self, count: usize) -> &[f64] {
        &self.one[count * self.width..(count + 1) * self.width]
    }

    fn second(&self, count: usize) -> &[f64] {
        let square = self.width * self.width;
        &self.two[count * square..(count + 1) * square]
    }

    /// One more who may be drawn: each draw of m with them is a draw of m - 1 without them.
    fn add(&mut self, ratio: f64, x: &[f64]) {
        let (width, square) = (self.width, self.width * self.width);
        for m in (1..self.zero.len()).rev() {
            let (below, here) = self.two.split_at_mut(m * square);
            let below = &below[(m - 1) * square..];
            let one = &self.one[(m - 1) * width..m * width];
            for i in 0..width {
                for j in 0..width {
                    let cross = x[i] * one[j] + one[i] * x[j] + x[i] * x[j] * self.zero[m - 1];
                    here[i * width + j] += ratio * (below[i * width + j] + cross);
                }
            }
            let (below, here) = self.one.split_at_mut(m * width);
            let below = &below[(m - 1) * width..];
            for j in 0..width {
                here[j] += ratio * (below[j] + x[j] * self.zero[m - 1]);
            }
            self.zero[m] += ratio * self.zero[m - 1];
        }
    }
}
