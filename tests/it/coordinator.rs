//! A coordinator's day: a visit entered as the reports print it, told what is wrong with everything typed kept, a value
//! corrected with a reason, two people at one value.
#![expect(clippy::disallowed_methods, reason = "the tests look behind the program's back")]

use std::collections::BTreeSet;

use chrono::Days;
use metwatch::domain::access::Role;
use sqlx::{AssertSqlSafe, Row};

use crate::support::{Client, Page, SOUTH, TestApp};

const NEW: &str = "/patients/NOR/NOR-0001/visits/new";
const VISITS: &str = "/patients/NOR/NOR-0001/visits";

pub async fn assay(test: &TestApp, code: &str) -> String {
    let mut superuser = test.database.superuser().await;
    let id: i32 = sqlx::query_scalar(AssertSqlSafe(format!(
        "select id from assay_version where assay_code = '{code}'"
    )))
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    id.to_string()
}

/// Each row's columns as text.
pub async fn rows(test: &TestApp, sql: &str) -> Vec<Vec<String>> {
    let mut superuser = test.database.superuser().await;
    let found = sqlx::query(AssertSqlSafe(sql.to_owned()))
        .fetch_all(&mut superuser)
        .await
        .unwrap();
    let text = |row: &sqlx::postgres::PgRow, at| row.get::<Option<String>, _>(at).unwrap_or_else(|| "–".into());
    found
        .iter()
        .map(|row| (0..row.len()).map(|at| text(row, at)).collect())
        .collect()
}

async fn count(test: &TestApp) -> String {
    let counts = rows(
        test,
        "select ((select count(*) from visit) || ' visits, ' || (select count(*) from observation) || ' results')",
    );
    counts.await[0][0].clone()
}

struct Desk {
    test: TestApp,
    client: Client,
    signatera: String,
    cellsearch: String,
    marrow: String,
    ct: String,
}

impl Desk {
    async fn new() -> Desk {
        let test = TestApp::new().await;
        Desk {
            client: test.client(Role::Coordinator).await,
            signatera: assay(&test, "SIGNATERA-16").await,
            cellsearch: assay(&test, "CELLSEARCH").await,
            marrow: assay(&test, "DTC-ICC").await,
            ct: assay(&test, "CT").await,
            test,
        }
    }

    /// Posts a visit with one ctDNA result.
    async fn ctdna(&self, day: &str, result: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = vec![
            ("occurred_on", day),
            ("ctdna.assay", &self.signatera),
            ("ctdna.result", result),
        ];
        fields.extend_from_slice(more);
        self.client.post(VISITS, &fields).await
    }

    /// The id of the newest result.
    async fn newest(&self) -> String {
        rows(&self.test, "select max(id)::text from observation").await[0][0].clone()
    }

    async fn correct(&self, id: &str, version: &str, result: &str, reason: &str) -> Page {
        let fields = [("version", version), ("ctdna.result", result), ("reason", reason)];
        self.client
            .post(&format!("/patients/NOR/NOR-0001/readings/{id}"), &fields)
            .await
    }
}

#[tokio::test]
async fn a_visit_with_four_kinds_of_results_is_entered_as_printed() {
    let desk = Desk::new().await;
    let form = desk.client.get(NEW).await;
    assert_eq!(form.status, 200, "{}", form.body);
    for name in [
        "occurred_on",
        "visit_code",
        "ecog",
        "note",
        "ctdna.result",
        "ctc.count",
        "marrow_dtc.tumour_cells",
        "imaging.sum_mm",
    ] {
        assert!(form.input(name).is_some(), "{name}");
    }
    let page = desk
        .ctdna(
            "3 Apr 2024",
            "<0.3",
            &[
                ("visit_code", "M12"),
                ("ecog", "1"),
                ("note", "walks well"),
                ("ctc.assay", &desk.cellsearch),
                ("ctc.count", "QNS"),
                ("ctc.volume_ml", "7.5"),
                ("marrow_dtc.assay", &desk.marrow),
                ("marrow_dtc.tumour_cells", "0"),
                ("marrow_dtc.mnc_screened", "2"),
                ("imaging.assay", &desk.ct),
                ("imaging.assessment", "none"),
            ],
        )
        .await;
    assert_eq!(page.status, 303, "{}", page.text(".errors"));
    let stored = rows(
        &desk.test,
        "select measure, raw_text, detection, lo::text, hi::text, screened::text from observation order by id",
    )
    .await;
    let stored: Vec<Vec<&str>> = stored
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    assert_eq!(
        stored,
        [
            ["ctdna", "<0.3", "not_detected", "0", "0.3", "–"],
            ["ctc", "QNS", "failed", "–", "–", "7.5000"],
            ["marrow_dtc", "0", "quantified", "0", "0", "2.0000"],
            ["imaging", "none", "not_detected", "0", "–", "–"],
        ]
    );
    let saved = desk.client.get(page.location()).await;
    let notice = saved.text(".notice").replace('\u{a0}', " ");
    assert!(
        notice.contains("Saved: M12 of 3 Apr 2024, ctDNA <0.3 MTM/mL, CTC QNS"),
        "{notice}"
    );
    assert!(saved.text("aside").contains("3 Apr 2024"), "the last three days");
    // the next form has nothing of it but the assay
    assert_eq!(saved.input("ctdna.result").as_deref(), Some(""));
    // in the same transaction the row of the triage list
    let triage = rows(
        &desk.test,
        "select last_reading, spark_mark::text from triage where patient_id = 1",
    )
    .await;
    assert!(triage[0][0].contains("0.3 MTM/mL"), "{triage:?}");
    // and the entries of the audit trail, one a row
    let audited = rows(&desk.test, "select table_name, count(*)::text from audit_entry where subject = 1 and action = 'insert' and table_name in ('visit', 'observation') and actor_name like 'coordinator%' group by 1 order by 1").await;
    assert_eq!(audited, [["observation", "4"], ["visit", "1"]]);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_and_all_that_was_typed_is_kept() {
    let desk = Desk::new().await;
    let page = desk
        .ctdna(
            "01/02/2024",
            "0,09",
            &[
                ("visit_code", "month 12"),
                ("note", "call Mrs Smith"),
                ("ctc.assay", &desk.cellsearch),
                ("ctc.count", "5.5"),
                ("ctc.volume_ml", ""),
                ("ctc.clusters", "many"),
                ("protein.result", "<b>12\""),
                ("imaging.assay", &desk.ct),
                ("imaging.assessment", "none"),
                ("imaging.lesions", "2"),
            ],
        )
        .await;
    assert_eq!(page.status, 422);
    for words in [
        "Is 01/02/2024 1 February or 2 January?",
        "0,09: use a point for decimals. Did you mean 0.09?",
        "The visit is one of",
        "That looks like a name",
        "A CTC count is a whole number of cells.",
        "How much blood was analysed?",
        "I can't read \"many\" as a whole number.",
        "The assay is needed.",
        "The scan is called clear, yet a lesion",
    ] {
        assert!(
            page.text(".errors").contains(words),
            "{words} in {}",
            page.text(".errors")
        );
        assert!(page.text(".says").contains(words), "{words} beside its box");
    }
    for (name, value) in [
        ("occurred_on", "01/02/2024"),
        ("visit_code", "month 12"),
        ("ctdna.result", "0,09"),
        ("ctc.count", "5.5"),
        ("ctc.volume_ml", ""),
        ("ctc.clusters", "many"),
        ("protein.result", "<b>12\""),
        ("imaging.lesions", "2"),
    ] {
        assert_eq!(page.input(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(page.text("textarea[name='note']"), "call Mrs Smith");
    assert!(!page.body.contains("<b>12"), "what was typed is escaped");
    assert_eq!(count(&desk.test).await, "0 visits, 0 results");
    assert_eq!(desk.client.post(VISITS, &[]).await.status, 422);
}

#[tokio::test]
async fn a_soft_message_is_kept_with_a_reason_and_a_note_does_not_stop() {
    let desk = Desk::new().await;
    let page = desk.ctdna("2024-04-03", "0.1", &[]).await;
    assert_eq!(page.status, 422);
    assert!(
        page.text(".says .soft")
            .contains("0.1 is below this assay's limit (0.3)"),
        "{}",
        page.body
    );
    assert_eq!(
        page.input("ctdna.result.keep").as_deref(),
        Some(""),
        "a reason is asked beside the box"
    );
    // a word is no reason, and one for another box isn't one for this
    for keep in [
        ("ctdna.result.keep", "ok"),
        ("ctdna.call.keep", "as the lab printed it"),
    ] {
        let page = desk.ctdna("2024-04-03", "0.1", &[keep]).await;
        assert_eq!(page.status, 422, "{keep:?}");
    }
    let page = desk
        .ctdna(
            "2024-04-03",
            "0.1",
            &[("ctdna.result.keep", "the lab printed the number")],
        )
        .await;
    assert_eq!(page.status, 303, "{}", page.text(".errors"));
    let stored = rows(&desk.test, "select raw_text, detection, confirmed from observation").await;
    assert_eq!(
        stored,
        [["0.1", "detected_not_quantified", "the lab printed the number"]]
    );
    // a note informs: this tube could see no less than that
    let vaf = assay(&desk.test, "PANEL-VAF").await;
    let fields = [
        ("occurred_on", "2024-05-03"),
        ("ctdna.assay", vaf.as_str()),
        ("ctdna.result", "ND"),
        ("ctdna.cfdna_ng", "22"),
        ("ctdna.variants_tracked", "16"),
        ("do", "check"),
    ];
    let page = desk.client.post(VISITS, &fields).await;
    assert_eq!(page.status, 200);
    assert!(
        page.text(".says .note")
            .contains("a negative excludes only fractions above 0.0029 %"),
        "{}",
        page.text(".says")
    );
    assert_eq!(count(&desk.test).await, "1 visits, 1 results");
    assert_eq!(desk.client.post(VISITS, &fields[..5]).await.status, 303);
}

#[tokio::test]
async fn the_limit_that_a_report_states_is_kept_with_its_result() {
    let desk = Desk::new().await;
    let vaf = assay(&desk.test, "PANEL-VAF").await;
    let typed = |limit| {
        vec![
            ("occurred_on", "2024-05-03"),
            ("ctdna.assay", vaf.as_str()),
            ("ctdna.unit", "%"),
            ("ctdna.result", "ND"),
            ("ctdna.lod", limit),
        ]
    };
    let page = desk.client.post(VISITS, &typed("a tenth")).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.input("ctdna.lod").as_deref(), Some("a tenth"));
    let page = desk.client.post(VISITS, &typed("0.1")).await;
    assert_eq!(page.status, 303, "{}", page.text(".errors"));
    let stored = "select lod::float8::text, hi::float8::text from observation order by id desc limit 1";
    assert_eq!(rows(&desk.test, stored).await, [["0.001", "0.001"]]);
    // the correction starts from it, and may be of it alone
    let address = format!("/patients/NOR/NOR-0001/readings/{}", desk.newest().await);
    let form = desk.client.get(&address).await;
    assert_eq!(form.input("ctdna.lod").as_deref(), Some("0.1"), "{}", form.body);
    let (version, unit) = (form.input("version").unwrap(), form.input("ctdna.unit").unwrap());
    let fields = [
        ("version", version.as_str()),
        ("ctdna.result", "ND"),
        ("ctdna.unit", unit.as_str()),
        ("ctdna.lod", "0.2"),
        ("reason", "the limit was misread"),
    ];
    let page = desk.client.post(&address, &fields).await;
    assert_eq!(page.status, 303, "{}", page.text(".errors"));
    assert_eq!(rows(&desk.test, stored).await, [["0.002", "0.002"]]);
    // typed alone it is no empty form
    let page = desk
        .client
        .post(VISITS, &[("occurred_on", "2024-06-03"), ("ctdna.lod", "0.1")])
        .await;
    assert_eq!(page.status, 422);
}

#[tokio::test]
async fn what_is_no_text_is_told_in_its_box_and_nothing_typed_is_lost() {
    let desk = Desk::new().await;
    let page = desk
        .ctdna("2024-05-03", "0.8", &[("note", "pasted \u{1b}[31mred"), ("ecog", "1")])
        .await;
    assert_eq!(page.status, 422);
    assert!(
        page.text(".errors").contains("characters that can't be shown"),
        "{}",
        page.body
    );
    assert_eq!(page.text("textarea[name=note]"), "pasted ␛[31mred");
    assert_eq!(page.input("ctdna.result").as_deref(), Some("0.8"));
    assert_eq!(count(&desk.test).await, "0 visits, 0 results");
}

#[tokio::test]
async fn a_suggestion_goes_into_its_box_without_script_and_nothing_is_saved() {
    let desk = Desk::new().await;
    let page = desk.ctdna("2024-04-03", "0,9", &[("mend", "ctdna.result=0.9")]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.input("ctdna.result").as_deref(), Some("0.9"));
    assert!(
        page.text(".actions").contains("nothing stands in the way"),
        "{}",
        page.text(".actions")
    );
    assert_eq!(count(&desk.test).await, "0 visits, 0 results");
}

/// The unit beside the box is sent along: a result meant in another one is not taken for this assay's.
#[tokio::test]
async fn the_unit_beside_the_box_must_be_the_assays() {
    let desk = Desk::new().await;
    let page = desk.ctdna("2024-04-03", "0.5", &[("ctdna.unit", "copies/mL")]).await;
    assert_eq!(page.status, 422);
    assert!(
        page.text(".errors")
            .contains("This assay reports MTM/mL. You chose copies/mL"),
        "{}",
        page.text(".errors")
    );
    assert_eq!(page.input("ctdna.result").as_deref(), Some("0.5 copies/mL"));
    let vaf = assay(&desk.test, "PANEL-VAF").await;
    // without script the unit beside the box changes with the next answer: a number keeps the one it was typed beside
    for (typed, comes_back) in [("12", "12 ppm"), ("12 %", "12 %"), ("ND", "ND")] {
        let fields = [
            ("occurred_on", "2024-04-03"),
            ("ctdna.assay", vaf.as_str()),
            ("ctdna.result", typed),
            ("ctdna.unit", "ppm"),
            ("do", "check"),
        ];
        let page = desk.client.post(VISITS, &fields).await;
        assert_eq!(page.input("ctdna.result").as_deref(), Some(comes_back), "{typed}");
    }
    let fields = [
        ("occurred_on", "2024-04-03"),
        ("ctdna.assay", vaf.as_str()),
        ("ctdna.result", "0.5"),
        ("ctdna.unit", "%"),
    ];
    assert_eq!(desk.client.post(VISITS, &fields).await.status, 303);
    assert_eq!(
        rows(&desk.test, "select lo::text, unit from observation").await,
        [["0.005", "1"]]
    );
}

#[tokio::test]
async fn the_same_assay_of_a_day_again_is_an_amended_report_or_a_duplicate() {
    let desk = Desk::new().await;
    assert_eq!(desk.ctdna("2024-04-03", "0.9", &[("ecog", "1")]).await.status, 303);
    let page = desk.ctdna("2024-04-03", "1.2", &[]).await;
    assert_eq!(page.status, 422);
    assert!(
        page.text(".errors").contains("is already here (0.9)"),
        "{}",
        page.text(".errors")
    );
    let keep = [("ctdna.result.keep", "the lab amended its report"), ("ecog", "2")];
    let page = desk.ctdna("2024-04-03", "1.2", &keep).await;
    assert_eq!(page.status, 422);
    assert!(
        page.text(".errors").contains("on file with ECOG 1"),
        "{}",
        page.text(".errors")
    );
    assert_eq!(desk.ctdna("2024-04-03", "1.2", &keep[..1]).await.status, 303);
    let stored = rows(
        &desk.test,
        "select raw_text, status, reason, supersedes_id is not null || '' from observation order by id",
    )
    .await;
    assert_eq!(
        stored,
        [
            ["0.9", "final", "–", "false"],
            ["1.2", "amended", "the lab amended its report", "true"]
        ]
    );
    assert_eq!(
        count(&desk.test).await,
        "1 visits, 2 results",
        "added to the visit on file"
    );
}

#[tokio::test]
async fn a_form_sent_twice_counts_once() {
    let desk = Desk::new().await;
    let token = uuid::Uuid::new_v4().simple().to_string();
    let fields = |result| {
        [
            ("form_token", token.clone()),
            ("occurred_on", "2024-04-03".to_owned()),
            ("ctdna.assay", desk.signatera.clone()),
            ("ctdna.result", String::from(result)),
        ]
    };
    let post = async |result| {
        let fields = fields(result);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        desk.client.post_exactly(VISITS, &fields).await
    };
    let first = post("0.9").await;
    let again = post("0.9").await;
    assert_eq!(
        (first.status, again.status),
        (303.try_into().unwrap(), 303.try_into().unwrap())
    );
    assert_eq!(first.location(), again.location());
    assert_eq!(post("0.8").await.status, 409, "the same token with another body");
    assert_eq!(count(&desk.test).await, "1 visits, 1 results");
}

/// Twelve people enter the same draw at once: one is saved, eleven are told.
#[tokio::test]
async fn the_same_result_entered_by_twelve_at_once_is_on_file_once() {
    let desk = std::sync::Arc::new(Desk::new().await);
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.ctdna("2024-04-03", "0.9", &[]).await.status.as_u16() })
        })
        .collect();
    let mut answers = vec![];
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers.sort_unstable();
    assert_eq!(
        answers.iter().filter(|status| **status == 303).count(),
        1,
        "{answers:?}"
    );
    assert!(answers[1..].iter().all(|status| *status == 422), "{answers:?}");
    assert_eq!(count(&desk.test).await, "1 visits, 1 results");
}

#[tokio::test]
async fn a_correction_keeps_what_it_was_with_who_when_and_why() {
    let desk = Desk::new().await;
    assert_eq!(
        desk.ctdna("2024-04-03", "9.0", &[("ctdna.cfdna_ng", "22")])
            .await
            .status,
        303
    );
    let id = desk.newest().await;
    let address = format!("/patients/NOR/NOR-0001/readings/{id}");
    let page = desk.client.get(&address).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.input("ctdna.result").as_deref(), Some("9.0"));
    assert_eq!(page.input("ctdna.cfdna_ng").as_deref(), Some("22"));
    let version = page.input("version").unwrap();
    // a reason of 5 to 2000 characters
    for reason in ["", "x", "          ", &"r".repeat(2001)] {
        let page = desk.correct(&id, &version, "0.9", reason).await;
        assert_eq!(page.status, 422, "{reason}");
        assert_eq!(page.input("ctdna.result").as_deref(), Some("0.9"), "typed values stay");
    }
    let page = desk.correct(&id, &version, "0,9", "the point was lost").await;
    assert_eq!(page.status, 422);
    assert!(page.text(".says .hard").contains("use a point for decimals"));
    let page = desk.correct(&id, &version, "0.9", "the point was lost").await;
    assert_eq!(page.status, 303, "{}", page.text(".errors"));
    let page = desk.client.get(page.location()).await;
    let table = page.text("table").replace('\u{a0}', " ");
    for words in [
        "0.9 MTM/mL",
        "9.0 MTM/mL",
        "counts",
        "the point was lost",
        "22 Nov 2026, 13:00 CET",
        "coordinator-",
    ] {
        assert!(table.contains(words), "{words} in {table}");
    }
    let stored = rows(
        &desk.test,
        "select raw_text, status, supersedes_id::text from observation order by id",
    )
    .await;
    assert_eq!(stored, [["9.0", "final", "–"], ["0.9", "amended", id.as_str()]]);
    let triage = rows(&desk.test, "select last_reading from triage where patient_id = 1").await;
    assert!(triage[0][0].contains("0.9 MTM/mL"), "{triage:?}");
    let reasons = rows(
        &desk.test,
        "select distinct reason from audit_entry where table_name = 'observation' and reason is not null",
    )
    .await;
    assert_eq!(reasons, [["the point was lost"]]);
    // a clinician reads it and has no form
    let clinician = desk.test.client(Role::Clinician).await;
    let page = clinician.get(&address).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.input("version"), None);
}

#[tokio::test]
async fn a_result_entered_in_error_is_withdrawn_and_can_be_entered_anew() {
    let desk = Desk::new().await;
    assert_eq!(desk.ctdna("2024-04-03", "9.0", &[]).await.status, 303);
    let id = desk.newest().await;
    let address = format!("/patients/NOR/NOR-0001/readings/{id}");
    let withdraw = [
        ("version", id.as_str()),
        ("do", "withdraw"),
        ("reason", "another patient's report"),
    ];
    assert_eq!(
        desk.client.post(&address, &withdraw[..2]).await.status,
        422,
        "a reason is needed"
    );
    assert_eq!(desk.client.post(&address, &withdraw).await.status, 303);
    let page = desk.client.get(&address).await;
    assert!(page.text("h1 + .tag").contains("withdrawn"), "{}", page.text("main"));
    let triage = rows(&desk.test, "select last_reading from triage where patient_id = 1").await;
    assert_eq!(triage, [["–"]]);
    let form = desk.client.get(NEW).await;
    assert!(!form.text("aside").contains("9.0"));
    assert_eq!(desk.ctdna("2024-04-03", "0.9", &[]).await.status, 303);
    let page = desk.client.get(&address).await;
    assert_eq!(
        page.text("tbody tr.here td:first-child").replace('\u{a0}', " "),
        "0.9 MTM/mL"
    );
    assert_eq!(count(&desk.test).await, "1 visits, 3 results");
}

/// S-080: exactly one of twelve saves; the others see what it was, what it is, and what they typed.
#[tokio::test]
async fn of_twelve_corrections_at_once_one_is_saved() {
    let desk = std::sync::Arc::new(Desk::new().await);
    assert_eq!(desk.ctdna("2024-04-03", "9.0", &[]).await.status, 303);
    let id = desk.newest().await;
    let tasks: Vec<_> = (1..=12)
        .map(|n| {
            let (desk, id) = (desk.clone(), id.clone());
            tokio::spawn(async move {
                desk.correct(&id, &id, &format!("0.{}", 30 + n), "the point was lost")
                    .await
            })
        })
        .collect();
    let (mut saved, mut told) = (0, vec![]);
    for task in tasks {
        let page = task.await.unwrap();
        match page.status.as_u16() {
            303 => saved += 1,
            409 => told.push(page),
            other => panic!("{other}: {}", page.body),
        }
    }
    assert_eq!((saved, told.len()), (1, 11));
    assert_eq!(count(&desk.test).await, "1 visits, 2 results");
    let kept: BTreeSet<String> = told.iter().map(|page| page.input("ctdna.result").unwrap()).collect();
    assert_eq!(kept.len(), 11, "each sees what they typed");
    let columns = told[0].text(".errors table");
    assert!(
        columns.contains("It was Theirs Yours") && columns.contains("9.0"),
        "{columns}"
    );
    // an old or made-up version is no version to correct; a missing one is asked for
    for (version, status) in [
        (id.as_str(), 409),
        ("0", 409),
        ("-1", 409),
        ("999999", 409),
        ("", 422),
        ("abc", 422),
    ] {
        assert_eq!(
            desk.correct(&id, version, "0.7", "the point was lost").await.status,
            status,
            "{version}"
        );
    }
}

#[tokio::test]
async fn a_rise_raises_the_flag_in_the_same_transaction_and_its_correction_withdraws_it() {
    let desk = Desk::new().await;
    let today = desk.test.app.clock.now().date_naive();
    for (before, result) in [(300, "ND"), (200, "0.9"), (100, "2.4")] {
        let day = (today - Days::new(before)).to_string();
        assert_eq!(desk.ctdna(&day, result, &[]).await.status, 303, "{day}");
    }
    let flags = "select cause, state, coalesce(outcome, '–') from flag";
    assert_eq!(rows(&desk.test, flags).await, [["ctdna_rising", "new", "–"]]);
    assert_eq!(
        rows(&desk.test, "select flag_count::text from triage where patient_id = 1").await,
        [["1"]]
    );
    let form = desk.client.get(NEW).await;
    assert!(
        form.text(".flagged").contains("ctDNA is rising"),
        "{}",
        form.text("aside")
    );
    let id = desk.newest().await;
    assert_eq!(
        desk.correct(&id, &id, "ND", "another sample's number").await.status,
        303
    );
    assert_eq!(
        rows(&desk.test, flags).await,
        [["ctdna_rising", "closed", "withdrawn_evidence"]]
    );
    assert_eq!(
        rows(&desk.test, "select flag_count::text from triage where patient_id = 1").await,
        [["0"]]
    );
}

#[tokio::test]
async fn another_centre_and_another_patient_are_not_there() {
    let desk = Desk::new().await;
    assert_eq!(desk.ctdna("2024-04-03", "0.9", &[]).await.status, 303);
    let id = desk.newest().await;
    let south = desk.test.client_of(Role::Coordinator, &[SOUTH]).await;
    assert_eq!(south.get(NEW).await.status, 404);
    assert_eq!(
        south
            .post(VISITS, &[("occurred_on", "2024-04-03"), ("ecog", "1")])
            .await
            .status,
        404
    );
    // the reading exists, and is not this patient's
    for address in [
        format!("/patients/SOU/SOU-0001/readings/{id}"),
        format!("/patients/NOR/NOR-0001/readings/{id}"),
    ] {
        assert_eq!(south.get(&address).await.status, 404, "{address}");
        let fields = [
            ("version", id.as_str()),
            ("ctdna.result", "1"),
            ("reason", "not mine to say"),
        ];
        assert_eq!(south.post(&address, &fields).await.status, 404, "{address}");
    }
    desk.test
        .sql("insert into patient (site_id, id, patient_key, birth_year, sex, recorded_by) values (1, 50, 'NOR-0050', 1950, 'F', 1)")
        .await;
    assert_eq!(
        desk.client
            .get(&format!("/patients/NOR/NOR-0050/readings/{id}"))
            .await
            .status,
        404
    );
    for id in ["0", "-1", "9223372036854775808", "1e1", "1;2", "%2e%2e%2f1"] {
        let page = desk.client.get(&format!("/patients/NOR/NOR-0001/readings/{id}")).await;
        assert_eq!(page.status, 404, "{id}");
    }
    assert_eq!(count(&desk.test).await, "1 visits, 1 results");
}

/// S-093: a visit dated today is accepted half an hour after midnight in every zone, and tomorrow's is not.
#[tokio::test]
async fn today_is_the_centres_own() {
    for (zone, now, today, tomorrow) in [
        ("Pacific/Kiritimati", "2026-12-31T10:30:00Z", "2027-01-01", "2027-01-02"),
        ("Pacific/Pago_Pago", "2027-01-01T11:30:00Z", "2027-01-01", "2027-01-02"),
        ("Europe/Amsterdam", "2026-10-24T22:30:00Z", "2026-10-25", "2026-10-26"),
        ("America/New_York", "2028-02-29T05:30:00Z", "2028-02-29", "2028-03-01"),
        ("America/New_York", "2028-03-01T03:30:00Z", "2028-02-29", "2028-03-01"),
    ] {
        let test = TestApp::at(now.parse().unwrap()).await;
        test.sql(&format!("update site set time_zone = '{zone}'")).await;
        let client = test.client(Role::Coordinator).await;
        let assay = assay(&test, "SIGNATERA-16").await;
        let post = async |day| {
            let fields = [
                ("occurred_on", day),
                ("ctdna.assay", assay.as_str()),
                ("ctdna.result", "0.9"),
            ];
            client.post(VISITS, &fields).await
        };
        assert_eq!(post(tomorrow).await.status, 422, "{zone}, tomorrow");
        assert_eq!(post(today).await.status, 303, "{zone}");
        let form = client.get(NEW).await;
        assert!(
            form.text("aside").contains("0.9"),
            "{zone}: what was entered is seen at once"
        );
    }
}

#[tokio::test]
async fn a_result_far_above_all_on_file_is_asked_back() {
    let desk = Desk::new().await;
    let on = |at: i32| format!("{}-{:02}-03", 2022 + at / 12, 1 + at % 12);
    // nineteen results are too few to know what is usual
    for at in 0..19 {
        assert_eq!(desk.ctdna(&on(at), "2.5", &[]).await.status, 303);
    }
    assert_eq!(desk.ctdna(&on(19), "2000", &[]).await.status, 303);
    let absurd = desk.newest().await;
    let page = desk.ctdna(&on(20), "20000", &[]).await;
    assert_eq!(page.status, 422);
    let asked = "20000 MTM/mL is 10× the highest value in this registry. Is the unit right?";
    assert!(page.text(".says .soft").contains(asked), "{}", page.body);
    assert_eq!(page.input("ctdna.result").as_deref(), Some("20000"));
    // what was corrected is no longer the highest, nor what was withdrawn
    let page = desk.correct(&absurd, &absurd, "20", "two zeros too many").await;
    assert_eq!(page.status, 303, "{}", page.text(".errors"));
    let page = desk.ctdna(&on(20), "200", &[]).await;
    assert_eq!(page.status, 422, "{}", page.body);
    let kept = [("ctdna.result.keep", "repeated by the lab")];
    assert_eq!(desk.ctdna(&on(20), "200", &kept).await.status, 303);
    // of another centre nothing is known here
    let elsewhere = desk.test.client_of(Role::Coordinator, &[SOUTH]).await;
    let fields = [
        ("occurred_on", "2024-04-03"),
        ("ctdna.assay", desk.signatera.as_str()),
        ("ctdna.result", "90000"),
    ];
    let page = elsewhere.post("/patients/SOU/SOU-0001/visits", &fields).await;
    assert_eq!(page.status, 303, "{}", page.body);
}

#[tokio::test]
async fn a_saved_result_says_what_it_was_read_as_where_that_is_another_number() {
    let desk = Desk::new().await;
    let wgs = assay(&desk.test, "WGS-INFORMED").await;
    let told = async |day: &str, result: &str| {
        let fields = [
            ("occurred_on", day),
            ("ctdna.assay", wgs.as_str()),
            ("ctdna.result", result),
        ];
        let page = desk.client.post(VISITS, &fields).await;
        assert_eq!(page.status, 303, "{}", page.body);
        desk.client
            .get(page.location())
            .await
            .text(".notice")
            .replace('\u{a0}', " ")
    };
    assert!(
        told("2024-04-03", "12%")
            .await
            .contains("ctDNA 12%, read as 120000 ppm.")
    );
    assert!(
        told("2024-05-03", "400000")
            .await
            .contains("ctDNA 400000 ppm, read as >300000 ppm.")
    );
    let zero = told("2024-05-20", "0").await;
    assert!(zero.contains("ctDNA 0 ppm, read as <3.45 ppm."), "{zero}");
    let plain = told("2024-06-03", "41").await;
    assert!(plain.contains("ctDNA 41 ppm.") && !plain.contains("read as"), "{plain}");
}

#[tokio::test]
async fn a_correction_that_changes_nothing_is_told_so() {
    let desk = Desk::new().await;
    assert_eq!(desk.ctdna("2024-04-03", "1.2", &[]).await.status, 303);
    let id = desk.newest().await;
    let page = desk.correct(&id, &id, "1.2", "looked at it again").await;
    assert_eq!(page.status, 422);
    assert!(
        page.text(".errors").contains("what is on file already"),
        "{}",
        page.body
    );
    assert_eq!(count(&desk.test).await, "1 visits, 1 results");
    // a note alone is a change; so is the same value after a withdrawal
    let fields = [
        ("version", id.as_str()),
        ("ctdna.result", "1.2"),
        ("ctdna.note", "repeated on the same tube"),
        ("reason", "the note was missing"),
    ];
    let page = desk
        .client
        .post(&format!("/patients/NOR/NOR-0001/readings/{id}"), &fields)
        .await;
    assert_eq!(page.status, 303, "{}", page.text(".errors"));
}
