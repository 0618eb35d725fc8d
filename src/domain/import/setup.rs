//! Centres, trials and arms, versions of assays.

use serde_json::json;

use super::fields::Fields;
use super::{Fact, Table};
use crate::domain::measure;
use crate::domain::problem::Problem;

const SPECIMENS: [&str; 12] = [
    "BLDV", "BLDA", "BLD", "MAR", "UR", "CSF", "FGA", "PLR", "TISS", "TUMOR", "PLAS", "SER",
];

fn fact(fields: &Fields, table: Table, natural_key: String, values: serde_json::Value) -> Vec<Fact> {
    if !fields.is_good() {
        return vec![];
    }
    vec![Fact {
        line: fields.line,
        table,
        site: None,
        patient: None,
        natural_key,
        values,
        remarks: vec![],
    }]
}

pub fn site(fields: &mut Fields) -> Vec<Fact> {
    let code = fields.key("site_code", 2..=16, false, "-");
    let code = fields.need("site_code", code);
    let name = fields.line_of_text("name", 120);
    let name = fields.need("name", name);
    let time_zone = fields
        .line_of_text("time_zone", 64)
        .unwrap_or_else(|| "Europe/Amsterdam".into());
    if time_zone.parse::<chrono_tz::Tz>().is_err() {
        fields.refuse("time_zone", Problem::unknown_zone(&time_zone));
    }
    let arrangement = fields.line_of_text("arrangement", 2000);
    let values = json!({"code": code, "name": name, "time_zone": time_zone, "arrangement": arrangement});
    fact(fields, Table::Site, code.unwrap_or_default(), values)
}

pub fn trial(fields: &mut Fields) -> Vec<Fact> {
    let code = fields.key("trial_code", 2..=32, false, "-");
    let code = fields.need("trial_code", code).unwrap_or_default();
    let title = fields.line_of_text("title", 300);
    let title = fields.need("title", title);
    let blinded = fields.yes_no("blinded");
    let blinded = fields.need("blinded", blinded);
    let arm = fields.key("arm_code", 1..=32, true, "-");
    let arm_title = fields.line_of_text("arm_title", 300);
    if arm.is_some() {
        fields.need("arm_title", arm_title.clone());
    }
    let trial = json!({"code": code, "title": title, "blinded": blinded});
    let mut facts = fact(fields, Table::Trial, code.clone(), trial);
    if let Some(arm) = arm {
        let values = json!({"trial": code, "code": arm, "title": arm_title});
        facts.extend(fact(fields, Table::Arm, format!("{code}|{arm}"), values));
    }
    facts
}

pub fn assay(fields: &mut Fields) -> Vec<Fact> {
    let mut word = |column: &str| {
        let text = fields.line_of_text(column, 64);
        fields.need(column, text).unwrap_or_default()
    };
    let (code, version, analyte, unit) = (word("assay_code"), word("version"), word("analyte"), word("unit"));
    let measures: Vec<&'static str> = measure::CATALOGUE.iter().map(|m| m.code()).collect();
    let measure = fields.code("measure", &measures);
    let measure = fields.need("measure", measure);
    let specimen = fields.code("specimen_type", &SPECIMENS);
    let specimen = fields.need("specimen_type", specimen);
    let mut limit = |column: &str| fields.decimal(column, 0.000_001, 1e9, 6);
    let (lob, lod, loq, high) = (limit("lob"), limit("lod"), limit("loq"), limit("range_high"));
    if let (Some(lod), Some(loq)) = (lod, loq)
        && loq < lod
    {
        fields.refuse("loq", Problem::limits_crossed(lod, loq));
    }
    let values = json!({
        "assay_code": code, "version": version, "analyte": analyte, "measure": measure, "specimen_type": specimen, "unit": unit,
        "lob": lob, "lod": lod, "loq": loq, "range_high": high,
        "volume_required_ml": fields.decimal("volume_required_ml", 0.1, 1000.0, 2),
        "max_age_h": fields.whole("max_age_h", 1, 10_000),
        "platform": fields.line_of_text("platform", 200), "lab": fields.line_of_text("lab", 200),
        "positivity_rule": fields.line_of_text("positivity_rule", 500),
        "source_document": fields.line_of_text("source_document", 500), "loinc": fields.line_of_text("loinc", 32),
    });
    fact(fields, Table::Assay, format!("{code}|{version}|{analyte}"), values)
}
