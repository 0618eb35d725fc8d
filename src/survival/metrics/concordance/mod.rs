//! Concordance: of the pairs of which we know who fell first, how often was that one's score higher?

mod order;
mod pairs;
#[cfg(test)]
mod tests;

use std::iter::Sum;

use super::censoring::{CaseWeight, Censoring, from_the_origin};
use super::ipcw::Estimate;
use crate::survival::risk_set::checked_weights;
use crate::survival::{Error, FollowUp};
use order::{Sides, Tally, by_number};

/// Weight of the pairs (their number, where nobody is weighted) by what time and score say of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pairs {
    pub concordant: f64,
    pub discordant: f64,
    /// Comparable, but with equal scores: half a success.
    pub tied_score: f64,
    /// Two events at one time, scores apart: not comparable.
    pub tied_time: f64,
    /// Two events at one time with equal scores.
    pub tied_both: f64,
}

impl Pairs {
    /// The pairs that can be compared.
    pub fn comparable(&self) -> f64 {
        self.concordant + self.discordant + self.tied_score
    }

    /// `None` when no pair can be compared.
    pub fn index(&self) -> Option<f64> {
        let pairs = self.comparable();
        (pairs > 0.0).then(|| (self.concordant + 0.5 * self.tied_score) / pairs)
    }
}

impl Sum for Pairs {
    fn sum<I: Iterator<Item = Pairs>>(strata: I) -> Pairs {
        strata.fold(Pairs::default(), |sum, pairs| Pairs {
            concordant: sum.concordant + pairs.concordant,
            discordant: sum.discordant + pairs.discordant,
            tied_score: sum.tied_score + pairs.tied_score,
            tied_time: sum.tied_time + pairs.tied_time,
            tied_both: sum.tied_both + pairs.tied_both,
        })
    }
}

/// Harrell's C with its standard error. Harrell et al., Stat Med 1996;15:361.
#[derive(Clone, Debug, PartialEq)]
pub struct Concordance {
    /// Over all strata.
    pub pairs: Pairs,
    /// In ascending order of the strata's numbers; one where nothing is stratified.
    pub by_stratum: Vec<Pairs>,
    /// By the infinitesimal jackknife, over clusters where there are any; `None` when no pair can be compared.
    pub se: Option<f64>,
}

impl Concordance {
    /// `None` when no pair can be compared.
    pub fn index(&self) -> Option<f64> {
        self.pairs.index()
    }

    /// With its standard error, from which limits follow. `None` when no pair can be compared.
    pub fn estimate(&self) -> Option<Estimate> {
        let value = self.index()?;
        Some(Estimate { value, se: self.se })
    }
}

/// Who is compared with whom, and how much each counts. The default: any event, one subject one vote, all in one stratum.
///
/// ```
/// use metwatch::survival::FollowUp;
/// use metwatch::survival::metrics::Comparison;
///
/// let subjects = [
///     FollowUp::until(2.0, 1)?,
///     FollowUp::until(3.0, 1)?,
///     FollowUp::until(4.0, 0)?,
/// ];
/// let by_clinic = Comparison {
///     strata: Some(&[0, 0, 1]),
///     ..Comparison::default()
/// };
/// let c = by_clinic.of(&subjects, &[0.9, 0.4, 0.7])?;
/// assert_eq!((c.index(), c.pairs.comparable()), (Some(1.0), 1.0));
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Comparison<'a> {
    /// Which event counts; others are censored. `None`: any.
    pub cause: Option<u32>,
    /// One a subject, above 0; a pair weighs their product.
    pub weights: Option<&'a [f64]>,
    /// Only subjects of one stratum are compared.
    pub strata: Option<&'a [usize]>,
    /// Rows of one cluster (a patient with several) vary together: their parts of the jackknife are added before they are squared.
    pub clusters: Option<&'a [usize]>,
}

impl Comparison<'_> {
    /// A higher score means an earlier event. Errors: `Lengths`, `NotFinite` (a score), `Weight`.
    ///
    /// A pair counts when the later one was at risk at the earlier one's event; one censored at that time counts as later, two events
    /// at one time do not count. O(n log n): two sorts and one pass a bit of the ranks.
    pub fn of(&self, subjects: &[FollowUp], scores: &[f64]) -> Result<Concordance, Error> {
        self.weighted(subjects, scores, |_| 1.0)
    }

    /// Uno's C: pairs whose first event comes before `tau`, each over the square of the chance to be watched until then, so that the
    /// answer does not depend on the censoring. Uno et al., Stat Med 2011;30:1105. The standard error takes the censoring curve as
    /// known, as R's does. Errors: those of `of`; `DelayedEntry`; `NoWeight` where the curve has come down to 0 before `tau`.
    pub fn uno(
        &self,
        subjects: &[FollowUp],
        scores: &[f64],
        tau: f64,
        censoring: &Censoring,
        rule: CaseWeight,
    ) -> Result<Concordance, Error> {
        from_the_origin(subjects)?;
        let weight = |s: &FollowUp| censoring.case_weight(s.exit(), rule);
        let counts = |s: &&FollowUp| s.had(self.cause) && s.exit() < tau;
        if let Some(s) = subjects.iter().filter(counts).find(|s| weight(s).is_infinite()) {
            return Err(Error::NoWeight(s.exit()));
        }
        self.weighted(
            subjects,
            scores,
            |s| if s.exit() < tau { weight(s).powi(2) } else { 0.0 },
        )
    }

    fn check(&self, n: usize, scores: &[f64]) -> Result<(), Error> {
        let lengths = [
            Some(scores.len()),
            self.strata.map(<[_]>::len),
            self.clusters.map(<[_]>::len),
        ];
        if let Some(records) = lengths.into_iter().flatten().find(|given| *given != n) {
            return Err(Error::Lengths { records, targets: n });
        }
        // Places are packed into 32 bits, each subject's twice.
        if n > i32::MAX as usize {
            return Err(Error::Parameter {
                name: "the number of subjects",
                value: n as f64,
            });
        }
        match scores.iter().position(|s| !s.is_finite()) {
            Some(row) => Err(Error::NotFinite { row, column: 0 }),
            None => Ok(()),
        }
    }

    /// `factor` multiplies what a case weighs; 0 takes it out as a case.
    fn weighted(
        &self,
        subjects: &[FollowUp],
        scores: &[f64],
        factor: impl Fn(&FollowUp) -> f64,
    ) -> Result<Concordance, Error> {
        let n = subjects.len();
        self.check(n, scores)?;
        let weights = checked_weights(self.weights, n)?;
        let cases: Vec<f64> = (subjects.iter().zip(&weights))
            .map(|(s, w)| if s.had(self.cause) { w * factor(s) } else { 0.0 })
            .collect();
        let sides = Sides {
            subjects,
            scores,
            weights: &weights,
            cases: &cases,
            cause: self.cause,
        };
        let mut tally = Tally::new(n);
        let by_stratum = match self.strata {
            None => vec![sides.count(&(0..n).collect::<Vec<usize>>(), &mut tally)],
            Some(strata) => by_number(strata)
                .iter()
                .map(|rows| sides.count(rows, &mut tally))
                .collect(),
        };
        let pairs: Pairs = by_stratum.iter().copied().sum();
        let se = pairs
            .index()
            .map(|index| tally.se(index, pairs.comparable(), self.clusters));
        Ok(Concordance { pairs, by_stratum, se })
    }
}

/// [`Comparison`] by its defaults, with the cause that counts (any for `None`). Errors: `Lengths`, `NotFinite` (a score).
pub fn concordance(subjects: &[FollowUp], scores: &[f64], cause: Option<u32>) -> Result<Concordance, Error> {
    let comparison = Comparison {
        cause,
        ..Comparison::default()
    };
    comparison.of(subjects, scores)
}
