//! Visits, and what happens to a patient once: relapse, progression, death, loss, withdrawal, the last contact.

use chrono::Datelike;
use serde_json::json;

use super::fields::Fields;
use super::known::Known;
use super::tumour::fact;
use super::{Fact, Table};
use crate::domain::event::RelapseKind;
use crate::domain::problem::Problem;

const KINDS: [&str; 6] = ["relapse", "progression", "death", "lost", "withdrawn", "last_contact"];
const ORGANS: [&str; 12] = [
    "liver",
    "lung",
    "brain",
    "bone",
    "marrow",
    "node",
    "adrenal",
    "peritoneum",
    "skin",
    "ovary",
    "other",
    "not_stated",
];
const DETECTED_BY: [&str; 6] = ["imaging", "biopsy", "symptom", "marker", "autopsy", "not_stated"];
const CAUSES: [&str; 5] = ["this_cancer", "other_cancer", "treatment", "other", "unknown"];

pub fn visit(fields: &mut Fields, known: &Known) -> Vec<Fact> {
    let person = known.person(fields);
    let occurred = match person {
        Some(person) => person.day(fields, "occurred_on"),
        None => fields.date("occurred_on"),
    };
    let code = fields
        .key("visit_code", 1..=16, false, "_+-")
        .unwrap_or_else(|| "UNSCHED".into());
    let identity = format!("{code}|{}", occurred.map(|day| day.to_string()).unwrap_or_default());
    let values = json!({
        "visit_code": code, "occurred_on": occurred, "ecog": fields.whole("ecog", 0, 5),
        "note": fields.free_text("note", 2000), "reported_on": fields.reported(occurred),
    });
    fact(fields, person, Table::Visit, &identity, values)
        .into_iter()
        .collect()
}

pub fn event(fields: &mut Fields, known: &Known) -> Vec<Fact> {
    let person = known.person(fields);
    let kind = fields.code("kind", &KINDS);
    let kind = fields.need("kind", kind).unwrap_or_default();
    let occurred = fields.date("occurred_on");
    let occurred = fields.need("occurred_on", occurred);
    if let (Some(person), Some(day)) = (person, occurred) {
        if day.year() < person.life.birth_year {
            fields.refuse("occurred_on", Problem::before_birth("occurred_on"));
        } else if person.life.diagnosed_on.is_some_and(|diagnosed_on| day < diagnosed_on) {
            fields.refuse("occurred_on", Problem::before_diagnosis(day, person.life.diagnosed_on));
        }
        if let Some(seen_on) = person.seen_on.filter(|seen_on| kind == "death" && day < *seen_on) {
            fields.refuse(
                "occurred_on",
                Problem::seen_after_death(&person.life.patient_key, seen_on),
            );
        }
        // The death's own row may be on file: the same row again is the same fact.
        if let Some(died_on) = person.life.died_on.filter(|died_on| kind != "death" && day > *died_on) {
            fields.refuse("occurred_on", Problem::after_death(&person.life.patient_key, died_on));
        }
    }
    let relapse = kind == "relapse";
    let relapse_kind = fields.code("relapse_kind", &RelapseKind::ALL.map(RelapseKind::code));
    let organs = organs(fields);
    if relapse {
        fields.need("relapse_kind", relapse_kind);
        fields.need("organs", organs.first());
    } else {
        fields.only("relapse_kind", kind.is_empty(), "rows of relapse");
        fields.only("organs", kind.is_empty(), "rows of relapse");
    }
    let detected_by = fields.code("detected_by", &DETECTED_BY);
    fields.only(
        "detected_by",
        relapse || matches!(kind, "progression" | ""),
        "rows of relapse and progression",
    );
    let cause = fields.code("cause", &CAUSES);
    fields.only("cause", matches!(kind, "death" | ""), "rows of death");
    let last_clear = fields.date("last_clear_on");
    if last_clear.zip(occurred).is_some_and(|(clear, day)| clear > day) {
        fields.refuse(
            "last_clear_on",
            Problem::ends_before_start("occurred_on", "last_clear_on"),
        );
    }
    // There is one death in a life: its day is not part of its identity, so that another day is an amendment.
    let day = occurred
        .filter(|_| kind != "death")
        .map(|day| day.to_string())
        .unwrap_or_default();
    let identity = format!("{kind}|{}|{day}", relapse_kind.unwrap_or_default());
    let values = json!({
        "kind": kind, "relapse_kind": relapse_kind, "organs": organs, "detected_by": detected_by, "cause": cause,
        "last_clear_on": last_clear, "occurred_on": occurred, "reported_on": fields.reported(occurred),
    });
    fact(fields, person, Table::Event, &identity, values)
        .into_iter()
        .collect()
}

/// One or more codes with `;` between them, each once.
fn organs(fields: &mut Fields) -> Vec<&'static str> {
    let mut organs = vec![];
    for word in fields
        .raw("organs")
        .split(';')
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        match ORGANS.iter().find(|organ| **organ == word) {
            Some(organ) if organs.contains(organ) => {}
            Some(organ) => organs.push(*organ),
            None => fields.refuse("organs", Problem::unknown_choice("organs", &ORGANS)),
        }
    }
    if organs.len() > 1 && organs.contains(&"not_stated") {
        fields.refuse(
            "organs",
            Problem::out_of_place("not_stated", "rows without a stated organ"),
        );
    }
    organs
}
