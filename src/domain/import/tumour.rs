//! Primary tumours with their stage, treatments, operations.

use serde_json::{Value, json};

use super::fields::Fields;
use super::known::{Known, Person};
use super::{Fact, Table};
use crate::domain::problem::Problem;

const ORGANS: [&str; 13] = [
    "breast",
    "colon",
    "lung",
    "pancreas",
    "stomach",
    "oesophagus",
    "cervix",
    "ovary",
    "skin",
    "prostate",
    "liver",
    "head_neck",
    "other",
];

const CATEGORIES: [&str; 10] = [
    "surgery",
    "radiotherapy",
    "chemotherapy",
    "endocrine",
    "her2_directed",
    "cdk46",
    "immunotherapy",
    "bone_agent",
    "other_targeted",
    "trial_drug",
];

/// A fact of a patient on file, if the row is good.
pub(super) fn fact(
    fields: &Fields,
    person: Option<&Person>,
    table: Table,
    identity: &str,
    values: Value,
) -> Option<Fact> {
    let person = person.filter(|_| fields.is_good())?;
    Some(Fact {
        line: fields.line,
        table,
        site: Some(person.at.site),
        patient: Some(person.at.patient),
        natural_key: format!("{}|{identity}", person.life.patient_key),
        values,
        remarks: vec![],
    })
}

pub fn tumour(fields: &mut Fields, known: &Known) -> Vec<Fact> {
    let person = known.person(fields);
    let number = fields.whole("tumour_no", 1, 99);
    let number = fields.need("tumour_no", number).unwrap_or_default();
    let diagnosed = fields.date("diagnosed_on");
    let diagnosed = fields.need("diagnosed_on", diagnosed);
    let organ = fields.code("organ", &ORGANS);
    let organ = fields.need("organ", organ);
    let metastatic = fields.yes_no("metastatic_at_entry");
    let metastatic = fields.need("metastatic_at_entry", metastatic);
    let positive = fields.whole("nodes_positive", 0, 100);
    let examined = fields.whole("nodes_examined", 0, 100);
    if let (Some(positive), Some(examined)) = (positive, examined)
        && positive > examined
    {
        fields.refuse("nodes_positive", Problem::nodes(positive, examined));
    }
    if let (Some(person), Some(day)) = (person, diagnosed)
        && chrono::Datelike::year(&day) < person.life.birth_year
    {
        fields.refuse("diagnosed_on", Problem::before_birth("diagnosed_on"));
    }
    let reported = fields.reported(diagnosed);
    let values = json!({
        "diagnosed_on": diagnosed, "date_precision": fields.precision("date_precision"), "organ": organ,
        "subtype": fields.line_of_text("subtype", 80),
        "laterality": fields.code("laterality", &["left", "right", "both", "midline"]),
        "grade": fields.whole("grade", 1, 3), "size_mm": fields.decimal("size_mm", 0.1, 300.0, 1),
        "size_band": fields.code("size_band", &["<=20", "20-50", ">50"]),
        "nodes_positive": positive, "nodes_examined": examined,
        "er_fmol": fields.whole("er_fmol", 0, 100_000), "pgr_fmol": fields.whole("pgr_fmol", 0, 100_000),
        "ki67_percent": fields.decimal("ki67_percent", 0.0, 100.0, 1),
        "her2": fields.code("her2", &["negative", "positive", "unknown"]),
        "metastatic_at_entry": metastatic, "reported_on": reported,
    });
    let stage = stage(fields, number, diagnosed, reported);
    let tumour = fact(fields, person, Table::Tumour, &number.to_string(), values);
    let stage = stage.and_then(|(identity, values)| fact(fields, person, Table::Stage, &identity, values));
    tumour.into_iter().chain(stage).collect()
}

/// The stage beside a tumour, where `stage_prefix` says that there is one.
fn stage(
    fields: &mut Fields,
    number: i64,
    diagnosed: Option<chrono::NaiveDate>,
    reported: Option<chrono::NaiveDate>,
) -> Option<(String, Value)> {
    let prefix = fields.code("stage_prefix", &["c", "p", "yc", "yp", "r"]);
    for column in [
        "stage_t",
        "stage_n",
        "stage_n_suffix",
        "stage_m",
        "stage_group",
        "stage_edition",
        "staged_on",
    ] {
        fields.only(column, prefix.is_some(), "rows with a stage_prefix");
    }
    let mut part = |column: &str| fields.line_of_text(column, 16);
    let (t, n, n_suffix, m, group) = (
        part("stage_t"),
        part("stage_n"),
        part("stage_n_suffix"),
        part("stage_m"),
        part("stage_group"),
    );
    let edition = fields
        .code("stage_edition", &["7", "8", "9", "unknown"])
        .unwrap_or("unknown");
    let staged = fields.date("staged_on").or(diagnosed);
    let prefix = prefix?;
    let values = json!({
        "tumour_no": number, "prefix": prefix, "t": t, "n": n, "n_suffix": n_suffix, "m": m, "stage_group": group,
        "staged_on": staged, "edition": edition, "reported_on": reported,
    });
    Some((format!("{number}|{prefix}"), values))
}

pub fn treatment(fields: &mut Fields, known: &Known) -> Vec<Fact> {
    let person = known.person(fields);
    let category = fields.code("category", &CATEGORIES);
    let category = fields.need("category", category);
    let started = fields.date("started_on");
    let started = fields.need("started_on", started);
    if let (Some(person), Some(day)) = (person, started) {
        // History before the diagnosis of this tumour is allowed; before birth or after death is not.
        if chrono::Datelike::year(&day) < person.life.birth_year {
            fields.refuse("started_on", Problem::before_birth("started_on"));
        }
        if let Some(died_on) = person.life.died_on.filter(|died_on| day > *died_on) {
            fields.refuse("started_on", Problem::after_death(&person.life.patient_key, died_on));
        }
    }
    let precision = fields.precision("date_precision");
    let reported = fields.reported(started);
    let agent = fields.line_of_text("agent", 120);
    let procedure = fields.line_of_text("procedure", 120);
    let margin = fields.code("margin", &["clear", "close", "involved", "unknown"]);
    let phase = fields.code("phase", &["neoadjuvant", "adjuvant", "extended", "metastatic"]);
    let intent = fields.code("intent", &["curative", "palliative", "preventive"]);
    let stopped = fields.date("stopped_on");
    if stopped.zip(started).is_some_and(|(stop, start)| stop < start) {
        fields.refuse("stopped_on", Problem::ends_before_start("stopped_on", "started_on"));
    }
    let day = started.map(|day| day.to_string()).unwrap_or_default();
    if category == Some("surgery") {
        for column in ["agent", "phase", "intent", "stopped_on"] {
            fields.only(column, false, "rows other than surgery");
        }
        let procedure = fields.need("procedure", procedure).unwrap_or_default();
        let identity = format!("{procedure}|{day}");
        let values = json!({
            "procedure": procedure, "performed_on": started, "date_precision": precision, "margin": margin, "reported_on": reported,
        });
        return fact(fields, person, Table::Surgery, &identity, values)
            .into_iter()
            .collect();
    }
    fields.only("procedure", category.is_none(), "rows of surgery");
    fields.only("margin", category.is_none(), "rows of surgery");
    let identity = format!(
        "{}|{}|{day}",
        category.unwrap_or_default(),
        agent.as_deref().unwrap_or_default()
    );
    let values = json!({
        "category": category, "agent": agent, "phase": phase, "intent": intent, "started_on": started,
        "start_precision": precision, "stopped_on": stopped, "reported_on": reported,
    });
    fact(fields, person, Table::Treatment, &identity, values)
        .into_iter()
        .collect()
}
