//! What is on file already, as far as the rows of a file refer to it.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::fields::{Fields, distance};
use crate::domain::date::Life;
use crate::domain::id::{PatientRef, SiteId, TrialId, VisitId};
use crate::domain::measure::Assay;
use crate::domain::problem::Problem;

/// A patient on file, with the days that bound what can be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub at: PatientRef,
    pub life: Life,
    /// The last day on which the patient is on file as living, for a file of events.
    pub seen_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    pub trial: TrialId,
    pub arms: HashSet<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The centres that the actor holds, by code. Others don't exist here.
    pub sites: HashMap<String, SiteId>,
    pub patients: HashMap<(SiteId, String), Person>,
    pub trials: HashMap<String, Arm>,
    /// By code, version and analyte.
    pub assays: HashMap<(String, String, String), Assay>,
    pub visits: HashMap<(PatientRef, String, NaiveDate), VisitId>,
}

fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.to_uppercase();
    let mut near: Vec<(usize, &str)> = known
        .map(|key| (distance(key, &wanted), key))
        .filter(|(far, _)| *far <= 2)
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, key)| key.to_owned()).collect()
}

impl Known {
    pub fn site(&self, fields: &mut Fields) -> Option<SiteId> {
        let code = fields.key("site_code", 2..=16, false, "-");
        let code = fields.need("site_code", code)?;
        let site = self.sites.get(&code).copied();
        if site.is_none() {
            fields.refuse(
                "site_code",
                Problem::unknown_site(&code, &nearest(&code, self.sites.keys().map(String::as_str))),
            );
        }
        site
    }

    /// The patient that the row names; says where there is none, with keys that look alike.
    pub fn person(&self, fields: &mut Fields) -> Option<&Person> {
        let site = self.site(fields);
        let key = fields.key("patient_key", 3..=32, false, "-");
        let key = fields.need("patient_key", key)?;
        let person = self.patients.get(&(site?, key.clone()));
        if person.is_none() {
            let keys = self
                .patients
                .keys()
                .filter(|(at, _)| Some(*at) == site)
                .map(|(_, key)| key.as_str());
            fields.refuse("patient_key", Problem::unknown_patient(&key, &nearest(&key, keys)));
        }
        person
    }
}

impl Person {
    /// A required day in this life: V-DATE-01, 02, 04.
    pub fn day(&self, fields: &mut Fields, column: &str) -> Option<NaiveDate> {
        let day = fields.date(column);
        let day = fields.need(column, day)?;
        let problems = self.life.check(day);
        let good = problems.is_empty();
        for problem in problems {
            fields.refuse(column, problem);
        }
        good.then_some(day)
    }
}
