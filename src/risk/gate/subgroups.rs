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

/// Up to which age, and its name, from the youngest on.
const AGES: [(f64, &str); 4] = [
    (50.0, "under 50"),
    (65.0, "50 to 64"),
    (75.0, "65 to 74"),
    (f64::INFINITY, "75 and over"),
];

/// By what, the place among others of its kind where that is no matter of the name, and the name.
type Key = (&'static str, usize, String);

fn groups(case: &Case) -> Vec<Key> {
    let mut all = vec![
        ("centre", 0, case.patient.site.to_string()),
        ("cancer", 0, organ_of(&case.group).to_owned()),
    ];
    for fact in &case.facts {
        if let Some(sex) = fact.name.strip_prefix("sex=") {
            all.push(("sex", 0, sex.to_owned()));
        } else if &*fact.name == "age" {
            let band = AGES.iter().position(|(until, _)| fact.value < *until);
            all.extend(band.map(|place| ("age", place, AGES[place].1.to_owned())));
        }
    }
    all
}

pub(super) fn of(cases: &[Case], rows: &[Judged], main: usize, horizon: Day) -> Vec<Subgroup> {
    let mut members: BTreeMap<Key, Vec<&Judged>> = BTreeMap::new();
    for row in rows {
        for key in groups(&cases[row.case]) {
            members.entry(key).or_default().push(row);
        }
    }
    let horizon = f64::from(horizon);
    let one = |((by, _, is), own): (Key, Vec<&Judged>)| {
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
