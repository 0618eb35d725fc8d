//! When a rising PSA counts as recurrence (data dictionary, 7). It is never, by itself, metastasis.

use chrono::NaiveDate;

const AFTER_PROSTATECTOMY: f64 = 0.2;
const OVER_NADIR: f64 = 2.0;

/// After prostatectomy: a value of at least 0.2 ng/mL with the next one above 0.2. The day is that of the first.
pub fn recurrence_after_prostatectomy(values: &[(NaiveDate, f64)]) -> Option<NaiveDate> {
    values
        .windows(2)
        .find(|pair| pair[0].1 >= AFTER_PROSTATECTOMY && pair[1].1 > AFTER_PROSTATECTOMY)
        .map(|pair| pair[0].0)
}

/// After radiotherapy: 2 ng/mL over the lowest value so far.
pub fn recurrence_after_radiotherapy(values: &[(NaiveDate, f64)]) -> Option<NaiveDate> {
    let mut nadir = f64::INFINITY;
    values.iter().find_map(|(day, value)| {
        nadir = nadir.min(*value);
        (*value >= nadir + OVER_NADIR).then_some(*day)
    })
}

/// One value that asks for a second.
pub fn needs_a_second(previous: Option<f64>, value: f64) -> bool {
    value >= AFTER_PROSTATECTOMY && previous.is_none_or(|previous| previous < AFTER_PROSTATECTOMY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Vec<(NaiveDate, f64)> {
        let start = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day");
        start.iter_days().step_by(90).zip(values.iter().copied()).collect()
    }

    #[test]
    fn one_high_value_is_not_recurrence() {
        assert_eq!(recurrence_after_prostatectomy(&series(&[0.25, 0.15])), None);
        assert_eq!(recurrence_after_prostatectomy(&series(&[0.25, 0.2])), None);
        let rising = series(&[0.1, 0.2, 0.21]);
        assert_eq!(recurrence_after_prostatectomy(&rising), Some(rising[1].0));
        assert!(needs_a_second(Some(0.15), 0.2) && !needs_a_second(Some(0.2), 0.3) && !needs_a_second(None, 0.19));
    }

    #[test]
    fn after_radiotherapy_the_nadir_decides() {
        let values = series(&[4.0, 0.5, 2.4, 2.5]);
        assert_eq!(recurrence_after_radiotherapy(&values), Some(values[3].0));
        assert_eq!(recurrence_after_radiotherapy(&series(&[4.0, 3.0])), None);
    }
}
