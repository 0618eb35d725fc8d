//! Whether acting on a risk does more good than harm: the decision curve.

use super::censoring::risks_of;
use super::observed::Observed;
use crate::survival::{Error, FollowUp};

/// True positives less false ones at the exchange rate that the threshold implies, a subject. Treating nobody gives 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetBenefit {
    /// The risk from which on one acts.
    pub threshold: f64,
    pub model: f64,
    pub treat_all: f64,
    pub treat_none: f64,
}

/// The decision curve for survival data: the event rate among those above each threshold by Kaplan-Meier, or by Aalen-Johansen for one
/// cause of several. Vickers et al., BMC Med Inform Decis Mak 2008;8:53. Errors: as `observed_risk`; `Lengths`, `NotFinite`,
/// `Parameter` (a risk, or a threshold outside (0, 1)). One sort, then one pass a threshold.
pub fn net_benefit(
    subjects: &[FollowUp],
    cause: Option<u32>,
    risks: &[f64],
    horizon: f64,
    thresholds: &[f64],
) -> Result<Vec<NetBenefit>, Error> {
    risks_of(subjects, risks)?;
    if let Some(&value) = thresholds.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        let name = "a threshold of a decision curve";
        return Err(Error::Parameter { name, value });
    }
    let observed = Observed::new(subjects, cause, horizon)?;
    let everybody = observed.among(|_| true);
    let curve = thresholds.iter().map(|&threshold| {
        let odds = threshold / (1.0 - threshold);
        let benefit = |(treated, risk): (usize, f64)| {
            let share = treated as f64 / subjects.len() as f64;
            risk * share - (1.0 - risk) * share * odds
        };
        NetBenefit {
            threshold,
            model: benefit(observed.among(|i| risks[i] >= threshold)),
            treat_all: benefit(everybody),
            treat_none: 0.0,
        }
    });
    Ok(curve.collect())
}
