//! The table beside the timeline: every fact with its day, in words; each reading leads to the page of its history.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde_json::Value;

use super::super::write;
use crate::actions::patients::words;
use crate::domain::event::{Happening, RelapseKind};
use crate::domain::history::{History, Record};
use crate::domain::id::ObservationId;
use crate::domain::measure;
use crate::domain::observation::Observation;

/// One line of the table.
pub struct Fact {
    pub on: NaiveDate,
    /// Its class: burden, scan, course, event.
    pub kind: &'static str,
    pub what: String,
    pub said: String,
    pub more: String,
    pub note: Option<String>,
    /// The reading whose page has its history.
    pub reading: Option<i64>,
    pub corrected: bool,
}

/// Remarks that stand at several readings are printed once, beneath the table, and named by their number at each.
pub fn gather_remarks(facts: &mut [Fact]) -> Vec<String> {
    let count = |facts: &[Fact], note: &str| facts.iter().filter(|fact| fact.note.as_deref() == Some(note)).count();
    let mut remarks: Vec<String> = vec![];
    for at in 0..facts.len() {
        let Some(note) = facts[at].note.clone() else { continue };
        let number = remarks.iter().position(|remark| *remark == note);
        if number.is_none() && count(facts, &note) < 2 {
            continue;
        }
        let number = number.unwrap_or_else(|| {
            remarks.push(note);
            remarks.len() - 1
        });
        facts[at].note = Some(format!("see remark {}", number + 1));
    }
    remarks
}

/// All facts of the history, latest first.
pub fn of(history: &History, record: &Record) -> Vec<Fact> {
    let corrected: HashSet<ObservationId> = record
        .observations
        .iter()
        .filter(|o| o.supersedes.is_some())
        .map(|o| o.id)
        .collect();
    let mut all: Vec<Fact> = vec![];
    all.extend(history.tumours.iter().map(|tumour| Fact {
        said: format!("{} cancer", organ(&tumour.organ)),
        more: approximate(tumour.precision),
        ..Fact::new(tumour.diagnosed_on, "course", "Diagnosis")
    }));
    all.extend(history.surgeries.iter().map(|surgery| Fact {
        said: surgery.procedure.clone(),
        more: approximate(surgery.precision),
        ..Fact::new(surgery.performed_on, "course", "Surgery")
    }));
    all.extend(history.treatments.iter().map(|treatment| {
        Fact {
            said: treatment_name(&treatment.category, treatment.agent.as_deref()),
            more: [
                treatment.phase.clone().unwrap_or_default(),
                treatment
                    .stopped_on
                    .map_or(String::new(), |day| format!("until {}", write::day(day))),
                approximate(treatment.precision),
            ]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
            ..Fact::new(treatment.started_on, "course", "Treatment")
        }
    }));
    all.extend(history.enrolments.iter().map(|enrolment| {
        Fact {
            said: match &enrolment.arm {
                Some(arm) => format!("{}, arm {arm}", enrolment.trial.code),
                None => enrolment.trial.code.clone(),
            },
            more: enrolment
                .off_study_on
                .map_or(String::new(), |day| format!("off study {}", write::day(day))),
            ..Fact::new(enrolment.enrolled_on, "course", "Enrolled")
        }
    }));
    all.extend(history.observations.iter().map(|observation| Fact {
        said: said(observation),
        more: more(observation),
        note: observation.note.clone().filter(|note| !note.trim().is_empty()),
        reading: Some(observation.id.0),
        corrected: corrected.contains(&observation.id),
        ..Fact::new(
            observation.collected_on,
            if observation.measure == "imaging" {
                "scan"
            } else {
                "burden"
            },
            &name(observation),
        )
    }));
    all.extend(history.events.iter().map(|event| {
        let (what, said) = event_words(&event.what);
        Fact {
            said,
            more: event
                .last_clear_on
                .map_or(String::new(), |day| format!("last clear {}", write::day(day))),
            ..Fact::new(event.occurred_on, "event", &what)
        }
    }));
    all.sort_by_key(|fact| std::cmp::Reverse(fact.on));
    all
}

impl Fact {
    fn new(on: NaiveDate, kind: &'static str, what: &str) -> Fact {
        Fact {
            on,
            kind,
            what: what.into(),
            said: String::new(),
            more: String::new(),
            note: None,
            reading: None,
            corrected: false,
        }
    }
}

fn approximate(precision: crate::domain::patient::Precision) -> String {
    use crate::domain::patient::Precision;
    match precision {
        Precision::Day => String::new(),
        Precision::Month => "known to the month".into(),
        Precision::Year => "known to the year".into(),
    }
}

/// `head_neck` as people say it.
pub fn organ(code: &str) -> String {
    let mut words = code.replace("head_neck", "head and neck").replace('_', " ");
    if let Some(first) = words.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    words
}

pub fn treatment_name(category: &str, agent: Option<&str>) -> String {
    let name = match category {
        "her2_directed" => "HER2-directed",
        "cdk46" => "CDK4/6 inhibitor",
        "endocrine" => "Endocrine therapy",
        "bone_agent" => "Bone agent",
        "other_targeted" => "Targeted therapy",
        "trial_drug" => "Trial drug",
        "chemotherapy" => "Chemotherapy",
        "radiotherapy" => "Radiotherapy",
        "immunotherapy" => "Immunotherapy",
        other => other,
    };
    match agent.filter(|agent| !agent.is_empty()) {
        Some(agent) => agent.to_owned(),
        None => name.to_owned(),
    }
}

/// `ctDNA`, `CTC`, `CA 15-3`, `Imaging`.
pub fn name(observation: &Observation) -> String {
    match observation.measure.as_str() {
        "protein" => observation.analyte.clone(),
        code => measure::by_code(code)
            .map_or(code, |measure| measure.label())
            .to_owned(),
    }
}

/// The reading as a person says it, with what it leaves open.
pub fn said(observation: &Observation) -> String {
    let finding = observation.detail.get("assessment").and_then(Value::as_str);
    let reading = match (observation.measure.as_str(), observation.reading) {
        ("imaging", crate::domain::reading::Reading::Quantified { value }) => {
            format!(
                "target lesions {}",
                words::with_unit(value, &observation.unit).replace(' ', "\u{a0}")
            )
        }
        ("imaging", _) => finding.map_or("", finding_words).to_owned(),
        ("ctc" | "marrow_dtc", crate::domain::reading::Reading::Quantified { value }) => {
            let of = observation
                .screened
                .map_or(String::new(), |amount| match observation.measure.as_str() {
                    "ctc" => format!(" in {} mL", words::number(amount)),
                    _ => format!(" in {} million cells", words::number(amount)),
                });
            format!("{value:.0} {}{of}", if value == 1.0 { "cell" } else { "cells" })
        }
        (_, reading) => words::reading(&reading, &observation.unit),
    };
    let reading = match reading.is_empty() {
        true => words::reading(&observation.reading, &observation.unit),
        false => reading,
    };
    write::unbroken(&reading)
}

pub fn finding_words(code: &str) -> &str {
    match code {
        "none" => "no evidence of disease",
        "equivocal" => "equivocal",
        "local" => "local disease",
        "nodal" => "nodal disease",
        "distant" => "distant disease",
        other => other,
    }
}

/// Assay, limit, response, change from the first sum: what decides how the reading is taken.
fn more(observation: &Observation) -> String {
    let text = |code: &str| observation.detail.get(code).and_then(Value::as_str).map(str::to_owned);
    let parts = [
        text("overall_response").map(|response| format!("response {response}")),
        observation
            .detail
            .get("new_lesion")
            .and_then(Value::as_bool)
            .filter(|new| *new)
            .map(|_| "new lesion".to_owned()),
        observation
            .detail
            .get("change_percent")
            .and_then(Value::as_f64)
            .map(|change| format!("{}\u{202f}% from the first", write::change(change))),
        observation
            .lod
            .filter(|_| observation.measure == "ctdna")
            .map(|lod| format!("limit {}", words::with_unit(lod, &observation.unit))),
        (observation.measure == "ctdna" && !observation.is_plasma_ctdna()).then(|| fluid(observation)),
        Some(observation.assay_name.clone()),
    ];
    write::unbroken(&parts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
}

/// In what ctDNA was looked for: `CSF`, `urine`.
pub fn fluid(observation: &Observation) -> String {
    match observation.fluid() {
        "csf" => "CSF".to_owned(),
        code => code.replace('_', " "),
    }
}

/// What happened, and its particulars.
pub fn event_words(what: &Happening) -> (String, String) {
    match what {
        Happening::Relapse {
            kind,
            organs,
            detected_by,
        } => {
            let kind = match kind {
                RelapseKind::Local => "Local relapse",
                RelapseKind::Regional => "Regional relapse",
                RelapseKind::Distant => "Distant relapse",
                RelapseKind::SecondPrimary => "Second primary",
                RelapseKind::Unknown => "Relapse",
            };
            let organs = match organs.as_slice() {
                [] => String::new(),
                [one] if one == "not_stated" => "organ not stated".into(),
                organs => organs.join(", "),
            };
            let by = detected_by.as_deref().filter(|by| *by != "not_stated");
            let by = by.map_or(String::new(), |by| format!("found by {by}"));
            let said: Vec<String> = [organs, by].into_iter().filter(|text| !text.is_empty()).collect();
            (kind.into(), said.join(", "))
        }
        Happening::Progression => ("Progression".into(), String::new()),
        Happening::Death { cause } => (
            "Death".into(),
            match cause.as_deref() {
                Some("this_cancer") => "of this cancer".into(),
                Some("other_cancer") => "of another cancer".into(),
                Some("treatment") => "of treatment".into(),
                Some("other") => "of another cause".into(),
                _ => "cause not recorded".into(),
            },
        ),
        Happening::Lost => ("Lost to follow-up".into(), String::new()),
        Happening::Withdrawn => ("Withdrew".into(), String::new()),
        Happening::LastContact => ("Last contact".into(), String::new()),
    }
}
