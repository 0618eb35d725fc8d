//! Settings of a Fine-Gray fit, unchecked and checked.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use crate::survival::Error;

/// Who is at risk of being censored at a time with events and censorings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TiedCensoring {
    /// Those whose event comes at that time no more: events come before censorings, as everywhere else here and in R's `survival::finegray`.
    AfterEvents,
    /// Those too: R's `cmprsk::crr`. Without such ties the two are one.
    WithEvents,
}

/// The model of the subdistribution hazard: `FineGray::params().cause(1).fit(&dataset)?`.
pub struct FineGray;

impl FineGray {
    pub fn params() -> FineGrayParams {
        FineGrayParams(FineGrayValidParams {
            cause: 1,
            tied_censoring: TiedCensoring::AfterEvents,
            weights: None,
            censoring_groups: None,
            clusters: None,
            max_iterations: 50,
            tolerance: 1e-6,
        })
    }
}

/// Settings, not yet checked. Fine & Gray, J Am Stat Assoc 1999;94:496; the cumulative sums are those of Kawaguchi et al.,
/// R Journal 2021;12(2):163.
///
/// Maximised by Newton's method: `sum of w_i (x_i b - ln S0(T_i))` over the events of the cause, where
/// `S0(t) = sum of w_j v_j(t) exp(x_j b)`, `v_j(t) = 1` while nothing has happened to `j` and `G(t-)/G(T_j-)` after an event of
/// another cause; `G` is the Kaplan-Meier curve of the censoring. Ties are Breslow's.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `cause` | 1 | the event that is modelled; the other codes above 0 compete | 1, 2, … |
/// | `tied_censoring` | after events | who can be censored at a time with events | |
/// | `weights` | the data set's | case weights, in the order of the rows | finite, above 0 |
/// | `censoring_groups` | one group | each group has its own curve of the censoring | one number a row |
/// | `clusters` | each row its own | rows whose influence is added up in the sandwich | one number a row |
/// | `max_iterations` | 50 | Newton steps | 1 and more |
/// | `tolerance` | 1e-6 | longest last step, in standard deviations of a column; one further step follows, so the error is about its square | above 0, below 0.1 |
///
/// A weight of 2 gives the coefficients of a row given twice; the sandwich takes it as one subject. Errors of the fit: `Empty`,
/// `Lengths`, `NotFinite`, `Weight`, `NoEvents`, `DelayedEntry`, and `NotConverged` when a coefficient runs away.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::fine_gray::FineGray;
/// use metwatch::survival::FollowUp;
/// use ndarray::{Array1, array};
///
/// let records = array![[1.0], [0.0], [1.0], [0.0], [1.0], [0.0]];
/// let targets = Array1::from(vec![
///     FollowUp::until(2.0, 1)?,
///     FollowUp::until(3.0, 2)?,
///     FollowUp::until(4.0, 1)?,
///     FollowUp::until(5.0, 1)?,
///     FollowUp::until(6.0, 0)?,
///     FollowUp::until(7.0, 2)?,
/// ]);
/// let model = FineGray::params().cause(1).fit(&Dataset::new(records.clone(), targets))?;
/// let incidence = model.cif_at(records.view(), &[1.0, 5.0])?;
/// assert_eq!(incidence[[0, 0]], 0.0);
/// assert!(incidence[[0, 1]] > incidence[[1, 1]]);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FineGrayParams(FineGrayValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct FineGrayValidParams {
    pub(super) cause: u32,
    pub(super) tied_censoring: TiedCensoring,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) censoring_groups: Option<Vec<usize>>,
    pub(super) clusters: Option<Vec<usize>>,
    pub(super) max_iterations: usize,
    pub(super) tolerance: f64,
}

impl FineGrayParams {
    pub fn cause(mut self, cause: u32) -> FineGrayParams {
        self.0.cause = cause;
        self
    }

    pub fn tied_censoring(mut self, rule: TiedCensoring) -> FineGrayParams {
        self.0.tied_censoring = rule;
        self
    }

    /// They win over the weights of the data set, which are rounded to 32 bits.
    pub fn weights(mut self, weights: Vec<f64>) -> FineGrayParams {
        self.0.weights = Some(weights);
        self
    }

    /// Any numbers: equal ones are one group.
    pub fn censoring_groups(mut self, groups: Vec<usize>) -> FineGrayParams {
        self.0.censoring_groups = Some(groups);
        self
    }

    /// Any numbers: equal ones are one cluster.
    pub fn clusters(mut self, clusters: Vec<usize>) -> FineGrayParams {
        self.0.clusters = Some(clusters);
        self
    }

    pub fn max_iterations(mut self, steps: usize) -> FineGrayParams {
        self.0.max_iterations = steps;
        self
    }

    pub fn tolerance(mut self, tolerance: f64) -> FineGrayParams {
        self.0.tolerance = tolerance;
        self
    }
}

impl ParamGuard for FineGrayParams {
    type Checked = FineGrayValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&FineGrayValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        match &self.0 {
            p if p.cause == 0 => refuse("the cause of a Fine-Gray model", 0.0),
            p if p.max_iterations == 0 => refuse("the number of iterations", 0.0),
            p if !(p.tolerance > 0.0 && p.tolerance < 0.1) => refuse("the tolerance", p.tolerance),
            p => Ok(p),
        }
    }

    fn check(self) -> Result<FineGrayValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
