//! Settings of an elastic-net path, unchecked and checked.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use crate::survival::{Error, Ties};

/// The elastic net of a Cox model: `CoxNet::params().alpha(0.5).fit(&dataset)?`.
pub struct CoxNet;

impl CoxNet {
    pub fn params() -> CoxNetParams {
        CoxNetParams(CoxNetValidParams {
            alpha: 1.0,
            lambdas: None,
            count: 100,
            ratio: None,
            standardise: true,
            ties: Ties::Breslow,
            cause: None,
            penalty_factors: None,
            strata: None,
            weights: None,
            tolerance: None,
            max_iterations: 100,
        })
    }
}

/// Settings, not yet checked. For each λ the fit minimises, on standardised columns,
///
/// −log likelihood / Σ weights + λ Σ factor (α |β| + (1 − α) β² / 2)
///
/// exactly: the worst violation of the optimality conditions is at most `tolerance` and is kept with the model. Simon, Friedman, Hastie &
/// Tibshirani, J Stat Softw 2011;39(5):1; the strong rule of Tibshirani et al., J R Stat Soc B 2012;74:245.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `alpha` | 1 | 1 lasso, 0 ridge | 0 to 1 |
/// | `lambdas` | derived | the path, any order; it is walked and stored from the largest down | 0 and more |
/// | `count` | 100 | how many λ are derived, evenly on the log scale from the smallest that keeps all penalised columns out | 1 and more |
/// | `ratio` | 1e-4; 1e-2 for n < p | smallest λ over the largest | above 0, below 1 |
/// | `standardise` | true | columns over their population standard deviation; coefficients are given per unit all the same | |
/// | `ties` | Breslow | rule for events at one time | |
/// | `cause` | any | which event counts; others are censored | 1, 2, … |
/// | `penalty_factors` | 1 | one a column; 0 leaves it unpenalised; scaled to the mean 1, as glmnet does | 0 and more |
/// | `strata` | one | a baseline hazard of its own for each value, one a row | |
/// | `weights` | the data set's | case weights, one a row | above 0 |
/// | `tolerance` | 1e-10, with more than 100,000 rows 1e-9 | worst violation of the optimality conditions, in units of λ: a tenth costs about six passes in a hundred | above 0, below 0.01 |
/// | `max_iterations` | 100 | steps for one λ | 1 and more |
///
/// Columns that do not vary have the coefficient 0. Of columns that follow from others the lasso's answer is one of many with the same
/// predictions, a ridge part makes it unique, and without a penalty the later columns have the coefficient 0.
///
/// Cost for each λ: two or three passes of O(n p), and O(a³) in the columns `a` that are active or near to it; ridge keeps all columns
/// active, so thousands of them are slow.
///
/// Errors of the fit: `Empty`, `Lengths`, `NotFinite`, `Weight`, `NoEvents`, `Unpenalised` (as many unpenalised columns as rows), and
/// `NotConverged` when an unpenalised coefficient runs away (a column that separates the events from the rest).
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::{CoxNet, FollowUp};
/// use ndarray::{Array1, array};
///
/// let records = array![[1.0, 0.3], [0.0, 0.1], [1.0, 0.9], [0.0, 0.4], [1.0, 0.2]];
/// let targets = Array1::from(vec![
///     FollowUp::until(2.0, 1)?,
///     FollowUp::until(3.0, 1)?,
///     FollowUp::until(4.0, 1)?,
///     FollowUp::until(5.0, 0)?,
///     FollowUp::until(6.0, 0)?,
/// ]);
/// let path = CoxNet::params().alpha(0.5).count(20).ratio(0.05).fit(&Dataset::new(records, targets))?;
/// assert_eq!(path.nonzero(0), 0);
/// assert!(path.violations.iter().all(|v| *v < 1e-9));
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CoxNetParams(CoxNetValidParams);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoxNetValidParams {
    pub(super) alpha: f64,
    pub(super) lambdas: Option<Vec<f64>>,
    pub(super) count: usize,
    pub(super) ratio: Option<f64>,
    pub(super) standardise: bool,
    pub(super) ties: Ties,
    pub(super) cause: Option<u32>,
    pub(super) penalty_factors: Option<Vec<f64>>,
    pub(super) strata: Option<Vec<u32>>,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) tolerance: Option<f64>,
    pub(super) max_iterations: usize,
}

impl CoxNetParams {
    pub fn alpha(mut self, alpha: f64) -> CoxNetParams {
        self.0.alpha = alpha;
        self
    }

    pub fn lambdas(mut self, lambdas: Vec<f64>) -> CoxNetParams {
        self.0.lambdas = Some(lambdas);
        self
    }

    pub fn count(mut self, count: usize) -> CoxNetParams {
        self.0.count = count;
        self
    }

    pub fn ratio(mut self, ratio: f64) -> CoxNetParams {
        self.0.ratio = Some(ratio);
        self
    }

    pub fn standardise(mut self, standardise: bool) -> CoxNetParams {
        self.0.standardise = standardise;
        self
    }

    pub fn ties(mut self, ties: Ties) -> CoxNetParams {
        self.0.ties = ties;
        self
    }

    pub fn cause(mut self, cause: u32) -> CoxNetParams {
        self.0.cause = Some(cause);
        self
    }

    pub fn penalty_factors(mut self, factors: Vec<f64>) -> CoxNetParams {
        self.0.penalty_factors = Some(factors);
        self
    }

    pub fn strata(mut self, strata: Vec<u32>) -> CoxNetParams {
        self.0.strata = Some(strata);
        self
    }

    pub fn weights(mut self, weights: Vec<f64>) -> CoxNetParams {
        self.0.weights = Some(weights);
        self
    }

    pub fn tolerance(mut self, tolerance: f64) -> CoxNetParams {
        self.0.tolerance = Some(tolerance);
        self
    }

    pub fn max_iterations(mut self, steps: usize) -> CoxNetParams {
        self.0.max_iterations = steps;
        self
    }
}

impl ParamGuard for CoxNetParams {
    type Checked = CoxNetValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&CoxNetValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        let p = &self.0;
        let inside = |value: f64, low: f64, high: f64| value > low && value < high;
        let odd = |values: &Option<Vec<f64>>| {
            let mut values = values.iter().flatten();
            values.find(|v| !(v.is_finite() && **v >= 0.0)).copied()
        };
        if p.ties == Ties::Exact {
            return Err(Error::ExactTies);
        }
        if !(0.0..=1.0).contains(&p.alpha) {
            return refuse("alpha", p.alpha);
        }
        if let Some(lambda) = odd(&p.lambdas) {
            return refuse("lambda", lambda);
        }
        if p.lambdas.as_ref().is_some_and(Vec::is_empty) || p.count == 0 {
            return refuse("the number of lambdas", 0.0);
        }
        if let Some(ratio) = p.ratio.filter(|ratio| !inside(*ratio, 0.0, 1.0)) {
            return refuse("the ratio of the lambdas", ratio);
        }
        if let Some(factor) = odd(&p.penalty_factors) {
            return refuse("a penalty factor", factor);
        }
        if p.cause == Some(0) {
            return refuse("the cause of a Cox model", 0.0);
        }
        if let Some(tolerance) = p.tolerance.filter(|t| !inside(*t, 0.0, 0.01)) {
            return refuse("the tolerance", tolerance);
        }
        if p.max_iterations == 0 {
            return refuse("the number of iterations", 0.0);
        }
        Ok(p)
    }

    fn check(self) -> Result<CoxNetValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
