//! From typed text to an observation: the one function that the form and the CSV import both call.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::against_file::{against_baseline, against_file};
use super::component::{Component, Kind};
use super::entry::LIMIT;
use super::{Assay, Context, Entry, Measure, RawEntry, by_code};
use crate::domain::number;
use crate::domain::observation::NewObservation;
use crate::domain::problem::{Problem, Severity};
use crate::domain::reading::{self, Parsed, Reading};
use crate::domain::text;
use crate::domain::unit;

/// A stated limit so many times the assay's, or a share of it as small, is a question: per cent and fraction lie as far apart.
const FAR_FROM_USUAL: f64 = 100.0;
const SHORTEST_REASON: usize = 5;
const LONGEST_NOTE: usize = 2000;

/// An observation ready to be saved, with what its reader should know (notes, and soft messages that were confirmed).
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    pub observation: NewObservation,
    pub notes: Vec<Problem>,
}

/// Judges one entry. All problems come back at once, notes among them; field names are `<measure>.<component>`, and
/// `collected_on` for the day.
pub fn accept(raw: &RawEntry, assay: &Assay, context: &Context) -> Result<Accepted, Vec<Problem>> {
    let Some(measure) = by_code(&assay.measure) else {
        let codes: Vec<&str> = super::CATALOGUE.iter().map(|measure| measure.code()).collect();
        return Err(vec![Problem::unknown_choice("The measure", &codes).at("measure")]);
    };
    let mut problems: Vec<Problem> = context.life.check(context.collected_on);
    for problem in &mut problems {
        problem.field = "collected_on".to_owned();
    }
    let assay = with_stated_limit(measure, raw, assay, &mut problems);
    let entry = read(measure, raw, &assay, context, &mut problems);
    let note = free_text(raw.note.as_deref(), &measure.field("note"), &mut problems);
    let reasons = Reasons::of(measure, raw, &mut problems);
    let Some(entry) = entry else { return Err(problems) };
    problems.extend(
        entry
            .parsed
            .remarks
            .iter()
            .cloned()
            .map(|p| p.at(measure.field(measure.primary()))),
    );
    problems.extend(measure.check(&entry, &assay, context));
    problems.extend(against_file(measure, &entry, &assay, context));
    if problems
        .iter()
        .any(|problem| problem.blocks(reasons.cover(&problem.field)))
    {
        return Err(problems);
    }
    Ok(Accepted {
        observation: NewObservation {
            measure: measure.code(),
            assay: assay.id,
            analyte: assay.analyte.clone(),
            collected_on: context.collected_on,
            reading: measure.settle(&entry, &assay),
            raw_text: entry.parsed.raw_text.clone(),
            comparator: entry.parsed.comparator,
            value: entry.parsed.value,
            unit: assay.unit.clone(),
            limits: assay.limits(),
            screened: measure.screened().and_then(|code| entry.number(code)),
            detail: detail(measure, &entry),
            note,
            confirmed: reasons.confirming(&problems),
        },
        notes: problems,
    })
}

/// The report may state another limit than the assay on file.
fn with_stated_limit(measure: &dyn Measure, raw: &RawEntry, assay: &Assay, problems: &mut Vec<Problem>) -> Assay {
    let mut assay = assay.clone();
    let Some(text) = raw.get(LIMIT) else { return assay };
    match limit(text, raw.get("unit"), &assay) {
        Ok(lod) => {
            if let Some(usual) = assay
                .lod
                .filter(|usual| (lod / usual).max(usual / lod) >= FAR_FROM_USUAL)
            {
                let unit = measure.unit_words(&assay.unit);
                let [lod, usual] = [lod, usual].map(|limit| unit::shown(limit, &assay.unit));
                problems.push(Problem::unlike_usual_limit(lod, usual, unit).at(measure.field(LIMIT)));
            }
            assay.lod = Some(lod);
            // A quantification limit under the stated one would be a contradiction.
            assay.loq = assay.loq.map(|loq| loq.max(lod));
        }
        Err(problem) => problems.push(problem.at(measure.field(LIMIT))),
    }
    assay
}

/// A limit (`0.3`, `<0.3`) in the unit that it carries, or else in the one beside the result, brought to the assay's own.
fn limit(text: &str, beside: Option<&str>, assay: &Assay) -> Result<f64, Problem> {
    let line = text::clean_line(text, 64)?;
    let (number, inside) = unit::split(line.trim_start_matches(['<', '≤']).trim_start());
    let factor = match inside.or(beside) {
        None if assay.unit == "1" => return Err(Problem::bare_fraction(number)),
        None => 1.0,
        Some(typed) => {
            let factor = unit::factor(typed, &assay.unit);
            factor.ok_or_else(|| Problem::other_unit(unit::words(&assay.unit), typed, None))?
        }
    };
    let limit = number::parse(number, number::PLACES, Problem::unreadable_number)
        .map_err(|problem| problem.within(&line, number))?;
    let limit = number::at_six_places(limit * factor).ok_or_else(|| Problem::too_precise(text, number::PLACES))?;
    Some(limit)
        .filter(|limit| *limit > 0.0)
        .ok_or_else(|| Problem::unreadable_number(text))
}

/// Why odd values are kept: all of an entry (a file's column), or one field each (the boxes of a form).
struct Reasons {
    whole: Option<String>,
    by_field: BTreeMap<String, String>,
}

impl Reasons {
    fn of(measure: &dyn Measure, raw: &RawEntry, problems: &mut Vec<Problem>) -> Reasons {
        let whole = reason(raw.keep_reason.as_deref(), measure.field("keep_reason"), problems);
        let mut by_field = BTreeMap::new();
        for (component, typed) in &raw.keeps {
            let field = measure.field(component);
            if let Some(reason) = reason(Some(typed), format!("{field}.keep"), problems) {
                by_field.insert(field, reason);
            }
        }
        Reasons { whole, by_field }
    }

    fn cover(&self, field: &str) -> bool {
        self.whole.is_some() || self.by_field.contains_key(field)
    }

    /// The reasons that were asked for; one that nobody asked for confirms nothing.
    fn confirming(&self, problems: &[Problem]) -> Option<String> {
        let mut words: Vec<&str> = vec![];
        for problem in problems.iter().filter(|problem| problem.severity == Severity::Soft) {
            let given = self.by_field.get(&problem.field).or(self.whole.as_ref());
            words.extend(given.map(String::as_str).filter(|given| !words.contains(given)));
        }
        Some(words.join("; ")).filter(|words| !words.is_empty())
    }
}

/// A reason of 5 to 2000 characters (S-055); an empty one is none.
pub(crate) fn reason(raw: Option<&str>, field: String, problems: &mut Vec<Problem>) -> Option<String> {
    let reason = free_text(raw, &field, problems)?;
    if reason.chars().count() < SHORTEST_REASON {
        problems.push(Problem::reason_too_short().at(field));
        return None;
    }
    Some(reason)
}

/// A note or reason: it leaves the registry with exports, so it names nobody.
pub(crate) fn free_text(raw: Option<&str>, field: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let cleaned = text::clean(raw?, LONGEST_NOTE).and_then(|text| match text::looks_personal(&text) {
        true => Err(Problem::personal_text()),
        false => Ok(text),
    });
    match cleaned {
        Ok(text) => Some(text).filter(|text| !text.is_empty()),
        Err(problem) => {
            problems.push(problem.at(field));
            None
        }
    }
}

/// Every field on its own. `None` where the reading itself could not be made out.
fn read(
    measure: &dyn Measure,
    raw: &RawEntry,
    assay: &Assay,
    context: &Context,
    problems: &mut Vec<Problem>,
) -> Option<Entry> {
    let primary_text = measure.primary_text(raw);
    let parsed = match &primary_text {
        Some(text) => against_baseline(measure, text, assay, context)
            .unwrap_or_else(|| measure.read(text, raw.get("unit"), assay)),
        None => Err(Problem::required(measure.label())),
    };
    let parsed = match parsed {
        Ok(parsed) => Some(parsed),
        Err(problem) => {
            problems.push(problem.at(measure.field(measure.primary())));
            None
        }
    };
    // A sample that gave no result needs no volume.
    let measured = parsed
        .as_ref()
        .is_none_or(|parsed| !matches!(parsed.reading, Reading::Failed { .. } | Reading::NotDone));
    let mut entry = Entry::empty();
    for component in measure.components() {
        let field = measure.field(component.code);
        if component.code == measure.primary() {
            if let Some(value) = parsed.as_ref().and_then(|parsed| parsed.value) {
                problems.extend(in_range(component, value).map(|problem| problem.at(field)));
            }
            continue;
        }
        // A choice left out of a file takes its default; one left empty on a form, and any number, does not.
        let absent = !raw.values.contains_key(component.code);
        let text = match component.kind {
            Kind::Choice(_) if absent => component.default,
            _ => raw.get(component.code),
        };
        match text {
            Some(text) => match entry.take(component, text) {
                Ok(Some(0.0)) if Some(component.code) == measure.screened() => {
                    problems.push(
                        measure
                            .missing(component, primary_text.as_deref().unwrap_or(""))
                            .at(field),
                    );
                }
                Ok(value) => problems.extend(value.and_then(|v| in_range(component, v)).map(|p| p.at(field))),
                Err(problem) => problems.push(problem.at(field)),
            },
            None if component.required && measured => {
                problems.push(
                    measure
                        .missing(component, primary_text.as_deref().unwrap_or(""))
                        .at(field),
                );
            }
            None => {}
        }
    }
    entry.parsed = parsed?;
    Some(entry)
}

impl Entry {
    fn empty() -> Entry {
        Entry {
            parsed: Parsed {
                raw_text: String::new(),
                reading: Reading::NotDone,
                comparator: None,
                value: None,
                remarks: vec![],
            },
            numbers: Default::default(),
            choices: Default::default(),
            texts: Default::default(),
            flags: Default::default(),
        }
    }

    /// Reads one field into its place; a number also comes back for its range to be checked.
    fn take(&mut self, component: &Component, typed: &str) -> Result<Option<f64>, Problem> {
        let code = component.code;
        let line = text::clean_line(typed, 200)?;
        let signed = component.hard.is_some_and(|(lo, _)| lo < 0.0);
        let value = match component.kind {
            Kind::Integer | Kind::Count => number::parse_whole(&line)? as f64,
            Kind::Amount(places) | Kind::Decimal(places) => decimal(&line, places, signed)?,
            Kind::Result => number::parse(&line, number::PLACES, Problem::unreadable_number)?,
            Kind::Choice(choices) => {
                let codes = || choices.iter().map(|choice| choice.code).collect::<Vec<_>>();
                let found = choices
                    .iter()
                    .find(|choice| choice.code == line || choice.code == line.replace(' ', "_"));
                let choice = found.ok_or_else(|| Problem::unknown_choice(component.label, &codes()))?;
                self.choices.insert(code, choice.code);
                return Ok(None);
            }
            Kind::Text(max) => {
                let text = text::clean(typed, max)?;
                if text::looks_personal(&text) {
                    return Err(Problem::personal_text());
                }
                self.texts.insert(code, text);
                return Ok(None);
            }
            Kind::Flag => {
                let flag = match line.as_str() {
                    "true" | "on" | "yes" => true,
                    "false" | "no" => false,
                    _ => return Err(Problem::unknown_choice(component.label, &["yes", "no"])),
                };
                self.flags.insert(code, flag);
                return Ok(None);
            }
        };
        self.numbers.insert(code, value);
        Ok(Some(value))
    }
}

fn decimal(line: &str, places: u32, signed: bool) -> Result<f64, Problem> {
    match line.strip_prefix(['-', '\u{2212}']).filter(|_| signed) {
        Some(rest) => number::parse(rest, places, Problem::unreadable_number).map(|value| -value),
        None => number::parse(line, places, Problem::unreadable_number),
    }
}

fn in_range(component: &Component, value: f64) -> Option<Problem> {
    let outside = |range: Option<(f64, f64)>| range.filter(|(lo, hi)| value < *lo || value > *hi);
    if let Some((lo, hi)) = outside(component.hard) {
        return Some(Problem::out_of_range(component.label, lo, hi));
    }
    outside(component.soft).map(|(lo, hi)| Problem::unusual(component.label, value, lo, hi))
}

/// A result that may carry its unit (`0.05%`, `5 µg/L`), or have it beside it, brought to the assay's own.
pub(super) fn read_with_unit(text: &str, beside: Option<&str>, assay: &Assay) -> Result<Parsed, Problem> {
    let line = text::clean_line(text, 64)?;
    let (number_part, inside) = unit::split(&line);
    let digits_at = number_part.find(|c: char| c.is_ascii_digit());
    let (typed_unit, digits_at) = match (inside.or(beside), digits_at) {
        // A fraction without a sign could be meant as percent: 100 times apart.
        (None, Some(_)) if assay.unit == "1" => return bare_fraction(number_part, assay),
        (Some(typed_unit), Some(digits_at)) => (typed_unit, digits_at),
        _ => return reading::parse(&line, &assay.limits()),
    };
    let Some(factor) = unit::factor(typed_unit, &assay.unit) else {
        // `5 of 16` is no number with a unit.
        return match reading::parse(number_part, &assay.limits()) {
            Ok(_) => Err(Problem::other_unit(unit::words(&assay.unit), typed_unit, None)),
            Err(problem) => Err(problem.within(&line, number_part)),
        };
    };
    let (sign, digits) = number_part.split_at(digits_at);
    let plain = match factor == 1.0 {
        true => number_part.to_owned(),
        false => {
            let value = number::parse(digits, number::PLACES, Problem::unreadable_result)
                .map_err(|problem| problem.within(&line, digits))?;
            let value =
                number::at_six_places(value * factor).ok_or_else(|| Problem::too_precise(text, number::PLACES))?;
            format!("{sign}{value}")
        }
    };
    let mut parsed = reading::parse(&plain, &assay.limits()).map_err(|problem| problem.within(&line, &plain))?;
    // What was told beside the number is kept with it, so that the text alone reads the same again. A fraction is read in per cent.
    parsed.raw_text = match (
        inside,
        number::parse(digits, number::PLACES, Problem::unreadable_result),
    ) {
        (None, Ok(value)) if factor == 1.0 && assay.unit == "1" => {
            format!("{sign}{} %", unit::shown(value, &assay.unit))
        }
        (None, _) if factor != 1.0 => text::clean_line(&format!("{line} {typed_unit}"), 64)?,
        _ => line.clone(),
    };
    let in_typed_unit =
        |limit: Option<f64>| limit.map_or_else(String::new, |limit| in_unit(limit / factor, typed_unit));
    for remark in parsed.remarks.iter_mut().filter(|_| factor != 1.0) {
        match remark.code {
            "V-LOD-01" => *remark = Problem::below_lod(&parsed.raw_text, &in_typed_unit(assay.lod)),
            "V-LOD-03" => *remark = Problem::above_measuring_range(&parsed.raw_text, &in_typed_unit(assay.range_high)),
            _ => {}
        }
    }
    Ok(parsed)
}

/// `0.05 %`: a limit as it would be typed in that unit.
fn in_unit(limit: f64, unit: &str) -> String {
    format!("{} {unit}", number::at_six_places(limit).unwrap_or(limit))
}

fn bare_fraction(number_part: &str, assay: &Assay) -> Result<Parsed, Problem> {
    let parsed = reading::parse(number_part, &assay.limits())?;
    match parsed.value {
        None | Some(0.0) => Ok(parsed),
        Some(_) => Err(Problem::bare_fraction(number_part)),
    }
}

/// The components beyond the reading and the amount screened.
fn detail(measure: &dyn Measure, entry: &Entry) -> Map<String, Value> {
    let whole = |code: &str| {
        matches!(
            measure.component(code).map(|c| c.kind),
            Some(Kind::Integer | Kind::Count)
        )
    };
    let numbers = entry
        .numbers
        .iter()
        .filter(|(code, _)| Some(**code) != measure.screened())
        .map(|(code, n)| {
            (
                *code,
                if whole(code) {
                    Value::from(*n as i64)
                } else {
                    Value::from(*n)
                },
            )
        });
    let choices = entry.choices.iter().map(|(code, choice)| (*code, Value::from(*choice)));
    let texts = entry
        .texts
        .iter()
        .map(|(code, text)| (*code, Value::from(text.as_str())));
    let flags = entry.flags.iter().map(|(code, flag)| (*code, Value::from(*flag)));
    numbers
        .chain(choices)
        .chain(texts)
        .chain(flags)
        .map(|(code, value)| (code.to_owned(), value))
        .collect()
}
