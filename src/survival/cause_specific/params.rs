//! Settings of a set of cause-specific models, unchecked and checked.

use linfa::ParamGuard;

use super::CauseSpecific;
use crate::survival::{Error, Ties};

impl CauseSpecific {
    pub fn params() -> CauseSpecificParams {
        CauseSpecificParams(CauseSpecificValidParams {
            ties: Ties::Efron,
            causes: None,
            columns: None,
            weights: None,
        })
    }
}

/// Settings, not yet checked: one Cox model a cause, the events of the other causes censored. Prentice et al., Biometrics
/// 1978;34:541.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `ties` | Efron | rule for events of one cause at one time | not the exact one |
/// | `causes` | the largest code, at least 2 | codes 1 to this have a model each; larger ones are an error | 1, 2, … |
/// | `columns` | all | which columns the model of each cause looks at | one list a cause |
/// | `weights` | the data set's | case weights, in the order of the rows | finite, above 0 |
///
/// Errors of the fit: those of `Cox` for each cause (`NoEvents` when a code up to `causes` never comes), and `Parameter` for a
/// larger code, a column that is not there, or a number of lists that is not that of the causes.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::{CauseSpecific, FollowUp};
/// use ndarray::{Array1, array};
///
/// let records = array![[1.0], [0.0], [1.0], [0.0], [1.0], [0.0]];
/// let targets = Array1::from(vec![
///     FollowUp::until(2.0, 1)?,
///     FollowUp::until(3.0, 2)?,
///     FollowUp::until(4.0, 2)?,
///     FollowUp::until(5.0, 1)?,
///     FollowUp::until(6.0, 1)?,
///     FollowUp::until(7.0, 0)?,
/// ]);
/// let model = CauseSpecific::params().fit(&Dataset::new(records.clone(), targets))?;
/// let states = model.cif_at(records.view(), &[5.0])?;
/// assert!((states.sum() - 6.0).abs() < 1e-12);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CauseSpecificParams(CauseSpecificValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct CauseSpecificValidParams {
    pub(super) ties: Ties,
    pub(super) causes: Option<u32>,
    pub(super) columns: Option<Vec<Vec<usize>>>,
    pub(super) weights: Option<Vec<f64>>,
}

impl CauseSpecificParams {
    pub fn ties(mut self, ties: Ties) -> CauseSpecificParams {
        self.0.ties = ties;
        self
    }

    pub fn causes(mut self, causes: u32) -> CauseSpecificParams {
        self.0.causes = Some(causes);
        self
    }

    pub fn columns(mut self, columns: Vec<Vec<usize>>) -> CauseSpecificParams {
        self.0.columns = Some(columns);
        self
    }

    /// They win over the weights of the data set, which are rounded to 32 bits.
    pub fn weights(mut self, weights: Vec<f64>) -> CauseSpecificParams {
        self.0.weights = Some(weights);
        self
    }
}

impl ParamGuard for CauseSpecificParams {
    type Checked = CauseSpecificValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&CauseSpecificValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        match &self.0 {
            p if p.causes == Some(0) => refuse("the number of causes", 0.0),
            // Its likelihood is one of odds, which have no hazard to put together.
            p if p.ties == Ties::Exact => Err(Error::ExactTies),
            p => Ok(p),
        }
    }

    fn check(self) -> Result<CauseSpecificValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
