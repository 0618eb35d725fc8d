//! CTS5: the risk of late distant recurrence after five years of endocrine therapy, from what was known at diagnosis.

/// Above this size a larger tumour adds nothing.
const SIZE_CAP_MM: f64 = 30.0;
const LOW_BELOW: f64 = 3.13;
const HIGH_ABOVE: f64 = 3.86;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RiskGroup {
    Low,
    Intermediate,
    High,
}

/// The coefficients are those of the data dictionary, section 13: one calculator in circulation prints others.
pub fn cts5(nodes_positive: u32, size_mm: f64, grade: u32, age: u32) -> f64 {
    let size = size_mm.min(SIZE_CAP_MM);
    let rest = 0.093 * size - 0.001 * size * size + 0.375 * f64::from(grade) + 0.017 * f64::from(age);
    0.438 * f64::from(node_group(nodes_positive)) + 0.988 * rest
}

/// None, 1, 2 to 3, 4 to 9, more.
fn node_group(nodes_positive: u32) -> u32 {
    match nodes_positive {
        0 => 0,
        1 => 1,
        2..=3 => 2,
        4..=9 => 3,
        _ => 4,
    }
}

pub fn risk_group(score: f64) -> RiskGroup {
    if score < LOW_BELOW {
        RiskGroup::Low
    } else if score > HIGH_ABOVE {
        RiskGroup::High
    } else {
        RiskGroup::Intermediate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vector_is_intermediate() {
        let score = cts5(0, 20.0, 2, 60);
        assert!((score - 3.191).abs() < 0.0005, "{score}");
        assert_eq!(risk_group(score), RiskGroup::Intermediate);
        assert_eq!(cts5(0, 30.0, 2, 60), cts5(0, 80.0, 2, 60));
        assert_eq!(risk_group(cts5(5, 30.0, 3, 60)), RiskGroup::High);
        assert_eq!(risk_group(cts5(0, 10.0, 1, 50)), RiskGroup::Low);
    }
}
