//! The coordinator's job: a visit entered as the reports print it, a slip mended, a value corrected with its reason.

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use metwatch::domain::access::Role;
use sqlx::AssertSqlSafe;

use super::driver::{browse, browse_without_script};
use super::page::Browser;
use super::stage::Stage;

const PATIENT: &str = "/patients/PMH-D/INS-E-013";

/// Names of form fields hold points, so ids are asked for as attributes.
fn field(name: &str) -> String {
    format!("[id='{name}']")
}

/// Two quick clicks, as an impatient hand makes them.
async fn double_click(browser: &Browser, css: &str) {
    let element = browser.find(css).await;
    let down = PointerAction::Down {
        button: MOUSE_BUTTON_LEFT,
    };
    let up = PointerAction::Up {
        button: MOUSE_BUTTON_LEFT,
    };
    let over = PointerAction::MoveToElement {
        element,
        duration: None,
        x: 0.0,
        y: 0.0,
    };
    let hand = MouseActions::new("hand".into()).then(over);
    let hand = hand.then(down.clone()).then(up.clone()).then(down).then(up);
    browser.client.perform_actions(hand).await.unwrap();
}

/// Results of November, which none of the demonstration's files has.
#[expect(clippy::disallowed_methods, reason = "a look behind the program's back")]
async fn count(stage: &Stage) -> i64 {
    let sql = "select count(*) from observation o join patient p on p.site_id = o.site_id and p.id = o.patient_id
         where p.patient_key = 'INS-E-013' and o.collected_on >= '2026-11-01'";
    let mut superuser = stage.database.superuser().await;
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(&mut superuser)
        .await
        .unwrap()
}

/// Opens a measure that the patient has not had, and takes its assay.
async fn add(browser: &Browser, measure: &str, assay: &str) {
    browser
        .click(&format!("[role=group][aria-labelledby='of-{measure}'] summary"))
        .await;
    browser.choose(&field(&format!("{measure}.assay")), assay).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_coordinator_enters_a_visit_mends_a_slip_and_corrects_a_value() {
    let stage = Stage::new().await;
    browse(&stage, async |browser| {
        stage.enter(browser, Role::Coordinator, "/patients").await;
        browser.fill("#q", "INS-E-013").await;
        browser.press("Find").await;
        browser.arrives(PATIENT).await;
        browser.press("Enter a visit").await;
        browser.arrives(&format!("{PATIENT}/visits/new")).await;
        browser.look().await;

        // as the reports print it, with one slip
        browser.fill("#occurred_on", "3 Nov 2026").await;
        browser.fill("#visit_code", "M30").await;
        browser.fill(&field("ctdna.result"), "0,09").await;
        add(browser, "ctc", "CELLSEARCH: cells").await;
        browser.fill(&field("ctc.count"), "2").await;
        browser.fill(&field("ctc.volume_ml"), "7.5").await;
        add(browser, "marrow_dtc", "Pan-cytokeratin staining (A45-B/B3): cells").await;
        browser.fill(&field("marrow_dtc.tumour_cells"), "1").await;
        browser.fill(&field("marrow_dtc.mnc_screened"), "2").await;
        browser.fill(&field("imaging.sum_mm"), "134").await;
        browser.provokes(422);
        browser.click(".actions button.primary").await;
        browser.says(".errors", "use a point for decimals. Did you mean 0.09?").await;
        browser.picture("visit-slip").await;
        for (name, typed) in [
            ("occurred_on", "3 Nov 2026"),
            ("visit_code", "M30"),
            ("ctdna.result", "0,09"),
            ("ctc.count", "2"),
            ("ctc.volume_ml", "7.5"),
            ("marrow_dtc.tumour_cells", "1"),
            ("marrow_dtc.mnc_screened", "2"),
            ("imaging.sum_mm", "134"),
        ] {
            assert_eq!(browser.value(&field(name)).await, typed, "{name} is kept");
        }
        assert_eq!(count(&stage).await, 0);
        browser.press("0.09").await;
        assert_eq!(browser.value(&field("ctdna.result")).await, "0.09");
        double_click(browser, ".actions button.primary").await;
        browser.says(".notice", "Saved: M30 of 3 Nov 2026").await;
        browser.look().await;
        assert_eq!(count(&stage).await, 4, "a double click saves once");

        // below the limit, and a tube that held too little
        browser.fill("#occurred_on", "2026-11-17").await;
        browser.fill(&field("ctdna.result"), "<0.3").await;
        browser.choose(&field("ctc.assay"), "CELLSEARCH: cells").await;
        browser.fill(&field("ctc.count"), "QNS").await;
        browser.fill(&field("ctc.volume_ml"), "7.5").await;
        browser.click(".actions button.primary").await;
        browser.says(".notice", "QNS").await;
        assert_eq!(count(&stage).await, 6);
        browser.press("See INS-E-013").await;
        browser.arrives(PATIENT).await;
        browser.says("table.course", "<0.3").await;
        browser.says("table.course", "failed, quantity not sufficient").await;
        browser.look().await;

        // a failed sample is on file as that: it says nothing of cells
        let link = "return [...document.querySelectorAll('table.course a')].find(a => a.textContent.includes(arguments[0])).getAttribute('href')";
        let link_to = async |words: &str| {
            let href = browser.client.execute(link, vec![words.into()]).await.unwrap();
            href.as_str().unwrap().to_owned()
        };
        browser.go(&link_to("failed").await).await;
        browser.says("aside", "failed").await;
        browser.look().await;

        // an earlier value is corrected, and says why
        browser.go(PATIENT).await;
        browser.go(&link_to("0.09").await).await;
        browser.fill(&field("ctdna.result"), "0.9").await;
        browser.provokes(422);
        browser.click(".actions button.primary").await;
        browser.says(".errors", "Not saved yet").await;
        browser.look().await;
        assert_eq!(browser.value(&field("ctdna.result")).await, "0.9");
        browser.fill("#reason", "the laboratory sent an amended report").await;
        browser.click(".actions button.primary").await;
        browser.says(".notice", "Saved").await;
        let history = browser.text("section[aria-labelledby=history] tbody").await;
        for words in ["0.9", "0.09", "corrected", "first entry", "demo-coordinator", "the laboratory sent an amended report"] {
            assert!(history.contains(words), "{words} in {history}");
        }
        browser.picture("reading-history").await;
    })
    .await;
}

/// Every form works without script: the suggestion is posted, and two posts of one form are one visit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_is_entered_without_script() {
    let stage = Stage::new().await;
    browse_without_script(&stage, async |browser| {
        stage.enter(browser, Role::Coordinator, "/patients").await;
        assert_eq!(browser.count("html.js").await, 0, "no script runs");
        browser.fill("#q", "INS-E-013").await;
        browser.press("Find").await;
        browser.arrives(PATIENT).await;
        browser.press("Enter a visit").await;
        browser.fill("#occurred_on", "3 Nov 2026").await;
        browser.fill(&field("ctdna.result"), "0,09").await;
        browser.click(".actions button.primary").await;
        browser.says(".errors", "Did you mean 0.09?").await;
        browser.press("0.09").await;
        browser.says(".actions", "nothing stands in the way").await;
        double_click(browser, ".actions button.primary").await;
        browser.says(".notice", "Saved").await;
        assert_eq!(count(&stage).await, 1, "a double click saves once");
        browser.press("Sign out").await;
        browser.arrives("/sign-in").await;
    })
    .await;
}
