//! An entry before and after its fields are read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Measure;
use super::component::Kind;
use crate::domain::observation::Observation;
use crate::domain::reading::Parsed;

/// The key of the limit of detection that a report states in place of the assay's, in the unit that it carries or in the result's.
pub const LIMIT: &str = "lod";

/// What was typed or imported for one measure: text by component code. Two more keys are understood:
/// `unit` (the unit of the result, where it is told apart from the number) and `LIMIT`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawEntry {
    pub values: BTreeMap<String, String>,
    /// Why values that raised a soft message are to be kept.
    pub keep_reason: Option<String>,
    /// The same for one component alone, as a form asks it beside the box.
    pub keeps: BTreeMap<String, String>,
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

    /// From a form's fields `<measure>.<component>`, `<measure>.<component>.keep`, `<measure>.keep_reason`, `<measure>.note`.
    pub fn from_fields(measure: &dyn Measure, fields: &BTreeMap<&str, &str>) -> RawEntry {
        let mut raw = RawEntry::default();
        let prefix = format!("{}.", measure.code());
        for (name, value) in fields {
            let Some(name) = name.strip_prefix(&prefix) else {
                continue;
            };
            let said = Some((*value).to_owned()).filter(|value| !value.trim().is_empty());
            match (name, name.strip_suffix(".keep")) {
                (_, Some(component)) => raw.keeps.extend(said.map(|why| (component.to_owned(), why))),
                ("keep_reason", _) => raw.keep_reason = said,
                ("note", _) => raw.note = said,
                (component, _) => {
                    raw.values.insert(component.to_owned(), (*value).to_owned());
                }
            }
        }
        raw
    }

    /// The entry that would give this observation again: what a correction starts from.
    pub fn from_observation(measure: &dyn Measure, observation: &Observation) -> RawEntry {
        let mut raw = RawEntry {
            note: observation.note.clone(),
            ..RawEntry::default()
        };
        for (code, value) in &observation.detail {
            raw.values.insert(code.clone(), typed(value));
        }
        if let (Some(code), Some(screened)) = (measure.screened(), observation.screened) {
            raw.values.insert(code.to_owned(), screened.to_string());
        }
        // A result that another component stands in for (a finding, a call) was not typed in its own box.
        if measure.primary_text(&raw).as_deref() != Some(&observation.raw_text) {
            raw.values
                .insert(measure.primary().to_owned(), observation.raw_text.clone());
        }
        raw
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
        self.get(LIMIT).is_none()
            && measure.components().iter().all(|component| {
                self.get(component.code).is_none_or(|text| {
                    Some(text) == component.default || (component.kind == Kind::Flag && matches!(text, "false" | "no"))
                })
            })
    }
}

/// A component's stored value as it would be typed: 22, not 22.0.
pub fn typed(value: &Value) -> String {
    match (value, value.as_f64()) {
        (Value::String(text), _) => text.clone(),
        (_, Some(number)) => number.to_string(),
        (other, None) => other.to_string(),
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
