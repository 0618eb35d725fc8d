//! The alert score: one number a scored day, from the calibrated risks, on which a threshold is put.

use serde::{Deserialize, Serialize};

use super::series::Point;

/// A mean of the three risks and P(growing), its odds multiplied by `lift` where the two latest ctDNA draws were both positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertScore {
    /// Of the risks within 182, 365, 730 days; with `growing` they add to 1.
    pub weights: [f64; 3],
    pub growing: f64,
    /// 1: the rule adds nothing to what the risk has made of the same draws.
    pub lift: f64,
}

impl AlertScore {
    /// The 6-month risk, and more for two detections in a row: at equal load its flags come true most often within 12 months, for a few
    /// days of lead (docs/flags.md).
    pub const STANDARD: AlertScore = AlertScore {
        weights: [1.0, 0.0, 0.0],
        growing: 0.0,
        lift: 1.5,
    };

    /// Those among which past data choose; the standard is the first.
    pub fn candidates() -> Vec<AlertScore> {
        let of = |weights, growing, lift| AlertScore { weights, growing, lift };
        vec![
            AlertScore::STANDARD,
            of([1.0, 0.0, 0.0], 0.0, 1.0),
            of([0.0, 1.0, 0.0], 0.0, 1.5),
            of([0.5, 0.5, 0.0], 0.0, 1.5),
            of([0.0, 0.5, 0.5], 0.0, 1.0),
            of([0.0, 0.0, 1.0], 0.0, 1.0),
            of([0.0, 0.8, 0.0], 0.2, 1.0),
        ]
    }

    /// From 0 to 1; `None` where an input is no number between 0 and 1.
    pub fn of(&self, point: &Point) -> Option<f64> {
        let inputs = [point.risk[0], point.risk[1], point.risk[2], point.growing];
        let weights = [self.weights[0], self.weights[1], self.weights[2], self.growing];
        let mut score = 0.0;
        for (weight, input) in weights.into_iter().zip(inputs).filter(|(weight, _)| *weight != 0.0) {
            if !(0.0..=1.0).contains(&input) {
                return None;
            }
            score += weight * input;
        }
        let score = score.clamp(0.0, 1.0);
        if self.lift == 1.0 || !point.trend.repeated {
            return Some(score);
        }
        Some(self.lift * score / (1.0 + (self.lift - 1.0) * score))
    }

    /// `0.5 × 12-month risk + 0.5 × 24-month risk`, `6-month risk, odds × 1.5 after two consecutive ctDNA detections`.
    pub fn words(&self) -> String {
        let names = [
            "6-month risk",
            "12-month risk",
            "24-month risk",
            "probability of growth",
        ];
        let weights = [self.weights[0], self.weights[1], self.weights[2], self.growing];
        let parts = weights.into_iter().zip(names).filter(|(weight, _)| *weight != 0.0);
        let part = |(weight, name): (f64, &str)| match weight {
            1.0 => name.to_owned(),
            _ => format!("{weight} × {name}"),
        };
        let parts: Vec<String> = parts.map(part).collect();
        let mut words = parts.join(" + ");
        if self.lift != 1.0 {
            words += &format!(", odds × {} after two consecutive ctDNA detections", self.lift);
        }
        words
    }
}
