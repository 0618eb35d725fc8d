//! Units: the UCUM code that is stored, the name people read, and what else is taken on entry (data dictionary, 9).

/// The stored code as it stands on pages.
pub fn words(ucum: &str) -> &str {
    match ucum {
        "{mtm}/mL" => "MTM/mL",
        "[ppm]" => "ppm",
        "1" => "%",
        "{copies}/mL" => "copies/mL",
        "{cells}" => "cells",
        "[arb'U]/mL" => "U/mL",
        "10*6" => "million cells",
        "umol/L" => "µmol/L",
        other => other,
    }
}

/// A stored number as it is read under `words`: a fraction is stored under the unit 1 and read in per cent.
pub fn shown(value: f64, ucum: &str) -> f64 {
    if ucum != "1" {
        return value;
    }
    let percent = value * 100.0;
    // 0.0007 is 0.07 %, not 0.06999999999999999
    let tidy = (percent * 1e6).round() / 1e6;
    if (tidy - percent).abs() <= 1e-12 * percent.abs() {
        tidy
    } else {
        percent
    }
}

/// What a number in `typed` is multiplied with to be in `stored`; `None` where no conversion is known.
pub fn factor(typed: &str, stored: &str) -> Option<f64> {
    let typed = plain(typed);
    if typed == plain(stored) || (stored != "1" && typed == plain(words(stored))) {
        return Some(1.0);
    }
    match (typed.as_str(), stored) {
        ("%" | "percent", "1") => Some(0.01),
        ("ppm" | "[ppm]", "1") => Some(1e-6),
        ("%" | "percent", "[ppm]") => Some(1e4),
        ("ug/l", "ng/mL") | ("ng/l", "pg/mL") => Some(1.0),
        ("ug/ml", "ng/mL") | ("ng/ml", "pg/mL") => Some(1000.0),
        ("pg/ml", "ng/mL") => Some(0.001),
        ("u/ml" | "ku/l" | "iu/ml", "[arb'U]/mL") | ("iu/l", "U/L") => Some(1.0),
        ("ukat/l", "U/L") => Some(60.0),
        ("cm", "mm") => Some(10.0),
        ("mtm/ml" | "mtm per ml", "{mtm}/mL") => Some(1.0),
        ("cells" | "cell", "{cells}") => Some(1.0),
        _ => None,
    }
}

/// Case, blanks and the two signs for micro don't make a unit another one.
fn plain(unit: &str) -> String {
    unit.trim()
        .replace(['\u{b5}', '\u{3bc}'], "u")
        .replace("mcg", "ug")
        .to_lowercase()
}

/// A typed result in two: what is before the unit, and the unit (`<0.05 %` is `<0.05` and `%`). Words like `ND` have none.
pub fn split(raw: &str) -> (&str, Option<&str>) {
    let raw = raw.trim();
    let Some(last_digit) = raw.rfind(|c: char| c.is_ascii_digit()) else {
        return (raw, None);
    };
    let (number, unit) = raw.split_at(last_digit + 1);
    let (number, unit) = (number.trim(), unit.trim());
    // `1e3`, `1.2.3` and `12 1/2` end in digits and keep their place; what is left must look like a unit.
    let looks_like_one = unit
        .chars()
        .all(|c| c.is_alphabetic() || matches!(c, '%' | '/' | '[' | ']' | '{' | '}' | '\'' | '\u{b5}' | ' '))
        && unit.chars().count() <= 12;
    if unit.is_empty() || !looks_like_one {
        (raw, None)
    } else {
        (number, Some(unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_units_have_their_factors() {
        for (typed, stored, expected) in [
            ("%", "1", Some(0.01)),
            ("µg/L", "ng/mL", Some(1.0)),
            ("µg/mL", "ng/mL", Some(1000.0)),
            ("U/mL", "[arb'U]/mL", Some(1.0)),
            ("kU/L", "[arb'U]/mL", Some(1.0)),
            ("µkat/L", "U/L", Some(60.0)),
            ("cm", "mm", Some(10.0)),
            ("MTM/mL", "{mtm}/mL", Some(1.0)),
            ("{mtm}/mL", "{mtm}/mL", Some(1.0)),
            ("mg/dL", "ng/mL", None),
            ("cells", "{mtm}/mL", None),
        ] {
            assert_eq!(factor(typed, stored), expected, "{typed} to {stored}");
        }
    }

    #[test]
    fn a_unit_is_split_from_its_number() {
        assert_eq!(split("0.05%"), ("0.05", Some("%")));
        assert_eq!(split("<5 µg/L"), ("<5", Some("µg/L")));
        for whole in ["0.42", "ND", "1e3", "POS >113.85", "QNS", "", "1.2.3", "5;"] {
            assert_eq!(split(whole), (whole, None));
        }
    }
}
