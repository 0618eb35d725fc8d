//! Whether what is seen today looks like what the fit saw: the population stability index of each column.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    pub column: String,
    pub index: f64,
}

/// Tenths of the reference, and one more for what is missing.
const PARTS: usize = 10;
/// Half a row in each part, so that an empty one is no infinity.
const PRIOR: f64 = 0.5;

/// Σ (p − q) ln(p / q) over tenths of `reference`, `today` against it; values that are not finite are a part of their own. 0 for equal
/// distributions; `None` without rows. Siddiqi, Credit Risk Scorecards, 2006.
pub fn index(reference: &[f64], today: &[f64]) -> Option<f64> {
    if reference.is_empty() || today.is_empty() {
        return None;
    }
    let mut known: Vec<f64> = reference.iter().copied().filter(|value| value.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    let mut cuts: Vec<f64> = (1..PARTS)
        .filter_map(|part| known.get(part * known.len() / PARTS))
        .copied()
        .collect();
    cuts.dedup();
    let shares = |values: &[f64]| {
        let mut counts = vec![PRIOR; cuts.len() + 2];
        for value in values {
            let place = if value.is_finite() {
                cuts.partition_point(|cut| cut < value)
            } else {
                cuts.len() + 1
            };
            counts[place] += 1.0;
        }
        let total: f64 = counts.iter().sum();
        counts.into_iter().map(|count| count / total).collect::<Vec<f64>>()
    };
    let pairs = shares(reference).into_iter().zip(shares(today));
    Some(pairs.map(|(p, q)| (p - q) * (p / q).ln()).sum())
}
