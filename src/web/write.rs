//! How values are written: dates as 13 Nov 2026, minus as −, a thin space before %, numbers by their figures.

use chrono::NaiveDate;

/// 13 Nov 2026.
pub fn day(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
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

/// At most three significant figures, no exponent, trailing zeros dropped: 0.0123, 4.26, 1,170.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let size = value.abs();
    let digits = (2 - size.log10().floor() as i32).clamp(0, 12) as usize;
    let text = if size >= 1000.0 {
        thousands(size.round() as u64)
    } else {
        let text = format!("{size:.digits$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        } else {
            text
        }
    };
    if value < 0.0 { format!("−{text}") } else { text }
}

/// A probability as per cent, thin space before the sign; no false precision at the ends.
pub fn percent(probability: f64) -> String {
    if !probability.is_finite() {
        return "–".into();
    }
    let percent = probability * 100.0;
    let number = if percent > 0.0 && percent < 0.5 {
        "<1".to_string()
    } else if percent < 100.0 && percent > 99.5 {
        ">99".to_string()
    } else {
        format!("{percent:.0}")
    };
    format!("{number}\u{202f}%")
}

/// A number never parts from its unit, nor a before from its after: those spaces become unbreakable.
pub fn unbroken(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let joins = |before: char, after: char, rest: &[char]| {
        let next = rest.first();
        // "0.02 %", "47 d", "7.5 mL", "1 → 4"; but not "2 and": a unit is short or has a capital or a slash in it.
        before.is_ascii_digit() && (after == '%' || after == '→' || after == '×')
            || before == '→'
            || before.is_ascii_digit() && after.is_alphabetic() && next.is_none_or(|n| !n.is_ascii_lowercase())
            || before.is_ascii_digit() && after.is_uppercase()
            || before.is_ascii_digit() && matches!((after, next), ('m', Some('m')) | ('p', Some('p')))
            // "Jul 2024"; but not "since 20 Jul"
            || before.is_ascii_lowercase()
                && matches!((after, rest), ('2', ['0', a, b, ..]) | ('1', ['9', a, b, ..]) if a.is_ascii_digit() && b.is_ascii_digit())
    };
    letters
        .iter()
        .enumerate()
        .map(
            |(at, letter)| match (letter, at.checked_sub(1).map(|b| letters[b]), letters.get(at + 1)) {
                (' ', Some(before), Some(after)) if joins(before, *after, &letters[at + 2..]) => '\u{a0}',
                _ => *letter,
            },
        )
        .collect()
}

/// A signed change: +14, −3, ±0.
pub fn change(value: f64) -> String {
    match value.round() {
        rounded if !rounded.is_finite() => "–".into(),
        rounded if rounded > 0.0 => format!("+{rounded:.0}"),
        rounded if rounded < 0.0 => format!("−{:.0}", -rounded),
        _ => "±0".into(),
    }
}

/// A signed change in percentage points, to a tenth: +1.3, −0.4, ±0.
pub fn points(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    match tenths {
        none if !none.is_finite() => "–".into(),
        up if up > 0.0 => format!("+{up:.1}"),
        down if down < 0.0 => format!("−{:.1}", -down),
        _ => "±0".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_neither_longer_nor_shorter_than_they_know() {
        for (value, text) in [
            (0.0, "0"),
            (0.0028, "0.0028"),
            (0.012345, "0.0123"),
            (4.26, "4.26"),
            (113.849, "114"),
            (1174.65, "1,175"),
            (-3.0, "−3"),
            (f64::NAN, "–"),
            (20.0, "20"),
        ] {
            assert_eq!(figure(value), text, "{value}");
        }
    }

    #[test]
    fn a_probability_is_never_zero_or_certain_by_rounding() {
        assert_eq!(percent(0.216), "22\u{202f}%");
        assert_eq!(percent(0.0012), "<1\u{202f}%");
        assert_eq!(percent(0.9991), ">99\u{202f}%");
        assert_eq!(percent(0.0), "0\u{202f}%");
    }

    #[test]
    fn a_number_keeps_its_unit() {
        assert_eq!(
            unbroken("0.02 % in 47 d and 3 new; 41 ppm, 7.5 mL, 1 → 4, 84 mm, 3 Jul 2024"),
            "0.02\u{a0}% in 47\u{a0}d and 3 new; 41\u{a0}ppm, 7.5\u{a0}mL, 1\u{a0}→\u{a0}4, 84\u{a0}mm, 3\u{a0}Jul\u{a0}2024"
        );
        assert_eq!(unbroken("since 19 Jul 2025"), "since 19\u{a0}Jul\u{a0}2025");
    }

    #[test]
    fn dates_and_changes_read_as_in_the_clinic() {
        let day_ = chrono::NaiveDate::from_ymd_opt(2026, 11, 3).unwrap();
        assert_eq!(day(day_), "3 Nov 2026");
        assert_eq!(
            (change(14.2), change(-3.0), change(0.3)),
            ("+14".into(), "−3".into(), "±0".into())
        );
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
