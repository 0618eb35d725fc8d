//! The three standard laws, as logarithms with two derivatives that hold far out in the tails.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI};

use libm::erfc;

use crate::survival::inference::normal_quantile;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::survival) enum Law {
    /// Smallest extreme value: S = exp(−exp z).
    Extreme,
    Logistic,
    Normal,
}

/// A function of z with its first and second derivative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::survival) struct Jet {
    pub value: f64,
    pub first: f64,
    pub second: f64,
}

/// log(1 + exp z).
pub(in crate::survival) fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

pub(in crate::survival) fn logistic(z: f64) -> f64 {
    // Either form is exact only on its own side.
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        z.exp() / (1.0 + z.exp())
    }
}

/// log(1 − exp(−u)) for u > 0.
pub(in crate::survival) fn log_one_minus_exp(u: f64) -> f64 {
    if u < LN_2 {
        (-(-u).exp_m1()).ln()
    } else {
        (-(-u).exp()).ln_1p()
    }
}

/// log(1 − exp(−exp z)), the complementary log-log's probability.
pub(in crate::survival) fn log_extreme_below(z: f64) -> Jet {
    let u = z.exp();
    // u / (e^u − 1), the slope; with u = 0 its limit.
    let slope = match u {
        u if u > 700.0 => 0.0,
        u if u > 0.0 => u / u.exp_m1(),
        _ => 1.0,
    };
    // 1 − u / (1 − e^−u), whose leading terms cancel for small u.
    let bend = match u {
        u if u < 1e-3 => -u / 2.0 - u * u / 12.0 + u.powi(4) / 720.0,
        u => 1.0 + u / (-u).exp_m1(),
    };
    Jet {
        value: if z < -30.0 { z - u / 2.0 } else { log_one_minus_exp(u) },
        first: slope,
        second: if slope == 0.0 { 0.0 } else { slope * bend },
    }
}

fn log_normal_density(z: f64) -> f64 {
    -0.5 * z * z - 0.5 * (2.0 * PI).ln()
}

/// log of the normal's upper tail; f/S − z is kept from cancelling by Laplace's continued fraction.
fn log_normal_above(z: f64) -> Jet {
    if z < 5.0 {
        let value = match 0.5 * erfc(z * FRAC_1_SQRT_2) {
            _ if z < -1.0 => (-0.5 * erfc(-z * FRAC_1_SQRT_2)).ln_1p(),
            above => above.ln(),
        };
        let mills = (log_normal_density(z) - value).exp();
        return Jet {
            value,
            first: -mills,
            second: -mills * (mills - z),
        };
    }
    let beyond = (2..=60).rev().fold(0.0, |tail, k| f64::from(k) / (z + tail));
    let excess = 1.0 / (z + beyond);
    let mills = z + excess;
    Jet {
        value: log_normal_density(z) - mills.ln(),
        first: -mills,
        second: -mills * excess,
    }
}

impl Law {
    /// log f.
    pub fn density(self, z: f64) -> Jet {
        match self {
            Law::Extreme => {
                let u = z.exp();
                Jet {
                    value: z - u,
                    first: 1.0 - u,
                    second: -u,
                }
            }
            Law::Logistic => {
                let (above, below) = (logistic(-z), logistic(z));
                Jet {
                    value: -softplus(z) - softplus(-z),
                    first: above - below,
                    second: -2.0 * above * below,
                }
            }
            Law::Normal => Jet {
                value: log_normal_density(z),
                first: -z,
                second: -1.0,
            },
        }
    }

    /// log S.
    pub fn above(self, z: f64) -> Jet {
        match self {
            Law::Extreme => {
                let u = z.exp();
                Jet {
                    value: -u,
                    first: -u,
                    second: -u,
                }
            }
            Law::Logistic => Jet {
                value: -softplus(z),
                first: -logistic(z),
                second: -logistic(z) * logistic(-z),
            },
            Law::Normal => log_normal_above(z),
        }
    }

    /// log F.
    pub fn below(self, z: f64) -> Jet {
        let mirrored = |jet: Jet| Jet {
            first: -jet.first,
            ..jet
        };
        match self {
            Law::Extreme => log_extreme_below(z),
            Law::Logistic | Law::Normal => mirrored(self.above(-z)),
        }
    }

    /// log(F(high) − F(low)), from the side on which the difference does not cancel.
    pub fn log_between(self, low: f64, high: f64) -> f64 {
        let (large, small) = if low > 0.0 {
            (self.above(low).value, self.above(high).value)
        } else {
            (self.below(high).value, self.below(low).value)
        };
        large + log_one_minus_exp(large - small)
    }

    /// z with F(z) = p, for p in (0, 1).
    pub fn quantile(self, p: f64) -> f64 {
        match self {
            Law::Extreme => (-(-p).ln_1p()).ln(),
            Law::Logistic => p.ln() - (-p).ln_1p(),
            Law::Normal => normal_quantile(p),
        }
    }
}
