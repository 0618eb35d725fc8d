//! The value model: a result is an interval, never a bare number (data dictionary, 1.1).

mod parse;

pub use parse::{Limits, Parsed, parse, parse_count, parse_failed};

/// What a lab's answer says. A contradiction (a failed sample with a value, a non-detect above its limit) has no form here.
/// Values are in the stored unit and never negative; an unknown upper bound is `None`, no bound is infinity.
/// Build one with the functions below: they refuse NaN, negative and crossed bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    Quantified { value: f64 },
    DetectedNotQuantified { lo: f64, hi: f64 },
    NotDetected { hi: Option<f64> },
    AboveRange { lo: f64 },
    Indeterminate,
    Failed { reason: FailedReason },
    NotDone,
}

/// Why a sample gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailedReason {
    QuantityNotSufficient,
    Haemolysis,
    Clotted,
    AgeExceeded,
    WrongTube,
    ControlFailed,
    LibraryFailed,
    TumourDesignFailed,
    Other,
}

impl FailedReason {
    pub const ALL: [FailedReason; 9] = [
        FailedReason::QuantityNotSufficient,
        FailedReason::Haemolysis,
        FailedReason::Clotted,
        FailedReason::AgeExceeded,
        FailedReason::WrongTube,
        FailedReason::ControlFailed,
        FailedReason::LibraryFailed,
        FailedReason::TumourDesignFailed,
        FailedReason::Other,
    ];

    pub fn code(self) -> &'static str {
        match self {
            FailedReason::QuantityNotSufficient => "qns",
            FailedReason::Haemolysis => "haemolysis",
            FailedReason::Clotted => "clotted",
            FailedReason::AgeExceeded => "age_exceeded",
            FailedReason::WrongTube => "wrong_tube",
            FailedReason::ControlFailed => "control_failed",
            FailedReason::LibraryFailed => "library_failed",
            FailedReason::TumourDesignFailed => "tumour_design_failed",
            FailedReason::Other => "other",
        }
    }

    pub fn from_code(code: &str) -> Option<FailedReason> {
        FailedReason::ALL.into_iter().find(|reason| reason.code() == code)
    }

    pub fn words(self) -> &'static str {
        match self {
            FailedReason::QuantityNotSufficient => "quantity not sufficient",
            FailedReason::Haemolysis => "haemolysis",
            FailedReason::Clotted => "clotted",
            FailedReason::AgeExceeded => "sample too old",
            FailedReason::WrongTube => "wrong tube",
            FailedReason::ControlFailed => "control failed",
            FailedReason::LibraryFailed => "library failed",
            FailedReason::TumourDesignFailed => "tumour design failed",
            FailedReason::Other => "reason not stated",
        }
    }
}

/// The sign printed beside a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparator {
    Equal,
    Below,
    AtMost,
    Above,
    AtLeast,
}

impl Comparator {
    pub const ALL: [Comparator; 5] = [
        Comparator::Equal,
        Comparator::Below,
        Comparator::AtMost,
        Comparator::Above,
        Comparator::AtLeast,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::Below => "<",
            Comparator::AtMost => "<=",
            Comparator::Above => ">",
            Comparator::AtLeast => ">=",
        }
    }

    pub fn from_code(code: &str) -> Option<Comparator> {
        Comparator::ALL.into_iter().find(|comparator| comparator.code() == code)
    }
}

/// Columns or bounds that contradict each other.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("no reading is {detection} with bounds {lo:?} to {hi:?}")]
pub struct Inconsistent {
    pub detection: String,
    pub lo: Option<f64>,
    pub hi: Option<f64>,
}

impl Reading {
    pub fn quantified(value: f64) -> Result<Reading, Inconsistent> {
        Reading::Quantified { value }.checked()
    }

    /// Detected between two bounds; `hi` may be infinity.
    pub fn detected(lo: f64, hi: f64) -> Result<Reading, Inconsistent> {
        Reading::DetectedNotQuantified { lo, hi }.checked()
    }

    pub fn not_detected(hi: Option<f64>) -> Result<Reading, Inconsistent> {
        Reading::NotDetected { hi }.checked()
    }

    pub fn above(lo: f64) -> Result<Reading, Inconsistent> {
        Reading::AboveRange { lo }.checked()
    }

    fn checked(self) -> Result<Reading, Inconsistent> {
        let bound = |x: f64| x.is_finite() && x >= 0.0;
        let sound = match self {
            Reading::Quantified { value } => bound(value),
            Reading::DetectedNotQuantified { lo, hi } => bound(lo) && lo <= hi,
            // A limit of zero would make every non-detect a measured zero (rule 1).
            Reading::NotDetected { hi } => hi.is_none_or(|hi| bound(hi) && hi > 0.0),
            Reading::AboveRange { lo } => bound(lo),
            Reading::Indeterminate | Reading::Failed { .. } | Reading::NotDone => true,
        };
        if sound {
            return Ok(self);
        }
        let (lo, hi, _) = self.columns();
        Err(Inconsistent {
            detection: self.detection().to_owned(),
            lo,
            hi,
        })
    }

    /// What is known of the level: `lo <= hi`, `hi` may be infinity. `None` where there is no interval to draw or model:
    /// nothing was measured, or a non-detect by an assay without a known limit, which counts only as "not detected" (rule 3).
    pub fn interval(&self) -> Option<(f64, f64)> {
        match *self {
            Reading::Quantified { value } => Some((value, value)),
            Reading::DetectedNotQuantified { lo, hi } => Some((lo, hi)),
            Reading::NotDetected { hi } => hi.map(|hi| (0.0, hi)),
            Reading::AboveRange { lo } => Some((lo, f64::INFINITY)),
            Reading::Indeterminate | Reading::Failed { .. } | Reading::NotDone => None,
        }
    }

    /// Whether something was found; `None` where the sample can't say. A counted or measured zero is not a detection.
    pub fn is_detected(&self) -> Option<bool> {
        match *self {
            Reading::Quantified { value } => Some(value > 0.0),
            Reading::DetectedNotQuantified { .. } | Reading::AboveRange { .. } => Some(true),
            Reading::NotDetected { .. } => Some(false),
            Reading::Indeterminate | Reading::Failed { .. } | Reading::NotDone => None,
        }
    }

    /// The code kept in the column `detection`.
    pub fn detection(&self) -> &'static str {
        match self {
            Reading::Quantified { .. } => "quantified",
            Reading::DetectedNotQuantified { .. } => "detected_not_quantified",
            Reading::NotDetected { .. } => "not_detected",
            Reading::AboveRange { .. } => "above_range",
            Reading::Indeterminate => "indeterminate",
            Reading::Failed { .. } => "failed",
            Reading::NotDone => "not_done",
        }
    }

    /// The code as people say it.
    pub fn words(&self) -> &'static str {
        match self {
            Reading::Quantified { .. } => "measured",
            Reading::DetectedNotQuantified { .. } => "detected",
            Reading::NotDetected { .. } => "not detected",
            Reading::AboveRange { .. } => "above range",
            Reading::Indeterminate => "indeterminate",
            Reading::Failed { .. } => "failed",
            Reading::NotDone => "not done",
        }
    }

    pub fn failed_reason(&self) -> Option<FailedReason> {
        match self {
            Reading::Failed { reason } => Some(*reason),
            _ => None,
        }
    }

    /// The columns `lo`, `hi`, `failed_reason`.
    pub fn columns(&self) -> (Option<f64>, Option<f64>, Option<&'static str>) {
        match *self {
            Reading::Quantified { value } => (Some(value), Some(value), None),
            Reading::DetectedNotQuantified { lo, hi } => (Some(lo), Some(hi), None),
            Reading::NotDetected { hi } => (Some(0.0), hi, None),
            Reading::AboveRange { lo } => (Some(lo), Some(f64::INFINITY), None),
            Reading::Failed { reason } => (None, None, Some(reason.code())),
            Reading::Indeterminate | Reading::NotDone => (None, None, None),
        }
    }

    /// The way back from the columns; a row that breaks a rule of the value model is an error, never mended.
    pub fn from_columns(
        detection: &str,
        lo: Option<f64>,
        hi: Option<f64>,
        failed_reason: Option<&str>,
    ) -> Result<Reading, Inconsistent> {
        let reading = match (detection, lo, hi, failed_reason) {
            ("quantified", Some(lo), Some(hi), None) if lo == hi => Some(Reading::Quantified { value: lo }),
            ("detected_not_quantified", Some(lo), Some(hi), None) => Some(Reading::DetectedNotQuantified { lo, hi }),
            ("not_detected", Some(0.0), hi, None) => Some(Reading::NotDetected { hi }),
            ("above_range", Some(lo), Some(f64::INFINITY), None) => Some(Reading::AboveRange { lo }),
            ("indeterminate", None, None, None) => Some(Reading::Indeterminate),
            ("not_done", None, None, None) => Some(Reading::NotDone),
            ("failed", None, None, Some(code)) => {
                FailedReason::from_code(code).map(|reason| Reading::Failed { reason })
            }
            _ => None,
        };
        reading.and_then(|reading| reading.checked().ok()).ok_or(Inconsistent {
            detection: detection.to_owned(),
            lo,
            hi,
        })
    }
}

#[cfg(test)]
mod tests;
