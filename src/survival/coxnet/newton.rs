//! Newton's method with an elastic net: a quadratic with the penalty, solved exactly, step after step.

use super::objective::Objective;
use super::quadratic::{Curvature, Penalty, minimise};
use crate::survival::Error;

/// A convex function with two derivatives.
pub(super) trait Smooth {
    fn evaluate(&mut self, beta: &[f64]) -> Point;
    fn information(&mut self, beta: &[f64], among: &[usize]) -> Vec<f64>;
}

#[derive(Clone, Debug)]
pub(super) struct Point {
    pub beta: Vec<f64>,
    pub value: f64,
    pub gradient: Vec<f64>,
}

/// Minus the log likelihood, a unit of weight.
impl Smooth for Objective {
    fn evaluate(&mut self, beta: &[f64]) -> Point {
        let there = self.value_and_gradient(beta);
        Point {
            beta: beta.to_vec(),
            value: -there.log_likelihood / self.total,
            gradient: there.gradient.iter().map(|g| -g / self.total).collect(),
        }
    }

    fn information(&mut self, beta: &[f64], among: &[usize]) -> Vec<f64> {
        let mut square = Objective::information(self, beta, among);
        square.iter_mut().for_each(|value| *value /= self.total);
        square
    }
}

/// How long to go on.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub violation: f64,
    pub iterations: usize,
}

/// A curvature is kept while a step with it leaves less than this share of the violation.
const GOOD: f64 = 0.02;
/// From this many columns on, those that are far from entering are left out of the curvature.
const WIDE: usize = 48;

/// The columns that may move: active, unpenalised, or near to entering.
pub(super) fn candidates(point: &Point, penalty: &Penalty) -> Vec<usize> {
    let p = point.beta.len();
    let near = |j: usize| point.beta[j] != 0.0 || point.gradient[j].abs() >= 0.8 * penalty.absolute[j];
    (0..p).filter(|&j| !penalty.held[j] && (p < WIDE || near(j))).collect()
}

/// Moves `point` to the minimum. `curvature` is taken over from the last call where it still serves.
pub(super) fn descend(
    smooth: &mut dyn Smooth,
    point: &mut Point,
    penalty: &Penalty,
    curvature: &mut Option<Curvature>,
    limits: Limits,
) -> Result<(), Error> {
    let mut violation = penalty.worst(&point.beta, &point.gradient);
    let mut column = 0;
    for iterations in 1..=limits.iterations {
        if violation <= limits.violation {
            return Ok(());
        }
        let fresh = !curvature.as_ref().is_some_and(|c| covers(c, point, penalty));
        if fresh {
            let among = candidates(point, penalty);
            let square = smooth.information(&point.beta, &among);
            *curvature = Some(Curvature { among, square });
        }
        let here = curvature.as_ref().expect("made where it was missing");
        let moved = minimise(here, &point.gradient, &point.beta, penalty);
        column = moved.as_ref().map_or(column, |moved| longest(moved, &point.beta));
        let Some(halvings) = moved.and_then(|moved| step(smooth, point, moved, penalty)) else {
            if fresh {
                return Err(Error::NotConverged { iterations, column });
            }
            *curvature = None;
            continue;
        };
        let left = penalty.worst(&point.beta, &point.gradient);
        if halvings > 0 || left > GOOD * violation {
            *curvature = None;
        }
        violation = left;
    }
    match violation <= limits.violation {
        true => Ok(()),
        false => Err(Error::NotConverged {
            iterations: limits.iterations,
            column,
        }),
    }
}

/// Every column that violates its condition may move.
fn covers(curvature: &Curvature, point: &Point, penalty: &Penalty) -> bool {
    let settled = |j: usize| penalty.violation(j, point.beta[j], point.gradient[j]) == 0.0;
    (0..point.beta.len()).all(|j| settled(j) || curvature.among.binary_search(&j).is_ok())
}

fn longest(to: &[f64], from: &[f64]) -> usize {
    let length = |j: usize| (to[j] - from[j]).abs();
    (0..to.len())
        .max_by(|a, b| length(*a).total_cmp(&length(*b)))
        .unwrap_or(0)
}

/// Goes to `moved`, or as far in its direction as does not climb; how often the way was halved, `None` where it always climbs.
pub(super) fn step(
    smooth: &mut dyn Smooth,
    point: &mut Point,
    mut moved: Vec<f64>,
    penalty: &Penalty,
) -> Option<usize> {
    let height = |point: &Point| point.value + penalty.value(&point.beta);
    let before = height(point);
    let violation = penalty.worst(&point.beta, &point.gradient);
    for halvings in 0..40 {
        let there = smooth.evaluate(&moved);
        let (rise, one) = (height(&there) - before, before.abs() + 1.0);
        // A row that enters late and outweighs all others leaves noise in the height; then the slope decides.
        let nearer = rise <= 1e-9 * one && penalty.worst(&there.beta, &there.gradient) <= 0.5 * violation;
        if there.gradient.iter().all(|g| g.is_finite()) && (rise <= 1e-13 * one || nearer) {
            *point = there;
            return Some(halvings);
        }
        for (to, from) in moved.iter_mut().zip(&point.beta) {
            *to = 0.5 * (*to + from);
        }
    }
    None
}
