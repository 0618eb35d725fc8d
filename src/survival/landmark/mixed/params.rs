//! Settings of a mixed model, unchecked and checked.

use linfa::ParamGuard;

use super::Likelihood;
use crate::survival::Error;

/// The model `y = a + x b + (u0 + u1 time) + error`: `Mixed::params().subjects(ids).fit(&dataset)?`.
pub struct Mixed;

impl Mixed {
    pub fn params() -> MixedParams {
        MixedParams(MixedValidParams {
            likelihood: Likelihood::Reml,
            subjects: vec![],
            max_iterations: 200,
        })
    }
}

/// Settings, not yet checked. Laird & Ware, Biometrics 1982;38:963, as R's `lme(y ~ x, random = ~ time | id)`.
///
/// The first column of the records is the time, with a slope of each subject's own; the others act alike on all. Fixed effects
/// and residual variance are profiled out; the factor of the random effects' covariance is found by BFGS with the exact gradient.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `likelihood` | REML | what is maximised | |
/// | `subjects` | none | whose each row is | one number a row |
/// | `max_iterations` | 200 | steps | 1 and more |
///
/// Errors of the fit: `Empty`, `Lengths`, `NotFinite`, `Parameter` (fewer rows than effects; nothing left to chance),
/// `NotConverged` (a column that is constant or follows from others).
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::landmark::{Likelihood, Mixed};
/// use ndarray::array;
///
/// let times = array![[0.0], [1.0], [2.0], [0.0], [1.0], [2.0], [0.0], [1.0], [3.0]];
/// let values = array![1.0, 1.4, 2.2, 2.0, 1.9, 2.1, 0.3, 1.2, 2.4];
/// let ids = vec![1, 1, 1, 2, 2, 2, 3, 3, 3];
/// let model = Mixed::params().likelihood(Likelihood::Ml).subjects(ids).fit(&Dataset::new(times, values))?;
/// let third = model.blup(array![[0.0], [1.0], [3.0]].view(), array![0.3, 1.2, 2.4].view())?;
/// assert!(third.slope > model.fixed[1]);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MixedParams(MixedValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct MixedValidParams {
    pub(super) likelihood: Likelihood,
    pub(super) subjects: Vec<usize>,
    pub(super) max_iterations: usize,
}

impl MixedParams {
    pub fn likelihood(mut self, likelihood: Likelihood) -> MixedParams {
        self.0.likelihood = likelihood;
        self
    }

    pub fn subjects(mut self, ids: Vec<usize>) -> MixedParams {
        self.0.subjects = ids;
        self
    }

    pub fn max_iterations(mut self, steps: usize) -> MixedParams {
        self.0.max_iterations = steps;
        self
    }
}

impl ParamGuard for MixedParams {
    type Checked = MixedValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&MixedValidParams, Error> {
        if self.0.max_iterations == 0 {
            return Err(Error::Parameter {
                name: "the number of iterations",
                value: 0.0,
            });
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<MixedValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
