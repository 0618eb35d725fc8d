//! The nightly model: at any day from everything known on it, the chance of a first distant relapse within some windows, death competing.

mod basis;
mod blend;
mod contributions;
mod factor;
pub mod features;
pub mod fit;
mod hazard;
mod interval;
mod learned;
mod lines;
mod organs;
mod predict;
mod reference;
mod regression;
mod rows;
mod score;
mod settings;
#[cfg(test)]
mod tests;
mod trees;
mod validation;
mod windows;
mod words;

pub use blend::{Blend, Family};
pub use contributions::Contribution;
pub use fit::fit;
pub use organs::{Organs, Share};
pub use predict::Risks;
pub use reference::Reference;
pub use score::{NotScored, Risk, Score, Scorer};
pub use settings::{Landmarks, Settings};
pub use validation::{Held, Judged, Rival};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use self::basis::Basis;
use self::features::Schema;
use self::hazard::Coefficients;
use self::learned::Learned;
use self::lines::Lines;
pub use self::regression::CAUSES;
use crate::burden::{Engine, Population};
use crate::risk::gate::Report;

/// Kept with its scores; changes when the columns, the estimators or the reading of a score change.
pub const VERSION: &str = "landmark-9";

/// How many windows a model has.
pub const WINDOWS: usize = 3;
/// The horizon whose risk is explained and ranked: the second.
pub const MAIN: usize = 1;

/// Log yearly hazards in the windows, of relapse and of death without it.
type Hazards = [[f64; WINDOWS]; CAUSES];

/// Who is in a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedOn {
    pub patients: usize,
    pub landmarks: usize,
    /// Patients who relapsed, and who died without it.
    pub relapsed: usize,
    pub died: usize,
    /// Whether patients were drawn, and weighted up, to bound the cost.
    pub drawn: bool,
    /// SHA-256 of the ordered rows, in hexadecimal.
    pub fingerprint: String,
}

/// A fitted model, whole: everything a score needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub version: String,
    pub cut: NaiveDate,
    pub settings: Settings,
    pub schema: Schema,
    pub basis: Basis,
    pub population: Option<Population>,
    #[serde(skip)]
    lines: Lines,
    pub learned: Learned,
    pub judged: Judged,
    /// What was tried, with its loss.
    pub rivals: Vec<Rival>,
    /// On landmarks that the model of the earlier cut had not seen.
    pub report: Report,
    correction: Option<Coefficients>,
    /// Whether `recalibrate` has been applied.
    pub recalibrated: bool,
    pub fitted_on: FittedOn,
    pub organs: Organs,
    pub reference: Reference,
}

impl Model {
    /// Of the burden lines, whether they are among the columns or told beside the risk.
    pub fn engine(&self) -> Option<&Engine> {
        self.population.as_ref().map(|population| self.lines.of(population))
    }

    /// Level and slope corrected by what came after the earlier cut. Done once; without effect where nothing could be fitted.
    pub fn recalibrate(&mut self) {
        let Some(correction) = self.correction.as_ref().filter(|_| !self.recalibrated) else {
            return;
        };
        for (k, mut weights) in self.learned.blend.weights.rows_mut().into_iter().enumerate() {
            weights.mapv_inplace(|weight| weight * correction[[k, 1]]);
            weights[0] += correction[[k, 0]];
        }
        self.reference.recalibrate();
        self.recalibrated = true;
    }
}
