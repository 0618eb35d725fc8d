//! Numbers, units, dates and readings as they are said on a page.

use chrono::NaiveDate;

use crate::domain::reading::Reading;
use crate::domain::unit;

/// `13 Nov 2026`.
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// Up to four decimals, no trailing zeros; small numbers keep three figures.
pub fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.001 {
        return format!("{value:.2e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `0.91 MTM/mL`.
pub fn with_unit(value: f64, code: &str) -> String {
    let unit = match (code, value) {
        ("{cells}", 1.0) => "cell",
        _ => unit::words(code),
    };
    format!("{} {unit}", number(unit::shown(value, code)))
        .trim_end()
        .to_owned()
}

/// A reading as a lab would print it: `<0.3 MTM/mL`, `0.91 MTM/mL`, `detected, >0.91 MTM/mL`, `failed, quantity not sufficient`.
pub fn reading(reading: &Reading, code: &str) -> String {
    match *reading {
        Reading::Quantified { value } => with_unit(value, code),
        Reading::DetectedNotQuantified { lo, hi } => match (lo > 0.0, hi.is_finite()) {
            (true, true) => format!("detected, {} to {}", number(unit::shown(lo, code)), with_unit(hi, code)),
            (true, false) => format!("detected, >{}", with_unit(lo, code)),
            (false, true) => format!("detected, <{}", with_unit(hi, code)),
            (false, false) => "detected".to_owned(),
        },
        Reading::NotDetected { hi: Some(hi) } if hi.is_finite() => format!("<{}", with_unit(hi, code)),
        Reading::NotDetected { .. } => "not detected".to_owned(),
        Reading::AboveRange { lo } => format!(">{}", with_unit(lo, code)),
        Reading::Indeterminate => "indeterminate".to_owned(),
        Reading::Failed { reason } => format!("failed, {}", reason.words()),
        Reading::NotDone => "not done".to_owned(),
    }
}
