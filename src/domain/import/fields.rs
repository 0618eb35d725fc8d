//! One row of a file, read field by field. Every reader notes what is wrong and goes on, so that a row tells all at once.

use chrono::{NaiveDate, NaiveTime};

use super::Bad;
use super::kind::{Kind, Need};
use crate::domain::date::parse_date;
use crate::domain::number;
use crate::domain::problem::Problem;
use crate::domain::text;

/// The first line: which column stands where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header(Vec<&'static str>);

impl Header {
    /// Names in any order; a missing required, an unknown or a repeated one is a problem.
    pub fn read<'a>(kind: Kind, names: impl Iterator<Item = &'a str>) -> Result<Header, Vec<Problem>> {
        let columns = kind.columns();
        let mut found: Vec<&'static str> = vec![];
        let mut problems = vec![];
        for name in names {
            let wanted = name.trim().to_lowercase();
            match columns.iter().find(|column| column.name == wanted) {
                Some(column) if found.contains(&column.name) => problems.push(Problem::column_twice(name)),
                Some(column) => found.push(column.name),
                None => {
                    let nearest = columns
                        .iter()
                        .map(|c| c.name)
                        .min_by_key(|known| distance(known, &wanted));
                    problems.push(Problem::column_unknown(name, nearest));
                }
            }
        }
        for column in columns.iter().filter(|column| column.need == Need::Required) {
            if !found.contains(&column.name) {
                problems.push(Problem::column_missing(column.name));
            }
        }
        if problems.is_empty() {
            Ok(Header(found))
        } else {
            Err(problems)
        }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The column at this place of the header.
    pub fn name(&self, place: usize) -> &'static str {
        self.0.get(place).copied().unwrap_or_default()
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.0.iter().position(|name| *name == column)
    }
}

/// How many single changes lead from one word to the other (Levenshtein), for "did you mean".
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let change = before + usize::from(ca != *cb);
            before = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

pub struct Fields<'a> {
    pub line: u64,
    header: &'a Header,
    cells: &'a [String],
    pub today: NaiveDate,
    /// Why unusual values stand (`--confirm`).
    pub confirm: Option<&'a str>,
    bad: Vec<Bad>,
}

impl<'a> Fields<'a> {
    pub fn new(line: u64, header: &'a Header, cells: &'a [String], today: NaiveDate) -> Fields<'a> {
        Fields {
            line,
            header,
            cells,
            today,
            confirm: None,
            bad: vec![],
        }
    }

    #[must_use]
    pub fn confirmed(self, reason: Option<&'a str>) -> Fields<'a> {
        Fields {
            confirm: reason,
            ..self
        }
    }

    /// What is wrong with the row, in the order of its columns.
    pub fn into_bad(self) -> Vec<Bad> {
        self.bad
    }

    pub fn is_good(&self) -> bool {
        self.bad.is_empty()
    }

    /// What stands in the column; empty where the file does not have it.
    pub fn raw(&self, column: &str) -> &'a str {
        self.header
            .place(column)
            .and_then(|place| self.cells.get(place))
            .map_or("", |cell| cell.trim())
    }

    pub fn refuse(&mut self, column: &str, problem: Problem) {
        let value: String = self.raw(column).chars().filter(|c| !c.is_control()).take(80).collect();
        self.bad.push(Bad {
            line: self.line,
            value,
            problem: problem.at(column),
        });
    }

    fn keep<T>(&mut self, column: &str, read: Result<T, Problem>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(problem) => {
                self.refuse(column, problem);
                None
            }
        }
    }

    /// Says so where a required value is absent, unless its field was refused already.
    pub fn need<T>(&mut self, column: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && self.bad.iter().all(|bad| bad.problem.field != column) {
            self.refuse(column, Problem::required(column));
        }
        value
    }

    /// A value that has no place in this row.
    pub fn only(&mut self, column: &str, allowed: bool, place: &str) {
        if !allowed && !self.raw(column).is_empty() {
            self.refuse(column, Problem::out_of_place(column, place));
        }
    }

    fn filled(&self, column: &str) -> Option<&'a str> {
        Some(self.raw(column)).filter(|raw| !raw.is_empty())
    }

    pub fn line_of_text(&mut self, column: &str, max: usize) -> Option<String> {
        let raw = self.filled(column)?;
        self.keep(column, text::clean_line(raw, max))
    }

    /// Free text: several lines, and nothing that names a person.
    pub fn free_text(&mut self, column: &str, max: usize) -> Option<String> {
        let raw = self.filled(column)?;
        let text = self.keep(column, text::clean(raw, max))?;
        if text::looks_personal(&text) {
            self.refuse(column, Problem::personal_text());
            return None;
        }
        Some(text)
    }

    /// A code of our own making: upper-case letters, digits and `marks`.
    pub fn key(
        &mut self,
        column: &str,
        lengths: std::ops::RangeInclusive<usize>,
        lower: bool,
        marks: &str,
    ) -> Option<String> {
        let text = self.line_of_text(column, 64)?;
        let fits = |c: char| {
            c.is_ascii_uppercase() || c.is_ascii_digit() || (lower && c.is_ascii_lowercase()) || marks.contains(c)
        };
        if lengths.contains(&text.len()) && text.chars().all(fits) {
            return Some(text);
        }
        let letters = if lower { "letters" } else { "A-Z" };
        self.refuse(
            column,
            Problem::key_shape(column, *lengths.start(), *lengths.end(), letters, marks),
        );
        None
    }

    pub fn code(&mut self, column: &str, codes: &[&'static str]) -> Option<&'static str> {
        let raw = self.filled(column)?;
        let found = codes.iter().find(|code| **code == raw).copied();
        if found.is_none() {
            let mut problem = Problem::unknown_choice(column, codes);
            let same = codes.iter().find(|code| code.eq_ignore_ascii_case(raw));
            // of codes of one or two letters every other one is near
            let near = || {
                codes
                    .iter()
                    .find(|code| code.len() > 2 && distance(code, &raw.to_lowercase()) <= 1)
            };
            if let Some(meant) = same.or_else(near) {
                problem = problem.suggest(*meant);
            }
            self.refuse(column, problem);
        }
        found
    }

    pub fn yes_no(&mut self, column: &str) -> Option<bool> {
        self.code(column, &["yes", "no"]).map(|code| code == "yes")
    }

    pub fn whole(&mut self, column: &str, lo: i64, hi: i64) -> Option<i64> {
        let raw = self.filled(column)?;
        let value = self.keep(column, number::parse_whole(raw))?;
        if (lo..=hi).contains(&value) {
            return Some(value);
        }
        self.refuse(column, Problem::out_of_range(column, lo as f64, hi as f64));
        None
    }

    pub fn decimal(&mut self, column: &str, lo: f64, hi: f64, places: u32) -> Option<f64> {
        let raw = self.filled(column)?;
        let value = self.keep(column, number::parse(raw, places, Problem::unreadable_number))?;
        if (lo..=hi).contains(&value) {
            return Some(value);
        }
        self.refuse(column, Problem::out_of_range(column, lo, hi));
        None
    }

    /// A day that is not in the future.
    pub fn date(&mut self, column: &str) -> Option<NaiveDate> {
        let raw = self.filled(column)?;
        let date = self.keep(column, parse_date(raw))?;
        if date > self.today {
            self.refuse(column, Problem::in_future(date));
            return None;
        }
        Some(date)
    }

    pub fn time(&mut self, column: &str) -> Option<NaiveTime> {
        let raw = self.filled(column)?;
        let time = ["%H:%M", "%H:%M:%S"]
            .iter()
            .find_map(|form| NaiveTime::parse_from_str(raw, form).ok());
        if time.is_none() {
            self.refuse(column, Problem::not_a_time(raw));
        }
        time
    }

    /// How much of a date is known; `day` where nothing is said.
    pub fn precision(&mut self, column: &str) -> &'static str {
        self.code(column, &["day", "month", "year"]).unwrap_or("day")
    }

    /// `reported_on` can't come before what it reports.
    pub fn reported(&mut self, true_on: Option<NaiveDate>) -> Option<NaiveDate> {
        let reported = self.date("reported_on")?;
        if true_on.is_some_and(|day| reported < day) {
            self.refuse(
                "reported_on",
                Problem::reported_early(reported, true_on.unwrap_or(reported)),
            );
            return None;
        }
        Some(reported)
    }
}
