//! Counts carry their own uncertainty (data dictionary, 1.2): the exact Poisson interval and the exact test of a rise.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Gamma};

/// The exact 95 % interval of the mean behind `count` cells, two-sided.
pub fn poisson_interval(count: u32) -> (f64, f64) {
    let lower = if count == 0 {
        0.0
    } else {
        gamma_quantile(f64::from(count), 0.025)
    };
    (lower, gamma_quantile(f64::from(count) + 1.0, 0.975))
}

/// The one-sided 95 % upper bound: 3.00 for no cells.
pub fn poisson_upper(count: u32) -> f64 {
    gamma_quantile(f64::from(count) + 1.0, 0.95)
}

/// `count` in `screened`, brought to another amount: cells in 10 mL to cells per 7.5 mL.
pub fn per(count: u32, screened: f64, amount: f64) -> (f64, (f64, f64)) {
    let factor = amount / screened;
    let (lo, hi) = poisson_interval(count);
    (f64::from(count) * factor, (lo * factor, hi * factor))
}

pub fn per_7_5_ml(count: u32, volume_ml: f64) -> (f64, (f64, f64)) {
    per(count, volume_ml, 7.5)
}

/// The chance of at least `later` of all cells seen falling into the later sample if nothing had changed: the exact
/// conditional test of a rise, one-sided. 2 then 5 in equal volumes gives 0.227.
pub fn rise_p(earlier: u32, earlier_volume: f64, later: u32, later_volume: f64) -> f64 {
    let total = u64::from(earlier) + u64::from(later);
    if later == 0 || total == 0 {
        return 1.0;
    }
    let share = later_volume / (earlier_volume + later_volume);
    match Binomial::new(share, total) {
        // sf is P(X > k); at least `later` is more than `later - 1`.
        Ok(cells) => cells.sf(u64::from(later) - 1),
        // Volumes that are no volumes tell nothing.
        Err(_) => 1.0,
    }
}

/// Newton's steps inside a shrinking bracket: the library's own search stops at a coarser tolerance.
fn gamma_quantile(shape: f64, p: f64) -> f64 {
    let gamma = Gamma::new(shape, 1.0).expect("the shape is positive");
    let (mut lo, mut hi) = (0.0, shape + 10.0 * shape.sqrt() + 20.0);
    for _ in 0..200 {
        let mid = 0.5 * (lo + hi);
        if mid <= lo || mid >= hi {
            break;
        }
        if gamma.cdf(mid) < p {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    0.5 * (lo + hi)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64, by: f64) -> bool {
        (a - b).abs() <= by
    }

    #[test]
    fn the_table_of_the_dictionary() {
        for (cells, lower, upper) in [
            (0, 0.0, 3.69),
            (1, 0.03, 5.57),
            (2, 0.24, 7.22),
            (3, 0.62, 8.77),
            (4, 1.09, 10.24),
            (5, 1.62, 11.67),
            (8, 3.45, 15.76),
            (10, 4.80, 18.39),
            (20, 12.22, 30.89),
        ] {
            let (lo, hi) = poisson_interval(cells);
            assert!(
                close(lo, lower, 0.005001) && close(hi, upper, 0.005001),
                "{cells}: {lo} {hi}"
            );
        }
        assert!(close(poisson_upper(0), 3.0, 0.005));
    }

    #[test]
    fn three_in_fifteen_is_one_and_a_half() {
        let (value, (lo, hi)) = per_7_5_ml(3, 15.0);
        assert_eq!(value, 1.5);
        assert!(close(lo, 0.31, 0.005) && close(hi, 4.38, 0.005));
    }

    #[test]
    fn a_rise_needs_a_test() {
        for (before, after, p) in [(2, 5, 0.227), (1, 8, 0.020), (0, 5, 0.031)] {
            assert!(close(rise_p(before, 7.5, after, 7.5), p, 0.0005), "{before} to {after}");
        }
        assert_eq!(rise_p(5, 7.5, 0, 7.5), 1.0);
        // Twice the blood explains twice the cells.
        assert!(rise_p(5, 7.5, 10, 15.0) > 0.5);
    }

    /// With a true mean of 1, one tube finds a cell in 63 %, two in 86 %; a true mean of 4 reads at least 5 in 37 %.
    #[test]
    fn what_the_page_says_of_chance() {
        let poisson = |mean| statrs::distribution::Poisson::new(mean).expect("a mean");
        assert!(close(poisson(1.0).sf(0), 0.63, 0.005));
        assert!(close(poisson(2.0).sf(0), 0.86, 0.005));
        assert!(close(poisson(4.0).sf(4), 0.37, 0.005));
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_count(count in 0u32..100_000, volume in 0.1..50.0_f64) {
            let (value, (lo, hi)) = per_7_5_ml(count, volume);
            prop_assert!(lo <= value && value <= hi);
        }

        #[test]
        fn p_is_a_probability(a in 0u32..5000, b in 0u32..5000, v in 0.1..50.0_f64, w in 0.1..50.0_f64) {
            let p = rise_p(a, v, b, w);
            prop_assert!((0.0..=1.0 + 1e-9).contains(&p));
        }
    }
}
