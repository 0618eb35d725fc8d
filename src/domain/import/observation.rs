//! Results, one a row, judged by the same catalogue as the form.

use serde_json::json;

use super::fields::Fields;
use super::known::{Known, Person};
use super::{Fact, Table};
use crate::domain::date::Life;
use crate::domain::measure::{self, Assay, Context, Measure, RawEntry};
use crate::domain::problem::{Problem, Severity};
use crate::domain::reading::Comparator;

/// Columns of the lab layout whose component has another name in the catalogue.
const OTHER_NAMES: [(&str, &str); 1] = [("cells_screened_million", "mnc_screened")];

/// Columns that describe the row, even where a component has the same name.
const OWN_COLUMNS: [&str; 2] = ["result", "unit"];

pub fn observation(fields: &mut Fields, known: &Known) -> Vec<Fact> {
    let person = known.person(fields);
    let assay = assay(fields, known);
    let collected = match person {
        Some(person) => person.day(fields, "collected_on"),
        None => fields.date("collected_on"),
    };
    let time = fields.time("collected_time");
    let visit = visit(fields, known, person, collected);
    let status = fields
        .code("status", &["preliminary", "final", "amended"])
        .unwrap_or("final");
    let specimen = fields.line_of_text("specimen_type", 16);
    if let (Some(assay), Some(specimen)) = (assay, &specimen)
        && assay.specimen_type != *specimen
    {
        fields.refuse("specimen_type", Problem::other_specimen(&assay.specimen_type));
    }
    let lab = fields.line_of_text("lab", 64);
    let accession = fields.line_of_text("accession", 64);
    let reported = fields.reported(collected);
    let (Some(assay), Some(collected)) = (assay, collected) else {
        return vec![];
    };
    let Some(measure) = measure::by_code(&assay.measure) else {
        return vec![];
    };
    let raw = raw_entry(fields, measure);
    // a row that names nobody on file is told what else is wrong with it
    let life = person.map_or_else(Life::unbounded, |person| person.life.clone());
    let accepted = match measure::accept(&raw, assay, &Context::bare(life, collected)) {
        Ok(accepted) => accepted,
        Err(problems) => {
            refuse(fields, measure, problems);
            return vec![];
        }
    };
    let Some(person) = person.filter(|_| fields.is_good()) else {
        return vec![];
    };
    let seen = accepted.observation;
    let (lo, hi, failed_reason) = seen.reading.columns();
    // JSON has no infinity; the database reads the word.
    let bound = |value: Option<f64>| value.map(|v| if v.is_finite() { json!(v) } else { json!("Infinity") });
    let values = json!({
        "visit_id": visit, "measure": seen.measure, "assay_id": seen.assay, "analyte": seen.analyte, "collected_on": collected,
        "collected_time": time.map(|time| time.format("%H:%M:%S").to_string()), "reported_on": reported, "status": status,
        "raw_text": seen.raw_text, "detection": seen.reading.detection(),
        "comparator": seen.comparator.map(Comparator::code), "value_num": seen.value, "unit": seen.unit,
        "lod": seen.limits.lod, "loq": seen.limits.loq, "range_high": seen.limits.range_high, "lo": bound(lo), "hi": bound(hi),
        "failed_reason": failed_reason, "screened": seen.screened, "detail": seen.detail, "note": seen.note,
        "confirmed": seen.confirmed,
    });
    let identity = match (&lab, &accession) {
        (lab, Some(accession)) => format!("{}|{accession}", lab.as_deref().unwrap_or_default()),
        (_, None) => format!(
            "{}|{collected}|{}|{}",
            person.life.patient_key,
            time.map(|time| time.to_string()).unwrap_or_default(),
            specimen.as_deref().unwrap_or(&assay.specimen_type),
        ),
    };
    vec![Fact {
        line: fields.line,
        table: Table::Observation,
        site: Some(person.at.site),
        patient: Some(person.at.patient),
        natural_key: format!("{identity}|{}|{}", assay.code, assay.analyte),
        values,
        remarks: accepted
            .notes
            .into_iter()
            .filter(|note| note.severity == Severity::Soft)
            .collect(),
    }]
}

fn assay<'a>(fields: &mut Fields, known: &'a Known) -> Option<&'a Assay> {
    let mut word = |column: &str| {
        let text = fields.line_of_text(column, 64);
        fields.need(column, text)
    };
    let (code, version, analyte) = (word("assay_code"), word("assay_version"), word("analyte"));
    let (code, version, analyte) = (code?, version?, analyte?);
    let found = known.assays.get(&(code.clone(), version.clone(), analyte.clone()));
    if found.is_some() {
        return found;
    }
    // Say which of the three is wrong.
    let same_code: Vec<_> = known.assays.keys().filter(|(c, _, _)| *c == code).collect();
    let same_version: Vec<_> = same_code.iter().filter(|(_, v, _)| *v == version).collect();
    if same_code.is_empty() {
        fields.refuse(
            "assay_code",
            Problem::not_on_file("assay", &code, known.assays.keys().map(|(c, _, _)| c.as_str())),
        );
    } else if same_version.is_empty() {
        let versions = same_code.iter().map(|(_, v, _)| v.as_str());
        fields.refuse("assay_version", Problem::not_on_file("version", &version, versions));
    } else {
        let analytes = same_version.iter().map(|(_, _, a)| a.as_str());
        fields.refuse("analyte", Problem::not_on_file("analyte", &analyte, analytes));
    }
    None
}

/// The visit that the row names, which must be on file for that day.
fn visit(
    fields: &mut Fields,
    known: &Known,
    person: Option<&Person>,
    collected: Option<chrono::NaiveDate>,
) -> Option<crate::domain::id::VisitId> {
    let code = fields.key("visit_code", 1..=16, false, "_+-")?;
    let (person, day) = (person?, collected?);
    let visit = known.visits.get(&(person.at, code.clone(), day)).copied();
    if visit.is_none() {
        fields.refuse("visit_code", Problem::no_such_visit(&code, day));
    }
    visit
}

/// The row's cells under the names of the catalogue. A filled column of another measure is out of place.
fn raw_entry(fields: &mut Fields, measure: &'static dyn Measure) -> RawEntry {
    let mut raw = RawEntry::default();
    let mut put = |code: &str, text: &str| {
        if !text.is_empty() {
            raw.values.insert(code.to_owned(), text.to_owned());
        }
    };
    put(measure.primary(), fields.raw("result"));
    put("unit", fields.raw("unit"));
    put("lod", fields.raw("lod"));
    for component in measure.components() {
        if component.code != measure.primary() {
            put(component.code, fields.raw(column_of(component.code)));
        }
    }
    raw.note = Some(fields.raw("comment").to_owned()).filter(|note| !note.is_empty());
    raw.keep_reason = fields.confirm.map(str::to_owned);
    for other in measure::CATALOGUE.iter().flat_map(|m| m.components()) {
        let column = column_of(other.code);
        let ours = measure.component(other.code).is_some() && other.code != measure.primary();
        fields.only(
            column,
            ours || OWN_COLUMNS.contains(&column),
            &format!("results other than {}", measure.label()),
        );
    }
    raw
}

fn column_of(component: &'static str) -> &'static str {
    OTHER_NAMES
        .iter()
        .find(|(_, code)| *code == component)
        .map_or(component, |(column, _)| column)
}

/// Problems of the catalogue speak of its fields; here they stand at the file's columns.
fn refuse(fields: &mut Fields, measure: &dyn Measure, problems: Vec<Problem>) {
    for problem in problems
        .into_iter()
        .filter(|problem| problem.severity != Severity::Note)
    {
        let code = problem
            .field
            .strip_prefix(measure.code())
            .and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or(&problem.field);
        let column = match code {
            code if code == measure.primary() => "result".to_owned(),
            "note" => "comment".to_owned(),
            code => OTHER_NAMES
                .iter()
                .find(|(_, name)| *name == code)
                .map_or(code, |(column, _)| column)
                .to_owned(),
        };
        // The day was checked once already.
        if column != "collected_on" {
            fields.refuse(&column, problem);
        }
    }
}
