//! Settings of a forest, unchecked and checked.

use linfa::ParamGuard;

use serde::{Deserialize, Serialize};

use crate::survival::Error;

/// Which subjects a tree sees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// This share of them, above 0 and up to 1, none twice.
    Subsample(f64),
    /// As many as there are, drawn with replacement.
    Bootstrap,
    /// Each once: nothing is out of bag.
    All,
}

/// Ishwaran et al., Ann Appl Stat 2008;2:841: `Forest::params().ensemble_size(500).fit(&dataset)?`.
pub struct Forest;

impl Forest {
    pub fn params() -> ForestParams {
        ForestParams(ForestValidParams {
            ensemble_size: 500,
            mtry: None,
            max_depth: None,
            min_weight_split: 30.0,
            min_weight_leaf: 15.0,
            draw: Draw::Subsample(0.632),
            max_times: 1024,
            cause: None,
            weights: None,
            seed: 0,
        })
    }
}

/// Settings, not yet checked. Every split maximises the log-rank statistic between its two sides; with several causes it is
/// the sum of their statistics, each with the other causes as censored (after Ishwaran et al., Biostatistics 2014;15:757).
/// A column with more than 256 distinct values is split at its quantiles only, any other wherever it can be.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `ensemble_size` | 500 | trees | 1 and more |
/// | `mtry` | √columns, rounded up | columns tried at each split, not counting those that can't split the node | 1 to the columns |
/// | `max_depth` | none | splits above a leaf, at most | |
/// | `min_weight_split` | 30 | weight (rows, without case weights) of a node that may be split | above 0 |
/// | `min_weight_leaf` | 15 | weight of a leaf, at least | above 0 |
/// | `draw` | subsample of 0.632 | the subjects that a tree sees; the others are out of its bag | |
/// | `max_times` | 1024 | event times at which curves are kept; they are exact there, and level in between | 1 to 65535 |
/// | `cause` | any | the event that counts, others are censored; without it each cause is told apart | 1, 2, … |
/// | `weights` | the data set's | case weights; 2 is the row twice | above 0 |
/// | `seed` | 0 | the same seed gives the same forest, on any number of threads | |
///
/// A row is a subject; delayed entry is allowed. Missing values are for the caller to fill in. Errors of the fit: `Empty`,
/// `Lengths`, `NotFinite`, `Weight`, `NoEvents`, `Parameter`.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::{FollowUp, Forest, SurvivalModel};
/// use ndarray::{Array1, Array2};
///
/// let records = Array2::from_shape_fn((60, 1), |(i, _)| f64::from(i as u32 % 2));
/// let targets: Array1<FollowUp> = (0..60)
///     .map(|i| FollowUp::until(1.0 + i as f64 / if i % 2 == 0 { 1.0 } else { 4.0 }, 1))
///     .collect::<Result<_, _>>()?;
/// let model = Forest::params().ensemble_size(20).seed(7).fit(&Dataset::new(records, targets))?;
/// let curves = model.survival_at(ndarray::array![[0.0], [1.0]].view(), &[10.0])?;
/// assert!(curves[[0, 0]] > curves[[1, 0]]);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ForestParams(ForestValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct ForestValidParams {
    pub(super) ensemble_size: usize,
    pub(super) mtry: Option<usize>,
    pub(super) max_depth: Option<usize>,
    pub(super) min_weight_split: f64,
    pub(super) min_weight_leaf: f64,
    pub(super) draw: Draw,
    pub(super) max_times: usize,
    pub(super) cause: Option<u32>,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) seed: u64,
}

impl ForestParams {
    pub fn ensemble_size(mut self, trees: usize) -> ForestParams {
        self.0.ensemble_size = trees;
        self
    }

    pub fn mtry(mut self, columns: usize) -> ForestParams {
        self.0.mtry = Some(columns);
        self
    }

    pub fn max_depth(mut self, splits: Option<usize>) -> ForestParams {
        self.0.max_depth = splits;
        self
    }

    pub fn min_weight_split(mut self, weight: f64) -> ForestParams {
        self.0.min_weight_split = weight;
        self
    }

    pub fn min_weight_leaf(mut self, weight: f64) -> ForestParams {
        self.0.min_weight_leaf = weight;
        self
    }

    pub fn draw(mut self, draw: Draw) -> ForestParams {
        self.0.draw = draw;
        self
    }

    pub fn max_times(mut self, times: usize) -> ForestParams {
        self.0.max_times = times;
        self
    }

    pub fn cause(mut self, cause: u32) -> ForestParams {
        self.0.cause = Some(cause);
        self
    }

    pub fn weights(mut self, weights: Vec<f64>) -> ForestParams {
        self.0.weights = Some(weights);
        self
    }

    pub fn seed(mut self, seed: u64) -> ForestParams {
        self.0.seed = seed;
        self
    }
}

impl ParamGuard for ForestParams {
    type Checked = ForestValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&ForestValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        let positive = |weight: f64| weight > 0.0 && weight.is_finite();
        if let Draw::Subsample(share) = self.0.draw
            && !(share > 0.0 && share <= 1.0)
        {
            return refuse("the share of subjects drawn", share);
        }
        match &self.0 {
            p if p.ensemble_size == 0 => refuse("the number of trees", 0.0),
            p if p.mtry == Some(0) => refuse("the number of columns tried at a split", 0.0),
            p if !positive(p.min_weight_split) => refuse("the weight of a node to split", p.min_weight_split),
            p if !positive(p.min_weight_leaf) => refuse("the weight of a leaf", p.min_weight_leaf),
            p if p.max_times == 0 || p.max_times > usize::from(u16::MAX) => {
                refuse("the number of event times kept", p.max_times as f64)
            }
            p if p.cause == Some(0) => refuse("the cause of a forest", 0.0),
            p => Ok(p),
        }
    }

    fn check(self) -> Result<ForestValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
