//! From hazards that are constant within windows to risks at their ends, death competing.

use crate::burden::case::Day;

pub const YEAR: f64 = 365.25;

/// Years of each window.
pub fn lengths(horizons: &[Day]) -> Vec<f64> {
    let starts = std::iter::once(&0).chain(horizons);
    horizons
        .iter()
        .zip(starts)
        .map(|(end, start)| f64::from(end - start) / YEAR)
        .collect()
}

/// Years at risk in each window of somebody watched for `watched` days, and the window in which the watch ended.
pub fn exposure(horizons: &[Day], watched: Day, out: &mut [f64]) -> Option<u8> {
    let (mut start, mut last) = (0, None);
    for (k, (end, years)) in horizons.iter().zip(out).enumerate() {
        *years = f64::from((watched.min(*end) - start).max(0)) / YEAR;
        if watched > start && watched <= *end {
            last = Some(k as u8);
        }
        start = *end;
    }
    last
}

/// Cumulative incidence of relapse and of death without it at the end of each window, from both log yearly hazards.
pub fn incidence(lengths: &[f64], relapse: &[f64], death: &[f64], mut each: impl FnMut(usize, f64, f64)) {
    let (mut free, mut relapsed, mut died) = (1.0, 0.0, 0.0);
    for (k, years) in lengths.iter().enumerate() {
        let (h1, h2) = (relapse[k].min(12.0).exp(), death[k].min(12.0).exp());
        let total = h1 + h2;
        if total > 0.0 {
            let fall = free * -(-total * years).exp_m1();
            relapsed += fall * h1 / total;
            died += fall * h2 / total;
            free -= fall;
        }
        each(k, relapsed, died);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incidences_and_what_is_left_add_up_to_one() {
        let lengths = lengths(&[182, 365, 730]);
        let mut last = 0.0;
        incidence(&lengths, &[0.3, -1.0, 11.0], &[-2.0, -1.0, 0.5], |_, relapse, death| {
            assert!(relapse >= last && relapse + death <= 1.0 + 1e-12);
            last = relapse;
        });
        let one_cause = 1.0 - (-0.5f64.exp() * lengths[0]).exp();
        incidence(&lengths, &[0.5; 3], &[f64::NEG_INFINITY; 3], |k, relapse, _| {
            if k == 0 {
                assert!((relapse - one_cause).abs() < 1e-14);
            }
        });
    }

    #[test]
    fn time_is_dealt_out_to_windows() {
        let mut out = [0.0; 3];
        assert_eq!(exposure(&[182, 365, 730], 365, &mut out), Some(1));
        assert!((out.iter().sum::<f64>() * YEAR - 365.0).abs() < 1e-9 && out[2] == 0.0);
        assert_eq!(exposure(&[182, 365, 730], 731, &mut out), None);
    }
}
