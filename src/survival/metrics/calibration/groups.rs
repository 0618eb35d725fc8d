//! Predicted against observed in groups of like risk.

use super::super::censoring::risks_of;
use super::super::observed::Observed;
use crate::survival::{Error, FollowUp};

/// Those whose predicted risks lie between two cuts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    pub n: usize,
    pub mean_predicted: f64,
    /// By Kaplan-Meier, or by Aalen-Johansen for one cause of several; a group not followed to the horizon keeps its last value.
    pub observed: f64,
}

/// The value below which a share `p` of the `sorted` numbers lies, between two of them by straight line (R's type 7).
pub(in crate::survival) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let index = (sorted.len() - 1) as f64 * p;
    let low = index.floor();
    let (a, b) = (sorted[low as usize], sorted[index.ceil() as usize]);
    let h = index - low;
    if h == 0.0 || a == b { a } else { (1.0 - h) * a + h * b }
}

/// Groups of about equal size, cut at quantiles of the predicted risk; a risk at a cut belongs below it, and cuts that coincide make
/// one group of two. Errors: as `observed_risk`; `Lengths`, `NotFinite`, `Parameter` (a risk, or no groups).
pub fn by_risk(
    subjects: &[FollowUp],
    cause: Option<u32>,
    risks: &[f64],
    horizon: f64,
    groups: usize,
) -> Result<Vec<Group>, Error> {
    risks_of(subjects, risks)?;
    if groups == 0 || groups > u32::MAX as usize {
        return Err(Error::Parameter {
            name: "the number of groups",
            value: groups as f64,
        });
    }
    let observed = Observed::new(subjects, cause, horizon)?;
    let mut sorted = risks.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut cuts: Vec<f64> = (1..groups)
        .map(|k| quantile(&sorted, k as f64 / groups as f64))
        .collect();
    cuts.dedup();
    let group: Vec<usize> = (risks.iter())
        .map(|risk| cuts.partition_point(|cut| cut < risk))
        .collect();
    let mut sums = vec![0.0; cuts.len() + 1];
    for (risk, group) in risks.iter().zip(&group) {
        sums[*group] += risk;
    }
    let one = |(place, sum): (usize, f64)| {
        let (n, observed) = observed.among(|i| group[i] == place);
        (n > 0).then(|| Group {
            n,
            mean_predicted: sum / n as f64,
            observed,
        })
    };
    Ok(sums.into_iter().enumerate().filter_map(one).collect())
}
