//! One assay result on one day, as the measurement envelope of the data dictionary (2.7) keeps it.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};

use super::id::{AssayId, ObservationId, VisitId};
use super::reading::{Comparator, Limits, Reading};

#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    pub id: ObservationId,
    pub visit: Option<VisitId>,
    /// Code in `measure::CATALOGUE`.
    pub measure: String,
    pub assay: AssayId,
    pub assay_name: String,
    /// One series is one analyte by one assay in one unit (value model, rule 4), of one fluid.
    pub analyte: String,
    pub collected_on: NaiveDate,
    /// When the registry could know it: the lab's report date, else the day it was recorded.
    pub known_on: NaiveDate,
    pub recorded_at: DateTime<Utc>,
    pub supersedes: Option<ObservationId>,
    pub entered_in_error: bool,
    pub raw_text: String,
    pub reading: Reading,
    pub unit: String,
    pub lod: Option<f64>,
    pub loq: Option<f64>,
    /// Volume in mL (blood) or cells in 10*6 (marrow) that was looked at.
    pub screened: Option<f64>,
    /// Further components of the assay; the catalogue declares their codes.
    pub detail: Map<String, Value>,
    pub note: Option<String>,
}

/// Where it is not told.
const USUAL_FLUID: &str = "plasma";

impl Observation {
    /// What ctDNA was looked for in. Amounts in urine, serum or spinal fluid are other amounts than plasma's.
    pub fn fluid(&self) -> &str {
        let told = self.detail.get("fluid").and_then(Value::as_str);
        told.unwrap_or(USUAL_FLUID)
    }

    pub fn is_plasma_ctdna(&self) -> bool {
        self.measure == "ctdna" && self.fluid() == USUAL_FLUID
    }
}

/// An observation that was judged sound and is not yet saved.
#[derive(Clone, Debug, PartialEq)]
pub struct NewObservation {
    pub measure: &'static str,
    pub assay: AssayId,
    pub analyte: String,
    pub collected_on: NaiveDate,
    pub raw_text: String,
    pub reading: Reading,
    pub comparator: Option<Comparator>,
    /// The number beside the comparator, in the stored unit.
    pub value: Option<f64>,
    pub unit: String,
    /// The assay's limits as they were when this was saved.
    pub limits: Limits,
    pub screened: Option<f64>,
    pub detail: Map<String, Value>,
    pub note: Option<String>,
    /// Why a value that raised a soft message was kept.
    pub confirmed: Option<String>,
}
