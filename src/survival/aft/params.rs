//! Settings of an accelerated failure time fit, unchecked and checked.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::law::Law;
use crate::survival::Error;

/// The law of time, or of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// The logarithm follows the smallest extreme value law.
    Weibull,
    /// Weibull with the scale 1.
    Exponential,
    LogNormal,
    LogLogistic,
    /// The value itself is normal: a marker with a limit of detection. Tobin, Econometrica 1958;26:24.
    Gaussian,
}

impl Distribution {
    pub(super) fn law(self) -> Law {
        match self {
            Distribution::Weibull | Distribution::Exponential => Law::Extreme,
            Distribution::LogNormal | Distribution::Gaussian => Law::Normal,
            Distribution::LogLogistic => Law::Logistic,
        }
    }

    /// Whether the law is that of the logarithm.
    pub fn is_of_logarithm(self) -> bool {
        self != Distribution::Gaussian
    }
}

/// Accelerated failure time: `Aft::params(Distribution::Weibull).fit(&dataset)?`.
pub struct Aft;

impl Aft {
    pub fn params(distribution: Distribution) -> AftParams {
        AftParams(AftValidParams {
            distribution,
            cause: None,
            fixed_scale: None,
            weights: None,
            strata: None,
            clusters: None,
            max_iterations: 100,
            tolerance: 1e-6,
        })
    }
}

/// Settings, not yet checked. The fit maximises, over coefficients and log(scale), the sum of w times
/// `log f(z) − log scale` (known exactly), `log S(z)` (after), `log F(z)` (before), `log(F(z₂) − F(z₁))` (between), less
/// `log S` at a delayed entry, with `z = (y − row · coefficients) / scale`: by Newton's method with analytic derivatives on
/// standardised columns, damped where the likelihood is not concave, with step halving. Kalbfleisch & Prentice, The
/// Statistical Analysis of Failure Time Data, 2nd ed., ch. 3; `survreg` of R's survival.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `distribution` | | the law | |
/// | `cause` | any | which event of a follow-up counts; others are censored | 1, 2, … |
/// | `fixed_scale` | none | a scale that is not estimated; 1 for `Exponential` | above 0 |
/// | `weights` | the data set's | case weights, one a row | above 0 |
/// | `strata` | one | numbers of strata, each with a scale of its own | |
/// | `clusters` | none | numbers of clusters, for the robust covariance | |
/// | `max_iterations` | 100 | Newton steps | 1 and more |
/// | `tolerance` | 1e-6 | longest last step in scales; one further step follows, so the error is about its square | above 0, below 0.1 |
///
/// Targets are [`FollowUp`](crate::survival::FollowUp) or [`Observed`](super::Observed). Errors of the fit: `Empty`,
/// `Lengths`, `NotFinite`, `Weight`, `NoEvents` (all only known to be larger, or all only smaller), `NotATime`,
/// `NoLogarithm`, `EmptyInterval`, and `Runaway` where the likelihood has no maximum.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::aft::{Aft, Distribution, Observed};
/// use ndarray::{Array1, array};
///
/// let records = array![[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]];
/// let targets = Array1::from(vec![
///     Observed::Exactly(1.0),
///     Observed::Before(2.0),
///     Observed::Between(2.0, 4.0),
///     Observed::Exactly(2.5),
///     Observed::After(5.0),
///     Observed::Exactly(4.0),
/// ]);
/// let model = Aft::params(Distribution::LogNormal).fit(&Dataset::new(records, targets))?;
/// assert!(model.coefficients[1] > 0.0);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AftParams(AftValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct AftValidParams {
    pub(super) distribution: Distribution,
    pub(super) cause: Option<u32>,
    pub(super) fixed_scale: Option<f64>,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) strata: Option<Vec<usize>>,
    pub(super) clusters: Option<Vec<usize>>,
    pub(super) max_iterations: usize,
    pub(super) tolerance: f64,
}

impl AftValidParams {
    /// The scale that is not estimated, if so.
    pub(super) fn known_scale(&self) -> Option<f64> {
        match self.distribution {
            Distribution::Exponential => Some(1.0),
            _ => self.fixed_scale,
        }
    }
}

impl AftParams {
    pub fn cause(mut self, cause: u32) -> AftParams {
        self.0.cause = Some(cause);
        self
    }

    pub fn fixed_scale(mut self, scale: f64) -> AftParams {
        self.0.fixed_scale = Some(scale);
        self
    }

    pub fn weights(mut self, weights: Vec<f64>) -> AftParams {
        self.0.weights = Some(weights);
        self
    }

    pub fn strata(mut self, strata: Vec<usize>) -> AftParams {
        self.0.strata = Some(strata);
        self
    }

    pub fn clusters(mut self, clusters: Vec<usize>) -> AftParams {
        self.0.clusters = Some(clusters);
        self
    }

    pub fn max_iterations(mut self, steps: usize) -> AftParams {
        self.0.max_iterations = steps;
        self
    }

    pub fn tolerance(mut self, tolerance: f64) -> AftParams {
        self.0.tolerance = tolerance;
        self
    }
}

impl ParamGuard for AftParams {
    type Checked = AftValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&AftValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        let p = &self.0;
        if p.cause == Some(0) {
            return refuse("the cause of a model", 0.0);
        }
        if p.max_iterations == 0 {
            return refuse("the number of iterations", 0.0);
        }
        if !(p.tolerance > 0.0 && p.tolerance < 0.1) {
            return refuse("the tolerance", p.tolerance);
        }
        match p.fixed_scale {
            Some(scale) if !(scale.is_finite() && scale > 0.0) => refuse("the scale", scale),
            Some(scale) if p.distribution == Distribution::Exponential && scale != 1.0 => {
                refuse("the scale of an exponential law", scale)
            }
            _ => Ok(p),
        }
    }

    fn check(self) -> Result<AftValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
