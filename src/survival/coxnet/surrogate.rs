//! Many rows, few passes: the likelihood of a sample of the rows stands in for that of all between passes over all.
//!
//! The stand-in is the sample's likelihood, tilted so that its slope at the last full pass is the true one, and bent by a matrix that
//! makes up for the difference of curvatures: exact at the start of the path, corrected by every full pass since (a secant update).

use super::newton::{Limits, Point, Smooth, descend, step};
use super::objective::Objective;
use super::quadratic::{Curvature, Penalty, minimise};
use crate::survival::Error;

/// All rows, and a sample of them where that pays.
pub(super) struct Engine {
    pub full: Objective,
    sample: Option<Sample>,
    curvature: Option<Curvature>,
}

struct Sample {
    objective: Objective,
    /// Curvature of all rows less that of the sample, p × p; `None` until it is first wanted.
    correction: Option<Vec<f64>>,
}

/// The sample's likelihood, tilted and bent.
struct Surrogate<'a> {
    sample: &'a mut Objective,
    correction: &'a [f64],
    anchor: &'a [f64],
    tilt: Vec<f64>,
}

impl Surrogate<'_> {
    fn bend(&self, beta: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let away: Vec<f64> = beta.iter().zip(self.anchor).map(|(b, a)| b - a).collect();
        (times(self.correction, &away), away)
    }
}

impl Smooth for Surrogate<'_> {
    fn evaluate(&mut self, beta: &[f64]) -> Point {
        let mut point = self.sample.evaluate(beta);
        let (bent, away) = self.bend(beta);
        for j in 0..beta.len() {
            point.value += away[j] * (self.tilt[j] + 0.5 * bent[j]);
            point.gradient[j] += self.tilt[j] + bent[j];
        }
        point
    }

    fn information(&mut self, beta: &[f64], among: &[usize]) -> Vec<f64> {
        let p = beta.len();
        let mut square = Smooth::information(self.sample, beta, among);
        for (i, &a) in among.iter().enumerate() {
            for (k, &b) in among.iter().enumerate() {
                square[i * among.len() + k] += self.correction[a * p + b];
            }
        }
        square
    }
}

fn times(square: &[f64], vector: &[f64]) -> Vec<f64> {
    let row = |row: &[f64]| row.iter().zip(vector).map(|(a, b)| a * b).sum();
    square.chunks_exact(vector.len()).map(row).collect()
}

/// The least change of a symmetric matrix that makes it send `way` where it was `missed` by that much
/// (Powell's symmetric Broyden update).
fn secant(square: &mut [f64], way: &[f64], missed: &[f64]) {
    let length: f64 = way.iter().map(|s| s * s).sum();
    if length == 0.0 {
        return;
    }
    let along: f64 = way.iter().zip(missed).map(|(s, r)| s * r).sum::<f64>() / length;
    for (i, row) in square.chunks_exact_mut(way.len()).enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value += (missed[i] * way[j] + way[i] * missed[j] - along * way[i] * way[j]) / length;
        }
    }
}

impl Engine {
    pub fn new(full: Objective, sample: Option<Objective>) -> Engine {
        Engine {
            full,
            sample: sample.map(|objective| Sample {
                objective,
                correction: None,
            }),
            curvature: None,
        }
    }

    /// Passes over all rows so far.
    pub fn passes(&self) -> usize {
        self.full.passes
    }

    /// Moves `point` to the minimum for `penalty`.
    pub fn solve(&mut self, point: &mut Point, penalty: &Penalty, limits: Limits) -> Result<(), Error> {
        for _ in 0..limits.iterations {
            let violation = penalty.worst(&point.beta, &point.gradient);
            if violation <= limits.violation {
                return Ok(());
            }
            let before = point.clone();
            if !self.through_sample(point, penalty, violation, limits)? {
                break;
            }
            // A stand-in that leads nowhere near is measured anew.
            if penalty.worst(&point.beta, &point.gradient) > 0.2 * violation {
                self.measure(&before.beta);
            }
        }
        self.curvature = None;
        descend(&mut self.full, point, penalty, &mut self.curvature, limits)
    }

    /// Where a coefficient without a penalty is far out, a flat slope may only mean that the likelihood levels off: then Newton's step is
    /// long all the same.
    pub fn stands(&mut self, point: &Point, penalty: &Penalty, limits: Limits) -> Result<(), Error> {
        const FAR: f64 = 5.0;
        let free = |j: usize| penalty.absolute[j] + penalty.square[j] == 0.0 && !penalty.held[j];
        let Some(column) = (0..point.beta.len()).find(|&j| free(j) && point.beta[j].abs() > FAR) else {
            return Ok(());
        };
        let among: Vec<usize> = (0..point.beta.len()).filter(|&j| point.beta[j] != 0.0).collect();
        let square = Smooth::information(&mut self.full, &point.beta, &among);
        let step = minimise(&Curvature { among, square }, &point.gradient, &point.beta, penalty);
        let short = |moved: Vec<f64>| moved.iter().zip(&point.beta).all(|(to, from)| (to - from).abs() < 1e-3);
        match step.is_some_and(short) {
            true => Ok(()),
            false => Err(Error::NotConverged {
                iterations: limits.iterations,
                column,
            }),
        }
    }

    /// The correction anew, by the full curvature at `beta`.
    fn measure(&mut self, beta: &[f64]) {
        if let Some(sample) = &mut self.sample {
            let all: Vec<usize> = (0..beta.len()).collect();
            let mut correction = Smooth::information(&mut self.full, beta, &all);
            let rough = Smooth::information(&mut sample.objective, beta, &all);
            correction.iter_mut().zip(rough).for_each(|(c, r)| *c -= r);
            sample.correction = Some(correction);
            self.curvature = None;
        }
    }

    /// One full pass at the minimum of the stand-in; `false` where that is of no use.
    fn through_sample(
        &mut self,
        point: &mut Point,
        penalty: &Penalty,
        violation: f64,
        limits: Limits,
    ) -> Result<bool, Error> {
        if self.sample.as_ref().is_some_and(|sample| sample.correction.is_none()) {
            self.measure(&point.beta);
        }
        let Some(Sample {
            objective,
            correction: Some(correction),
        }) = &mut self.sample
        else {
            return Ok(false);
        };
        let rough = objective.evaluate(&point.beta);
        let mut surrogate = Surrogate {
            sample: objective,
            correction: &*correction,
            anchor: &point.beta,
            tilt: point.gradient.iter().zip(&rough.gradient).map(|(g, r)| g - r).collect(),
        };
        let mut inner = Point {
            value: rough.value,
            ..point.clone()
        };
        let near = Limits {
            violation: (1e-5 * violation).max(0.1 * limits.violation),
            ..limits
        };
        if descend(&mut surrogate, &mut inner, penalty, &mut self.curvature, near).is_err() {
            return Ok(false);
        }
        let before = point.beta.clone();
        let Some(halvings) = step(&mut self.full, point, inner.beta.clone(), penalty) else {
            return Ok(false);
        };
        if halvings == 0 {
            let way: Vec<f64> = point.beta.iter().zip(&before).map(|(to, from)| to - from).collect();
            let missed: Vec<f64> = point.gradient.iter().zip(&inner.gradient).map(|(g, r)| g - r).collect();
            secant(correction, &way, &missed);
            if let Some(curvature) = self.curvature.as_mut().filter(|c| c.among.len() == way.len()) {
                secant(&mut curvature.square, &way, &missed);
            }
        } else {
            self.curvature = None;
        }
        Ok(true)
    }
}
