//! One row's log-likelihood as a function of its linear predictors, with two derivatives.

use super::Link;
use crate::survival::aft::law::{log_extreme_below, log_one_minus_exp};

/// Which second derivative: the observed leads to the maximum, the expected is the information that R's `glm` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curvature {
    Observed,
    Expected,
    /// The expected one at the place from which `glm` starts: each row's mean half way between its outcome and ignorance.
    Start,
}

/// Room for one row of `causes` predictors.
pub(super) struct Terms {
    pub log_likelihood: f64,
    pub gradient: Vec<f64>,
    /// Minus the second derivatives, row by row.
    pub weight: Vec<f64>,
    shares: Vec<f64>,
}

impl Terms {
    pub fn new(causes: usize) -> Terms {
        Terms {
            log_likelihood: 0.0,
            gradient: vec![0.0; causes],
            weight: vec![0.0; causes * causes],
            shares: vec![0.0; causes],
        }
    }

    /// `eta` holds −∞ for a cause that does not occur in the interval; `event` is 0 for none, j for the j-th cause.
    pub fn fill(&mut self, link: Link, eta: &[f64], event: usize, curvature: Curvature) {
        match link {
            Link::Logit if eta.len() == 1 => self.fill_binary(eta[0], event),
            Link::Logit => self.fill_logit(eta, event),
            Link::ComplementaryLogLog => self.fill_cloglog(eta[0], event, curvature),
        }
    }

    /// As `fill_logit`, with one exponential.
    fn fill_binary(&mut self, eta: f64, event: usize) {
        let small = (-eta.abs()).exp();
        let (rare, common) = (small / (1.0 + small), 1.0 / (1.0 + small));
        let (own, none) = if eta > 0.0 { (common, rare) } else { (rare, common) };
        let log_likely = -small.ln_1p();
        let likely = (event > 0) == (eta > 0.0);
        self.log_likelihood = if likely { log_likely } else { log_likely - eta.abs() };
        self.gradient[0] = if event > 0 { none } else { -own };
        self.weight[0] = own * none;
    }

    fn fill_logit(&mut self, eta: &[f64], event: usize) {
        let causes = eta.len();
        let (none, log_none) = shares(eta, &mut self.shares);
        self.log_likelihood = log_none + if event > 0 { eta[event - 1] } else { 0.0 };
        for j in 0..causes {
            let own = self.shares[j];
            let mut others = none;
            for l in 0..causes {
                if l != j {
                    others += self.shares[l];
                    self.weight[j * causes + l] = -own * self.shares[l];
                }
            }
            self.gradient[j] = if event == j + 1 { others } else { -own };
            self.weight[j * causes + j] = own * others;
        }
    }

    fn fill_cloglog(&mut self, eta: f64, event: usize, curvature: Curvature) {
        let u = eta.exp();
        let jet = log_extreme_below(eta);
        let observed = if event > 0 { -jet.second } else { u };
        (self.log_likelihood, self.gradient[0]) = if event > 0 { (jet.value, jet.first) } else { (-u, -u) };
        self.weight[0] = match curvature {
            Curvature::Observed => observed,
            // u² / (e^u − 1), with u times a slope that vanishes first.
            _ if jet.first == 0.0 => 0.0,
            _ => u * jet.first,
        };
    }
}

/// The chance of each cause, and of none with its logarithm: exp(eta) over 1 + Σ exp(eta).
pub(super) fn shares(eta: &[f64], out: &mut [f64]) -> (f64, f64) {
    let largest = eta.iter().copied().fold(0.0, f64::max);
    let mut sum = 0.0;
    for (share, e) in out.iter_mut().zip(eta) {
        *share = (e - largest).exp();
        sum += *share;
    }
    let rest = (-largest).exp();
    let whole = rest + sum;
    out.iter_mut().for_each(|share| *share /= whole);
    let log_none = if largest == 0.0 {
        -sum.ln_1p()
    } else {
        -largest - whole.ln()
    };
    (rest / whole, log_none)
}

/// log of the chance of no event, for one cause.
pub(super) fn log_free(link: Link, eta: f64) -> f64 {
    match link {
        Link::Logit => -crate::survival::aft::law::softplus(eta),
        Link::ComplementaryLogLog => -eta.exp(),
    }
}

/// The link of a hazard strictly between 0 and 1.
pub(super) fn link_of(link: Link, hazard: f64) -> f64 {
    match link {
        Link::Logit => (hazard / (1.0 - hazard)).ln(),
        Link::ComplementaryLogLog => (-(-hazard).ln_1p()).ln(),
    }
}

/// The hazard of a linear predictor.
pub(super) fn hazard_of(link: Link, eta: f64) -> f64 {
    match link {
        Link::Logit => crate::survival::aft::law::logistic(eta),
        Link::ComplementaryLogLog => log_one_minus_exp(eta.exp()).exp(),
    }
}
