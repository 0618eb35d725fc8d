use ndarray::{Array2, array};
use proptest::prelude::*;

use super::*;

fn binned(records: &Array2<f64>) -> Bins {
    Bins::of(records.view(), &(0..records.nrows() as u32).collect::<Vec<u32>>())
}

proptest! {
    /// A row's bin and its value are on the same side of every cut.
    #[test]
    fn codes_and_thresholds_agree(values in prop::collection::vec(prop_oneof![-5i32..5, any::<i32>()], 1..700)) {
        let records = Array2::from_shape_fn((values.len(), 1), |(i, _)| f64::from(values[i]) / 3.0);
        let bins = binned(&records);
        let last = bins.column(0).iter().copied().max().unwrap_or(0);
        for code in 0..last {
            let threshold = bins.threshold(0, code);
            for (value, own) in records.iter().zip(bins.column(0)) {
                prop_assert_eq!(*value <= threshold, *own <= code);
            }
        }
    }
}

#[test]
fn few_values_keep_a_bin_each_and_many_share_evenly() {
    let few = Array2::from_shape_fn((1000, 1), |(i, _)| ((i * 7) % 256) as f64);
    let bins = binned(&few);
    assert!(
        few.iter()
            .zip(bins.column(0))
            .all(|(value, code)| *value == f64::from(*code))
    );
    // Half of the rows are 0, the rest differ.
    let many = Array2::from_shape_fn((20_000, 1), |(i, _)| if i % 2 == 0 { 0.0 } else { i as f64 });
    let bins = binned(&many);
    let mut counts = [0; BINS];
    bins.column(0).iter().for_each(|code| counts[usize::from(*code)] += 1);
    assert_eq!(counts[0], 10_000);
    assert!(counts[1..].iter().all(|count| (39..=40).contains(count)), "{counts:?}");
}

#[test]
fn neighbours_and_extremes_are_parted() {
    let next = 1.0 + f64::EPSILON;
    let bins = binned(&array![[1.0], [next], [f64::MAX], [-f64::MAX], [-0.0], [0.0]]);
    assert_eq!(bins.column(0), [2, 3, 4, 0, 1, 1]);
}

/// Splits wherever it can on the first column, so that each distinct bin becomes a leaf.
struct Halves<'a>(&'a Bins);

impl Splitter for Halves<'_> {
    fn split(&mut self, rows: &[u32]) -> Option<Split> {
        let codes = || rows.iter().map(|row| self.0.column(0)[*row as usize]);
        let (low, high) = (codes().min()?, codes().max()?);
        (low < high).then(|| Split {
            column: 0,
            code: low + (high - low) / 2,
            gain: 1.0,
        })
    }
}

#[test]
fn a_row_falls_into_the_leaf_that_it_grew() {
    let records = Array2::from_shape_fn((100, 1), |(i, _)| ((i * 37) % 23) as f64);
    let bins = binned(&records);
    let grown = grow(&bins, (0..100).collect(), None, &mut Halves(&bins));
    assert_eq!((grown.tree.leaves(), grown.leaves.len()), (23, 23));
    for (leaf, range) in grown.leaves.iter().enumerate() {
        for &row in &grown.rows[range.clone()] {
            assert_eq!(grown.tree.leaf(|column| records[[row as usize, column]]), leaf);
        }
    }
    let shallow = grow(&bins, (0..100).collect(), Some(2), &mut Halves(&bins));
    assert_eq!(shallow.tree.leaves(), 4);
    assert!(shallow.tree.uses(0) && !shallow.tree.uses(1));
}

#[test]
fn a_share_is_drawn_whole() {
    let mut random = streams(3, 2).remove(1);
    for (n, share, expected) in [(10, 0.5, 5), (1, 0.1, 1), (0, 0.5, 0), (1000, 0.632, 632), (7, 1.0, 7)] {
        let drawn = drawn(&mut random, n, share);
        assert_eq!((drawn.len(), drawn.iter().filter(|d| **d).count()), (n, expected));
    }
}
