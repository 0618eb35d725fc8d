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

    /// The parts of a whole that is known: where a small part is hidden, others are hidden with it, smallest first, until two
    /// or more are and those together are no small number either.
    pub fn parts(numbers: &[u64]) -> Vec<Count> {
        let mut counts: Vec<Count> = numbers.iter().map(|number| Count::of(*number)).collect();
        let mut by_size: Vec<usize> = (0..numbers.len()).filter(|i| numbers[*i] >= FEW).collect();
        by_size.sort_by_key(|i| numbers[*i]);
        let mut hidden: Vec<u64> = numbers.iter().copied().filter(|number| *number < FEW).collect();
        for i in by_size {
            if hidden.is_empty() || (hidden.len() > 1 && hidden.iter().sum::<u64>() >= FEW) {
                break;
            }
            hidden.push(numbers[i]);
            counts[i] = Count::Withheld;
        }
        counts
    }

    pub fn exact(self) -> Option<u64> {
        match self {
            Count::Exact(number) => Some(number),
            _ => None,
        }
    }
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
    }

    proptest! {
        #[test]
        fn the_hidden_part_of_a_known_whole_is_never_one_small_number(numbers in prop::collection::vec(0u64..60, 1..8)) {
            let counts = Count::parts(&numbers);
            let hidden: Vec<u64> = counts.iter().zip(&numbers).filter(|(c, _)| c.exact().is_none()).map(|(_, n)| *n).collect();
            prop_assert!(counts.iter().all(|c| c.exact().is_none_or(|n| n >= FEW)));
            if !hidden.is_empty() && hidden.len() < numbers.len() {
                prop_assert!(hidden.len() > 1);
                prop_assert!(hidden.iter().sum::<u64>() >= FEW);
            }
        }
    }
}
