//! Response by the sums of diameters, RECIST 1.1 (data dictionary, 6.3).

/// Growth over the smallest sum that counts as progression: both are needed.
const PD_FRACTION: f64 = 0.20;
const PD_MM: f64 = 5.0;
const PR_FRACTION: f64 = 0.30;
/// Diameters are given to a tenth of a millimetre; this keeps rounding from deciding.
const ROUNDING: f64 = 1e-9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    Complete,
    Partial,
    Stable,
    Progression,
}

impl Response {
    pub fn code(self) -> &'static str {
        match self {
            Response::Complete => "CR",
            Response::Partial => "PR",
            Response::Stable => "SD",
            Response::Progression => "PD",
        }
    }
}

/// At least 20 % and at least 5 mm over the smallest sum so far.
pub fn progressed(nadir_mm: f64, sum_mm: f64) -> bool {
    let growth = sum_mm - nadir_mm;
    growth + ROUNDING >= PD_MM && growth + ROUNDING >= PD_FRACTION * nadir_mm
}

/// The response of the target lesions. `earlier` are the sums before this one, baseline first; without them only
/// "all gone" and "a new lesion" can be told.
pub fn response(earlier_mm: &[f64], sum_mm: f64, new_lesion: bool) -> Option<Response> {
    if new_lesion {
        return Some(Response::Progression);
    }
    let nadir = earlier_mm.iter().copied().reduce(f64::min);
    match (earlier_mm.first(), nadir) {
        _ if sum_mm == 0.0 => Some(Response::Complete),
        (Some(_), Some(nadir)) if progressed(nadir, sum_mm) => Some(Response::Progression),
        (Some(baseline), _) if baseline - sum_mm + ROUNDING >= PR_FRACTION * baseline => Some(Response::Partial),
        (Some(_), _) => Some(Response::Stable),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progression_needs_a_fifth_and_five_millimetres() {
        assert!(!progressed(20.0, 24.0));
        assert!(progressed(20.0, 25.0));
        assert!(!progressed(100.0, 110.0));
        assert!(progressed(0.0, 5.0));
    }

    #[test]
    fn the_response_is_judged_against_baseline_and_nadir() {
        assert_eq!(response(&[50.0], 35.0, false), Some(Response::Partial));
        assert_eq!(response(&[50.0], 36.0, false), Some(Response::Stable));
        assert_eq!(response(&[50.0, 20.0], 25.0, false), Some(Response::Progression));
        assert_eq!(response(&[50.0, 20.0], 24.0, false), Some(Response::Partial));
        assert_eq!(response(&[50.0], 0.0, false), Some(Response::Complete));
        assert_eq!(response(&[50.0], 10.0, true), Some(Response::Progression));
        assert_eq!(response(&[], 10.0, false), None);
    }
}
