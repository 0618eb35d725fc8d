//! What a coordinator enters at once: a day, how the patient was, and results by any of the measures.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::date::{self, Life};
use super::history::History;
use super::id::AssayId;
use super::measure::{self, Accepted, Assay, CATALOGUE, Context, Measure, RawEntry};
use super::number;
use super::problem::{Problem, Severity};
use super::text;

/// A form as it was sent, read as far as it can be on its own. Problems are kept, so that those that only the patient's
/// history shows can be told together with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub occurred_on: Option<NaiveDate>,
    pub visit_code: String,
    pub ecog: Option<i32>,
    pub note: Option<String>,
    /// Measures in which something was entered, in the order of the catalogue.
    pub entries: Vec<DraftEntry>,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DraftEntry {
    pub measure: &'static str,
    pub assay: Option<AssayId>,
    pub raw: RawEntry,
}

/// A visit that was judged sound and is not yet saved.
#[derive(Clone, Debug, PartialEq)]
pub struct NewVisit {
    pub occurred_on: NaiveDate,
    pub visit_code: String,
    pub ecog: Option<i32>,
    pub note: Option<String>,
    pub results: Vec<Accepted>,
}

pub const UNSCHEDULED: &str = "UNSCHED";
/// The last grade of performance status (Oken, Am J Clin Oncol 1982;5:649): dead.
const ECOG_DEAD: i32 = 5;

impl Draft {
    /// Field names are `occurred_on`, `visit_code`, `ecog`, `note`, and for each measure `<measure>.assay`,
    /// `<measure>.<component>` and `<measure>.<component>.keep`. Names it does not know it leaves alone.
    pub fn parse(fields: &[(String, String)]) -> Draft {
        let mut draft = Draft::default();
        let fields = by_name(fields, &mut draft.problems);
        let get = |name: &str| fields.get(name).copied().unwrap_or("");
        match date::parse_date(get("occurred_on")) {
            Ok(day) => draft.occurred_on = Some(day),
            Err(problem) => draft.problems.push(problem.at("occurred_on")),
        }
        draft.visit_code = draft.code(get("visit_code"));
        draft.ecog = draft.ecog_from(get("ecog"));
        draft.note = measure::free_text(Some(get("note")), "note", &mut draft.problems);
        for measure in CATALOGUE {
            draft.take(*measure, &fields);
        }
        if draft.entries.is_empty() && draft.ecog.is_none() && draft.note.is_none() {
            draft.problems.push(Problem::nothing_entered());
        }
        draft
    }

    fn code(&mut self, raw: &str) -> String {
        let sound = |code: &str| {
            (1..=16).contains(&code.len())
                && code
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'+' | b'-'))
        };
        match text::clean_line(raw, 64) {
            Ok(code) if code.is_empty() => UNSCHEDULED.to_owned(),
            Ok(code) if sound(&code) => code,
            Ok(_) => {
                let problem = Problem::unknown_choice("The visit", &["UNSCHED", "a code like M12"]);
                self.problems.push(problem.at("visit_code"));
                UNSCHEDULED.to_owned()
            }
            Err(problem) => {
                self.problems.push(problem.at("visit_code"));
                UNSCHEDULED.to_owned()
            }
        }
    }

    fn ecog_from(&mut self, raw: &str) -> Option<i32> {
        if raw.trim().is_empty() {
            return None;
        }
        match text::clean_line(raw, 16).and_then(|line| number::parse_whole(&line)) {
            Ok(grade) if (0..=i64::from(ECOG_DEAD)).contains(&grade) => i32::try_from(grade).ok(),
            Ok(_) => {
                let problem = Problem::out_of_range("ECOG", 0.0, f64::from(ECOG_DEAD));
                self.problems.push(problem.at("ecog"));
                None
            }
            Err(problem) => {
                self.problems.push(problem.at("ecog"));
                None
            }
        }
    }

    fn take(&mut self, measure: &dyn Measure, fields: &BTreeMap<&str, &str>) {
        let mut raw = RawEntry::from_fields(measure, fields);
        if raw.is_empty(measure) {
            return;
        }
        let assay = match raw.values.remove("assay").as_deref().map(str::trim) {
            None | Some("") => Err(Problem::required("The assay")),
            Some(id) => id.parse().map(AssayId).map_err(|_| Problem::required("The assay")),
        };
        let assay = match assay {
            Ok(assay) => Some(assay),
            Err(problem) => {
                self.problems.push(problem.at(measure.field("assay")));
                None
            }
        };
        self.entries.push(DraftEntry {
            measure: measure.code(),
            assay,
            raw,
        });
    }

    /// Judges the whole against what is on file. `assays` are those on offer; `today` is the centre's.
    /// Soft problems of the day itself have no reason to keep them yet: there are none.
    pub fn accept(self, assays: &[Assay], history: &History, today: NaiveDate) -> Result<NewVisit, Vec<Problem>> {
        let mut problems = self.problems;
        let mut results = vec![];
        if let Some(day) = self.occurred_on {
            let life = Life::of(history, today);
            problems.extend(life.check(day).into_iter().map(|problem| problem.at("occurred_on")));
            let dead = self.ecog == Some(ECOG_DEAD) && life.died_on != Some(day);
            problems.extend(dead.then(|| Problem::dead_without_a_death().at("ecog")));
        }
        // Without a day the fields are still judged, as of today, so that all problems are told at once.
        let context = Context::of(history, today, self.occurred_on.unwrap_or(today));
        for entry in &self.entries {
            let Some(id) = entry.assay else { continue };
            let Some(assay) = assays
                .iter()
                .find(|assay| assay.id == id && assay.measure == entry.measure)
            else {
                problems.push(Problem::required("The assay").at(format!("{}.assay", entry.measure)));
                continue;
            };
            match measure::accept(&entry.raw, assay, &context) {
                Ok(accepted) => results.push(accepted),
                // The day was judged above, at its own field.
                Err(found) => problems.extend(found.into_iter().filter(|problem| problem.field != "collected_on")),
            }
        }
        // An entry that is refused only for its day has no other problem to tell; the day's own stands.
        let refused = results.len() < self.entries.len() || problems.iter().any(|p| p.severity == Severity::Hard);
        match self.occurred_on {
            Some(occurred_on) if !refused => Ok(NewVisit {
                occurred_on,
                visit_code: self.visit_code,
                ecog: self.ecog,
                note: self.note,
                results,
            }),
            _ => {
                // What was in order has its notes, and its reasons, to be shown again.
                problems.extend(results.into_iter().flat_map(|accepted| accepted.notes));
                Err(problems)
            }
        }
    }
}

/// The same field twice would let chance choose the first or the last (VIS-041).
pub(crate) fn by_name<'a>(fields: &'a [(String, String)], problems: &mut Vec<Problem>) -> BTreeMap<&'a str, &'a str> {
    let mut by_name = BTreeMap::new();
    for (name, value) in fields {
        if by_name.insert(name.as_str(), value.as_str()).is_some() {
            problems.push(Problem::sent_twice(name).at(name.clone()));
        }
    }
    by_name
}

#[cfg(test)]
mod tests;
