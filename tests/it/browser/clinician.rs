//! The clinician's job: who needs me today, why, and what do I do about it.

use fantoccini::key::Key;
use metwatch::domain::access::Role;

use super::driver::browse;
use super::page::Browser;
use super::stage::Stage;

/// Presses keys for the page itself.
async fn press_keys(browser: &Browser, keys: &str) {
    for key in keys.chars() {
        browser.keys(&key.to_string()).await;
    }
}

/// The number of the marked row, from 1.
async fn marked(browser: &Browser) -> i64 {
    let rows = "[...document.querySelectorAll('table.triage tbody tr')]";
    let script = format!("return {rows}.findIndex(row => row.classList.contains('here')) + 1");
    browser.execute(&script).await.as_i64().unwrap()
}

/// The keys of the patients on the list.
async fn listed(browser: &Browser) -> Vec<String> {
    let keys = browser
        .execute("return [...document.querySelectorAll('table.triage a.id')].map(a => a.textContent)")
        .await;
    serde_json::from_value(keys).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clinician_finds_who_needs_her_and_acknowledges_a_flag() {
    let stage = Stage::new().await;
    browse(&stage, async |browser| {
        stage.enter(browser, Role::Clinician, "/triage").await;
        browser.says("main", "patients carry a flag").await;
        browser.picture("triage").await;

        // a filter sends itself
        browser.choose("select[name=site]", "ROT-N").await;
        browser.arrives("/triage?site=ROT-N").await;
        let keys = listed(browser).await;
        assert!(
            !keys.is_empty() && keys.iter().all(|key| key.starts_with("ROTN-")),
            "{keys:?}"
        );
        browser.press("Show all").await;
        browser.arrives("/triage").await;
        browser.choose("select[name=trial]", "INSPIRE").await;
        browser.find("select[name=arm]").await;
        let keys = listed(browser).await;
        assert!(keys.iter().all(|key| key.starts_with("INS-")), "{keys:?}");
        // INS-E-013 is a patient of arm E
        let arm = &keys[0][4..5];
        browser.choose("select[name=arm]", arm).await;
        browser.says("select[name=arm] option:checked", arm).await;
        let of_arm = |keys: &[String]| keys.iter().all(|key| key[4..].starts_with(arm));
        browser
            .until("only that arm is listed", async || of_arm(&listed(browser).await))
            .await;
        browser.look().await;

        // by keys alone: two down, one up, in
        browser.go("/triage?trial=INSPIRE&flagged=1").await;
        assert_eq!(marked(browser).await, 1);
        press_keys(browser, "jj").await;
        assert_eq!(marked(browser).await, 3);
        press_keys(browser, "k").await;
        assert_eq!(marked(browser).await, 2);
        press_keys(browser, "?").await;
        browser.find("dialog[open]").await;
        browser.look().await;
        browser.press("Close").await;
        let second = listed(browser).await[1].clone();
        browser.keys(&Key::Enter.to_string()).await;
        browser.arrives(&format!("/patients/PMH-D/{second}")).await;
        browser.says("h1", &second).await;
        browser.picture("patient-ctdna").await;

        // what is on the chart is in the table beside it
        assert!(browser.count(".chart-box svg title").await > 0);
        assert!(browser.count("table.course tbody tr").await > 2);

        // a flag can't be put aside without saying why
        browser.press("Not relevant").await;
        browser.provokes(422);
        browser.press("Acknowledge").await;
        browser.says(".errors", "Not saved").await;
        browser.look().await;
        let chosen = browser
            .execute("return document.querySelector('input[name=reason]:checked').value")
            .await;
        assert_eq!(chosen, "not_relevant");

        // a key opens the form, a reason and a note save it
        browser.go("/triage?trial=INSPIRE&flagged=1").await;
        press_keys(browser, "ja").await;
        browser.arrives(&format!("/patients/PMH-D/{second}#acknowledge")).await;
        browser.press("Imaging ordered").await;
        browser.fill("textarea[name=note]", "CT of the chest on Thursday").await;
        browser.press("Acknowledge").await;
        browser.says(".card.flagged", "CT of the chest on Thursday").await;
        browser.says(".card.flagged", "Imaging ordered, demo-clinician").await;
        browser.look().await;
        browser.press("Triage").await;
        browser.says("table.triage", "demo-clinician").await;

        // a woman of the Rotterdam cohort: no readings, a risk with its reasons
        browser.go("/patients?q=ROTN").await;
        browser.look().await;
        browser.go("/patients/ROT-N/ROTN-0448").await;
        browser.says(".card .big", "%").await;
        browser.picture("patient").await;
        browser.click(".facts a").await;
        browser.arrives("/centres/ROT-N").await;
        browser.says("main", "An arrangement for demonstration").await;
        browser.picture("centre").await;
        browser.press("Triage of this centre").await;
        browser.arrives("/triage?site=ROT-N").await;
        browser.says("main", "Show all").await;
        browser.says("table.triage", "ROTN-0448").await;
        browser.go("/model").await;
        browser.picture("model").await;
        browser.press("Have flags kept their word?").await;
        browser.arrives("/flags").await;
        browser.says("main", "What came, and what was promised").await;
        browser.says("main", "4 (the budget)").await;
        browser.picture("flags").await;
    })
    .await;
}
