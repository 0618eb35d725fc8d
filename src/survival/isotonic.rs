//! Shares that are known to rise, estimated apart.

/// The closest sequence to `values` that never falls, in squares weighted by `weights` (pool adjacent violators; Ayer et al., Ann Math
/// Stat 1955;26:641). Pools of no weight share their plain mean. One pass.
pub fn rising(values: &[f64], weights: &[f64]) -> Vec<f64> {
    // value, weight, how many
    let mut pools: Vec<(f64, f64, usize)> = vec![];
    for (value, weight) in values.iter().zip(weights) {
        let mut pool = (*value, *weight, 1);
        while let Some(before) = pools.pop_if(|before| before.0 > pool.0) {
            let weight = before.1 + pool.1;
            let mean = if weight > 0.0 {
                (before.0 * before.1 + pool.0 * pool.1) / weight
            } else {
                0.5 * (before.0 + pool.0)
            };
            pool = (mean, weight, before.2 + pool.2);
        }
        pools.push(pool);
    }
    let values = pools.into_iter();
    values.flat_map(|(value, _, n)| std::iter::repeat_n(value, n)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_that_fall_share_their_weighted_mean() {
        assert_eq!(rising(&[], &[]), [0.0; 0]);
        assert_eq!(rising(&[1.0, 3.0, 1.0, 4.0], &[1.0; 4]), [1.0, 2.0, 2.0, 4.0]);
        assert_eq!(rising(&[4.0, 1.0], &[1.0, 2.0]), [2.0, 2.0]);
        // the last one pulls all before it down
        assert_eq!(rising(&[2.0, 3.0, 0.0], &[1.0, 1.0, 3.0]), [1.0, 1.0, 1.0]);
        assert_eq!(rising(&[4.0, 2.0, 5.0], &[0.0, 0.0, 1.0]), [3.0, 3.0, 5.0]);
    }

    proptest! {
        /// The conditions that single out the closest sequence (Barlow et al. 1972): it rises, and its error adds to nothing along itself
        /// and to nothing or more against any step.
        #[test]
        fn no_sequence_that_rises_is_closer(all in prop::collection::vec((-5.0..5.0f64, 0.1..3.0f64), 1..30)) {
            let (values, weights): (Vec<f64>, Vec<f64>) = all.into_iter().unzip();
            let fitted = rising(&values, &weights);
            prop_assert!(fitted.windows(2).all(|pair| pair[0] <= pair[1]));
            let error: Vec<f64> = (0..values.len()).map(|i| weights[i] * (values[i] - fitted[i])).collect();
            let along: f64 = error.iter().zip(&fitted).map(|(e, f)| e * f).sum();
            prop_assert!(along.abs() < 1e-9, "{along}");
            prop_assert!(error.iter().sum::<f64>().abs() < 1e-9);
            for from in 0..error.len() {
                let step: f64 = error[from..].iter().sum();
                prop_assert!(step < 1e-9, "from {from}: {step}");
            }
        }
    }
}
