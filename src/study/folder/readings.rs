//! Rows of ctdna.csv, ctc.csv, dtc.csv, markers.csv and imaging.csv as observations. What was not detected keeps its limit; what is
//! missing stays missing.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::{ReadError, Row, instant};
use crate::domain::id::{AssayId, ObservationId};
use crate::domain::observation::Observation;
use crate::domain::reading::Reading;

/// The observation that a row is, as it was typed.
type Make = fn(&Row) -> Result<Observation, ReadError>;

pub(super) const FILES: [(&str, &[&str], Make); 5] = [
    (
        "ctdna.csv",
        &[
            "row_id",
            "patient_id",
            "collected_on",
            "reported_on",
            "platform",
            "detected",
            "value",
            "unit",
            "lod95",
            "input_ge",
            "plasma_ml",
        ],
        ctdna,
    ),
    (
        "ctc.csv",
        &[
            "row_id",
            "patient_id",
            "collected_on",
            "reported_on",
            "count",
            "volume_ml",
        ],
        ctc,
    ),
    (
        "dtc.csv",
        &[
            "row_id",
            "patient_id",
            "collected_on",
            "reported_on",
            "cells",
            "mnc_examined",
        ],
        dtc,
    ),
    (
        "markers.csv",
        &[
            "row_id",
            "patient_id",
            "collected_on",
            "reported_on",
            "marker",
            "below_limit",
            "value",
            "unit",
        ],
        marker,
    ),
    (
        "imaging.csv",
        &[
            "row_id",
            "patient_id",
            "collected_on",
            "reported_on",
            "modality",
            "result",
            "recist_sum_mm",
            "new_lesion",
            "suvmax",
            "site",
        ],
        imaging,
    ),
];

/// Picograms of DNA in one haploid genome, in ng a thousand.
const NG_A_THOUSAND_GENOMES: f64 = 3.3;

/// Row numbers of different files are kept apart: eight a row.
fn id(row: &Row, file: i64) -> Result<ObservationId, ReadError> {
    let wanted = "a row's number";
    let number = row.whole("row_id")?.ok_or_else(|| row.bad("row_id", wanted))?;
    let apart = number.checked_mul(8).and_then(|n| n.checked_add(file));
    apart.map(ObservationId).ok_or_else(|| row.bad("row_id", wanted))
}

/// The id that a row of `FILE.csv` becomes; `None` for a file that holds no readings.
pub(in crate::study) fn row_id(row: &Row, file: &str) -> Result<Option<i64>, ReadError> {
    let place = ["ctdna", "ctc", "dtc", "markers", "imaging"]
        .iter()
        .position(|name| *name == file);
    place.map(|place| Ok(id(row, place as i64)?.0)).transpose()
}

/// Everything but the result.
fn begun(row: &Row, file: i64, measure: &str, assay: &str) -> Result<Observation, ReadError> {
    let (collected_on, known_on): (NaiveDate, NaiveDate) = (row.date("collected_on")?, row.date("reported_on")?);
    Ok(Observation {
        id: id(row, file)?,
        visit: None,
        measure: measure.to_owned(),
        assay: AssayId(0),
        assay_name: assay.to_owned(),
        analyte: assay.to_owned(),
        collected_on,
        known_on,
        recorded_at: instant(known_on),
        supersedes: None,
        entered_in_error: false,
        raw_text: String::new(),
        reading: Reading::NotDone,
        unit: String::new(),
        lod: None,
        loq: None,
        screened: None,
        detail: Map::new(),
        note: None,
    })
}

/// Something was found; how much was not said.
const SEEN: Reading = Reading::DetectedNotQuantified {
    lo: 0.0,
    hi: f64::INFINITY,
};

fn ctdna(row: &Row) -> Result<Observation, ReadError> {
    // a level in the stored unit: a mutant fraction, or mutant molecules in a mL
    let (unit, divisor) = match row.text("unit") {
        Some("VAF_percent") => ("1", 100.0),
        Some("MTM/mL" | "MTM_per_ml") => ("{mtm}/mL", 1.0),
        _ => return Err(row.bad("unit", "VAF_percent or MTM/mL")),
    };
    let lod = row.number("lod95")?.map(|lod| lod / divisor);
    let value = row.number("value")?.map(|value| value / divisor);
    let reading = match row.flag("detected")? {
        Some(true) => value.map_or(SEEN, |value| Reading::Quantified { value }),
        Some(false) => Reading::NotDetected { hi: lod },
        None => Reading::Indeterminate,
    };
    let mut detail = Map::new();
    if let Some(genomes) = row.number("input_ge")? {
        detail.insert("cfdna_ng".to_owned(), json!(genomes * NG_A_THOUSAND_GENOMES / 1000.0));
    }
    Ok(Observation {
        reading,
        unit: unit.to_owned(),
        lod,
        screened: row.number("plasma_ml")?,
        detail,
        ..begun(row, 0, "ctdna", row.required("platform", "a platform")?)?
    })
}

fn counted(count: Option<f64>) -> Reading {
    count.map_or(Reading::NotDone, |value| Reading::Quantified { value })
}

fn ctc(row: &Row) -> Result<Observation, ReadError> {
    Ok(Observation {
        reading: counted(row.number("count")?),
        unit: "{cells}".to_owned(),
        screened: row.number("volume_ml")?,
        ..begun(row, 1, "ctc", "CTC")?
    })
}

fn dtc(row: &Row) -> Result<Observation, ReadError> {
    Ok(Observation {
        reading: counted(row.number("cells")?),
        unit: "{cells}".to_owned(),
        screened: row.number("mnc_examined")?.map(|cells| cells / 1e6),
        ..begun(row, 2, "marrow_dtc", "DTC")?
    })
}

fn marker(row: &Row) -> Result<Observation, ReadError> {
    let value = row.number("value")?;
    let below = row.flag("below_limit")?.unwrap_or(false);
    let reading = match value {
        // the value of what lies below the limit is the limit
        _ if below => Reading::NotDetected { hi: value },
        Some(value) => Reading::Quantified { value },
        None => Reading::NotDone,
    };
    let unit = match row.text("unit") {
        Some("U/mL") => "[arb'U]/mL",
        Some(unit) => unit,
        None => "",
    };
    Ok(Observation {
        reading,
        unit: unit.to_owned(),
        lod: value.filter(|_| below),
        ..begun(row, 3, "protein", row.required("marker", "a marker")?)?
    })
}

/// After a relapse scans are `assessed` against the lesions: where there are any, the disease is there.
fn imaging(row: &Row) -> Result<Observation, ReadError> {
    let sum = row.number("recist_sum_mm")?;
    let new_lesion = row.flag("new_lesion")?;
    let (assessment, reading) = match row.text("result") {
        Some("no_evidence") => ("none", Reading::NotDetected { hi: None }),
        Some("equivocal") => ("equivocal", Reading::Indeterminate),
        Some("relapse" | "assessed") => ("distant", sum.map_or(SEEN, |value| Reading::Quantified { value })),
        _ => return Err(row.bad("result", "no_evidence, equivocal, relapse or assessed")),
    };
    let mut detail = Map::new();
    detail.insert("assessment".to_owned(), Value::from(assessment));
    if let Some(new_lesion) = new_lesion {
        detail.insert("new_lesion".to_owned(), Value::from(new_lesion));
    }
    let _ = row.number("suvmax")?;
    Ok(Observation {
        reading,
        unit: "mm".to_owned(),
        detail,
        ..begun(row, 4, "imaging", row.required("modality", "a modality")?)?
    })
}
