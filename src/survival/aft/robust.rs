//! The middle of the sandwich: what clusters of rows add to the variance.

use ndarray::Array2;

use crate::survival::Error;

/// Sum over clusters of the outer product of each cluster's summed scores; `score` writes that of one row. One pass, no
/// matrix of scores. Lin & Wei, J Am Stat Assoc 1989;84:1074.
pub(in crate::survival) fn meat(
    clusters: &[usize],
    width: usize,
    mut score: impl FnMut(usize, &mut [f64]),
) -> Array2<f64> {
    let mut order: Vec<usize> = (0..clusters.len()).collect();
    order.sort_by_key(|i| clusters[*i]);
    let mut meat = Array2::zeros((width, width));
    let (mut sum, mut one) = (vec![0.0; width], vec![0.0; width]);
    for (place, &i) in order.iter().enumerate() {
        score(i, &mut one);
        sum.iter_mut().zip(&one).for_each(|(s, o)| *s += o);
        let ends = order.get(place + 1).is_none_or(|next| clusters[*next] != clusters[i]);
        if ends {
            for (j, a) in sum.iter().enumerate() {
                for (k, b) in sum.iter().enumerate() {
                    meat[[j, k]] += a * b;
                }
            }
            sum.fill(0.0);
        }
    }
    meat
}

/// Ranks of labels among the different ones, ascending, and how many there are.
pub(in crate::survival) fn ranked(labels: &[usize]) -> (Vec<usize>, usize) {
    let mut different = labels.to_vec();
    different.sort_unstable();
    different.dedup();
    let rank = |label| different.partition_point(|d| d < label);
    (labels.iter().map(rank).collect(), different.len())
}

/// Labels are one a row.
pub(in crate::survival) fn one_a_row(labels: &[usize], rows: usize) -> Result<(), Error> {
    match labels.len() == rows {
        true => Ok(()),
        false => Err(Error::Lengths {
            records: labels.len(),
            targets: rows,
        }),
    }
}
