//! The laws that a patient is drawn from. The generator is seeded from cohort, patient and purpose, so that a patient is the same
//! whatever the size of the cohort, and the disease the same whatever the assays.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// What a stream of numbers is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Disease = 1,
    Care = 2,
    Assays = 3,
    Errors = 4,
    Swaps = 5,
}

pub(super) struct Draw(Xoshiro256PlusPlus);

impl Draw {
    pub(super) fn of(seed: u64, number: u32, purpose: Purpose) -> Draw {
        let place = (u64::from(number) << 3) | purpose as u64;
        let mixed =
            seed.rotate_left(32).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place.wrapping_mul(0xD1B5_4A32_D192_ED03);
        Draw(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// In [0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Standard normal (Marsaglia's polar method).
    pub(super) fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = x * x + y * y;
            if s > 0.0 && s < 1.0 {
                return x * (-2.0 * s.ln() / s).sqrt();
            }
        }
    }

    /// Log-normal by its median and the standard deviation of its logarithm.
    pub(super) fn around(&mut self, median: f64, sd: f64) -> f64 {
        median * (sd * self.normal()).exp()
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }

    pub(super) fn weibull(&mut self, scale: f64, shape: f64) -> f64 {
        scale * self.exponential().powf(1.0 / shape)
    }

    /// Gamma with scale 1 (Marsaglia and Tsang, ACM Trans Math Softw 2000;26:363).
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = (1.0 - self.uniform()).powf(1.0 / shape);
            return boost * self.gamma(shape + 1.0);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let z = self.normal();
            let v = (1.0 + c * z).powi(3);
            if v > 0.0 && (1.0 - self.uniform()).ln() < 0.5 * z * z + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// Exact below a mean of 40; above, the normal law with the same mean and variance.
    pub(super) fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 40.0 {
            return (mean + mean.sqrt() * self.normal()).round().clamp(0.0, 1e9) as u32;
        }
        let limit = (-mean).exp();
        let mut product = 1.0 - self.uniform();
        let mut count = 0;
        while product > limit {
            product *= 1.0 - self.uniform();
            count += 1;
        }
        count
    }

    /// Negative binomial: variance = mean + mean² / size.
    pub(super) fn negative_binomial(&mut self, mean: f64, size: f64) -> u32 {
        if mean <= 0.0 {
            return 0;
        }
        let rate = self.gamma(size) * mean / size;
        self.poisson(rate)
    }

    /// The place of a choice among `weights`, which need not add to 1.
    pub(super) fn pick(&mut self, weights: &[f64]) -> usize {
        let mut left = self.uniform() * weights.iter().sum::<f64>();
        for (i, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return i;
            }
        }
        weights.len() - 1
    }
}
