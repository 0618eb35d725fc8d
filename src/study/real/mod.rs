//! Two public data sets as cases: blood markers of liver disease at repeated visits (pbcseq), and breast cancer followed to its distant
//! metastasis (Rotterdam). `tests/data/oracles/README.md` names their sources.

mod judged;

pub use judged::{pbcseq_auc, rotterdam_at};

use std::io::Read;

use chrono::{Datelike, Days, NaiveDate};
use serde_json::Map;

use super::course::RELAPSE;
use super::folder::table::{Row, Table};
use super::folder::{ReadError, instant};
use crate::burden::Names;
use crate::burden::case::Case;
use crate::domain::course::{Surgery, Treatment};
use crate::domain::event::{Event, Happening, RelapseKind};
use crate::domain::history::Record;
use crate::domain::id::{AssayId, EventId, ObservationId, PatientId, SiteId, TumourId};
use crate::domain::observation::Observation;
use crate::domain::patient::{Patient, Precision, Sex, Tumour};
use crate::domain::reading::Reading;

/// Everybody enters on one day: the data have none.
fn entry() -> NaiveDate {
    NaiveDate::from_ymd_opt(1980, 1, 1).expect("a day of the calendar")
}

fn date(day: i64) -> NaiveDate {
    let days = Days::new(u64::try_from(day).unwrap_or(0));
    entry().checked_add_days(days).unwrap_or(NaiveDate::MAX)
}

/// One patient: the case, and time (in days) with what ended it.
pub struct Followed {
    pub id: i64,
    pub case: Case,
    pub time: f64,
    /// 0 censored, 1 the event that is predicted, 2 death without it.
    pub event: u32,
}

fn record(id: i64, age: f64, sex: Sex, organ: &str) -> Record {
    let on = entry();
    Record {
        patient: Patient {
            site: SiteId(1),
            id: PatientId(id),
            key: id.to_string(),
            birth_year: on.year() - age.round() as i32,
            sex,
            menopausal_status: None,
            known_on: on,
            version: 1,
        },
        tumours: vec![Tumour {
            id: TumourId(1),
            supersedes: None,
            diagnosed_on: on,
            precision: Precision::Day,
            organ: organ.to_owned(),
            subtype: None,
            laterality: None,
            grade: None,
            size_mm: None,
            size_band: None,
            nodes_positive: None,
            er_fmol: None,
            pgr_fmol: None,
            ki67_percent: None,
            her2: None,
            metastatic_at_entry: false,
            known_on: on,
        }],
        treatments: vec![],
        surgeries: vec![Surgery {
            id: 1,
            supersedes: None,
            procedure: "entry".to_owned(),
            performed_on: on,
            precision: Precision::Day,
            known_on: on,
        }],
        enrolments: vec![],
        observations: vec![],
        events: vec![],
    }
}

/// How the follow-up ended, on its day.
fn ended(record: &mut Record, day: i64, event: u32) {
    let what = match event {
        RELAPSE => Happening::Relapse {
            kind: RelapseKind::Distant,
            organs: vec![],
            detected_by: None,
        },
        2 => Happening::Death { cause: None },
        _ => Happening::LastContact,
    };
    record.events.push(Event {
        id: EventId(1),
        supersedes: None,
        what,
        last_clear_on: None,
        occurred_on: date(day),
        known_on: date(day),
    });
}

/// pbcseq.csv: bilirubin, albumin and prothrombin time of each visit as protein markers; death or transplant is the event.
pub fn pbcseq(content: impl Read) -> Result<Vec<Followed>, ReadError> {
    const MARKERS: [(&str, &str); 3] = [("bili", "mg/dL"), ("albumin", "g/dL"), ("protime", "s")];
    let columns = &[
        "id", "futime", "status", "age", "sex", "day", "bili", "albumin", "protime",
    ];
    let mut table = Table::begin("pbcseq.csv", content, columns)?;
    let mut patients: Vec<(Record, f64, u32)> = vec![];
    let mut rows = 0;
    while let Some(row) = table.next()? {
        let id = whole(&row, "id")?;
        if patients.last().is_none_or(|(record, ..)| record.patient.id.0 != id) {
            let sex = if whole(&row, "sex")? == 1 {
                Sex::Female
            } else {
                Sex::Male
            };
            let age = row.number("age")?.ok_or_else(|| row.bad("age", "an age"))?;
            let (time, event) = (whole(&row, "futime")?, u32::from(whole(&row, "status")? > 0));
            let mut record = record(id, age, sex, "liver");
            ended(&mut record, time, event);
            patients.push((record, time as f64, event));
        }
        let Some((record, ..)) = patients.last_mut() else {
            continue;
        };
        let day = whole(&row, "day")?;
        for (marker, unit) in MARKERS {
            if let Some(value) = row.number(marker)? {
                rows += 1;
                record.observations.push(marker_reading(rows, day, marker, unit, value));
            }
        }
    }
    Ok(cases(patients))
}

fn cases(patients: Vec<(Record, f64, u32)>) -> Vec<Followed> {
    let names = Names::default();
    let followed = patients.into_iter().filter_map(|(record, time, event)| {
        Some(Followed {
            id: record.patient.id.0,
            case: Case::of(&record, &names)?,
            time,
            event,
        })
    });
    followed.collect()
}

fn whole(row: &Row, column: &'static str) -> Result<i64, ReadError> {
    row.whole(column)?.ok_or_else(|| row.bad(column, "a whole number"))
}

fn marker_reading(id: i64, day: i64, marker: &str, unit: &str, value: f64) -> Observation {
    Observation {
        id: ObservationId(id),
        visit: None,
        measure: "protein".to_owned(),
        assay: AssayId(0),
        assay_name: marker.to_owned(),
        analyte: marker.to_owned(),
        collected_on: date(day),
        known_on: date(day),
        recorded_at: instant(date(day)),
        supersedes: None,
        entered_in_error: false,
        raw_text: String::new(),
        reading: Reading::Quantified { value },
        unit: unit.to_owned(),
        lod: None,
        loq: None,
        screened: None,
        detail: Map::new(),
        note: None,
    }
}

/// brca_metastasis.csv: baseline factors, years to a first distant metastasis (1) or death without one (2).
pub fn rotterdam(content: impl Read) -> Result<Vec<Followed>, ReadError> {
    let columns = &[
        "pid",
        "age",
        "meno",
        "size_20_50",
        "size_gt50",
        "grade3",
        "nodes",
        "pr",
        "er",
        "hormon",
        "chemo",
        "met_time",
        "met_type",
    ];
    let mut table = Table::begin("brca_metastasis.csv", content, columns)?;
    let mut patients = vec![];
    while let Some(row) = table.next()? {
        let age = row.number("age")?.ok_or_else(|| row.bad("age", "an age"))?;
        let mut record = record(whole(&row, "pid")?, age, Sex::Female, "breast");
        let postmenopausal = row.flag("meno")? == Some(true);
        record.patient.menopausal_status = Some(if postmenopausal { "post" } else { "pre" }.to_owned());
        let band = match (row.flag("size_20_50")?, row.flag("size_gt50")?) {
            (_, Some(true)) => ">50",
            (Some(true), _) => "20-50",
            _ => "<=20",
        };
        let tumour = &mut record.tumours[0];
        tumour.size_band = Some(band.to_owned());
        tumour.grade = Some(if row.flag("grade3")? == Some(true) { 3 } else { 2 });
        tumour.nodes_positive = row.small("nodes")?;
        tumour.pgr_fmol = row.small("pr")?;
        tumour.er_fmol = row.small("er")?;
        for (id, column, category) in [(1, "hormon", "endocrine"), (2, "chemo", "chemotherapy")] {
            if row.flag(column)? == Some(true) {
                record.treatments.push(adjuvant(id, category));
            }
        }
        let years = row.number("met_time")?.ok_or_else(|| row.bad("met_time", "a time"))?;
        let event = u32::try_from(whole(&row, "met_type")?).unwrap_or(0);
        ended(&mut record, (years * 365.25).ceil() as i64, event);
        patients.push((record, years * 365.25, event));
    }
    Ok(cases(patients))
}

fn adjuvant(id: i64, category: &str) -> Treatment {
    Treatment {
        id,
        supersedes: None,
        category: category.to_owned(),
        agent: None,
        phase: Some("adjuvant".to_owned()),
        started_on: entry(),
        precision: Precision::Day,
        stopped_on: None,
        known_on: entry(),
    }
}
