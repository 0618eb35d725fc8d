//! How far each row is from its model.

use ndarray::ArrayView2;

use super::law::Law;
use super::likelihood::Part;
use super::{AftModel, Observed, Response};
use crate::survival::Error;

/// One row's residuals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual {
    /// The value less the predicted one (the exponential of the linear predictor, for laws of the logarithm): the middle of an
    /// interval counts, the bound of a censored value.
    pub response: f64,
    /// Root of twice the log-likelihood lost against the best place for this row alone, positive where the row asks for a longer
    /// time; a delayed entry is not counted. As R's `survreg`, save intervals of a Weibull law, whose best R takes too high.
    pub deviance: f64,
    /// The cumulative hazard that the row has lived through since its entry, of follow-up and values known exactly or from below.
    pub cox_snell: Option<f64>,
    /// One for an event, less the cumulative hazard.
    pub martingale: Option<f64>,
}

/// The best log-likelihood that a row can have at this scale, wherever its predictor.
fn saturated(law: Law, seen: Observed, scale: f64) -> f64 {
    match seen {
        Observed::Exactly(_) => law.density(0.0).value - scale.ln(),
        Observed::After(_) | Observed::Before(_) => 0.0,
        Observed::Between(a, b) => {
            let width = (b - a) / scale;
            let low = match law {
                Law::Extreme => (width / width.exp_m1()).ln(),
                Law::Logistic | Law::Normal => -0.5 * width,
            };
            // A width whose exponential overflows holds everything.
            if low.is_finite() {
                law.log_between(low, low + width)
            } else {
                0.0
            }
        }
    }
}

impl AftModel {
    /// One a row of records with their targets. Errors: `Lengths`, `Width`, `NotFinite`, and those of targets.
    pub fn residuals<R: Response>(&self, records: ArrayView2<f64>, targets: &[R]) -> Result<Vec<Residual>, Error> {
        if records.nrows() != targets.len() {
            return Err(Error::Lengths {
                records: records.nrows(),
                targets: targets.len(),
            });
        }
        let scale = self.scale()?;
        (records.rows().into_iter().zip(targets).enumerate())
            .map(|(i, (row, target))| {
                let predictor = self.linear_predictor(row)?;
                let seen = target.observed(self.cause).on_scale(i, self.distribution)?;
                Ok(self.residual(seen, target.entry(), predictor, scale))
            })
            .collect()
    }

    fn residual(&self, seen: Observed, entry: Option<f64>, predictor: f64, scale: f64) -> Residual {
        let law = self.distribution.law();
        let logarithm = self.distribution.is_of_logarithm();
        let value = |y: f64| if logarithm { y.exp() } else { y };
        let hazard = |y: f64| -law.above((y - predictor) / scale).value;
        let before = entry.map_or(0.0, |e| hazard(if logarithm { e.ln() } else { e }));
        let (cox_snell, event) = match seen {
            Observed::Exactly(y) => (Some(hazard(y) - before), 1.0),
            Observed::After(y) => (Some(hazard(y) - before), 0.0),
            _ => (None, 1.0),
        };
        let observed = match seen {
            Observed::Between(a, b) => 0.5 * (value(a) + value(b)),
            seen => value(seen.middle()),
        };
        let here = Part::seen(law, seen, None, predictor, scale.ln());
        let lost = saturated(law, seen, scale) - here.value;
        Residual {
            response: observed - value(predictor),
            deviance: (2.0 * lost).max(0.0).sqrt().copysign(here.eta),
            cox_snell,
            martingale: cox_snell.map(|h| event - h),
        }
    }
}
