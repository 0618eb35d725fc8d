//! Settings of a discrete-time fit, unchecked and checked.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::Intervals;
use crate::survival::Error;

/// How the hazard h of an interval follows from the linear predictor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// log(h / (1 − h)): proportional odds in each interval. Cox, J R Stat Soc B 1972;34:187.
    Logit,
    /// log(−log(1 − h)): proportional hazards in continuous time, grouped. Prentice & Gloeckler, Biometrics 1978;34:57.
    ComplementaryLogLog,
}

/// What finds the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fitter {
    /// Iteratively reweighted least squares from the starting values of R's `glm` to its stopping rule (relative change of the
    /// deviance below `epsilon`), with errors from the weights before the last step: R's own digits for the same `epsilon`. With
    /// 1e-14 they lie up to 1e-7 from the maximum, with R's default of 1e-8 some 1e-4. Where that does not settle, Newton's method
    /// decides whether there is a maximum.
    Glm { epsilon: f64 },
    /// Newton's method with step halving: the maximum itself, to the last digits.
    Newton,
    /// L-BFGS of linfa-logistic, on a person-period matrix that is written out: some 6 digits, memory rows × (intervals +
    /// columns), no weights, the logit link alone. Interval terms and coefficients of standardised columns are shrunk by
    /// `penalty`/2 times their squares; 0 is maximum likelihood.
    LinfaLogistic { penalty: f64 },
}

/// Discrete-time hazards: `Discrete::params(Intervals::unit(10)?).fit(&dataset)?`.
pub struct Discrete;

impl Discrete {
    /// One hazard, of any cause or of one.
    pub fn params(intervals: Intervals) -> DiscreteParams {
        DiscreteParams(DiscreteValidParams {
            common: Common::new(intervals),
            link: Link::Logit,
            cause: None,
            fitter: Fitter::Glm { epsilon: 1e-14 },
        })
    }

    /// The hazards of `causes` competing causes at once; later causes count as the last.
    pub fn competing(intervals: Intervals, causes: usize) -> CompetingParams {
        CompetingParams(CompetingValidParams {
            common: Common::new(intervals),
            causes,
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Common {
    pub intervals: Intervals,
    pub partial: bool,
    pub weights: Option<Vec<f64>>,
    pub clusters: Option<Vec<usize>>,
    pub max_iterations: usize,
    pub tolerance: f64,
}

impl Common {
    fn new(intervals: Intervals) -> Common {
        Common {
            intervals,
            partial: false,
            weights: None,
            clusters: None,
            max_iterations: 100,
            tolerance: 1e-6,
        }
    }

    fn checked(&self) -> Result<(), Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        match self {
            c if c.max_iterations == 0 => refuse("the number of iterations", 0.0),
            c if !(c.tolerance > 0.0 && c.tolerance < 0.1) => refuse("the tolerance", c.tolerance),
            _ => Ok(()),
        }
    }
}

/// Settings, not yet checked. The fit maximises the likelihood of rows of subjects and intervals ([`PersonPeriod`](super::PersonPeriod)),
/// each a binary outcome with `link(h) = a_k + row · coefficients`.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `intervals` | | the grid | |
/// | `link` | logit | see [`Link`] | |
/// | `cause` | any | which event counts; a subject with another is at risk through its interval, without event | 1, 2, … |
/// | `partial` | no | whether the interval in which a subject was censored is a row | |
/// | `weights` | the data set's | case weights, one a subject | above 0 |
/// | `clusters` | none | numbers of clusters, one a subject, for the robust covariance; a number of its own each: subjects | |
/// | `fitter` | `Glm { epsilon: 1e-14 }` | see [`Fitter`] | epsilon above 0, below 0.1 |
/// | `max_iterations` | 100 | steps | 1 and more |
/// | `tolerance` | 1e-6 | of Newton's method: longest last step in standard deviations of a column; one further step follows, so the error is about its square | above 0, below 0.1 |
///
/// Errors of the fit: `Empty`, `Lengths`, `NotFinite`, `Weight`, `NoEvents`, `NobodyAtRisk` for an interval without rows, and
/// `Runaway` where the likelihood has no maximum (a column that separates the events from the rest).
/// An interval without events is no error: its hazard is 0 ([`Level::Never`](super::Level)); one with nothing but events has the hazard 1.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::{FollowUp, discrete::{Discrete, Intervals}};
/// use ndarray::{Array1, array};
///
/// let records = array![[1.0], [0.0], [1.0], [0.0], [1.0], [0.0]];
/// let years = [(0.5, 1), (1.5, 1), (1.7, 1), (2.0, 0), (2.0, 0), (0.7, 1)];
/// let targets = years.iter().map(|(t, event)| FollowUp::until(*t, *event)).collect::<Result<Array1<_>, _>>()?;
/// let model = Discrete::params(Intervals::unit(2)?).fit(&Dataset::new(records, targets))?;
/// assert_eq!((model.rows, model.events), (10, 4));
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DiscreteParams(DiscreteValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct DiscreteValidParams {
    pub(super) common: Common,
    pub(super) link: Link,
    pub(super) cause: Option<u32>,
    pub(super) fitter: Fitter,
}

/// Settings of a fit of competing causes, not yet checked: one multinomial logit of no event and each cause in every interval,
/// by Newton's method. Settings and errors are those of [`DiscreteParams`] where they have the same names, and
/// `EverybodyFalls` for an interval with nothing but events. A cause without events in an interval has the hazard 0 there.
/// Tutz & Schmid, Modeling Discrete Time-to-Event Data, 2016, ch. 8.
///
/// ```
/// use metwatch::survival::discrete::{Discrete, Intervals};
/// let settings = Discrete::competing(Intervals::unit(10)?, 2).partial(true);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CompetingParams(CompetingValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct CompetingValidParams {
    pub(super) common: Common,
    pub(super) causes: usize,
}

macro_rules! common_setters {
    ($params:ident) => {
        impl $params {
            pub fn partial(mut self, partial: bool) -> $params {
                self.0.common.partial = partial;
                self
            }

            pub fn weights(mut self, weights: Vec<f64>) -> $params {
                self.0.common.weights = Some(weights);
                self
            }

            pub fn clusters(mut self, clusters: Vec<usize>) -> $params {
                self.0.common.clusters = Some(clusters);
                self
            }

            pub fn max_iterations(mut self, steps: usize) -> $params {
                self.0.common.max_iterations = steps;
                self
            }

            pub fn tolerance(mut self, tolerance: f64) -> $params {
                self.0.common.tolerance = tolerance;
                self
            }
        }
    };
}

common_setters!(DiscreteParams);
common_setters!(CompetingParams);

impl DiscreteParams {
    pub fn link(mut self, link: Link) -> DiscreteParams {
        self.0.link = link;
        self
    }

    pub fn cause(mut self, cause: u32) -> DiscreteParams {
        self.0.cause = Some(cause);
        self
    }

    pub fn fitter(mut self, fitter: Fitter) -> DiscreteParams {
        self.0.fitter = fitter;
        self
    }
}

impl ParamGuard for DiscreteParams {
    type Checked = DiscreteValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&DiscreteValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        self.0.common.checked()?;
        if self.0.cause == Some(0) {
            return refuse("the cause of a model", 0.0);
        }
        let penalty = match self.0.fitter {
            Fitter::Glm { epsilon } if !(epsilon > 0.0 && epsilon < 0.1) => return refuse("the tolerance", epsilon),
            Fitter::Newton | Fitter::Glm { .. } => return Ok(&self.0),
            Fitter::LinfaLogistic { penalty } => penalty,
        };
        match self.0.link {
            _ if !(penalty.is_finite() && penalty >= 0.0) => refuse("the penalty", penalty),
            Link::ComplementaryLogLog => {
                refuse("the fitter of a complementary log-log link (0: Newton, 1: linfa)", 1.0)
            }
            Link::Logit if self.0.common.weights.is_some() => {
                refuse("the fitter of weighted rows (0: Newton, 1: linfa)", 1.0)
            }
            Link::Logit => Ok(&self.0),
        }
    }

    fn check(self) -> Result<DiscreteValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl ParamGuard for CompetingParams {
    type Checked = CompetingValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&CompetingValidParams, Error> {
        self.0.common.checked()?;
        match self.0.causes {
            0 => Err(Error::Parameter {
                name: "the number of causes",
                value: 0.0,
            }),
            _ => Ok(&self.0),
        }
    }

    fn check(self) -> Result<CompetingValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
