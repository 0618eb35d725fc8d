//! What is common to all patients: how fast tumours grow, how much they shed, what each assay makes of it. Learned from the registry by
//! EM (Dempster, Laird & Rubin, J R Stat Soc B 1977;39:1) and kept whole with the model of the night.

mod baseline;
mod emissions;
mod habits;
mod learn;
mod maximise;
pub(super) mod prior;
mod tally;
mod tilt;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use baseline::Baseline;
pub use tilt::{Standing, Tilts};

use super::filter::Lattice;

/// Days of one step of time.
pub const STEP_DAYS: f64 = 30.0;
/// Log burden: the natural logarithm of the mutant fraction that a tumour which sheds as usual would show.
pub const LATTICE: Lattice = Lattice {
    low: -17.0,
    step: 0.35,
    len: 45,
};
pub const PACES: usize = 7;
/// Doubling times in days.
pub const DOUBLING: [f64; PACES] = [28.0, 42.0, 62.0, 92.0, 138.0, 230.0, 700.0];
pub const SHEDS: usize = 6;
/// P(a growth changes its pace within a step) beside what treatment does: tumours slow down as they grow.
pub const TURN: f64 = 0.005;
/// How much more or less than usual a tumour sheds ctDNA, in nodes: brain metastases hardly any.
pub const SHED: [isize; SHEDS] = [-14, -8, -4, 0, 4, 8];
/// Ends of the periods, in days since day zero, with a rate of reawakening of their own; the last has no end.
pub const PERIODS: [f64; 6] = [150.0, 330.0, 690.0, 1080.0, 1800.0, f64::INFINITY];
/// The primary tumour's ctDNA before surgery: not read, not detected, below the median of its organ, above it.
pub const BEFORE: usize = 4;

/// Cells counted in an amount of blood or marrow; negative binomial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cells {
    /// Expected per unit screened with nothing there: look-alikes.
    pub noise: f64,
    /// The same while tumour cells rest.
    pub silent: f64,
    /// Logarithm of what growth of burden `ANCHOR` adds.
    pub at_anchor: f64,
    /// What one unit of log burden adds to that logarithm.
    pub rise: f64,
    /// Size of the negative binomial: the smaller, the more the counts differ.
    pub size: f64,
}

/// A log burden in the middle of what is seen.
pub const ANCHOR: f64 = -8.0;

/// A protein around the patient's own baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marker {
    /// Mean and standard deviation of the patients' baselines (natural logarithms).
    pub usual: f64,
    pub usual_sd: f64,
    /// Within a patient.
    pub noise_sd: f64,
    /// Logarithm of what a tumour of burden `ANCHOR` adds to the level, its slope in log burden, its spread between tumours.
    pub at_anchor: f64,
    pub rise: f64,
    pub spread: f64,
    /// Share of tumours that make it.
    pub made: f64,
}

/// Planned scans, in days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scanning {
    /// Share of patients who are scanned at all.
    pub share: f64,
    /// Of the first scan: the middle, and the day by which nine in ten have had it.
    pub first: f64,
    pub first_by: f64,
    /// Between two scans.
    pub gap: f64,
    /// Nearly all scans are before it.
    pub until: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assay {
    /// Logarithm of what this assay reads over what the most used one would.
    pub bias: f64,
    /// Look-alike molecules expected in a sample.
    pub noise: f64,
    /// Share of patients with clonal haematopoiesis that this assay mistakes for tumour, and its log fraction.
    pub clonal: f64,
    pub clonal_level: f64,
    pub clonal_sd: f64,
}

impl Marker {
    /// Mean and standard deviation of a (log) level with a tumour of this burden that makes the marker, over a baseline with this mean; the
    /// spread of the tumour's part counts as far as it is a part of the whole.
    pub fn with_tumour(&self, baseline: f64, still_sd: f64, burden: f64) -> (f64, f64) {
        let tumour = self.at_anchor + self.rise * (burden - ANCHOR);
        let whole = baseline.max(tumour) + (-(baseline - tumour).abs()).exp().ln_1p();
        let share = (tumour - whole).exp();
        let variance =
            still_sd.powi(2) * (1.0 - share).powi(2) + (self.spread * share).powi(2) + self.noise_sd.powi(2) * share;
        (whole, variance.sqrt())
    }
}

impl Assay {
    /// Carriers are asked for only where they are not a rarity.
    pub fn mistakes_clones(&self) -> bool {
        self.clonal > 0.01
    }
}

/// What a group of patients (a cancer with its subtype) has of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Patients that it was learned from.
    pub patients: f64,
    /// Logits against `cleared` of `silent` and `growing` at day zero, for the mean baseline score.
    pub start: [f64; 2],
    /// Logarithm of the rate per step at which silent cells begin to grow, for the mean baseline score.
    pub begin: [f64; PERIODS.len()],
    pub pace: [f64; PACES],
    pub shed: [[f64; SHEDS]; BEFORE],
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    pub baseline: Baseline,
    /// What the baseline facts make of a group's shares and rates.
    pub tilts: Tilts,
    /// By name; `""` is all patients together, for a group that was not seen.
    pub groups: BTreeMap<String, Group>,
    /// Logarithm of the share of the time that a course of treatment leaves to growth and reawakening, by category.
    pub left: BTreeMap<String, f64>,
    /// Log fraction that parts low from high before surgery, by organ.
    pub before: BTreeMap<String, f64>,
    /// Where growth stands at day zero, and where it begins later: shares of the nodes.
    pub at_start: Vec<f64>,
    pub at_begin: Vec<f64>,
    /// P(symptoms give relapse away within a step) at each node of burden, by organ of the primary.
    pub symptoms: BTreeMap<String, Vec<f64>>,
    /// P(a scan that sees nothing certain is equivocal) and P(a scan sees it), at each node.
    pub equivocal: Vec<f64>,
    pub seen: Vec<f64>,
    /// How patients are scanned, by organ of the primary.
    pub scanning: BTreeMap<String, Scanning>,
    /// P(a scan is equivocal) where nothing grows.
    pub equivocal_clear: f64,
    pub assays: BTreeMap<String, Assay>,
    /// Size of the negative binomial of molecules.
    pub molecules_size: f64,
    /// By organ of the primary.
    pub blood: BTreeMap<String, Cells>,
    pub marrow: BTreeMap<String, Cells>,
    /// By analyte and organ of the primary.
    pub markers: BTreeMap<String, Marker>,
    /// Share of readings with a slip of the decimal, the unit or the tube.
    pub slip: f64,
    pub patients: usize,
}

/// The organ of the primary in a group's name.
pub fn organ_of(group: &str) -> &str {
    group.split(' ').next().unwrap_or(group)
}

pub fn marker_key(analyte: &str, organ: &str) -> String {
    format!("{analyte} {organ}")
}

/// The value of `name`, else of all together.
pub(super) fn own<'m, T>(map: &'m BTreeMap<String, T>, name: &str) -> Option<&'m T> {
    map.get(name).or_else(|| map.get(""))
}

impl Population {
    /// The share of time that a course of this category leaves.
    pub fn left(&self, category: &str) -> f64 {
        self.left.get(category).copied().unwrap_or(prior::LEFT).exp()
    }

    pub fn group(&self, name: &str) -> &Group {
        own(&self.groups, name).expect("all patients together are a group")
    }
}
