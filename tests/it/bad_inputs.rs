//! Malformed input, row by row of `tests/data/bad_inputs.csv`: the expected answer, never a 5xx, nothing partly stored.

use axum::body::Body;
use axum::http::{Request, header};
use metwatch::domain::access::Role;

use crate::coordinator::{assay, rows};
use crate::support::{Client, TestApp};

/// Rows whose form has no such field (yet).
const NO_FIELD: &[(&str, &str)] = &[
    ("visit_time", "a visit has a day and no time"),
    ("gene", "genes are no component of a ctDNA result in this registry"),
];

/// Rows where the data dictionary, which is later and is followed, asks for another answer than the table.
const OTHERWISE: &[(&str, u16, &str)] = &[
    (
        "CTD-003",
        303,
        "a unit may stand behind the number as the report prints it (dictionary 1.1)",
    ),
    (
        "CTD-013",
        303,
        "a limit is a result, typed as printed (dictionary 1.1); the second field is for a report whose limit is another",
    ),
    (
        "CTD-022",
        422,
        "the call is one of four words; a flag beside a number does not exist",
    ),
    (
        "IMA-003",
        303,
        "a unit may stand behind the number as the report prints it (dictionary 1.1)",
    ),
];

struct Bad {
    id: String,
    form: String,
    field: String,
    bytes: Vec<u8>,
    class: String,
    expected: Vec<u16>,
}

fn table() -> Vec<Bad> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/bad_inputs.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| Bad {
        id: row[0].to_owned(),
        form: row[1].to_owned(),
        field: row[2].to_owned(),
        bytes: decode(&row[3], &row[4]),
        class: row[5].to_owned(),
        expected: row[6].split('|').filter_map(|status| status.parse().ok()).collect(),
    })
    .collect()
}

fn decode(how: &str, input: &str) -> Vec<u8> {
    match how {
        "esc" => unescape(input).into_bytes(),
        "rep" => {
            let (text, times) = input.rsplit_once('*').unwrap();
            text.repeat(times.parse().unwrap()).into_bytes()
        }
        "hex" => (0..input.len() / 2)
            .map(|at| u8::from_str_radix(&input[2 * at..2 * at + 2], 16).unwrap())
            .collect(),
        _ => input.as_bytes().to_vec(),
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let digits = match rest.as_bytes()[at + 1] {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            letter => {
                out.push(match letter {
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    other => char::from(other),
                });
                rest = &rest[at + 2..];
                continue;
            }
        };
        let code = u32::from_str_radix(&rest[at + 2..at + 2 + digits], 16).unwrap();
        out.push(char::from_u32(code).unwrap());
        rest = &rest[at + 2 + digits..];
    }
    out + rest
}

/// Assays by code, and the reading that the edits are tried on.
struct Known {
    cellsearch: String,
    vaf: String,
    ddpcr: String,
    marrow: String,
    ct: String,
    reading: String,
}

type Fields = Vec<(String, Vec<u8>)>;

/// The form that is right in all but this field.
fn form(bad: &Bad, known: &Known) -> Fields {
    let mut fields: Vec<(&str, &str)> = vec![("occurred_on", "2024-03-01"), ("ecog", "1")];
    let target = match (bad.form.as_str(), bad.field.as_str()) {
        ("visit", "visit_date") => "occurred_on",
        ("visit", "ctc_count") => {
            fields.extend([("ctc.assay", known.cellsearch.as_str()), ("ctc.volume_ml", "7.5")]);
            "ctc.count"
        }
        ("visit", "blood_volume_ml") => {
            fields.extend([("ctc.assay", known.cellsearch.as_str()), ("ctc.count", "5")]);
            "ctc.volume_ml"
        }
        ("visit", "note") => "note",
        ("visit", "form_token") => "form_token",
        ("ctdna", "vaf_percent") => {
            fields.extend([("ctdna.assay", known.vaf.as_str()), ("ctdna.unit", "%")]);
            "ctdna.result"
        }
        ("ctdna", "copies_per_ml") => {
            fields.extend([("ctdna.assay", known.ddpcr.as_str()), ("ctdna.unit", "copies/mL")]);
            "ctdna.result"
        }
        ("ctdna", "below_lod") => {
            fields.extend([("ctdna.assay", known.ddpcr.as_str()), ("ctdna.result", "4")]);
            "ctdna.call"
        }
        ("dtc", "dtc_per_million") => {
            // an amount without a count is no missing result; the form's own 2 million alone is
            let screened = if bad.class == "empty" { "2" } else { "1" };
            fields.extend([
                ("marrow_dtc.assay", known.marrow.as_str()),
                ("marrow_dtc.mnc_screened", screened),
            ]);
            "marrow_dtc.tumour_cells"
        }
        ("dtc", "cells_analysed") => {
            // more cells found than one million holds
            fields.extend([
                ("marrow_dtc.assay", known.marrow.as_str()),
                ("marrow_dtc.tumour_cells", "1000001"),
            ]);
            "marrow_dtc.mnc_screened"
        }
        ("dtc", "aspirate_site") => {
            fields.extend([
                ("marrow_dtc.assay", known.marrow.as_str()),
                ("marrow_dtc.tumour_cells", "0"),
                ("marrow_dtc.mnc_screened", "2"),
            ]);
            "marrow_dtc.aspirate_site"
        }
        ("imaging", field) => {
            let target = match field {
                "sum_diameters_mm" => "imaging.sum_mm",
                "response" => "imaging.overall_response",
                "modality" => "imaging.assay",
                _ => "imaging.lesions",
            };
            if field != "modality" {
                fields.push(("imaging.assay", known.ct.as_str()));
            }
            fields.push(match (field, bad.class.as_str()) {
                ("response", "consistency") => ("imaging.sum_mm", "12"),
                ("response" | "modality", _) => ("imaging.assessment", "none"),
                _ => ("imaging.read_by", "local"),
            });
            target
        }
        ("edit", field) => {
            fields = vec![("ctdna.result", "0.7")];
            if field == "version" {
                fields.push(("reason", "the point was lost"));
            } else {
                fields.push(("version", known.reading.as_str()));
            }
            field
        }
        other => panic!("no field for {other:?}"),
    };
    let mut fields: Fields = fields
        .into_iter()
        .filter(|(name, _)| *name != target)
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .collect();
    if target != "form_token" {
        fields.push((
            "form_token".into(),
            uuid::Uuid::new_v4().simple().to_string().into_bytes(),
        ));
    }
    // a modality is chosen by the assay's number; its name is no number
    let value = if bad.id == "IMA-010" {
        known.ct.as_bytes().to_vec()
    } else {
        bad.bytes.clone()
    };
    let times = match bad.class.as_str() {
        "missing" => 0,
        "duplicate" => 2,
        _ => 1,
    };
    fields.extend((0..times).map(|_| (target.to_owned(), value.clone())));
    fields
}

async fn post(client: &Client, path: &str, fields: &Fields) -> (u16, String) {
    let encode = |bytes: &[u8]| bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    let request = Request::post(path)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let page = client.send_body(request, Body::from(pairs.join("&"))).await;
    let errors = if page.status == 422 {
        page.text(".errors")
    } else {
        String::new()
    };
    (page.status.as_u16(), errors)
}

const STORED: &str = "select (select count(*) from visit)::text, (select count(*) from observation)::text, (select count(*) from specimen)::text";

#[tokio::test]
async fn every_row_gets_its_answer_and_nothing_is_partly_stored() {
    let test = TestApp::new().await;
    let client = test.client(Role::Coordinator).await;
    let visits = "/patients/NOR/NOR-0001/visits";
    let vaf = assay(&test, "PANEL-VAF").await;
    let first = [
        ("occurred_on", "2024-02-01"),
        ("ctdna.assay", vaf.as_str()),
        ("ctdna.result", "0.7%"),
    ];
    assert_eq!(client.post(visits, &first).await.status, 303);
    let known = Known {
        cellsearch: assay(&test, "CELLSEARCH").await,
        ddpcr: assay(&test, "DDPCR").await,
        marrow: assay(&test, "DTC-ICC").await,
        ct: assay(&test, "CT").await,
        reading: rows(&test, "select max(id)::text from observation").await[0][0].clone(),
        vaf,
    };
    let before = rows(&test, STORED).await;
    let (mut sent, mut wrong) = (0, vec![]);
    for bad in table() {
        let ours = matches!(bad.form.as_str(), "visit" | "ctdna" | "dtc" | "imaging" | "edit");
        if !ours || NO_FIELD.iter().any(|(field, _)| *field == bad.field) {
            continue;
        }
        sent += 1;
        let path = match bad.form.as_str() {
            "edit" => format!("/patients/NOR/NOR-0001/readings/{}", known.reading),
            _ => visits.to_owned(),
        };
        let fields = form(&bad, &known);
        let (status, errors) = post(&client, &path, &fields).await;
        let expected = match OTHERWISE.iter().find(|(id, ..)| *id == bad.id) {
            Some((_, status, _)) => vec![*status],
            None => bad.expected.clone(),
        };
        if !expected.contains(&status) {
            wrong.push(format!(
                "{} {}: {status}, not {expected:?}: {errors}",
                bad.id, bad.field
            ));
        }
        let after = rows(&test, STORED).await;
        if status == 303 {
            test.sql("delete from observation where collected_on = '2024-03-01'; delete from visit where occurred_on = '2024-03-01'").await;
        } else if after != before {
            wrong.push(format!("{}: refused with {status}, and something was stored", bad.id));
        }
        if rows(&test, STORED).await != before {
            wrong.push(format!("{}: stored on another day, or more than a visit", bad.id));
            break;
        }
    }
    assert!(sent > 150, "{sent} rows were sent");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
