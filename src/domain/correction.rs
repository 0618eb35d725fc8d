//! A correction of a saved result: judged like a first entry, with a reason, against everything on file but itself.

use chrono::NaiveDate;

use super::history::History;
use super::measure::{self, Accepted, Assay, Context, Measure, RawEntry};
use super::observation::{NewObservation, Observation};
use super::problem::Problem;
use super::visit::by_name;

/// A posted correction, read as far as it can be on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub raw: RawEntry,
    /// The version that the page showed; the correction takes its place.
    pub version: Option<i64>,
    pub reason: Option<String>,
    pub problems: Vec<Problem>,
}

/// A correction that was judged sound and is not yet saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Corrected {
    pub accepted: Accepted,
    pub reason: String,
}

impl Draft {
    /// Fields are those of the measure as on a visit's form, `version`, and `reason` (S-055).
    pub fn parse(measure: &dyn Measure, fields: &[(String, String)]) -> Draft {
        let mut problems = vec![];
        let fields = by_name(fields, &mut problems);
        let get = |name: &str| fields.get(name).map(|value| value.trim());
        let version = get("version").and_then(|version| version.parse().ok());
        if version.is_none() {
            problems.push(Problem::required("The version that is corrected").at("version"));
        }
        let mut found = vec![];
        let reason = measure::reason(get("reason"), "reason".into(), &mut found);
        if reason.is_none() && found.is_empty() {
            found.push(Problem::required("A reason").at("reason"));
        }
        problems.extend(found);
        Draft {
            raw: RawEntry::from_fields(measure, &fields),
            version,
            reason,
            problems,
        }
    }

    /// The reason to withdraw the result; its values don't matter then.
    pub fn withdrawal(self) -> Result<String, Vec<Problem>> {
        match self.reason {
            Some(reason) if self.problems.is_empty() => Ok(reason),
            _ => Err(self.problems),
        }
    }

    /// Judges the new value in the place of `old`.
    pub fn accept(
        self,
        old: &Observation,
        assay: &Assay,
        history: &History,
        today: NaiveDate,
    ) -> Result<Corrected, Vec<Problem>> {
        let mut problems = self.problems;
        let mut others = history.clone();
        others.observations.retain(|other| other.id != old.id);
        let context = Context::of(&others, today, old.collected_on);
        let judged = measure::accept(&self.raw, assay, &context);
        if let Ok(accepted) = &judged
            && !old.entered_in_error
            && says_the_same(&accepted.observation, old)
        {
            let place = measure::by_code(accepted.observation.measure).map(|measure| measure.field(measure.primary()));
            problems.push(Problem::unchanged().at(place.unwrap_or_default()));
        }
        match (judged, self.reason) {
            (Ok(accepted), Some(reason)) if problems.is_empty() => Ok(Corrected { accepted, reason }),
            (Ok(accepted), _) => {
                problems.extend(accepted.notes);
                Err(problems)
            }
            (Err(found), _) => {
                problems.extend(found);
                Err(problems)
            }
        }
    }
}

fn says_the_same(new: &NewObservation, old: &Observation) -> bool {
    (&new.raw_text, new.reading, new.limits.lod, new.screened) == (&old.raw_text, old.reading, old.lod, old.screened)
        && (&new.detail, &new.note) == (&old.detail, &old.note)
}
