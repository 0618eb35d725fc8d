//! Harrell's concordance in O(n log n): of the pairs of which we know who fell first, how often was that one's score higher?

use crate::survival::risk_set::ascending;
use crate::survival::{Error, FollowUp};

/// Pairs by what the scores say of them. Harrell et al., Stat Med 1996;15:361.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concordance {
    pub concordant: u64,
    pub discordant: u64,
    /// Comparable, but with equal scores: half a success.
    pub tied_score: u64,
}

impl Concordance {
    /// `None` when no pair can be compared.
    pub fn index(&self) -> Option<f64> {
        let pairs = self.concordant + self.discordant + self.tied_score;
        (pairs > 0).then(|| (self.concordant as f64 + 0.5 * self.tied_score as f64) / pairs as f64)
    }
}

/// How many of each rank are in the set; prefix sums in O(log n).
struct Counts {
    tree: Vec<u64>,
}

impl Counts {
    fn change(&mut self, rank: usize, add: bool) {
        let mut i = rank + 1;
        while i < self.tree.len() {
            self.tree[i] = if add { self.tree[i] + 1 } else { self.tree[i] - 1 };
            i += i & i.wrapping_neg();
        }
    }

    /// How many have a rank below `rank`.
    fn below(&self, rank: usize) -> u64 {
        let (mut i, mut sum) = (rank, 0);
        while i > 0 {
            sum += self.tree[i];
            i -= i & i.wrapping_neg();
        }
        sum
    }
}

/// A higher score means an earlier event of `cause` (any for `None`); other causes count as censored. A pair counts when the
/// later one was at risk at the earlier one's event; one censored at that time counts as later, two events at one time do not count.
pub fn concordance(subjects: &[FollowUp], scores: &[f64], cause: Option<u32>) -> Result<Concordance, Error> {
    let n = subjects.len();
    if n != scores.len() {
        return Err(Error::Lengths {
            records: scores.len(),
            targets: n,
        });
    }
    if let Some(row) = scores.iter().position(|s| !s.is_finite()) {
        return Err(Error::NotFinite { row, column: 0 });
    }
    let mut distinct: Vec<f64> = scores.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let rank: Vec<usize> = scores.iter().map(|s| distinct.partition_point(|d| d < s)).collect();
    let by_exit = ascending(n, |i| subjects[i].exit());
    let by_entry = ascending(n, |i| subjects[i].entry());
    let mut later = Counts {
        tree: vec![0; distinct.len() + 1],
    };
    let mut out = Concordance {
        concordant: 0,
        discordant: 0,
        tied_score: 0,
    };
    let mut not_yet = n; // by_entry[not_yet..] have been taken out again
    let mut end = n;
    while end > 0 {
        let time = subjects[by_exit[end - 1]].exit();
        let start = by_exit[..end].partition_point(|&i| subjects[i].exit() < time);
        let tied = &by_exit[start..end];
        for &i in tied.iter().filter(|&&i| !subjects[i].had(cause)) {
            later.change(rank[i], true);
        }
        while not_yet > 0 && subjects[by_entry[not_yet - 1]].entry() >= time {
            not_yet -= 1;
            later.change(rank[by_entry[not_yet]], false);
        }
        let all = later.below(distinct.len());
        for &i in tied.iter().filter(|&&i| subjects[i].had(cause)) {
            let (lower, up_to) = (later.below(rank[i]), later.below(rank[i] + 1));
            out.concordant += lower;
            out.tied_score += up_to - lower;
            out.discordant += all - up_to;
        }
        for &i in tied.iter().filter(|&&i| subjects[i].had(cause)) {
            later.change(rank[i], true);
        }
        end = start;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::survival::kaplan_meier::tests::some_subjects;

    /// The definition, pair by pair.
    fn by_pairs(subjects: &[FollowUp], scores: &[f64]) -> Concordance {
        let (mut concordant, mut discordant, mut tied_score) = (0, 0, 0);
        for (a, first) in subjects.iter().enumerate().filter(|(_, s)| s.had(Some(1))) {
            for (b, other) in subjects.iter().enumerate() {
                let later = other.exit() > first.exit() || (other.exit() == first.exit() && !other.had(Some(1)));
                if later && other.entry() < first.exit() {
                    match scores[a].total_cmp(&scores[b]) {
                        std::cmp::Ordering::Greater => concordant += 1,
                        std::cmp::Ordering::Less => discordant += 1,
                        std::cmp::Ordering::Equal => tied_score += 1,
                    }
                }
            }
        }
        Concordance {
            concordant,
            discordant,
            tied_score,
        }
    }

    proptest! {
        #[test]
        fn equals_its_definition(subjects in some_subjects(), seed in prop::collection::vec(0u8..6, 60)) {
            let scores: Vec<f64> = (0..subjects.len()).map(|i| f64::from(seed[i])).collect();
            prop_assert_eq!(concordance(&subjects, &scores, Some(1)).unwrap(), by_pairs(&subjects, &scores));
        }
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(concordance(&[], &[], None).unwrap().index(), None);
        let one = [FollowUp::until(1.0, 1).unwrap()];
        assert!(matches!(
            concordance(&one, &[f64::NAN], None),
            Err(Error::NotFinite { .. })
        ));
        assert!(matches!(concordance(&one, &[], None), Err(Error::Lengths { .. })));
    }
}
