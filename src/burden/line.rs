//! What burden says of one patient on one day.

use serde::{Deserialize, Serialize};

use super::case::Day;

/// A mean with the limits of its 90 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Band {
    pub mean: f64,
    pub lower: f64,
    pub upper: f64,
}

/// Probabilities of the four regimes; they add to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Regimes {
    /// Nothing left that could grow.
    pub cleared: f64,
    /// Tumour cells are there and do not grow.
    pub silent: f64,
    pub growing: f64,
    /// Large enough for a scan to see.
    pub overt: f64,
}

impl Regimes {
    /// P(what is left grows), in sight or not. Four rounded shares may add to a hair more than 1.
    pub fn grows(&self) -> f64 {
        (self.growing + self.overt).clamp(0.0, 1.0)
    }
}

/// How a reading differs from what all others of the patient make likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slip {
    /// Ten or more times too high or too low: a decimal or a unit.
    Scale,
    /// As of another patient.
    Swap,
    /// The same result of the same day twice.
    Duplicate,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surprise {
    /// The signal's id.
    pub id: i64,
    pub slip: Slip,
    pub probability: f64,
}

/// The windows of all forecasts, in days.
pub const HORIZONS: [Day; 3] = [182, 365, 730];

/// The burden on `day` from what was on file on that day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub day: Day,
    /// Natural logarithm of the expected mutant fraction in plasma.
    pub level: Band,
    /// The same of what grows, if something does: the interval that covers the truth of a growing tumour; of a patient of whom
    /// nothing grows it says nothing.
    #[serde(default)]
    pub growing: Band,
    /// Of the level, per day.
    pub slope: Band,
    pub regimes: Regimes,
    /// Of what grows; `None` where growth is unlikely.
    pub doubling_days: Option<Band>,
    /// The day on which growth began, given that it did.
    pub began: Option<Band>,
    /// The day on which a scan would see it with probability 1/2, given that it grows.
    pub visible: Option<Band>,
    /// P(first distant relapse within `HORIZONS`) by the mechanism alone, nobody dying of other causes.
    pub forecast: [f64; 3],
    /// The same for somebody of the same baseline and time since day zero without any reading: what the readings have added is the
    /// difference.
    pub forecast_unread: [f64; 3],
    pub surprises: Vec<Surprise>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A probability above 1 would be no alert score, and so no flag for those who need it most.
    #[test]
    fn rounded_shares_are_no_more_than_certain() {
        let regimes = Regimes {
            growing: 0.7 + f64::EPSILON,
            overt: 0.3,
            ..Regimes::default()
        };
        assert!(regimes.growing + regimes.overt > 1.0);
        assert_eq!(regimes.grows(), 1.0);
    }
}
