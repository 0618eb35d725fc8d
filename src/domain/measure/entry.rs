//! An entry before and after its fields are read.

use std::collections::BTreeMap;

use super::Measure;
use super::component::Kind;
use crate::domain::reading::Parsed;

/// What was typed or imported for one measure: text by component code. Two more keys are understood:
/// `unit` (the unit of the result, where it is told apart from the number) and `lod` (where the report states another).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawEntry {
    pub values: BTreeMap<String, String>,
    /// Why values that raised a soft message are to be kept.
    pub keep_reason: Option<String>,
    /// For observations that carry a comment.
    pub note: Option<String>,
}

impl RawEntry {
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> RawEntry {
        RawEntry {
            values: pairs
                .into_iter()
                .map(|(code, text)| (code.to_owned(), text.to_owned()))
                .collect(),
            ..RawEntry::default()
        }
    }

    /// What was typed, unless it is blank.
    pub fn get(&self, code: &str) -> Option<&str> {
        self.values
            .get(code)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    }

    /// Nothing was typed beyond what a fresh form shows.
    pub fn is_empty(&self, measure: &dyn Measure) -> bool {
        measure.components().iter().all(|component| {
            self.get(component.code).is_none_or(|text| {
                Some(text) == component.default || (component.kind == Kind::Flag && matches!(text, "false" | "no"))
            })
        })
    }
}

/// An entry whose fields could each be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub parsed: Parsed,
    pub numbers: BTreeMap<&'static str, f64>,
    /// Codes of choices.
    pub choices: BTreeMap<&'static str, &'static str>,
    pub texts: BTreeMap<&'static str, String>,
    pub flags: BTreeMap<&'static str, bool>,
}

impl Entry {
    pub fn number(&self, code: &str) -> Option<f64> {
        self.numbers.get(code).copied()
    }

    /// A whole number that was checked as one.
    pub fn whole(&self, code: &str) -> Option<u32> {
        self.number(code)
            .filter(|n| *n >= 0.0 && *n <= f64::from(u32::MAX))
            .map(|n| n as u32)
    }

    pub fn choice(&self, code: &str) -> Option<&'static str> {
        self.choices.get(code).copied()
    }

    pub fn flag(&self, code: &str) -> bool {
        self.flags.get(code).copied().unwrap_or(false)
    }
}
