//! The log-rank test and its weighted, stratified and ordered relatives: do groups have the same hazard?

mod params;
#[cfg(test)]
mod tests;

use ndarray::Array2;

pub use params::{LogRankParams, Weighting};

use super::inference::Test;
use super::risk_set::{Order, Split, Table, checked_weights};
use super::symmetric::Cholesky;
use super::{Error, FollowUp};

/// Observed less expected events with the hypergeometric variance. Mantel, Cancer Chemother Rep 1966;50:163; Peto & Peto, J R
/// Stat Soc A 1972;135:185. All sums are of the weighted events where the test has a weighting, as in R's `survdiff`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRank {
    /// Subjects (or their weight), one number a group.
    pub n: Vec<f64>,
    pub observed: Vec<f64>,
    pub expected: Vec<f64>,
    /// Of observed less expected: groups by groups, of rank one less than the groups.
    pub variance: Array2<f64>,
    pub chi_square: f64,
    pub degrees: usize,
    pub p: f64,
}

impl LogRank {
    /// The plain test. `group` holds a number below `groups` for each subject; any event counts. Errors: `Lengths`; `Groups`
    /// unless two groups are ever at risk together; `NoEvents`.
    pub fn of(subjects: &[FollowUp], group: &[usize], groups: usize) -> Result<LogRank, Error> {
        LogRank::params().test(subjects, group, groups)
    }

    /// Settings of the other tests of the family.
    pub fn params() -> LogRankParams {
        LogRankParams::default()
    }

    /// The test for trend, of one degree of freedom: do hazards rise or fall with the groups' `scores` (a dose, a grade)?
    /// Tarone, Biometrika 1975;62:679. Errors: `Lengths`; `NotFinite`; `Groups` when the scores tell no groups apart.
    pub fn trend(&self, scores: &[f64]) -> Result<Test, Error> {
        let groups = self.observed.len();
        if scores.len() != groups {
            return Err(Error::Lengths {
                records: scores.len(),
                targets: groups,
            });
        }
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            return Err(Error::NotFinite { row, column: 0 });
        }
        // The variance does not feel a shift of the scores, and is best computed without one.
        let middle = scores.iter().sum::<f64>() / groups as f64;
        let scores: Vec<f64> = scores.iter().map(|score| score - middle).collect();
        let (mut sum, mut variance, mut scale) = (0.0, 0.0, 0.0);
        for (g, own) in scores.iter().enumerate() {
            sum += own * (self.observed[g] - self.expected[g]);
            scale += own * own * self.variance[[g, g]];
            let row = self.variance.row(g);
            variance += own * row.iter().zip(&scores).map(|(v, other)| v * other).sum::<f64>();
        }
        if variance <= 1e-12 * scale || variance == 0.0 {
            return Err(Error::Groups(1));
        }
        Ok(Test::of(sum * sum / variance, 1))
    }

    fn add(&mut self, table: &Table, weighting: Weighting) {
        let groups = self.n.len();
        let mut survival = 1.0;
        let mut share = vec![0.0; groups];
        for row in 0..table.rows() {
            let at_risk = table.at_risk(row);
            let n: f64 = at_risk.iter().sum();
            let d: f64 = (0..groups).map(|g| table.events(row, g)[0]).sum();
            let weight = weighting.at(n, survival);
            survival *= (n - d).max(0.0) / n;
            let spread = if n > 1.0 { d * (n - d) / (n - 1.0) } else { 0.0 };
            for g in 0..groups {
                share[g] = at_risk[g] / n;
                self.observed[g] += weight * table.events(row, g)[0];
                self.expected[g] += weight * d * share[g];
            }
            for g in 0..groups {
                for h in 0..g {
                    self.variance[[g, h]] -= weight * weight * spread * share[g] * share[h];
                }
                self.variance[[g, g]] += weight * weight * spread * share[g] * (1.0 - share[g]);
            }
        }
    }

    fn conclude(mut self) -> Result<LogRank, Error> {
        let groups = self.n.len();
        for g in 0..groups {
            for h in 0..g {
                self.variance[[h, g]] = self.variance[[g, h]];
            }
        }
        if self.observed.iter().all(|observed| *observed == 0.0) {
            return Err(Error::NoEvents);
        }
        let difference: Vec<f64> = self.observed.iter().zip(&self.expected).map(|(o, e)| o - e).collect();
        // The differences add up to 0, so the last group (or one never at risk) is aliased and left out.
        let factor = Cholesky::of(self.variance.view(), 1e-10);
        self.degrees = groups - factor.aliased.len();
        if self.degrees == 0 {
            return Err(Error::Groups(1));
        }
        let solved = factor.solve(&difference);
        let test = Test::of(solved.iter().zip(&difference).map(|(a, b)| a * b).sum(), self.degrees);
        (self.chi_square, self.p) = (test.chi_square, test.p);
        Ok(self)
    }
}

impl LogRankParams {
    /// As `LogRank::of`, with these settings. Further errors: `Weight`, `Lengths` of weights or strata, `Parameter`.
    pub fn test(&self, subjects: &[FollowUp], group: &[usize], groups: usize) -> Result<LogRank, Error> {
        let present = present(subjects.len(), group, groups)?;
        self.check(subjects.len())?;
        if present < 2 {
            return Err(Error::Groups(present));
        }
        let weights = checked_weights(self.weights.as_deref(), subjects.len())?;
        let mut sums = LogRank {
            n: vec![0.0; groups],
            observed: vec![0.0; groups],
            expected: vec![0.0; groups],
            variance: Array2::zeros((groups, groups)),
            chi_square: 0.0,
            degrees: 0,
            p: 1.0,
        };
        for (&g, weight) in group.iter().zip(&weights) {
            sums.n[g] += weight;
        }
        let compare = |sums: &mut LogRank, subjects: &[FollowUp], weights: &[f64], group: &dyn Fn(usize) -> usize| {
            let causes = 1;
            let table = Order::of(subjects).table(subjects, weights, &Split { group, groups, causes });
            sums.add(&table, self.weighting);
        };
        let Some(strata) = &self.strata else {
            compare(&mut sums, subjects, &weights, &|i| group[i]);
            return sums.conclude();
        };
        let mut order: Vec<usize> = (0..subjects.len()).collect();
        order.sort_unstable_by_key(|i| (strata[*i], *i));
        for stratum in order.chunk_by(|a, b| strata[*a] == strata[*b]) {
            let own: Vec<FollowUp> = stratum.iter().map(|i| subjects[*i]).collect();
            let own_weights: Vec<f64> = stratum.iter().map(|i| weights[*i]).collect();
            compare(&mut sums, &own, &own_weights, &|i| group[stratum[i]]);
        }
        sums.conclude()
    }
}

/// How many groups have a subject. Errors: `Lengths`; `Groups` for a number outside them.
pub(in crate::survival) fn present(subjects: usize, group: &[usize], groups: usize) -> Result<usize, Error> {
    if subjects != group.len() {
        return Err(Error::Lengths {
            records: group.len(),
            targets: subjects,
        });
    }
    let mut seen = vec![false; groups];
    for &g in group {
        *seen.get_mut(g).ok_or(Error::Groups(groups))? = true;
    }
    Ok(seen.into_iter().filter(|seen| *seen).count())
}
