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

/// Σ (p − q) ln(p / q) over tenths of `reference` (each value with its weight), `today` against it; values that are not finite are a part
/// of their own. 0 for equal distributions; `None` without rows. Siddiqi, Credit Risk Scorecards, 2006.
pub fn index(reference: &[(f64, f64)], today: &[f64]) -> Option<f64> {
    if reference.is_empty() || today.is_empty() {
        return None;
    }
    let cuts = tenths(reference);
    let shares = |values: &mut dyn Iterator<Item = (f64, f64)>| {
        let mut counts = vec![PRIOR; cuts.len() + 2];
        for (value, weight) in values {
            let place = if value.is_finite() {
                cuts.partition_point(|cut| *cut < value)
            } else {
                cuts.len() + 1
            };
            counts[place] += weight;
        }
        let total: f64 = counts.iter().sum();
        counts.into_iter().map(|count| count / total).collect::<Vec<f64>>()
    };
    let before = shares(&mut reference.iter().copied());
    let now = shares(&mut today.iter().map(|value| (*value, 1.0)));
    let pairs = before.into_iter().zip(now);
    Some(pairs.map(|(p, q)| (p - q) * (p / q).ln()).sum())
}

/// The values below which lie one tenth, two tenths, … of the weight; each once.
fn tenths(values: &[(f64, f64)]) -> Vec<f64> {
    let mut known: Vec<(f64, f64)> = values.iter().copied().filter(|(value, _)| value.is_finite()).collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let whole: f64 = known.iter().map(|(_, weight)| weight).sum();
    let (mut below, mut cuts) = (0.0, vec![]);
    for (value, weight) in known {
        below += weight;
        if below * PARTS as f64 >= whole * (cuts.len() + 1) as f64 {
            cuts.push(value);
        }
    }
    cuts.truncate(PARTS - 1);
    cuts.dedup();
    cuts
}
