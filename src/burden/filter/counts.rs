//! Logarithms of probabilities of counts and of concentrations.

use statrs::function::beta::beta_reg;

use crate::burden::case::Found;
use crate::burden::record::CALLED_AT;

/// A negative binomial with this mean and size (variance mean + mean²/size).
#[derive(Clone, Copy, Debug)]
pub struct Count {
    log_more: f64,
    log_none: f64,
}

impl Count {
    pub fn new(mean: f64, size: f64) -> Count {
        let log_whole = (mean / size).ln_1p();
        Count {
            log_more: (mean / size).ln() - log_whole,
            log_none: -size * log_whole,
        }
    }

    /// log P(n) without the terms in n alone; `n` may be a real number, since a laboratory rounds.
    pub fn log(self, n: f64) -> f64 {
        n * self.log_more + self.log_none
    }
}

pub fn log_count(n: f64, mean: f64, size: f64) -> f64 {
    Count::new(mean, size).log(n)
}

/// The terms in n alone that `log_count` leaves out.
pub fn log_ways(n: f64, size: f64) -> f64 {
    libm::lgamma(n + size) - libm::lgamma(size) - libm::lgamma(n + 1.0)
}

/// P(fewer than two).
pub fn below_two(mean: f64, size: f64) -> f64 {
    let none = (-size * (mean / size).ln_1p()).exp();
    none * (1.0 + size * mean / (mean + size))
}

/// P(`n` or more): the upper tail of a negative binomial as an incomplete beta function (Abramowitz & Stegun 26.5.24), which `n` between
/// two whole numbers lies between.
pub fn at_least(n: f64, mean: f64, size: f64) -> f64 {
    if n <= CALLED_AT {
        return 1.0 - below_two(mean, size);
    }
    let tail = beta_reg(n, size, (mean / (mean + size)).clamp(0.0, 1.0));
    tail.max(f64::MIN_POSITIVE)
}

/// Logarithm of the normal density.
pub fn log_normal(x: f64, mean: f64, sd: f64) -> f64 {
    let z = (x - mean) / sd;
    -0.5 * z * z - sd.ln() - 0.918_938_533_204_672_8
}

/// Logarithm of P(below x) of a normal law.
pub fn log_normal_below(x: f64, mean: f64, sd: f64) -> f64 {
    let z = (x - mean) / sd;
    if z > -30.0 {
        (0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2))
            .max(f64::MIN_POSITIVE)
            .ln()
    } else {
        -0.5 * z * z - (-z).ln() - 0.918_938_533_204_672_8
    }
}

/// Log likelihood of a (log) concentration, or of its being below or above a limit, under a normal law.
pub fn log_found(found: Found, mean: f64, sd: f64) -> f64 {
    match found {
        Found::Number(y) => log_normal(y, mean, sd),
        Found::Below(limit) => log_normal_below(limit, mean, sd),
        Found::Above(limit) => log_normal_below(-limit, -mean, sd),
    }
}

/// Mean and variance of the concentration itself, given what was found of it: a value below a limit is one of the normal law cut off there
/// (Tobin, Econometrica 1958;26:24), neither the limit nor nothing.
pub fn given(found: Found, mean: f64, sd: f64) -> (f64, f64) {
    let below = |limit: f64, mean: f64| {
        let z = (limit - mean) / sd;
        // the inverse Mills ratio, from logarithms: both parts vanish far below
        let ratio = (log_normal(z, 0.0, 1.0) - log_normal_below(z, 0.0, 1.0)).exp();
        (mean - sd * ratio, sd * sd * (1.0 - ratio * (ratio + z)).clamp(0.0, 1.0))
    };
    match found {
        Found::Number(y) => (y, 0.0),
        Found::Below(limit) => below(limit, mean),
        Found::Above(limit) => {
            let (mirrored, variance) = below(-limit, -mean);
            (-mirrored, variance)
        }
    }
}
