//! Counts as they may be shown: fewer than five are not told (S-121), and neither is what would give them away by difference.

use serde::Serialize;

/// Counts below this one are not shown.
pub const FEW: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    Exact(u64),
    /// 0 to 4.
    Few,
    /// Five or more, kept back so that a small one beside it can't be worked out from the total.
    Withheld,
}

impl Count {
    pub fn of(number: u64) -> Count {
        if number < FEW { Count::Few } else { Count::Exact(number) }
    }

    /// The parts of a whole that is known: where a small part is hidden, others are hidden with it, smallest first, until the
    /// whole leaves each small one open.
    pub fn parts(numbers: &[u64]) -> Vec<Count> {
        let mut hidden = vec![false; numbers.len()];
        Count::hide(numbers, &mut hidden);
        Count::behind(numbers, &hidden)
    }

    /// The parts with the hidden ones kept back.
    pub fn behind(numbers: &[u64], hidden: &[bool]) -> Vec<Count> {
        let shown = |(number, hidden): (&u64, &bool)| match Count::of(*number) {
            Count::Exact(_) if *hidden => Count::Withheld,
            count => count,
        };
        numbers.iter().zip(hidden).map(shown).collect()
    }

    /// May the sum be told beside these parts? Not where it leaves but one number for a small part: 8 in two parts below 5.
    pub fn may_tell_sum(numbers: &[u64]) -> bool {
        let mut hidden = vec![false; numbers.len()];
        Count::hide(numbers, &mut hidden);
        leaves_open(&kept_back(numbers, &hidden))
    }

    /// Hides the small numbers, and others with them, smallest first, until the sum of all leaves each small one open. What is
    /// hidden already stays so.
    pub fn hide(numbers: &[u64], hidden: &mut [bool]) {
        for (number, hidden) in numbers.iter().zip(hidden.iter_mut()) {
            *hidden |= *number < FEW;
        }
        let mut by_size: Vec<usize> = (0..numbers.len()).filter(|i| !hidden[*i]).collect();
        by_size.sort_by_key(|i| numbers[*i]);
        for i in by_size {
            if leaves_open(&kept_back(numbers, hidden)) {
                break;
            }
            hidden[i] = true;
        }
    }

    pub fn exact(self) -> Option<u64> {
        match self {
            Count::Exact(number) => Some(number),
            _ => None,
        }
    }
}

fn kept_back(numbers: &[u64], hidden: &[bool]) -> Vec<u64> {
    numbers
        .iter()
        .zip(hidden)
        .filter(|(_, hidden)| **hidden)
        .map(|(number, _)| *number)
        .collect()
}

/// What is hidden is never one number alone, nor few together, and each small one could be another: the reader knows the sum,
/// and of each part whether it is below five.
fn leaves_open(hidden: &[u64]) -> bool {
    let (sum, few) = (
        hidden.iter().sum::<u64>(),
        hidden.iter().filter(|number| **number < FEW).count() as u64,
    );
    let others = hidden.len() as u64 - few;
    let open = match (few, others) {
        (0, _) => true,
        (_, 0) => sum >= FEW && sum < few * (FEW - 1),
        _ => sum > others * FEW,
    };
    hidden.is_empty() || (hidden.len() > 1 && open)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_small_part_takes_another_with_it() {
        use Count::{Exact, Few, Withheld};
        assert_eq!(Count::parts(&[100, 3, 40]), [Exact(100), Few, Withheld]);
        assert_eq!(Count::parts(&[100, 3, 4, 40]), [Exact(100), Few, Few, Exact(40)]);
        assert_eq!(Count::parts(&[100, 1, 1, 40]), [Exact(100), Few, Few, Withheld]);
        assert_eq!(Count::parts(&[100, 40]), [Exact(100), Exact(40)]);
        assert_eq!(Count::parts(&[3]), [Few]);
        // 8 in two parts below 5 is twice 4; 5 in a part below and one above is nothing and 5
        assert_eq!(Count::parts(&[100, 4, 4, 40]), [Exact(100), Few, Few, Withheld]);
        assert_eq!(Count::parts(&[100, 0, 5, 40]), [Exact(100), Few, Withheld, Withheld]);
    }

    #[test]
    fn a_sum_is_told_where_it_leaves_the_small_part_open() {
        for (parts, told) in [
            ([79, 3], true),
            ([30, 40], true),
            ([4, 3], true),
            ([4, 4], false),
            ([5, 0], false),
            ([6, 0], true),
            ([2, 1], false),
        ] {
            assert_eq!(Count::may_tell_sum(&parts), told, "{parts:?}");
        }
        assert!(Count::may_tell_sum(&[7]));
        assert!(!Count::may_tell_sum(&[4]));
    }

    proptest! {
        #[test]
        fn a_known_whole_leaves_each_hidden_small_part_open(numbers in prop::collection::vec(0u64..60, 1..8)) {
            let counts = Count::parts(&numbers);
            prop_assert!(counts.iter().all(|c| c.exact().is_none_or(|n| n >= FEW)));
            let hidden: Vec<(Count, u64)> = counts.into_iter().zip(numbers.iter().copied()).filter(|(c, _)| c.exact().is_none()).collect();
            if !hidden.is_empty() && hidden.len() < numbers.len() {
                let sum: u64 = hidden.iter().map(|(_, n)| n).sum();
                prop_assert!(hidden.len() > 1 && sum >= FEW);
                // the least and the most that each small part can be, the others being what is told of them
                let few = hidden.iter().filter(|(c, _)| *c == Count::Few).count() as u64;
                let others = hidden.len() as u64 - few;
                if few > 0 {
                    let most = (sum - FEW * others).min(FEW - 1);
                    let least = if others > 0 { 0 } else { sum.saturating_sub((few - 1) * (FEW - 1)) };
                    prop_assert!(least < most, "{hidden:?}");
                }
            }
        }
    }
}
