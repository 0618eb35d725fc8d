//! 95 % limits by the delete-a-group jackknife over the parts of the patients (Kott, J Off Stat 2001;17:521): each part's rows are left out
//! whole, so patients with many landmarks count as one; it holds whatever the predictor is made of. To it comes the error of calibration
//! that the validation left.

use super::score::Risk;
use super::{Model, WINDOWS};
use statrs::distribution::{ContinuousCDF, StudentsT};

const LEVEL: f64 = 0.95;
/// Quantile of the normal law at `LEVEL`.
const NORMAL: f64 = 1.959_963_984_540_054;
/// Risks are kept this far from 0 and 1 on the scale of the limits.
const EDGE: f64 = 1e-9;

fn cloglog(p: f64) -> f64 {
    (-(-p.clamp(EDGE, 1.0 - EDGE)).ln_1p()).ln()
}

fn risk(log_hazard: f64) -> f64 {
    -(-log_hazard.exp()).exp_m1()
}

/// The quantile of Student's law with one degree of freedom fewer than parts.
pub(super) fn quantile(parts: usize) -> f64 {
    let freedom = parts.saturating_sub(1).max(1) as f64;
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |law| law.inverse_cdf(0.5 + LEVEL / 2.0))
}

impl Model {
    /// Standard error on the scale of the limits of how far the risk is right at all: what the validation's own errors of level and slope leave
    /// open here. A family of few numbers moves little between parts, and its limits would be those of a certainty.
    fn calibration_error(&self, horizon: usize, middle: f64) -> f64 {
        let days = self.settings.horizons[horizon];
        let Some(own) = self.report.horizons.iter().find(|own| own.horizon_days == days) else {
            return 0.0;
        };
        let from_mean = middle - cloglog(own.expected);
        own.relative_error.hypot(own.slope_error.unwrap_or(0.0) * from_mean)
    }

    pub(super) fn limits(&self, risks: &[f64; WINDOWS], raw: &[f64], x: &[f64]) -> [Risk; WINDOWS] {
        let parts = self.learned.regressions[0].parts.len();
        let row = self.filled(raw);
        let mechanism = self.mechanism(raw);
        let all: Vec<[f64; WINDOWS]> = (0..parts)
            .map(|part| {
                let hazards = self.hazards_without(part, &row, mechanism, x);
                self.risks(&hazards)[0].map(cloglog)
            })
            .collect();
        let t = quantile(parts);
        let mut limits = [Risk {
            value: 0.0,
            lower: 0.0,
            upper: 0.0,
        }; WINDOWS];
        for (k, limit) in limits.iter_mut().enumerate() {
            let mean = all.iter().map(|own| own[k]).sum::<f64>() / parts as f64;
            let squares: f64 = all.iter().map(|own| (own[k] - mean).powi(2)).sum();
            let middle = cloglog(risks[k]);
            let apart = t * ((parts as f64 - 1.0) / parts as f64 * squares).sqrt();
            let reach = apart.hypot(NORMAL * self.calibration_error(k, middle));
            *limit = Risk {
                value: risks[k],
                // the scale has ends, which a value may lie beyond
                lower: risk(middle - reach).min(risks[k]),
                upper: risk(middle + reach).max(risks[k]),
            };
        }
        limits
    }
}
