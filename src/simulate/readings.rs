//! The rows of the measurement tables, days counted from surgery.

use super::calendar::Platform;
use super::course::Seen;
use super::groups::Organ;

/// What every sample has; `visit` is the place in the patient's visits.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub visit: usize,
    pub collected: i32,
    pub reported: i32,
}

#[derive(Clone, Debug)]
pub struct Ctdna {
    pub sample: Sample,
    pub platform: &'static Platform,
    pub per_ml: bool,
    /// In the centre's unit; `None` when not detected.
    pub value: Option<f64>,
    pub lod95: f64,
    pub input_ge: f64,
    pub plasma_ml: f64,
}

/// Circulating (screened: mL) or disseminated tumour cells (screened: nucleated cells).
#[derive(Clone, Debug)]
pub struct Cells {
    pub sample: Sample,
    pub count: u32,
    pub screened: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Analyte {
    Ca153,
    Cea,
    Psa,
}

impl Analyte {
    pub fn code(self) -> &'static str {
        match self {
            Analyte::Ca153 => "CA15-3",
            Analyte::Cea => "CEA",
            Analyte::Psa => "PSA",
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Analyte::Ca153 => "U/mL",
            Analyte::Cea | Analyte::Psa => "ng/mL",
        }
    }
}

/// `below`: the value is the assay's limit, and the level is somewhere under it.
#[derive(Clone, Debug)]
pub struct Marker {
    pub sample: Sample,
    pub analyte: Analyte,
    pub below: bool,
    pub value: f64,
}

#[derive(Clone, Debug)]
pub struct Scan {
    pub collected: i32,
    pub reported: i32,
    pub modality: &'static str,
    pub seen: Seen,
    pub sum_mm: Option<f64>,
    pub new_lesion: bool,
    pub suvmax: Option<f64>,
    pub site: Option<Organ>,
}

#[derive(Clone, Debug, Default)]
pub struct Readings {
    pub ctdna: Vec<Ctdna>,
    pub ctc: Vec<Cells>,
    pub dtc: Vec<Cells>,
    pub markers: Vec<Marker>,
    pub scans: Vec<Scan>,
}

impl Readings {
    /// Drops what was not reported by `day`.
    pub(super) fn known_by(&mut self, day: i32) {
        self.ctdna.retain(|r| r.sample.reported <= day);
        self.ctc.retain(|r| r.sample.reported <= day);
        self.dtc.retain(|r| r.sample.reported <= day);
        self.markers.retain(|r| r.sample.reported <= day);
        self.scans.retain(|r| r.reported <= day);
    }
}
