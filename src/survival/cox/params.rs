//! Settings of a Cox fit, unchecked and checked.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use crate::survival::Error;

/// What to do with events at one time. Efron, J Am Stat Assoc 1977;72:557; Breslow, J R Stat Soc B 1972;34:216.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    Efron,
    Breslow,
    /// The conditional likelihood of discrete time: those who fall are one of all sets of as many at risk. Its cost grows with
    /// events times numbers at risk at each time. Case weights have no meaning in it. Cox 1972; Gail et al., Biometrika 1981;68:703.
    Exact,
}

/// The proportional-hazards model: `Cox::params().ties(Ties::Efron).fit(&dataset)?`.
pub struct Cox;

impl Cox {
    pub fn params() -> CoxParams {
        CoxParams(CoxValidParams {
            ties: Ties::Efron,
            cause: None,
            max_iterations: 50,
            tolerance: 1e-9,
            weights: None,
            strata: None,
            clusters: None,
        })
    }
}

/// Settings, not yet checked. The fit maximises the partial likelihood by Newton's method with step halving.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `ties` | Efron | rule for events at one time, of the likelihood and of the baseline | |
/// | `cause` | any | which event counts; others are censored | 1, 2, … |
/// | `max_iterations` | 50 | Newton steps | 1 and more |
/// | `tolerance` | 1e-9 | longest last step, in standard deviations of a column; the error that is left is about its square | above 0, below 0.1 |
/// | `weights` | the data set's, or 1 | case weights, one a row; finite and above 0 | |
/// | `strata` | none | a label a row: each stratum has its own baseline | |
/// | `clusters` | none | a label a row: rows that are not independent; asks for the robust covariance (every row its own cluster: Lin & Wei's) | |
///
/// Weights of a linfa data set are single precision; those given here are double. Errors of the fit: `Empty`, `Lengths`,
/// `NotFinite`, `Weight`, `NoEvents`, and `NotConverged` when a coefficient runs away (a column that separates the events from
/// the rest). With more than 40,000 rows a fit to some 20,000 of them, evenly spread, is where the fit to all begins.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::{Cox, FollowUp};
/// use ndarray::{Array1, array};
///
/// let records = array![[1.0], [0.0], [1.0], [0.0], [1.0]];
/// let targets = Array1::from(vec![
///     FollowUp::until(2.0, 1)?,
///     FollowUp::until(3.0, 1)?,
///     FollowUp::until(4.0, 1)?,
///     FollowUp::until(5.0, 0)?,
///     FollowUp::until(6.0, 0)?,
/// ]);
/// let model = Cox::params().fit(&Dataset::new(records, targets))?;
/// assert!(model.coefficients[0] > 0.0);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CoxParams(CoxValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct CoxValidParams {
    pub(super) ties: Ties,
    pub(super) cause: Option<u32>,
    pub(super) max_iterations: usize,
    pub(super) tolerance: f64,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) strata: Option<Vec<usize>>,
    pub(super) clusters: Option<Vec<usize>>,
}

impl CoxParams {
    pub fn ties(mut self, ties: Ties) -> CoxParams {
        self.0.ties = ties;
        self
    }

    pub fn cause(mut self, cause: u32) -> CoxParams {
        self.0.cause = Some(cause);
        self
    }

    pub fn max_iterations(mut self, steps: usize) -> CoxParams {
        self.0.max_iterations = steps;
        self
    }

    pub fn tolerance(mut self, tolerance: f64) -> CoxParams {
        self.0.tolerance = tolerance;
        self
    }

    pub fn weights(mut self, weights: Vec<f64>) -> CoxParams {
        self.0.weights = Some(weights);
        self
    }

    pub fn strata(mut self, strata: Vec<usize>) -> CoxParams {
        self.0.strata = Some(strata);
        self
    }

    pub fn clusters(mut self, clusters: Vec<usize>) -> CoxParams {
        self.0.clusters = Some(clusters);
        self
    }
}

impl ParamGuard for CoxParams {
    type Checked = CoxValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&CoxValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        match &self.0 {
            p if p.cause == Some(0) => refuse("the cause of a Cox model", 0.0),
            p if p.max_iterations == 0 => refuse("the number of iterations", 0.0),
            p if !(p.tolerance > 0.0 && p.tolerance < 0.1) => refuse("the tolerance", p.tolerance),
            p => Ok(p),
        }
    }

    fn check(self) -> Result<CoxValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
