use proptest::prelude::*;

use super::*;
use crate::domain::event::{Event, Happening};
use crate::domain::history::Record;
use crate::domain::id::{EventId, PatientId, SiteId};
use crate::domain::patient::{Patient, Sex};
use crate::domain::reading::Reading;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn history() -> History {
    let patient = Patient {
        site: SiteId(1),
        id: PatientId(1),
        key: "RT-0001".into(),
        birth_year: 1950,
        sex: Sex::Female,
        menopausal_status: None,
        known_on: day("2020-01-01"),
        version: 1,
    };
    Record {
        patient,
        tumours: vec![],
        treatments: vec![],
        surgeries: vec![],
        enrolments: vec![],
        observations: vec![],
        events: vec![],
    }
    .as_of(day("2024-06-01"))
}

/// All assays of the catalogue, numbered in its order.
fn assays() -> Vec<Assay> {
    let seeds = CATALOGUE
        .iter()
        .flat_map(|m| m.assays().iter().map(move |seed| (m.code(), seed)));
    (1..)
        .zip(seeds)
        .map(|(id, (measure, seed))| seed.on_file(AssayId(id), measure))
        .collect()
}

fn id(code: &str) -> String {
    let assays = assays();
    let assay = assays.iter().find(|assay| assay.code == code).expect(code);
    assay.id.to_string()
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn judge(pairs: &[(&str, &str)]) -> Result<NewVisit, Vec<Problem>> {
    Draft::parse(&fields(pairs)).accept(&assays(), &history(), day("2024-06-01"))
}

#[test]
fn a_visit_with_two_results() {
    let (ctdna, ctc) = (id("SIGNATERA-16"), id("CELLSEARCH"));
    let visit = judge(&[
        ("csrf", "x"),
        ("occurred_on", "3 Apr 2024"),
        ("visit_code", "M12"),
        ("ecog", "1"),
        ("note", " line1\r\nline2 "),
        ("ctdna.assay", &ctdna),
        ("ctdna.result", "<0.3"),
        ("ctdna.fluid", "plasma"),
        ("ctc.assay", &ctc),
        ("ctc.count", "2"),
        ("ctc.volume_ml", "7.5"),
        ("marrow_dtc.mnc_screened", "2"),
        ("marrow_dtc.method", "icc_morphology"),
        ("imaging.read_by", "local"),
    ])
    .expect("accepted");
    assert_eq!(visit.occurred_on, day("2024-04-03"));
    assert_eq!(
        (visit.visit_code.as_str(), visit.ecog, visit.note.as_deref()),
        ("M12", Some(1), Some("line1\nline2"))
    );
    let readings: Vec<Reading> = visit.results.iter().map(|r| r.observation.reading).collect();
    assert_eq!(
        readings,
        [
            Reading::NotDetected { hi: Some(0.3) },
            Reading::Quantified { value: 2.0 }
        ]
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let (ctdna, ctc) = (id("SIGNATERA-16"), id("CELLSEARCH"));
    let problems = judge(&[
        ("occurred_on", "03/04/2024"),
        ("ecog", "6"),
        ("note", "spoke to Mrs Jones"),
        ("ctdna.assay", &ctdna),
        ("ctdna.result", "0,42"),
        ("ctc.assay", &ctc),
        ("ctc.count", "5"),
        ("ctc.volume_ml", ""),
        ("imaging.assessment", "none"),
    ])
    .expect_err("refused");
    let told: Vec<(&str, &str)> = problems.iter().map(|p| (p.code, p.field.as_str())).collect();
    assert_eq!(
        told,
        [
            ("V-DATE-05", "occurred_on"),
            ("V-RANGE-01", "ecog"),
            ("V-PHI-01", "note"),
            ("V-REQ-01", "imaging.assay"),
            ("V-NUM-02", "ctdna.result"),
            ("V-CTC-02", "ctc.volume_ml"),
        ]
    );
}

#[test]
fn a_day_is_told_once_at_its_own_field() {
    let ctdna = id("SIGNATERA-16");
    let problems = judge(&[
        ("occurred_on", "2024-06-02"),
        ("ctdna.assay", &ctdna),
        ("ctdna.result", "1"),
    ])
    .expect_err("future");
    let told: Vec<(&str, &str)> = problems.iter().map(|p| (p.code, p.field.as_str())).collect();
    assert_eq!(told, [("V-DATE-01", "occurred_on")]);
    assert!(judge(&[("occurred_on", "2024-06-01"), ("ecog", "0")]).is_ok());
}

#[test]
fn the_grade_of_the_dead_needs_a_death_on_that_day() {
    let dead = [("occurred_on", "2024-05-01"), ("ecog", "5")];
    let told = judge(&dead).expect_err("alive");
    assert_eq!((told[0].code, told[0].field.as_str()), ("V-DATE-11", "ecog"));
    let death = Event {
        id: EventId(1),
        supersedes: None,
        what: Happening::Death { cause: None },
        last_clear_on: None,
        occurred_on: day("2024-05-01"),
        known_on: day("2024-05-02"),
    };
    let mut history = history();
    history.events.push(death);
    let draft = Draft::parse(&fields(&dead));
    assert!(draft.accept(&assays(), &history, day("2024-06-01")).is_ok());
}

#[test]
fn missing_is_not_zero_and_an_empty_form_is_no_visit() {
    let problems = judge(&[
        ("occurred_on", "2024-04-03"),
        ("ctc.count", ""),
        ("ctc.volume_ml", "7.5"),
    ])
    .expect_err("empty");
    assert_eq!(problems[0].code, "V-REQ-02");
}

#[test]
fn a_field_sent_twice_and_hidden_characters_are_refused() {
    let problems = judge(&[
        ("occurred_on", "2024-03-01"),
        ("occurred_on", "2024-03-02"),
        ("ecog", "1"),
    ])
    .expect_err("twice");
    assert_eq!(problems[0].code, "V-TEXT-03");
    let problems = judge(&[("occurred_on", "2024-03-01"), ("note", "a\0b")]).expect_err("NUL");
    assert_eq!((problems[0].code, problems[0].field.as_str()), ("V-TEXT-02", "note"));
}

#[test]
fn an_assay_of_another_measure_is_refused() {
    let ctc = id("CELLSEARCH");
    let problems = judge(&[
        ("occurred_on", "2024-03-01"),
        ("ctdna.assay", &ctc),
        ("ctdna.result", "1"),
    ])
    .expect_err("wrong");
    assert_eq!(
        (problems[0].code, problems[0].field.as_str()),
        ("V-REQ-01", "ctdna.assay")
    );
}

proptest! {
    #[test]
    fn no_form_panics(day in any::<String>(), result in any::<String>(), note in any::<String>(), code in any::<String>()) {
        let _ = judge(&[("occurred_on", &day), ("note", &note), ("visit_code", &code), ("ctdna.assay", "1"), ("ctdna.result", &result)]);
    }
}
