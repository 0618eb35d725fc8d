//! Settings of a model of several landmarks at once, unchecked and checked.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::Stacked;
use crate::survival::Error;

/// How the hazard without covariates depends on the landmark `s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LandmarkBaseline {
    /// Each landmark has its own; predictions only at the landmarks of the fit.
    Stratified,
    /// One baseline in time, times `exp(a s + b s²)`: van Houwelingen's ipl*; predictions between the landmarks, too.
    Smooth,
}

/// The landmark supermodel: `Supermodel::params().stacked(&set).fit(&set.dataset(&names))?`.
pub struct Supermodel;

impl Supermodel {
    pub fn params() -> SupermodelParams {
        SupermodelParams(SupermodelValidParams {
            landmarks: vec![],
            clusters: vec![],
            window: f64::NAN,
            baseline: LandmarkBaseline::Stratified,
            interactions: vec![],
            unit: 1.0,
            cause: None,
        })
    }
}

/// Settings, not yet checked. Van Houwelingen, Scand J Stat 2007;34:70.
///
/// The Cox model of the stacked rows, ties by Breslow's rule, with the covariance of the coefficients clustered by subject, for
/// each comes in at several landmarks. `s` is counted from the first landmark, in `unit`s.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `stacked` | needed | takes landmarks, subjects and window from the set | |
/// | `baseline` | stratified | how the hazard depends on the landmark | |
/// | `interactions` | none | columns whose effect changes by `s` | columns of the records |
/// | `unit` | 1 | how long a step of `s` is | above 0 |
/// | `cause` | any | which event counts; others are censored | 1, 2, … |
///
/// Errors of the fit: those of `Cox`, and `Parameter` for an interaction with no such column.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::landmark::{LongRows, Stack, Supermodel};
/// use ndarray::array;
///
/// let markers = array![[0.1], [0.9], [1.2], [0.4], [0.3], [0.2], [0.0]];
/// let rows = LongRows {
///     id: &[1, 1, 2, 3, 3, 4, 5],
///     start: &[0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 0.0],
///     stop: &[2.0, 5.0, 3.5, 1.0, 4.0, 6.0, 2.5],
///     event: &[0, 1, 1, 0, 1, 0, 1],
///     values: markers.view(),
/// };
/// let set = Stack { landmarks: vec![1.0, 2.0], window: 3.0, with_age: false }.of(&rows)?;
/// let model = Supermodel::params().stacked(&set).fit(&set.dataset(&["marker"]))?;
/// let risk = model.risk(array![[0.5]].view(), 2.0)?;
/// assert!(risk[0] > 0.0 && risk[0] < 1.0);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SupermodelParams(SupermodelValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct SupermodelValidParams {
    pub(super) landmarks: Vec<f64>,
    pub(super) clusters: Vec<usize>,
    pub(super) window: f64,
    pub(super) baseline: LandmarkBaseline,
    pub(super) interactions: Vec<usize>,
    pub(super) unit: f64,
    pub(super) cause: Option<u32>,
}

impl SupermodelParams {
    pub fn stacked(mut self, set: &Stacked) -> SupermodelParams {
        self.0.landmarks.clone_from(&set.landmark);
        self.0.clusters.clone_from(&set.id);
        self.0.window = set.window;
        self
    }

    pub fn baseline(mut self, baseline: LandmarkBaseline) -> SupermodelParams {
        self.0.baseline = baseline;
        self
    }

    pub fn interactions(mut self, columns: Vec<usize>) -> SupermodelParams {
        self.0.interactions = columns;
        self
    }

    pub fn unit(mut self, unit: f64) -> SupermodelParams {
        self.0.unit = unit;
        self
    }

    pub fn cause(mut self, cause: u32) -> SupermodelParams {
        self.0.cause = Some(cause);
        self
    }
}

impl ParamGuard for SupermodelParams {
    type Checked = SupermodelValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&SupermodelValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        let above = |value: f64| value.is_finite() && value > 0.0;
        match &self.0 {
            p if !above(p.window) => refuse("the window of a landmark", p.window),
            p if !above(p.unit) => refuse("the unit of the landmarks", p.unit),
            p if p.cause == Some(0) => refuse("the cause of a Cox model", 0.0),
            p => Ok(p),
        }
    }

    fn check(self) -> Result<SupermodelValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
