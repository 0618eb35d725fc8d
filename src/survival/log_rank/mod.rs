//! The log-rank test: do groups have the same hazard?

#[cfg(test)]
mod tests;

use ndarray::Array2;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::risk_set::{Split, checked_weights, rows};
use super::symmetric::Cholesky;
use super::{Error, FollowUp};

/// Mantel's test with the hypergeometric variance. Mantel, Cancer Chemother Rep 1966;50:163; Peto & Peto, J R Stat Soc A 1972;135:185.
#[derive(Clone, Debug)]
pub struct LogRank {
    /// One number a group.
    pub observed: Vec<f64>,
    pub expected: Vec<f64>,
    pub chi_square: f64,
    pub degrees: usize,
    pub p: f64,
}

impl LogRank {
    /// `group` holds a number below `groups` for each subject; any event counts.
    pub fn of(subjects: &[FollowUp], group: &[usize], groups: usize) -> Result<LogRank, Error> {
        if subjects.len() != group.len() {
            return Err(Error::Lengths {
                records: group.len(),
                targets: subjects.len(),
            });
        }
        let present = (0..groups).filter(|g| group.contains(g)).count();
        if present < 2 || group.iter().any(|g| *g >= groups) {
            return Err(Error::Groups(present));
        }
        let weights = checked_weights(None, subjects.len())?;
        let split = Split {
            group: &|i| group[i],
            groups,
            causes: 1,
        };
        let (mut observed, mut expected) = (vec![0.0; groups], vec![0.0; groups]);
        let mut variance = Array2::<f64>::zeros((groups, groups));
        for row in rows(subjects, &weights, &split) {
            let n: f64 = row.at_risk.iter().sum();
            let d: f64 = row.events.iter().map(|e| e[0]).sum();
            let spread = if n > 1.0 { d * (n - d) / (n - 1.0) } else { 0.0 };
            for g in 0..groups {
                let share = row.at_risk[g] / n;
                observed[g] += row.events[g][0];
                expected[g] += d * share;
                for h in 0..groups {
                    let same = if g == h { 1.0 } else { 0.0 };
                    variance[[g, h]] += spread * share * (same - row.at_risk[h] / n);
                }
            }
        }
        if observed.iter().sum::<f64>() == 0.0 {
            return Err(Error::NoEvents);
        }
        let difference: Vec<f64> = observed.iter().zip(&expected).map(|(o, e)| o - e).collect();
        // The differences add up to 0, so the last group (or one never at risk) is aliased and left out.
        let factor = Cholesky::of(variance.view(), 1e-10);
        let degrees = groups - factor.aliased.len();
        if degrees == 0 {
            return Err(Error::Groups(1));
        }
        let solved = factor.solve(&difference);
        let chi_square: f64 = solved.iter().zip(&difference).map(|(a, b)| a * b).sum();
        let law = ChiSquared::new(degrees as f64).map_err(|_| Error::Groups(present))?;
        Ok(LogRank {
            observed,
            expected,
            chi_square,
            degrees,
            p: law.sf(chi_square),
        })
    }
}
