//! How many alerts a clinic will bear.

use serde::{Deserialize, Serialize};

use super::Error;

const DAYS_A_YEAR: f64 = 365.25;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Budget {
    /// Alerts per 100 patient-years under watch.
    Per100Years(f64),
    /// Alerts a calendar day for each of so many clinicians, who watch so many patients together.
    PerClinicianDay {
        alerts: f64,
        clinicians: f64,
        patients: f64,
    },
}

impl Budget {
    /// Alerts per 100 patient-years. Errors: `Budget` for what is no number above 0.
    pub fn rate(&self) -> Result<f64, Error> {
        let rate = match *self {
            Budget::Per100Years(rate) => rate,
            Budget::PerClinicianDay {
                alerts,
                clinicians,
                patients,
            } => 100.0 * alerts * clinicians * DAYS_A_YEAR / patients,
        };
        if rate.is_finite() && rate > 0.0 {
            Ok(rate)
        } else {
            Err(Error::Budget(rate))
        }
    }
}
