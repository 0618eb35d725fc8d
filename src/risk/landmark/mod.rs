//! The nightly model: at any day from everything known on it, the chance of a first distant relapse within some windows, death competing.

mod basis;
mod factor;
pub mod features;
pub mod fit;
mod hazard;
mod lines;
mod regression;
mod rows;
mod settings;
mod windows;

pub use fit::fit;
pub use settings::{Landmarks, Settings};
pub use lines::Population;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use self::basis::Basis;
use self::features::Schema;
use self::regression::Regression;

/// Kept with its scores; changes when the columns, the estimators or the reading of a score change.
pub const VERSION: &str = "landmark-1";

/// A fitted model, whole: everything a score needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub version: String,
    pub cut: NaiveDate,
    pub settings: Settings,
    pub schema: Schema,
    pub basis: Basis,
    pub population: Option<Population>,
    pub regressions: Vec<Regression>,
}

impl Model {
    pub fn risks(&self, raw: &[f64], x: &mut Vec<f64>) -> Vec<f64> {
        self.basis.design(raw, x);
        let lengths = windows::lengths(&self.settings.horizons);
        let log = |r: &Regression| -> Vec<f64> { r.mean.rows().into_iter().map(|row| row[0] + row.iter().skip(1).zip(&*x).map(|(a, b)| a * b).sum::<f64>()).collect() };
        let mut out = vec![];
        windows::incidence(&lengths, &log(&self.regressions[0]), &log(&self.regressions[1]), |_, r, _| out.push(r));
        out
    }
}
