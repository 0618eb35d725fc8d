mod against_file;
mod catalogue;
mod units;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::domain::date::Life;
use crate::domain::id::AssayId;
use crate::domain::problem::Severity;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn context() -> Context {
    let life = Life {
        patient_key: "RT-0001".into(),
        today: day("2024-06-01"),
        birth_year: 1950,
        diagnosed_on: Some(day("2020-01-01")),
        died_on: None,
    };
    Context::bare(life, day("2024-05-01"))
}

fn assay(code: &str) -> Assay {
    let found = CATALOGUE.iter().find_map(|measure| {
        let (at, seed) = measure
            .assays()
            .iter()
            .enumerate()
            .find(|(_, seed)| seed.code == code)?;
        Some(seed.on_file(AssayId(at as i32 + 1), measure.code()))
    });
    found.expect(code)
}

fn judge(code: &str, pairs: &[(&str, &str)]) -> Result<Accepted, Vec<Problem>> {
    accept(&RawEntry::of(pairs.iter().copied()), &assay(code), &context())
}

fn reading(code: &str, pairs: &[(&str, &str)]) -> Reading {
    judge(code, pairs).expect("accepted").observation.reading
}

/// Codes of what blocks, with their fields.
fn told(code: &str, pairs: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let problems = judge(code, pairs).expect_err("refused");
    problems
        .into_iter()
        .filter(|p| p.severity != Severity::Note)
        .map(|p| (p.code, p.field))
        .collect()
}

fn only(code: &str, pairs: &[(&str, &str)]) -> (&'static str, String) {
    let told = told(code, pairs);
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].clone()
}

fn at(code: &'static str, field: &str) -> (&'static str, String) {
    (code, field.to_owned())
}

#[test]
fn ctdna_as_printed() {
    assert_eq!(
        reading("SIGNATERA-16", &[("result", "<0.3")]),
        Reading::NotDetected { hi: Some(0.3) }
    );
    assert_eq!(
        reading("SIGNATERA-16", &[("result", "0")]),
        Reading::NotDetected { hi: Some(0.3) }
    );
    assert_eq!(
        reading("SIGNATERA-16", &[("result", "1.2 MTM/mL")]),
        Reading::Quantified { value: 1.2 }
    );
    assert_eq!(
        reading("INSPIRE-BESPOKE", &[("result", "0.07")]),
        Reading::Quantified { value: 0.07 }
    );
    assert_eq!(
        reading("INSPIRE-BESPOKE", &[("result", "0")]),
        Reading::NotDetected { hi: None }
    );
    assert_eq!(
        reading("INSPIRE-BESPOKE", &[("result", "POS <113.85")]),
        Reading::DetectedNotQuantified { lo: 0.0, hi: 113.85 }
    );
    assert_eq!(reading("SIGNATERA-16", &[("call", "failed")]).detection(), "failed");
    assert_eq!(
        only("SIGNATERA-16", &[("result", "0.42 copies/mL")]),
        at("V-UNIT-01", "ctdna.result")
    );
}

#[test]
fn a_percentage_is_stored_as_a_fraction() {
    let accepted = judge("PANEL-VAF", &[("result", "0.05%")]).expect("accepted");
    assert_eq!(accepted.observation.reading, Reading::Quantified { value: 0.0005 });
    assert_eq!(accepted.observation.value, Some(0.0005));
    assert_eq!(accepted.observation.raw_text, "0.05%");
    assert_eq!(
        reading("PANEL-VAF", &[("result", "<0.1"), ("unit", "%")]),
        Reading::NotDetected { hi: Some(0.001) }
    );
    assert_eq!(only("PANEL-VAF", &[("result", "0.5")]), at("V-UNIT-03", "ctdna.result"));
    assert_eq!(
        only("PANEL-VAF", &[("result", "100.0001%")]),
        at("V-RANGE-01", "ctdna.result")
    );
    assert_eq!(
        only("PANEL-VAF", &[("result", "0.00001%")]),
        at("V-NUM-04", "ctdna.result")
    );
}

#[test]
fn call_and_value_must_agree() {
    for (pairs, code) in [
        ([("result", "0.8"), ("call", "not_detected")], "V-CALL-01"),
        ([("result", "0"), ("call", "detected")], "V-CALL-02"),
        ([("result", "<0.3"), ("call", "detected")], "V-CALL-03"),
        ([("result", "QNS"), ("call", "detected")], "V-CALL-03"),
        ([("result", "0.8"), ("call", "maybe")], "V-CODE-01"),
    ] {
        assert_eq!(only("SIGNATERA-16", &pairs), at(code, "ctdna.call"), "{pairs:?}");
    }
    assert_eq!(
        reading("SIGNATERA-16", &[("result", "0.8"), ("call", "indeterminate")]),
        Reading::Indeterminate
    );
}

#[test]
fn variants_must_fit() {
    let found = |detected| {
        [
            ("result", "0.8"),
            ("variants_tracked", "16"),
            ("variants_detected", detected),
        ]
    };
    let field = "ctdna.variants_detected";
    assert_eq!(only("SIGNATERA-16", &found("17")), at("V-DNA-02", field));
    assert_eq!(only("SIGNATERA-16", &found("1")), at("V-DNA-03", field));
    assert!(judge("SIGNATERA-16", &found("2")).is_ok());
    let negative = |detected| {
        [
            ("result", "ND"),
            ("variants_tracked", "16"),
            ("variants_detected", detected),
        ]
    };
    assert_eq!(only("SIGNATERA-16", &negative("12")), at("V-DNA-08", field));
    // an uncertain call is the record, also beside a negative
    for result in ["ND", "<0.3", "0.8"] {
        let seen = judge("SIGNATERA-16", &[("result", result), ("call", "indeterminate")]).expect("accepted");
        assert_eq!(seen.observation.reading, Reading::Indeterminate, "{result}");
    }
    let told = &judge("WGS-INFORMED", &negative("2")).expect_err("asked")[0].text;
    assert_eq!(told, "Not detected, with 2 variants detected. Is one of the two wrong?");
    assert!(judge("SIGNATERA-16", &negative("1")).is_ok());
}

/// 1.3: 20 ng hold 6,061 genomes; with one locus the floor is 0.05 %.
#[test]
fn a_small_sample_limits_its_negative() {
    let sample = [
        ("result", "ND"),
        ("cfdna_ng", "20"),
        ("plasma_ml", "4"),
        ("variants_tracked", "16"),
    ];
    let accepted = judge("WGS-INFORMED", &sample).expect("accepted");
    let Reading::NotDetected { hi: Some(hi) } = accepted.observation.reading else {
        panic!("a non-detect")
    };
    assert!((hi - 30.94).abs() < 0.01, "{hi}");
    let note = accepted.notes.iter().find(|p| p.code == "V-DNA-05").expect("a note");
    assert_eq!(
        note.text,
        "This tube held 6061 genome copies, so a negative excludes only fractions above 0.0031 %."
    );
    assert_eq!(accepted.observation.screened, Some(4.0));
}

#[test]
fn a_soft_message_needs_a_reason_and_keeps_it() {
    let mut raw = RawEntry::of([("result", "0.12")]);
    let problems = accept(&raw, &assay("SIGNATERA-16"), &context()).expect_err("asked");
    assert_eq!(problems[0].code, "V-LOD-01");
    raw.keep_reason = Some("ok".into());
    let problems = accept(&raw, &assay("SIGNATERA-16"), &context()).expect_err("asked");
    assert!(problems.iter().any(|p| p.code == "V-WHY-01"));
    raw.keep_reason = Some("the lab printed the number".into());
    let accepted = accept(&raw, &assay("SIGNATERA-16"), &context()).expect("kept");
    assert_eq!(
        accepted.observation.reading,
        Reading::DetectedNotQuantified { lo: 0.0, hi: 0.3 }
    );
    assert_eq!(
        accepted.observation.confirmed.as_deref(),
        Some("the lab printed the number")
    );
    // A reason that nobody asked for is not kept as a confirmation.
    raw.values.insert("result".into(), "0.8".into());
    let accepted = accept(&raw, &assay("SIGNATERA-16"), &context()).expect("accepted");
    assert_eq!(accepted.observation.confirmed, None);
}

#[test]
fn ctc_is_a_count_in_a_volume() {
    let accepted = judge("CELLSEARCH", &[("count", "3"), ("volume_ml", "15")]).expect("accepted");
    assert_eq!(accepted.observation.reading, Reading::Quantified { value: 3.0 });
    assert_eq!(accepted.observation.screened, Some(15.0));
    assert_eq!(
        accepted.observation.detail.get("draw_site").and_then(|v| v.as_str()),
        Some("peripheral_vein")
    );
    for (count, volume, code, field) in [
        ("5.5", "7.5", "V-CTC-01", "ctc.count"),
        ("5", "", "V-CTC-02", "ctc.volume_ml"),
        ("5", "0", "V-CTC-02", "ctc.volume_ml"),
        ("5", "5", "V-CTC-03", "ctc.volume_ml"),
        ("5", "750", "V-RANGE-01", "ctc.volume_ml"),
        ("5", "7,5", "V-NUM-02", "ctc.volume_ml"),
        ("5", "-7.5", "V-NUM-03", "ctc.volume_ml"),
        ("5", "7.5000000000000001", "V-NUM-04", "ctc.volume_ml"),
        ("100001", "7.5", "V-RANGE-01", "ctc.count"),
        ("20000", "7.5", "V-RANGE-02", "ctc.count"),
        ("99999999999999999999999999", "7.5", "V-RANGE-01", "ctc.count"),
    ] {
        let told = told("CELLSEARCH", &[("count", count), ("volume_ml", volume)]);
        assert!(told.contains(&at(code, field)), "{count} in {volume}: {told:?}");
    }
    assert_eq!(
        only(
            "CELLSEARCH",
            &[("count", "5"), ("volume_ml", "7.5"), ("unit", "cells/mL")]
        ),
        at("V-UNIT-01", "ctc.count")
    );
    let clusters = |clusters| [("count", "5"), ("volume_ml", "7.5"), ("clusters", clusters)];
    assert_eq!(only("CELLSEARCH", &clusters("3")), at("V-CTC-07", "ctc.clusters"));
    assert!(judge("CELLSEARCH", &clusters("2")).is_ok());
    assert!(judge("CELLSEARCH", &[("count", "QNS"), ("volume_ml", "")]).is_ok());
    assert_eq!(
        only(
            "CELLSEARCH",
            &[("count", "5"), ("volume_ml", "7.5"), ("sample_age_h", "100")]
        ),
        at("V-CTC-04", "ctc.sample_age_h")
    );
}

#[test]
fn marrow_needs_what_was_screened() {
    let dtc = |cells: &'static str, screened: &'static str| [("tumour_cells", cells), ("mnc_screened", screened)];
    assert!(judge("DTC-ICC", &dtc("1", "2")).is_ok());
    for (cells, screened, code, field) in [
        ("1", "", "V-DTC-01", "marrow_dtc.mnc_screened"),
        ("1", "0", "V-DTC-01", "marrow_dtc.mnc_screened"),
        ("-3", "2", "V-NUM-03", "marrow_dtc.tumour_cells"),
        ("200001", "0.2", "V-DTC-03", "marrow_dtc.tumour_cells"),
    ] {
        assert_eq!(only("DTC-ICC", &dtc(cells, screened)), at(code, field));
    }
    let differ = [("tumour_cells", "0"), ("mnc_screened", "2"), ("rt_qpcr", "positive")];
    assert_eq!(only("DTC-ICC", &differ), at("V-DTC-02", "marrow_dtc.rt_qpcr"));
    let unknown = [("tumour_cells", "0"), ("mnc_screened", "2"), ("aspirate_site", "../x")];
    assert_eq!(only("DTC-ICC", &unknown), at("V-CODE-01", "marrow_dtc.aspirate_site"));
}

#[test]
fn a_scan_says_what_it_saw() {
    assert_eq!(
        reading("CT", &[("assessment", "none")]),
        Reading::NotDetected { hi: None }
    );
    assert_eq!(
        reading("CT", &[("sum_mm", "24.5")]),
        Reading::Quantified { value: 24.5 }
    );
    assert_eq!(
        reading("CT", &[("sum_mm", "2.4 cm")]),
        Reading::Quantified { value: 24.0 }
    );
    assert_eq!(
        reading("CT", &[("change_percent", "-31.5")]).detection(),
        "detected_not_quantified"
    );
    assert_eq!(only("CT", &[("overall_response", "PD")]).0, "V-IMG-01");
    for (pairs, code, field) in [
        (
            [("sum_mm", "12"), ("overall_response", "CR")],
            "V-IMG-02",
            "imaging.overall_response",
        ),
        (
            [("sum_mm", "12"), ("overall_response", "cr")],
            "V-CODE-01",
            "imaging.overall_response",
        ),
        (
            [("sum_mm", "12"), ("assessment", "none")],
            "V-IMG-04",
            "imaging.assessment",
        ),
        (
            [("assessment", "none"), ("overall_response", "PD")],
            "V-IMG-05",
            "imaging.overall_response",
        ),
        (
            [("assessment", "distant"), ("overall_response", "CR")],
            "V-IMG-05",
            "imaging.overall_response",
        ),
        (
            [("new_lesion", "yes"), ("overall_response", "SD")],
            "V-IMG-05",
            "imaging.overall_response",
        ),
        ([("sum_mm", "-1"), ("lesions", "1")], "V-NUM-03", "imaging.sum_mm"),
        ([("sum_mm", "2001"), ("lesions", "1")], "V-RANGE-01", "imaging.sum_mm"),
        ([("sum_mm", "12 1/2"), ("lesions", "1")], "V-NUM-01", "imaging.sum_mm"),
        ([("sum_mm", "12"), ("lesions", "1001")], "V-RANGE-01", "imaging.lesions"),
    ] {
        assert_eq!(only("CT", &pairs), at(code, field), "{pairs:?}");
    }
    let pairs = [("assessment", "distant"), ("overall_response", "CR")];
    let told = &judge("CT", &pairs).expect_err("asked")[0].text;
    assert!(
        told.starts_with("With distant disease the response by RECIST is PR, SD or PD;"),
        "{told}"
    );
}

#[test]
fn protein_markers_convert_their_units() {
    assert_eq!(
        reading("CEA", &[("result", "5 µg/L")]),
        Reading::Quantified { value: 5.0 }
    );
    assert_eq!(
        reading("CEA", &[("result", "0.5"), ("unit", "µg/mL")]),
        Reading::Quantified { value: 500.0 }
    );
    assert_eq!(
        reading("CA15-3", &[("result", "31 kU/L")]),
        Reading::Quantified { value: 31.0 }
    );
    assert_eq!(only("CEA", &[("result", "5 mg/dL")]).0, "V-UNIT-01");
    assert_eq!(only("CEA", &[("result", "20000")]).0, "V-RANGE-02");
}

#[test]
fn a_day_outside_the_life_is_refused() {
    let mut context = context();
    context.collected_on = day("2024-06-02");
    let problems = accept(&RawEntry::of([("result", "1.2")]), &assay("SIGNATERA-16"), &context).expect_err("future");
    assert_eq!(
        (problems[0].code, problems[0].field.as_str()),
        ("V-DATE-01", "collected_on")
    );
}

proptest! {
    #[test]
    fn no_entry_panics(texts in proptest::collection::vec(any::<String>(), 8), which in 0usize..CATALOGUE.len()) {
        let measure = CATALOGUE[which];
        let seed = &measure.assays()[0];
        let pairs = measure.components().iter().map(|c| c.code).zip(texts.iter().map(String::as_str));
        let _ = accept(&RawEntry::of(pairs), &seed.on_file(AssayId(1), measure.code()), &context());
    }

    #[test]
    fn the_kept_text_reads_the_same_again(raw in "[<>]?=?[0-9]{1,6}(\\.[0-9]{1,4})?", unit in prop_oneof!["%", "ppm"]) {
        let assay = assay("PANEL-VAF");
        if let Ok(parsed) = accept::read_with_unit(&raw, Some(&unit), &assay) {
            let again = accept::read_with_unit(&parsed.raw_text, None, &assay);
            prop_assert_eq!(again.map(|p| p.reading), Ok(parsed.reading));
        }
    }
}
