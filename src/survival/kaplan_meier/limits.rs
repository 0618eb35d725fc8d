//! Pointwise confidence limits of a probability.

use std::f64::consts::FRAC_PI_2;

/// The scale on which the limits are symmetric. `LogLog`, `Logit` and `Arcsine` keep them inside (0, 1) by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    Plain,
    Log,
    LogLog,
    Logit,
    /// Of the square root; the name is R's `arcsin`.
    Arcsine,
}

impl Limits {
    /// Of a probability `p` with its standard error; `None` at 0 and 1 where the scale has no place for them.
    pub fn of(self, p: f64, se: f64, z: f64) -> Option<(f64, f64)> {
        let (lower, upper) = match self {
            _ if se == 0.0 => (p, p),
            Limits::Plain => (p - z * se, p + z * se),
            Limits::Log => (p * (-z * se / p).exp(), p * (z * se / p).exp()),
            Limits::LogLog => {
                let width = z * se / (p * p.ln());
                let centre = (-p.ln()).ln();
                ((-(centre - width).exp()).exp(), (-(centre + width).exp()).exp())
            }
            Limits::Logit => {
                let (width, odds) = (z * se / (p * (1.0 - p)), p / (1.0 - p));
                let back = |odds: f64| odds / (1.0 + odds);
                (back(odds * (-width).exp()), back(odds * width.exp()))
            }
            Limits::Arcsine => {
                let (centre, width) = (p.sqrt().asin(), 0.5 * z * se / (p * (1.0 - p)).sqrt());
                let back = |angle: f64| angle.clamp(0.0, FRAC_PI_2).sin().powi(2);
                (back(centre - width), back(centre + width))
            }
        };
        let known = lower.is_finite() && upper.is_finite();
        known.then(|| (lower.max(0.0), upper.min(1.0)))
    }
}
