//! Settings of boosting, unchecked and checked.

use linfa::ParamGuard;

use crate::survival::{Error, Ties};

/// Friedman, Ann Stat 2001;29:1189; Ridgeway, Comput Sci Stat 1999;31:172: `Boosting::params().seed(1).fit(&dataset)?`.
pub struct Boosting;

impl Boosting {
    pub fn params() -> BoostingParams {
        BoostingParams(BoostingValidParams {
            ensemble_size: 200,
            learning_rate: 0.05,
            max_depth: 2,
            min_weight_leaf: 15.0,
            l2: 1.0,
            subsample: 0.5,
            held_out: None,
            patience: 10,
            ties: Ties::Efron,
            cause: None,
            weights: None,
            seed: 0,
        })
    }
}

/// Settings, not yet checked. Each tree takes a step down the negative log partial likelihood: its splits part rows with more
/// events than expected from rows with fewer, its leaves hold Newton's step (O - E) / (E + l2), shrunk. The information of
/// the leaves is diag(E) less what only shifts all of them alike, so E alone divides.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `ensemble_size` | 200 | trees, at most | 1 and more |
/// | `learning_rate` | 0.05 | share of each step that is taken | above 0, to 1 |
/// | `max_depth` | 2 | splits above a leaf: 1 is additive, 2 has interactions of two columns | 1 and more |
/// | `min_weight_leaf` | 15 | weight (rows, without case weights) of a leaf | above 0 |
/// | `l2` | 1 | events added to the expected ones of a leaf: shrinks small leaves | 0 and more |
/// | `subsample` | 0.5 | share of the rows that a tree is grown on (Friedman, Comput Stat Data Anal 2002;38:367) | above 0, to 1 |
/// | `held_out` | none | share of the rows kept to stop on | above 0, below 1 |
/// | `patience` | 10 | trees without a better likelihood of the rows held out, before it stops | 1 and more |
/// | `ties` | Efron | rule for events at one time, of the likelihood and of the baseline; not the exact one | |
/// | `cause` | any | which event counts; others are censored | 1, 2, … |
/// | `weights` | the data set's | case weights; 2 is the row twice | above 0 |
/// | `seed` | 0 | the same seed gives the same model, on any number of threads | |
///
/// Missing values are for the caller to fill in; delayed entry is allowed. Errors of the fit: `Empty`, `Lengths`, `NotFinite`,
/// `Weight`, `NoEvents` (also among the rows held out, or not), `Parameter`, `ExactTies`.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::{Boosting, FollowUp};
/// use ndarray::{Array1, Array2, array};
///
/// let records = Array2::from_shape_fn((90, 1), |(i, _)| (i % 3) as f64);
/// let targets: Array1<FollowUp> = (0..90)
///     .map(|i| FollowUp::until(1.0 + i as f64 / if i % 3 == 1 { 4.0 } else { 1.0 }, 1))
///     .collect::<Result<_, _>>()?;
/// let model = Boosting::params().fit(&Dataset::new(records, targets))?;
/// let score = model.predict(&array![[0.0], [1.0], [2.0]]);
/// assert!(score[1] > score[0] && score[1] > score[2]); // no line through the three could say so
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BoostingParams(BoostingValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct BoostingValidParams {
    pub(super) ensemble_size: usize,
    pub(super) learning_rate: f64,
    pub(super) max_depth: usize,
    pub(super) min_weight_leaf: f64,
    pub(super) l2: f64,
    pub(super) subsample: f64,
    pub(super) held_out: Option<f64>,
    pub(super) patience: usize,
    pub(super) ties: Ties,
    pub(super) cause: Option<u32>,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) seed: u64,
}

impl BoostingParams {
    pub fn ensemble_size(mut self, trees: usize) -> BoostingParams {
        self.0.ensemble_size = trees;
        self
    }

    pub fn learning_rate(mut self, share: f64) -> BoostingParams {
        self.0.learning_rate = share;
        self
    }

    pub fn max_depth(mut self, splits: usize) -> BoostingParams {
        self.0.max_depth = splits;
        self
    }

    pub fn min_weight_leaf(mut self, weight: f64) -> BoostingParams {
        self.0.min_weight_leaf = weight;
        self
    }

    pub fn l2(mut self, events: f64) -> BoostingParams {
        self.0.l2 = events;
        self
    }

    pub fn subsample(mut self, share: f64) -> BoostingParams {
        self.0.subsample = share;
        self
    }

    pub fn held_out(mut self, share: f64) -> BoostingParams {
        self.0.held_out = Some(share);
        self
    }

    pub fn patience(mut self, trees: usize) -> BoostingParams {
        self.0.patience = trees;
        self
    }

    pub fn ties(mut self, ties: Ties) -> BoostingParams {
        self.0.ties = ties;
        self
    }

    pub fn cause(mut self, cause: u32) -> BoostingParams {
        self.0.cause = Some(cause);
        self
    }

    pub fn weights(mut self, weights: Vec<f64>) -> BoostingParams {
        self.0.weights = Some(weights);
        self
    }

    pub fn seed(mut self, seed: u64) -> BoostingParams {
        self.0.seed = seed;
        self
    }
}

impl ParamGuard for BoostingParams {
    type Checked = BoostingValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&BoostingValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        let share = |value: f64| value > 0.0 && value <= 1.0;
        match &self.0 {
            p if p.ensemble_size == 0 => refuse("the number of trees", 0.0),
            p if !share(p.learning_rate) => refuse("the learning rate", p.learning_rate),
            p if p.max_depth == 0 => refuse("the depth of a tree", 0.0),
            p if !(p.min_weight_leaf > 0.0 && p.min_weight_leaf.is_finite()) => {
                refuse("the weight of a leaf", p.min_weight_leaf)
            }
            p if !(p.l2 >= 0.0 && p.l2.is_finite()) => refuse("the l2 penalty", p.l2),
            p if !share(p.subsample) => refuse("the share of rows a tree is grown on", p.subsample),
            p if p.held_out.is_some_and(|held| !(held > 0.0 && held < 1.0)) => {
                refuse("the share of rows held out", p.held_out.unwrap_or_default())
            }
            p if p.ties == Ties::Exact => Err(Error::ExactTies),
            p if p.patience == 0 => refuse("the patience", 0.0),
            p if p.cause == Some(0) => refuse("the cause of a model", 0.0),
            p => Ok(p),
        }
    }

    fn check(self) -> Result<BoostingValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
