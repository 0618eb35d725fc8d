//! A result held against what else is on file: the patient's other results, courses and operations, and the registry's.

use super::super::context::Course;
use super::*;

fn earlier(measure: &str, assay: i32, on: &str, value: f64) -> Earlier {
    Earlier {
        measure: measure.into(),
        assay: AssayId(assay),
        assay_name: format!("assay {assay}"),
        analyte: "PSA".into(),
        collected_on: day(on),
        raw_text: value.to_string(),
        reading: Reading::Quantified { value },
    }
}

#[test]
fn a_response_is_held_against_the_sums_on_file() {
    let mut context = context();
    context.earlier = vec![
        earlier("imaging", 1, "2024-01-01", 50.0),
        earlier("imaging", 1, "2024-03-01", 20.0),
    ];
    let judged = |sum, response| {
        accept(
            &RawEntry::of([("sum_mm", sum), ("overall_response", response)]),
            &assay("CT"),
            &context,
        )
    };
    assert!(judged("25", "PD").is_ok() && judged("24", "PR").is_ok());
    let problems = judged("25", "SD").expect_err("differs");
    assert_eq!(
        problems[0].text,
        "By RECIST the sums give PD; you entered SD. Keep yours with a reason?"
    );
}

#[test]
fn a_reading_against_the_baseline_takes_its_bound_from_the_file() {
    let mut context = context();
    let judged = |context: &Context, text| {
        accept(&RawEntry::of([("result", text)]), &assay("INSPIRE-BESPOKE"), context).expect("accepted")
    };
    let accepted = judged(&context, "POS >BASE");
    assert_eq!(
        accepted.observation.reading,
        Reading::DetectedNotQuantified {
            lo: 0.0,
            hi: f64::INFINITY
        }
    );
    assert!(accepted.notes.iter().any(|p| p.code == "V-LOD-04"));
    context.earlier = vec![
        earlier("ctdna", 2, "2024-01-01", 113.85),
        earlier("ctdna", 2, "2024-02-01", 7.0),
    ];
    let (above, below) = (
        judged(&context, "POS >BASE").observation,
        judged(&context, "POS <BASE").observation,
    );
    assert_eq!(
        above.reading,
        Reading::DetectedNotQuantified {
            lo: 113.85,
            hi: f64::INFINITY
        }
    );
    assert_eq!(below.reading, Reading::DetectedNotQuantified { lo: 0.0, hi: 113.85 });
    assert_eq!((above.raw_text.as_str(), above.value), ("POS >BASE", Some(113.85)));
}

#[test]
fn what_else_is_known_makes_notes() {
    let mut context = context();
    context.surgeries = vec![day("2024-04-25")];
    context.chemotherapy = vec![Course {
        agent: Some("Doxorubicin".into()),
        started_on: day("2024-03-01"),
        stopped_on: Some(day("2024-04-28")),
        over_by: Some(day("2024-04-28")),
    }];
    context.earlier = vec![
        earlier("ctdna", 9, "2024-01-01", 1.0),
        earlier("ctc", 2, "2024-01-01", 1.0),
        earlier("protein", 6, "2024-01-01", 0.1),
    ];
    let notes = |code: &str, pairs: &[(&str, &str)]| {
        let accepted = accept(&RawEntry::of(pairs.iter().copied()), &assay(code), &context).expect("accepted");
        accepted.notes.into_iter().map(|p| p.code).collect::<Vec<_>>()
    };
    assert_eq!(
        notes("SIGNATERA-16", &[("result", "1.2")]),
        ["V-DNA-01", "V-DNA-06", "V-DNA-07"]
    );
    assert_eq!(
        notes("CELLSEARCH", &[("count", "1"), ("volume_ml", "7.5")]),
        ["V-CTC-05", "V-CTC-06"]
    );
    assert_eq!(notes("PSA", &[("result", "0.25")]), ["V-MRK-03"]);
}

#[test]
fn the_same_again_and_a_wrong_unit_are_asked() {
    let mut context = context();
    context.earlier = vec![earlier("ctdna", 1, "2024-05-01", 1.2)];
    let after_many = |code: &str, highest: f64| Assay {
        highest: Some(highest),
        ..assay(code)
    };
    let signatera = after_many("SIGNATERA-16", 100.0);
    let problems = accept(&RawEntry::of([("result", "5000")]), &signatera, &context).expect_err("asked");
    assert_eq!(
        problems.iter().map(|p| p.code).collect::<Vec<_>>(),
        ["V-DUP-01", "V-UNIT-02"]
    );
    assert_eq!(
        problems[1].text,
        "5000 MTM/mL is 50× the highest value in this registry. Is the unit right?"
    );
    // a fraction is told as it was typed, and a limit is no value
    let panel = after_many("PANEL-VAF", 0.02);
    let problems = accept(&RawEntry::of([("result", "40%")]), &panel, &context).expect_err("asked");
    assert_eq!(
        problems.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(),
        ["40 % is 20× the highest value in this registry. Is the unit right?"]
    );
    assert!(accept(&RawEntry::of([("result", "19%")]), &panel, &context).is_ok());
}

#[test]
fn a_jump_that_no_tumour_makes_is_asked() {
    let mut context = context();
    context.surgeries = vec![];
    context.earlier = vec![earlier("ctdna", 1, "2024-02-01", 2500.0)];
    let judged = |result: &str, context: &Context| {
        let accepted = accept(&RawEntry::of([("result", result)]), &assay("SIGNATERA-16"), context);
        accepted.err().unwrap_or_default()
    };
    let asked = judged("2.5", &context);
    assert_eq!(
        asked.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(),
        [
            "2.5 MTM/mL is 1,000 times less than the last by this assay (2500 on 1 Feb 2024). Are unit, decimals and tube right?"
        ]
    );
    assert!(judged("2.6", &context).is_empty());
    assert!(judged("<0.3", &context).is_empty(), "cleared");
    context.earlier[0].reading = Reading::Quantified { value: 0.4 };
    assert!(judged("400", &context)[0].text.contains("1,000 times more"));
    // an operation between the two explains it, and half a year is long
    let operated = Context {
        surgeries: vec![day("2024-03-01")],
        ..context.clone()
    };
    assert!(judged("400", &operated).is_empty());
    context.earlier[0].collected_on = day("2023-10-01");
    assert!(judged("400", &context).is_empty());
}
