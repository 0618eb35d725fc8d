//! What one time with events adds to the likelihood, by Breslow's or Efron's rule.

use super::elementary::ln;
use super::order::Group;
use crate::survival::Ties;

/// The hazard of one group's time: what everybody at risk bears, and what Efron's rule takes off those who fall.
#[derive(Clone, Copy, Default)]
pub(super) struct Fall {
    pub hazard: f64,
    pub relief: f64,
    pub log: f64,
    /// Σ 1/S², Σ f/S², Σ f²/S² over the fallen, with the share f that left before and S who are left.
    pub squares: [f64; 3],
}

impl Fall {
    pub fn of(group: &Group, ties: Ties, at_risk: f64, falling: f64) -> Fall {
        if ties == Ties::Breslow || group.fallen == 1 {
            let inverse = 1.0 / at_risk;
            return Fall {
                hazard: group.weight * inverse,
                relief: 0.0,
                log: group.weight * ln(at_risk),
                squares: [group.weight * inverse * inverse, 0.0, 0.0],
            };
        }
        let each = group.weight / f64::from(group.fallen);
        let mut fall = Fall::default();
        for k in 0..group.fallen {
            let share = f64::from(k) / f64::from(group.fallen);
            let left = at_risk - share * falling;
            let inverse = each / left;
            fall.hazard += inverse;
            fall.relief += share * inverse;
            fall.log += each * ln(left);
            for (power, square) in fall.squares.iter_mut().enumerate() {
                *square += [1.0, share, share * share][power] * inverse / left;
            }
        }
        fall
    }
}
