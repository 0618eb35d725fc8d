//! Calibration for whom: by centre, cancer, sex and age; groups too small to say are named as such.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Judged, patients};
use crate::burden::Case;
use crate::burden::case::Day;
use crate::burden::population::organ_of;
use crate::survival::FollowUp;
use crate::survival::metrics::observed_risk;

/// With fewer relapsed patients, observed over expected may lie anywhere: its 95 % limits are wider than half to double.
pub const LEAST_RELAPSED: usize = 10;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subgroup {
    /// `centre`, `cancer`, `sex` or `age`.
    pub by: String,
    pub is: String,
    pub patients: usize,
    pub relapsed: usize,
    pub observed: Option<f64>,
    pub expected: f64,
    /// `None` for a group that is too small.
    pub observed_over_expected: Option<f64>,
}

fn age_band(age: f64) -> &'static str {
    match age {
        a if a < 50.0 => "under 50",
        a if a < 65.0 => "50 to 64",
        a if a < 75.0 => "65 to 74",
        _ => "75 and over",
    }
}

fn groups(case: &Case) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("centre", case.patient.site.to_string()),
        ("cancer", organ_of(&case.group).to_owned()),
    ];
    for fact in &case.facts {
        if let Some(sex) = fact.name.strip_prefix("sex=") {
            all.push(("sex", sex.to_owned()));
        } else if &*fact.name == "age" {
            all.push(("age", age_band(fact.value).to_owned()));
        }
    }
    all
}

pub(super) fn of(cases: &[Case], rows: &[Judged], main: usize, horizon: Day) -> Vec<Subgroup> {
    let mut members: BTreeMap<(&str, String), Vec<&Judged>> = BTreeMap::new();
    for row in rows {
        for key in groups(&cases[row.case]) {
            members.entry(key).or_default().push(row);
        }
    }
    let horizon = f64::from(horizon);
    let one = |((by, is), own): ((&str, String), Vec<&Judged>)| {
        let subjects: Vec<FollowUp> = own.iter().map(|row| row.subject).collect();
        let fell = own
            .iter()
            .copied()
            .filter(|row| row.relapsed && row.subject.exit() <= horizon);
        let relapsed = patients(fell);
        let observed = observed_risk(&subjects, Some(1), horizon).ok();
        let expected = own.iter().map(|row| row.risks[main]).sum::<f64>() / own.len() as f64;
        let ratio = observed.filter(|_| relapsed >= LEAST_RELAPSED && expected > 0.0);
        Subgroup {
            by: by.to_owned(),
            is,
            patients: patients(own.iter().copied()),
            relapsed,
            observed,
            expected,
            observed_over_expected: ratio.map(|observed| observed / expected),
        }
    };
    members.into_iter().map(one).collect()
}
