//! Days as people type them: `2024-04-03` or `3 Apr 2024`; every other order is asked back, never guessed (decision 11).

use chrono::{Datelike, NaiveDate};

use super::problem::Problem;
use super::text;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

pub fn parse_date(raw: &str) -> Result<NaiveDate, Problem> {
    let line = text::clean_line(raw, 64)?;
    if line.is_empty() {
        return Err(Problem::required("The date"));
    }
    if let Some(date) = iso(&line).or_else(|| spelled(&line)) {
        return Ok(date);
    }
    if is_partial(&line) {
        return Err(Problem::partial_date(&line));
    }
    match two_orders(&line) {
        Some(readings) => Err(Problem::ambiguous_date(&line, &readings)),
        None => Err(Problem::not_a_date(&line)),
    }
}

fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<u32> {
    (lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn day(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// `2024-04-03`, with all its zeros.
fn iso(line: &str) -> Option<NaiveDate> {
    let mut parts = line.split('-');
    let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    day(digits(y, 4..=4)?, digits(m, 2..=2)?, digits(d, 2..=2)?)
}

/// `3 Apr 2024`, `03-April-2024`: the month is a word, so no order is in doubt.
fn spelled(line: &str) -> Option<NaiveDate> {
    let words: Vec<&str> = line.split([' ', '-']).filter(|word| !word.is_empty()).collect();
    let [d, m, y] = words.as_slice() else { return None };
    day(digits(y, 4..=4)?, month(m)?, digits(d, 1..=2)?)
}

fn month(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.').to_ascii_lowercase();
    let at = MONTHS.iter().position(|name| {
        word.len() >= 3 && (word == *name || word == name[..3] || (word == "sept" && *name == "september"))
    })?;
    u32::try_from(at + 1).ok()
}

/// A year, a year and a month, or a day that is said to be unknown.
fn is_partial(line: &str) -> bool {
    let parts: Vec<&str> = line.split(['-', ' ']).collect();
    let year = |text: &str| digits(text, 4..=4).is_some_and(|y| (1850..=2200).contains(&y));
    match parts.as_slice() {
        [y] => year(y),
        [y, m] if year(y) => digits(m, 2..=2).is_some_and(|m| (1..=12).contains(&m)),
        [m, y] => month(m).is_some() && year(y),
        [y, m, d] => {
            year(y)
                && digits(m, 2..=2).is_some()
                && matches!(d.to_ascii_uppercase().as_str(), "UN" | "UNK" | "XX" | "??")
        }
        _ => false,
    }
}

/// `03/04/2024`, `1.2.2024`: the days it could be, day first.
fn two_orders(line: &str) -> Option<Vec<NaiveDate>> {
    let parts: Vec<&str> = line.split(['/', '.', '-']).collect();
    let [a, b, y] = parts.as_slice() else { return None };
    let (a, b, y) = (digits(a, 1..=2)?, digits(b, 1..=2)?, digits(y, 4..=4)?);
    let mut readings: Vec<NaiveDate> = [day(y, b, a), day(y, a, b)].into_iter().flatten().collect();
    readings.dedup();
    (!readings.is_empty()).then_some(readings)
}

/// What bounds the days on which something can have been seen of a patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    pub patient_key: String,
    /// The centre's own today (S-093).
    pub today: NaiveDate,
    pub birth_year: i32,
    /// The earliest day it can mean where only a month or year is known.
    pub diagnosed_on: Option<NaiveDate>,
    pub died_on: Option<NaiveDate>,
}

impl Life {
    /// Of nobody: every day lies in it.
    pub fn unbounded() -> Life {
        Life {
            patient_key: String::new(),
            today: NaiveDate::MAX,
            birth_year: i32::MIN,
            diagnosed_on: None,
            died_on: None,
        }
    }

    /// Hard problems of a specimen's or visit's day: V-DATE-01, 02, 04.
    pub fn check(&self, date: NaiveDate) -> Vec<Problem> {
        let mut problems = vec![];
        if date > self.today {
            problems.push(Problem::in_future(date));
        }
        if date.year() < self.birth_year || self.diagnosed_on.is_some_and(|diagnosed_on| date < diagnosed_on) {
            problems.push(Problem::before_diagnosis(date, self.diagnosed_on));
        }
        if let Some(died_on) = self.died_on.filter(|died_on| date > *died_on) {
            problems.push(Problem::after_death(&self.patient_key, died_on));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(raw: &str) -> Problem {
        parse_date(raw).expect_err(raw)
    }

    fn ymd(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).expect("a day")
    }

    #[test]
    fn two_forms_are_read() {
        for raw in [
            "2024-04-03",
            " 2024-04-03 ",
            "3 Apr 2024",
            "03 april 2024",
            "3-APR-2024",
            "2024-04-03\u{a0}",
        ] {
            assert_eq!(parse_date(raw), Ok(ymd(2024, 4, 3)), "{raw}");
        }
        assert_eq!(parse_date("29 Feb 2024"), Ok(ymd(2024, 2, 29)));
        assert_eq!(parse_date("1 Sept 2024"), Ok(ymd(2024, 9, 1)));
    }

    #[test]
    fn an_order_in_doubt_is_asked_back() {
        let problem = told("03/04/2024");
        assert_eq!(problem.code, "V-DATE-05");
        assert_eq!(
            problem.text,
            "Is 03/04/2024 3 April or 4 March? Type it as 2024-04-03 or 3 Apr 2024."
        );
        assert_eq!(problem.suggestion, None);
        assert_eq!(told("01/02/2024").code, "V-DATE-05");
        assert_eq!(told("1.2.2024").code, "V-DATE-05");
        // Only one order gives a day: offered, not taken.
        assert_eq!(told("25/12/2024").suggestion.as_deref(), Some("2024-12-25"));
    }

    #[test]
    fn no_day_is_rolled_over_or_guessed() {
        for raw in [
            "2024-02-30",
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-04-31",
            "0000-00-00",
            "10000-01-01",
            "-0001-01-01",
            "24-03-01",
            "2024/03/01",
            "20240301",
            "2024-3-1",
            "2024-03-01T10:00:00Z",
            "2024-W10-1",
            "2024-061",
            "1709251200",
            "today",
            "45352",
            "\u{662}\u{660}\u{662}\u{664}-\u{660}\u{663}-\u{660}\u{661}",
            "\u{ff12}\u{ff10}\u{ff12}\u{ff14}-03-01",
            "2024\u{2011}03\u{2011}01",
            "2024-03-01' OR '1'='1",
            "30 Feb 2024",
            "31/31/2024",
        ] {
            assert_eq!(told(raw).code, "V-DATE-06", "{raw}");
        }
        for raw in ["2024-03", "2024", "2024-03-UN", "Mar 2024"] {
            assert_eq!(told(raw).code, "V-DATE-07", "{raw}");
        }
        assert_eq!(told("2024-03-01\0").code, "V-TEXT-02");
        assert_eq!(told("2024-03-01\n2024-03-02").code, "V-TEXT-02");
        assert_eq!(told("").code, "V-REQ-01");
    }

    #[test]
    fn a_life_bounds_its_days() {
        let life = Life {
            patient_key: "RT-0001".into(),
            today: ymd(2024, 5, 20),
            birth_year: 1950,
            diagnosed_on: Some(ymd(2020, 3, 1)),
            died_on: Some(ymd(2024, 4, 1)),
        };
        let codes = |date| life.check(date).iter().map(|p| p.code).collect::<Vec<_>>();
        assert_eq!(codes(ymd(2024, 4, 1)), Vec::<&str>::new());
        assert_eq!(codes(ymd(2020, 3, 1)), Vec::<&str>::new());
        assert_eq!(codes(ymd(2020, 2, 29)), ["V-DATE-02"]);
        assert_eq!(codes(ymd(1899, 12, 31)), ["V-DATE-02"]);
        assert_eq!(codes(ymd(2024, 4, 2)), ["V-DATE-04"]);
        assert_eq!(codes(ymd(2999, 1, 1)), ["V-DATE-01", "V-DATE-04"]);
        assert_eq!(
            life.check(ymd(2024, 4, 2))[0].text,
            "RT-0001 died on 2024-04-01; only autopsy records can follow."
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(raw in any::<String>()) {
            let _ = parse_date(&raw);
        }

        #[test]
        fn every_day_survives_both_forms(days in 0i64..80_000) {
            let date = ymd(1900, 1, 1) + chrono::Duration::days(days);
            prop_assert_eq!(parse_date(&date.to_string()), Ok(date));
            prop_assert_eq!(parse_date(&date.format("%-d %b %Y").to_string()), Ok(date));
        }
    }
}
