//! How values are written: dates as 13 Nov 2026, minus as −, a thin space before %, numbers by their figures.

pub use crate::domain::number::thousands;
use chrono::NaiveDate;

/// Written as more than 99 %.
const ALMOST_SURE: f64 = 0.999;

/// 13 Nov 2026.
pub fn day(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// What is written in its own way wherever it stands.
const SPELT: [&str; 6] = ["ER", "PgR", "HER2", "Ki-67", "ctDNA", "CTC"];

/// `Tumour size`, `ER`, `ctDNA last level`: the first word begins with a capital, or has a spelling of its own.
pub fn capital(name: &str) -> String {
    let (first, rest) = name.split_at(name.find(' ').unwrap_or(name.len()));
    let bare = |word: &str| word.replace('-', "").to_lowercase();
    if let Some(own) = SPELT.iter().find(|own| bare(own) == bare(first)) {
        return format!("{own}{rest}");
    }
    let mut letters = name.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
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

/// A share as per cent, thin space before the sign; no false precision at the ends. All of those who were counted are 100 %.
pub fn percent(probability: f64) -> String {
    if !probability.is_finite() {
        return "–".into();
    }
    let percent = probability * 100.0;
    let number = if percent > 0.0 && percent <= 0.5 {
        "<1".to_string()
    } else if (99.5..100.0).contains(&percent) {
        ">99".to_string()
    } else {
        format!("{percent:.0}")
    };
    format!("{number}\u{202f}%")
}

/// A probability that a model gives, as per cent: nothing is certain, also where the number that stands for it has reached 1.
pub fn probability(modelled: f64) -> String {
    percent(if modelled > ALMOST_SURE { ALMOST_SURE } else { modelled })
}

/// An alert score on which flags turn: to a tenth, as what lies between two whole numbers decides.
pub fn threshold(score: f64) -> String {
    match 100.0 * score {
        above if above > 100.0 => "above 100\u{202f}%".into(),
        percent => format!("{percent:.1}\u{202f}%"),
    }
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
    fn a_threshold_is_told_to_a_tenth() {
        assert_eq!(threshold(0.05436), "5.4\u{202f}%");
        assert_eq!(threshold(1.0_f64.next_up()), "above 100\u{202f}%");
    }

    #[test]
    fn a_fact_begins_with_a_capital_or_as_it_is_spelt() {
        for (fact, told) in [
            ("er", "ER"),
            ("pgr", "PgR"),
            ("her2", "HER2"),
            ("ki67", "Ki-67"),
            ("ctDNA", "ctDNA"),
            ("ctDNA last level", "ctDNA last level"),
            ("CTC", "CTC"),
            ("size mm", "Size mm"),
            ("error", "Error"),
            ("", ""),
        ] {
            assert_eq!(capital(fact), told);
        }
    }

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
        assert_eq!(percent(0.995), ">99\u{202f}%");
        assert_eq!(percent(0.005), "<1\u{202f}%");
        assert_eq!(percent(0.0), "0\u{202f}%");
        // all of those counted, but nothing that a model says is certain
        assert_eq!(percent(1.0), "100\u{202f}%");
        for modelled in [0.9999, 1.0 - 1e-17, 1.0 + 1e-12] {
            assert_eq!(probability(modelled), ">99\u{202f}%", "{modelled}");
        }
        assert_eq!(probability(0.97), "97\u{202f}%");
        assert_eq!(probability(f64::NAN), "–");
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
