//! Versions of assays: what makes results comparable (data dictionary, 2.6).

use crate::domain::id::AssayId;
use crate::domain::reading::Limits;

/// A version on file. A result pins it; changing it never rewrites old results.
#[derive(Clone, Debug, PartialEq)]
pub struct Assay {
    pub id: AssayId,
    pub code: String,
    pub version: String,
    pub measure: String,
    pub analyte: String,
    pub platform: Option<String>,
    pub specimen_type: String,
    pub unit: String,
    pub lod: Option<f64>,
    pub loq: Option<f64>,
    pub range_high: Option<f64>,
    pub volume_required_ml: Option<f64>,
    pub max_age_h: Option<i32>,
    pub positivity_rule: Option<String>,
    /// The highest result on file, where there are enough of them to know what is usual.
    pub highest: Option<f64>,
}

impl Assay {
    pub fn limits(&self) -> Limits {
        Limits {
            lod: self.lod,
            loq: self.loq,
            range_high: self.range_high,
        }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        self.platform.as_deref().unwrap_or(&self.code)
    }

    /// The number in a rule like `variants>=2`.
    pub fn rule(&self, what: &str) -> Option<u32> {
        self.positivity_rule
            .as_deref()?
            .split_whitespace()
            .find_map(|rule| rule.strip_prefix(what)?.strip_prefix(">=")?.parse().ok())
    }
}

/// An assay on offer in a new registry; `migrations/0002_registry.sql` holds the same rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssaySeed {
    pub code: &'static str,
    pub version: &'static str,
    pub analyte: &'static str,
    pub platform: &'static str,
    pub specimen_type: &'static str,
    pub unit: &'static str,
    pub volume_required_ml: Option<f64>,
    pub max_age_h: Option<i32>,
    pub lod: Option<f64>,
    pub range_high: Option<f64>,
    pub positivity_rule: Option<&'static str>,
    pub source: &'static str,
    pub loinc: Option<&'static str>,
}

impl AssaySeed {
    pub const fn new(
        code: &'static str,
        analyte: &'static str,
        platform: &'static str,
        specimen_type: &'static str,
        unit: &'static str,
    ) -> AssaySeed {
        AssaySeed {
            code,
            version: "1",
            analyte,
            platform,
            specimen_type,
            unit,
            volume_required_ml: None,
            max_age_h: None,
            lod: None,
            range_high: None,
            positivity_rule: None,
            source: "data dictionary 2.6",
            loinc: None,
        }
    }

    /// As it is on file after the migration, under an id of the caller's.
    pub fn on_file(&self, id: AssayId, measure: &str) -> Assay {
        let own = str::to_owned;
        Assay {
            id,
            code: own(self.code),
            version: own(self.version),
            measure: own(measure),
            analyte: own(self.analyte),
            platform: Some(own(self.platform)),
            specimen_type: own(self.specimen_type),
            unit: own(self.unit),
            lod: self.lod,
            loq: None,
            range_high: self.range_high,
            volume_required_ml: self.volume_required_ml,
            max_age_h: self.max_age_h,
            positivity_rule: self.positivity_rule.map(own),
            highest: None,
        }
    }
}
