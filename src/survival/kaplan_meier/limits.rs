//! Pointwise confidence limits of a survival curve.

use super::Step;

/// The scale on which the limits are symmetric. `LogLog` keeps them inside (0, 1) by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    Plain,
    Log,
    LogLog,
}

impl Limits {
    pub(super) fn of(self, step: &Step, z: f64) -> Option<(f64, f64)> {
        self.around(step.survival, step.se, z)
    }

    /// Limits around a survival of `s`; `None` without a standard error.
    pub(in crate::survival) fn around(self, s: f64, se: Option<f64>, z: f64) -> Option<(f64, f64)> {
        let se = se?;
        if s >= 1.0 {
            return Some((1.0, 1.0));
        }
        let (lower, upper) = match self {
            Limits::Plain => (s - z * se, s + z * se),
            Limits::Log => (s * (-z * se / s).exp(), s * (z * se / s).exp()),
            Limits::LogLog => {
                let width = z * se / (s * s.ln());
                let centre = (-s.ln()).ln();
                ((-(centre - width).exp()).exp(), (-(centre + width).exp()).exp())
            }
        };
        Some((lower.max(0.0), upper.min(1.0)))
    }
}
