//! Plain numbers as people type them: ASCII digits and one point (S-094). What is nearly one is asked back, never guessed.

use super::problem::Problem;

/// What `numeric(18, 6)` holds.
const WHOLE_DIGITS: usize = 12;
pub const PLACES: u32 = 6;

/// A number that is not negative. `unreadable` says what the field takes.
pub fn parse(text: &str, places: u32, unreadable: fn(&str) -> Problem) -> Result<f64, Problem> {
    if let Some(rest) = text.strip_prefix(['-', '\u{2212}', '\u{2013}', '\u{ff0d}']) {
        return Err(match plain(rest.trim_start()) {
            Some(_) => Problem::negative(),
            None => unreadable(text),
        });
    }
    let Some((whole, decimals)) = plain(text) else {
        return Err(nearly(text, unreadable));
    };
    if whole.trim_start_matches('0').len() > WHOLE_DIGITS {
        return Err(Problem::out_of_range("A number", 0.0, 999_999_999_999.0));
    }
    if decimals.len() > places as usize {
        return Err(Problem::too_precise(text, places));
    }
    text.parse().map_err(|_| unreadable(text))
}

/// A whole number of at most 12 digits, without sign, marks or decimals.
pub fn parse_whole(text: &str) -> Result<i64, Problem> {
    let readable = (1..=WHOLE_DIGITS).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    match text.parse() {
        Ok(value) if readable => Ok(value),
        _ => Err(Problem::unreadable_whole(text)),
    }
}

/// `12`, `0.42`: digits, and digits after a point.
fn plain(text: &str) -> Option<(&str, &str)> {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, decimals)) => (digits(whole) && digits(decimals)).then_some((whole, decimals)),
        None => digits(text).then_some((text, "")),
    }
}

/// The answer to what is not a number but could be meant as one.
fn nearly(text: &str, unreadable: fn(&str) -> Problem) -> Problem {
    let short = text.len() <= 32;
    if short && text.contains(',') && text.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b'.') {
        let readings = comma_readings(text);
        if !readings.is_empty() {
            return Problem::comma(text, &readings);
        }
    }
    let problem = unreadable(text);
    match tidied(text).filter(|_| short) {
        Some(suggestion) => problem.suggest(suggestion),
        None => problem,
    }
}

/// `0,42` is 0.42; `1,000` is 1.000 or 1000; `1.234,5` and `1,234.5` are 1234.5.
fn comma_readings(text: &str) -> Vec<String> {
    let commas = text.matches(',').count();
    let as_point = text.replace(',', ".");
    let as_marks = text.replace(',', "");
    let grouped = text.split(['.', ',']).skip(1).all(|group| group.len() == 3);
    let mut readings = match (commas, text.rfind(','), text.rfind('.')) {
        (1, Some(comma), Some(point)) if comma > point => vec![text.replace('.', "").replace(',', ".")],
        (_, Some(_), Some(_)) => vec![as_marks],
        (1, _, None) if grouped && !text.starts_with('0') => vec![as_point, as_marks],
        (1, _, None) => vec![as_point],
        (_, _, None) if grouped => vec![as_marks],
        _ => vec![],
    };
    readings.retain(|reading| plain(reading).is_some());
    readings
}

/// Marks, signs, exponents and other scripts' digits taken off: offered, never taken.
fn tidied(text: &str) -> Option<String> {
    let compact: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '\u{2019}' | '_' | '\u{66c}'))
        .map(|c| match c {
            '\u{ff10}'..='\u{ff19}' => char::from(b'0' + (c as u32 - 0xff10) as u8),
            '\u{ff0e}' => '.',
            c => c,
        })
        .collect();
    let compact = compact.strip_prefix('+').unwrap_or(&compact);
    let numeric = compact
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'));
    let value: f64 = compact.parse().ok().filter(|_| numeric)?;
    // A tiny exponent must not come back as a silent zero, nor a long tail of decimals as a rounded one.
    (value > 0.0 && value < 1e12)
        .then(|| format!("{value}"))
        .filter(|s| plain(s).is_some_and(|(_, decimals)| decimals.len() <= PLACES as usize))
}

/// The value that `numeric(18, 6)` keeps, or nothing where it would have to round.
pub fn at_six_places(value: f64) -> Option<f64> {
    let micro = value * 1e6;
    let whole = micro.round();
    (value.is_finite() && (micro - whole).abs() < 1e-6 * micro.abs().max(1.0) && (whole == 0.0) == (value == 0.0))
        .then(|| whole / 1e6)
}

/// 3,074.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (&'static str, Option<String>) {
        let problem = parse(text, PLACES, Problem::unreadable_result).expect_err(text);
        (problem.code, problem.suggestion)
    }

    #[test]
    fn a_number_is_digits_and_one_point() {
        for (text, value) in [
            ("0", 0.0),
            ("0.42", 0.42),
            ("10000", 10000.0),
            ("007", 7.0),
            ("0.000001", 0.000_001),
        ] {
            assert_eq!(parse(text, PLACES, Problem::unreadable_result), Ok(value));
        }
    }

    #[test]
    fn what_is_nearly_a_number_is_asked_back() {
        for (text, code, suggestion) in [
            ("0,42", "V-NUM-02", Some("0.42")),
            ("5,5", "V-NUM-02", Some("5.5")),
            ("1,000", "V-NUM-02", None),
            ("1.234,5", "V-NUM-02", Some("1234.5")),
            ("1,234.5", "V-NUM-02", Some("1234.5")),
            ("1,234,567", "V-NUM-02", Some("1234567")),
            ("-1", "V-NUM-03", None),
            ("-0", "V-NUM-03", None),
            ("\u{2212}0.4", "V-NUM-03", None),
            ("+5", "V-NUM-01", Some("5")),
            ("5e-1", "V-NUM-01", Some("0.5")),
            ("1e3", "V-NUM-01", Some("1000")),
            ("1e400", "V-NUM-01", None),
            ("1e-400", "V-NUM-01", None),
            ("1 000", "V-NUM-01", Some("1000")),
            ("1\u{202f}000", "V-NUM-01", Some("1000")),
            ("1_000", "V-NUM-01", Some("1000")),
            ("1\u{66c}000", "V-NUM-01", Some("1000")),
            ("\u{ff15}", "V-NUM-01", Some("5")),
            ("\u{665}", "V-NUM-01", None),
            (".5", "V-NUM-01", Some("0.5")),
            ("12.5.3", "V-NUM-01", None),
            ("NaN", "V-NUM-01", None),
            ("nan(1)", "V-NUM-01", None),
            ("inf", "V-NUM-01", None),
            ("Infinity", "V-NUM-01", None),
            ("0x10", "V-NUM-01", None),
            ("5 cells", "V-NUM-01", None),
            ("=5", "V-NUM-01", None),
            ("", "V-NUM-01", None),
            ("0.123456789012345678", "V-NUM-04", None),
            ("99999999999999999999", "V-RANGE-01", None),
        ] {
            assert_eq!(told(text), (code, suggestion.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn a_whole_number_is_digits_alone() {
        assert_eq!(parse_whole("5"), Ok(5));
        for text in [
            "-1", "-0", "+5", "5.0", "5.5", "5,5", "1e3", "0x10", "1_000", "1 000", "007", "NaN", "5%00", "",
        ] {
            assert!(parse_whole(text).is_err(), "{text}");
        }
        assert!(parse_whole(&"1".repeat(5000)).is_err());
    }

    #[test]
    fn six_places_are_kept_exactly_or_refused() {
        assert_eq!(at_six_places(0.05 / 100.0), Some(0.0005));
        assert_eq!(at_six_places(0.000_000_1), None);
        assert_eq!(at_six_places(0.0), Some(0.0));
        assert_eq!(at_six_places(f64::NAN), None);
    }
}
