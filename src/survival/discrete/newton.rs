//! The way to the maximum.

use super::fit::{Prepared, Top};
use super::likelihood::Curvature;
use super::params::Common;
use super::system::Evaluation;
use crate::survival::Error;

/// A coefficient that runs away moves by about 1 (in standard deviations of its column) at every step.
const SETTLED: f64 = 0.01;

impl Prepared {
    /// Fisher scoring from R's start to R's stop; `None` where it does not settle, or settles because the likelihood is flat.
    pub(super) fn scoring(&self, common: &Common, aliased: &[usize], epsilon: f64) -> Option<Top> {
        let system = &self.system;
        let step_from = |here: &Evaluation| {
            let reduced = here.reduced(system.causes, aliased, 1e-13);
            let told_apart = reduced.factor.aliased.iter().all(|j| aliased.contains(j));
            told_apart.then(|| reduced.solve(&here.score, system.causes))
        };
        let mut theta = vec![0.0; system.width()];
        let mut here = system.evaluate(&theta, Curvature::Start);
        let mut deviance = f64::INFINITY;
        for iterations in 1..=common.max_iterations {
            let step = step_from(&here)?;
            theta.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
            let there = system.evaluate(&theta, Curvature::Expected);
            if !there.is_finite() {
                return None;
            }
            let before = std::mem::replace(&mut deviance, -2.0 * there.log_likelihood);
            if (deviance - before).abs() / (deviance.abs() + 0.1) < epsilon {
                let settled = step_from(&there)?.iter().all(|s| s.abs() < SETTLED);
                return settled.then_some(Top {
                    theta,
                    iterations,
                    information: Some(here),
                });
            }
            here = there;
        }
        None
    }

    /// Newton's method with step halving.
    pub(super) fn climb(&self, common: &Common, aliased: &[usize]) -> Result<Top, Error> {
        let system = &self.system;
        let mut theta = self.at_start();
        let mut here = system.evaluate(&theta, Curvature::Observed);
        let (mut close, mut longest) = (false, 0);
        for iterations in 1..=common.max_iterations {
            let reduced = here.reduced(self.system.causes, aliased, 1e-13);
            if let Some(&column) = reduced.factor.aliased.iter().find(|j| !aliased.contains(j)) {
                return Err(self.runaway(iterations, system.interval_terms() + column, common));
            }
            let mut step = reduced.solve(&here.score, system.causes);
            longest = (0..step.len())
                .max_by(|a, b| step[*a].abs().total_cmp(&step[*b].abs()))
                .unwrap_or(0);
            let length = step[longest].abs();
            let Some((moved, there, whole)) = self.uphill(&theta, &here, &mut step) else {
                return Err(self.runaway(iterations, longest, common));
            };
            (theta, here) = (moved, there);
            if close {
                return Ok(Top {
                    theta,
                    iterations,
                    information: None,
                });
            }
            // Newton's error is about the square of the step before, so one more step after a short one is exact.
            close = whole && length <= common.tolerance;
        }
        Err(self.runaway(common.max_iterations, longest, common))
    }

    /// The step, halved until the likelihood does not fall; says whether the whole step was taken.
    fn uphill(&self, theta: &[f64], here: &Evaluation, step: &mut [f64]) -> Option<(Vec<f64>, Evaluation, bool)> {
        let slack = 1e-11 * here.log_likelihood.abs().max(1.0);
        for halvings in 0..=40 {
            let moved: Vec<f64> = theta.iter().zip(step.iter()).map(|(b, s)| b + s).collect();
            let there = self.system.evaluate(&moved, Curvature::Observed);
            if there.is_finite() && there.log_likelihood >= here.log_likelihood - slack {
                return Some((moved, there, halvings == 0));
            }
            step.iter_mut().for_each(|s| *s *= 0.5);
        }
        None
    }

    fn runaway(&self, iterations: usize, place: usize, common: &Common) -> Error {
        let terms = self.system.interval_terms();
        let term = match place.checked_sub(terms) {
            Some(coefficient) => format!("the coefficient of column {}", coefficient % self.system.x.ncols()),
            None => {
                let interval = common.intervals.name(place / self.system.causes);
                format!("the hazard in {interval}")
            }
        };
        Error::Runaway { iterations, term }
    }
}
