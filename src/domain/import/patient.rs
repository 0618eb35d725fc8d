//! Patients and their enrolment in trials.

use chrono::Datelike;
use serde_json::json;

use super::fields::Fields;
use super::known::Known;
use super::{Fact, Table};
use crate::domain::patient::Sex;
use crate::domain::problem::Problem;

pub fn patient(fields: &mut Fields, known: &Known) -> Vec<Fact> {
    let site = known.site(fields);
    let key = fields.key("patient_key", 3..=32, false, "-");
    let key = fields.need("patient_key", key).unwrap_or_default();
    let birth_year = fields.whole("birth_year", 1900, i64::from(fields.today.year()));
    fields.need("birth_year", birth_year);
    let sex = fields.code("sex", &Sex::ALL.map(Sex::code));
    let sex = fields.need("sex", sex);
    let reported = fields.date("reported_on");
    let patient = json!({
        "patient_key": key, "birth_year": birth_year, "birth_month": fields.whole("birth_month", 1, 12), "sex": sex,
        "menopausal_status": fields.code("menopausal_status", &["pre", "peri", "post", "unknown"]),
        "registry_consent_on": fields.date("registry_consent_on"), "reported_on": reported,
    });

    let trial_code = fields.key("trial_code", 2..=32, false, "-");
    let arm_code = fields.key("arm_code", 1..=32, true, "-");
    let enrolled = fields.date("enrolled_on");
    fields.only("arm_code", trial_code.is_some(), "rows with a trial_code");
    fields.only("enrolled_on", trial_code.is_some(), "rows with a trial_code");
    let trial = trial_code.as_ref().and_then(|code| {
        let trial = known.trials.get(code);
        if trial.is_none() {
            fields.refuse(
                "trial_code",
                Problem::not_on_file("trial", code, known.trials.keys().map(String::as_str)),
            );
        }
        trial
    });
    if let (Some(trial), Some(arm)) = (trial, &arm_code)
        && !trial.arms.contains(arm)
    {
        fields.refuse(
            "arm_code",
            Problem::not_on_file("arm", arm, trial.arms.iter().map(String::as_str)),
        );
    }
    if trial.is_some() {
        fields.need("enrolled_on", enrolled);
        if enrolled
            .zip(birth_year)
            .is_some_and(|(day, year)| i64::from(day.year()) < year)
        {
            fields.refuse("enrolled_on", Problem::before_birth("enrolled_on"));
        }
    }

    let (true, Some(site)) = (fields.is_good(), site) else {
        return vec![];
    };
    let on_file = known.patients.get(&(site, key.clone())).map(|person| person.at.patient);
    let mut facts = vec![Fact {
        line: fields.line,
        table: Table::Patient,
        site: Some(site),
        patient: on_file,
        natural_key: key.clone(),
        values: patient,
        remarks: vec![],
    }];
    if let (Some(trial), Some(code)) = (trial, trial_code) {
        facts.push(Fact {
            line: fields.line,
            table: Table::Enrolment,
            site: Some(site),
            patient: on_file,
            natural_key: format!("{key}|{code}"),
            values: json!({
                "patient_key": key, "trial_id": trial.trial, "arm_code": arm_code, "enrolled_on": enrolled, "reported_on": reported,
            }),
            remarks: vec![],
        });
    }
    facts
}
