//! One row a result: what every measurement has, and after it the components that the catalogue declares.

use serde_json::Value;

use super::{Cell, Column, Pseudonyms};
use crate::domain::cohort::Measurement;
use crate::domain::measure::{CATALOGUE, Component, Kind};

/// A result as the file tells of it.
pub struct Result {
    patient: String,
    series: String,
    of: Measurement,
}

impl Result {
    pub fn new(of: Measurement, names: &Pseudonyms) -> Result {
        Result {
            patient: names.patient(of.patient),
            series: names.series(&of),
            of,
        }
    }
}

pub fn columns() -> Vec<Column<Result>> {
    let measures: Vec<&str> = CATALOGUE.iter().map(|measure| measure.code()).collect();
    let mut columns = vec![
        Column::new(
            "patient",
            "pseudonym",
            "The patient, in this file alone",
            |r: &Result| Cell::from(r.patient.as_str()),
        ),
        Column::new(
            "series",
            "pseudonym",
            "Results that may be compared: one patient, analyte, assay version and unit",
            |r: &Result| Cell::from(r.series.as_str()),
        ),
        Column::new("measure", "text", "Kind of measurement", |r: &Result| {
            Cell::from(r.of.measure.as_str())
        })
        .values(measures.join(" ")),
        Column::new("analyte", "text", "What is measured", |r: &Result| {
            Cell::from(r.of.analyte.as_str())
        }),
        Column::new("assay", "text", "Code of the assay", |r: &Result| {
            Cell::from(r.of.assay.as_str())
        }),
        Column::new("assay_version", "text", "Its version", |r: &Result| {
            Cell::from(r.of.assay_version.as_str())
        }),
        Column::new("specimen", "text", "Kind of specimen", |r: &Result| {
            Cell::from(r.of.specimen.as_str())
        }),
        Column::new("day", "integer", "Day of collection, from day zero", |r: &Result| {
            r.of.day.into()
        })
        .unit("d"),
        Column::new("detection", "text", "What the result says", |r: &Result| {
            Cell::from(r.of.detection.as_str())
        })
        .values("quantified detected_not_quantified not_detected above_range indeterminate failed not_done"),
        Column::new(
            "lo",
            "number",
            "The value is at least this; a result is an interval, lo = hi where it is a number",
            |r: &Result| r.of.lo.into(),
        )
        .unit("see unit"),
        Column::new(
            "hi",
            "number",
            "The value is at most this; empty where no bound is known, Inf above the range",
            |r: &Result| r.of.hi.into(),
        )
        .unit("see unit"),
        Column::new("unit", "text", "Unit of lo, hi, lod and loq (UCUM)", |r: &Result| {
            Cell::from(r.of.unit.as_str())
        }),
        Column::new("lod", "number", "Limit of detection of this result", |r: &Result| {
            r.of.lod.into()
        })
        .unit("see unit"),
        Column::new(
            "loq",
            "number",
            "Limit of quantification of this result",
            |r: &Result| r.of.loq.into(),
        )
        .unit("see unit"),
        Column::new(
            "screened",
            "number",
            "How much was looked at: mL of blood or plasma, or million marrow cells",
            |r: &Result| r.of.screened.into(),
        ),
        Column::new("failed_reason", "text", "Why there is no result", |r: &Result| {
            r.of.failed_reason.as_deref().into()
        }),
    ];
    for measure in CATALOGUE {
        // the primary and the screened amount have columns of their own; free text stays in the registry
        let own = [Some(measure.primary()), measure.screened()];
        for component in measure.components() {
            if !own.contains(&Some(component.code)) && !matches!(component.kind, Kind::Text(_)) {
                columns.push(of_component(measure.code(), measure.label(), component));
            }
        }
    }
    columns
}

fn of_component(measure: &'static str, label: &'static str, component: &'static Component) -> Column<Result> {
    let kind = match component.kind {
        Kind::Choice(_) | Kind::Flag | Kind::Result | Kind::Text(_) => "text",
        Kind::Integer | Kind::Count => "integer",
        Kind::Amount(_) | Kind::Decimal(_) => "number",
    };
    let mut column = Column::new("", kind, "", move |r: &Result| {
        if r.of.measure == measure {
            value(component, r.of.detail.get(component.code))
        } else {
            Cell::Empty
        }
    });
    column.name = format!("{measure}_{}", component.code).into();
    column.meaning = format!("{label}: {}", component.label).into();
    column.unit = component.unit.unwrap_or("").into();
    column.values = match (component.kind, component.hard) {
        (Kind::Choice(choices), _) => choices
            .iter()
            .map(|choice| choice.code)
            .collect::<Vec<_>>()
            .join(" ")
            .into(),
        (Kind::Flag, _) => "yes no".into(),
        (_, Some((lo, hi))) => format!("{lo} to {hi}").into(),
        _ => "".into(),
    };
    column
}

/// The kind decides, not the way it was stored: a number is a number, a code one that the catalogue offers.
fn value(component: &Component, stored: Option<&Value>) -> Cell {
    match (component.kind, stored) {
        (_, None | Some(Value::Null)) => Cell::Empty,
        (_, Some(Value::Bool(yes))) => Cell::from(*yes),
        (Kind::Choice(choices), Some(Value::String(code))) => choices
            .iter()
            .find(|choice| choice.code == code)
            .map(|choice| choice.code)
            .into(),
        (Kind::Flag, Some(Value::String(text))) => Cell::from(text == "yes" || text == "true"),
        (Kind::Choice(_) | Kind::Flag, _) => Cell::Empty,
        (_, Some(Value::Number(number))) => number.as_i64().map_or_else(|| number.as_f64().into(), Cell::Whole),
        (_, Some(Value::String(text))) => text.parse::<f64>().ok().into(),
        _ => Cell::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{PatientId, PatientRef, SiteId};
    use crate::export::Sheet;

    fn ctdna() -> Measurement {
        Measurement {
            patient: PatientRef {
                site: SiteId(1),
                patient: PatientId(7),
            },
            measure: "ctdna".into(),
            analyte: "ctdna".into(),
            assay: "=SIG".into(),
            assay_version: "1".into(),
            specimen: "PLAS".into(),
            unit: "{mtm}/mL".into(),
            day: -3,
            detection: "above_range".into(),
            lo: Some(10_000.0),
            hi: Some(f64::INFINITY),
            lod: Some(0.3),
            loq: None,
            screened: None,
            failed_reason: None,
            detail: serde_json::json!({"variants_tracked": 16, "call": "detected", "cfdna_ng": "4.5"})
                .as_object()
                .unwrap()
                .clone(),
        }
    }

    #[test]
    fn a_result_is_an_interval_with_its_components() {
        let mut sheet = Sheet::new(columns());
        let mut out = vec![];
        sheet.row(&Result::new(ctdna(), &Pseudonyms::new(&[1; 32])), &mut out);
        let line = String::from_utf8(out).unwrap();
        let cell = |name: &str| {
            let at = columns()
                .iter()
                .position(|c| c.name == name)
                .unwrap_or_else(|| panic!("{name}"));
            line.trim_end().split(',').nth(at).unwrap().to_owned()
        };
        for (name, expected) in [
            ("lo", "10000"),
            ("hi", "Inf"),
            ("lod", "0.3"),
            ("loq", ""),
            ("day", "-3"),
            ("assay", "\"'=SIG\""),
            ("ctdna_variants_tracked", "16"),
            ("ctdna_call", "\"detected\""),
            ("ctdna_cfdna_ng", "4.5"),
        ] {
            assert_eq!(cell(name), expected, "{name}");
        }
    }

    #[test]
    fn every_measure_of_the_catalogue_has_its_columns_once() {
        let names: Vec<String> = columns().iter().map(|c| c.name.to_string()).collect();
        let distinct: std::collections::HashSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        for measure in CATALOGUE {
            for component in measure.components() {
                let name = format!("{}_{}", measure.code(), component.code);
                let text = matches!(component.kind, Kind::Text(_));
                let own = component.code == measure.primary() || Some(component.code) == measure.screened();
                assert_eq!(names.contains(&name), !text && !own, "{name}");
            }
        }
    }
}
