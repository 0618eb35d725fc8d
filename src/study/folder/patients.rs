//! A row of patients.csv: the patient, the tumour, the operation, what was given after it, the arm. All of it is known from surgery on.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

use super::{Person, ReadError, Row};
use crate::domain::course::{Surgery, Treatment};
use crate::domain::history::Record;
use crate::domain::id::{PatientId, PatientRef, SiteId, TrialId, TumourId};
use crate::domain::patient::{Patient, Precision, Sex, Tumour};
use crate::domain::trial::{Enrolment, Trial};

pub const COLUMNS: &[&str] = &[
    "patient_id",
    "centre",
    "sex",
    "birth_year",
    "cancer",
    "subtype",
    "surgery_date",
    "tumour_size_mm",
    "nodes_positive",
    "grade",
    "ki67_percent",
    "arm",
    "chemotherapy",
    "endocrine",
];

/// Numbers for the registry's keys that depend on a key alone, so that one patient has the same in every folder: `P000042` of `C03` is 42
/// of 3.
#[derive(Default)]
pub struct Numbers(HashSet<PatientRef>);

/// Above every number that a key spells.
const HASHED: i64 = 1 << 61;

fn spelled(key: &str) -> Option<i64> {
    let digits = key.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let sound = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| sound)
}

fn hashed(key: &str) -> i64 {
    HASHED | (xxh3_64(key.as_bytes()) >> 3) as i64
}

impl Numbers {
    fn give(&mut self, centre: &str, key: &str) -> PatientRef {
        let site = spelled(centre).and_then(|number| i32::try_from(number).ok());
        let site = SiteId(site.unwrap_or_else(|| (xxh3_64(centre.as_bytes()) >> 33) as i32));
        let patient = |id: i64| PatientRef {
            site,
            patient: PatientId(id),
        };
        let plain = patient(spelled(key).unwrap_or_else(|| hashed(key)));
        // `P1` and `P01` spell one number and are two patients
        let given = if self.0.contains(&plain) {
            patient(hashed(key))
        } else {
            plain
        };
        self.0.insert(given);
        given
    }
}

/// Codes of the files beside those of the registry.
fn organ(cancer: &str) -> &str {
    match cancer {
        "colorectal" => "colon",
        "nsclc" => "lung",
        other => other,
    }
}

pub fn person(row: &Row, numbers: &mut Numbers) -> Result<Person, ReadError> {
    let key = row.required("patient_id", "a patient")?;
    let centre = row.required("centre", "a centre")?;
    let at = numbers.give(centre, key);
    let surgery = row.date("surgery_date")?;
    let birth_year = row
        .small("birth_year")?
        .ok_or_else(|| row.bad("birth_year", "a year"))?;
    let patient = Patient {
        site: at.site,
        id: at.patient,
        key: key.to_owned(),
        birth_year,
        sex: row.text("sex").and_then(Sex::from_code).unwrap_or(Sex::Unknown),
        menopausal_status: None,
        known_on: surgery,
        version: 1,
    };
    let operation = Surgery {
        id: 1,
        supersedes: None,
        procedure: "resection".to_owned(),
        performed_on: surgery,
        precision: Precision::Day,
        known_on: surgery,
    };
    Ok(Person {
        key: key.to_owned(),
        centre: centre.to_owned(),
        record: Record {
            patient,
            tumours: vec![tumour(row)?],
            treatments: treatments(row)?,
            surgeries: vec![operation],
            enrolments: enrolments(row)?,
            observations: vec![],
            events: vec![],
        },
        visits: vec![],
        workup: None,
        redated: vec![],
    })
}

fn tumour(row: &Row) -> Result<Tumour, ReadError> {
    let surgery = row.date("surgery_date")?;
    Ok(Tumour {
        id: TumourId(1),
        supersedes: None,
        diagnosed_on: surgery,
        precision: Precision::Day,
        organ: organ(row.required("cancer", "a cancer")?).to_owned(),
        subtype: row.text("subtype").map(str::to_owned),
        laterality: None,
        grade: row.small("grade")?,
        size_mm: row.number("tumour_size_mm")?,
        size_band: None,
        nodes_positive: row.small("nodes_positive")?,
        er_fmol: None,
        pgr_fmol: None,
        ki67_percent: row.number("ki67_percent")?,
        her2: None,
        metastatic_at_entry: false,
        known_on: surgery,
    })
}

fn treatments(row: &Row) -> Result<Vec<Treatment>, ReadError> {
    let surgery = row.date("surgery_date")?;
    let mut given = vec![];
    for (id, category) in [(1, "chemotherapy"), (2, "endocrine")] {
        if row.flag(category)? == Some(true) {
            given.push(Treatment {
                id,
                supersedes: None,
                category: category.to_owned(),
                agent: None,
                phase: Some("adjuvant".to_owned()),
                started_on: surgery,
                precision: Precision::Day,
                stopped_on: None,
                known_on: surgery,
            });
        }
    }
    Ok(given)
}

/// The arm is not blinded: the files tell it.
fn enrolments(row: &Row) -> Result<Vec<Enrolment>, ReadError> {
    let surgery = row.date("surgery_date")?;
    let enrolment = |arm: &str| Enrolment {
        trial: Trial {
            id: TrialId(1),
            code: "COHORT".to_owned(),
            title: "Arms of the cohort".to_owned(),
            blinded: false,
        },
        arm: Some(arm.to_owned()),
        enrolled_on: surgery,
        off_study_on: None,
        known_on: surgery,
    };
    Ok(row.text("arm").map(enrolment).into_iter().collect())
}
