//! The value model: a result is an interval, never a bare number (data dictionary, 1.1).

/// What a lab's answer says. A contradiction (a failed sample with a value, a non-detect above its limit) has no form here.
/// Values are in the stored unit and never negative; an unknown upper bound is `None`, no bound is infinity.
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

/// Columns that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the columns of a reading contradict each other")]
pub struct Inconsistent;

impl Reading {
    pub fn from_columns(
        _d: &str,
        _lo: Option<f64>,
        _hi: Option<f64>,
        _f: Option<&str>,
    ) -> Result<Reading, Inconsistent> {
        Err(Inconsistent)
    }
}
