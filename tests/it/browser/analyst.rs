//! The analyst's job: a question about a cohort, its answer, and the file to work on.

use metwatch::domain::access::Role;
use serde_json::Value;

use super::driver::browse;
use super::page::Browser;
use super::stage::Stage;

/// Follows a link to a file with the session of the page: status, the file's kind, its text.
async fn file(browser: &Browser, words: &str) -> (i64, String, String) {
    let script = "const link = [...document.querySelectorAll('a')].find(a => a.textContent.trim() === arguments[0]);
        return fetch(link.href).then(answer => answer.text().then(text =>
            [answer.status, answer.headers.get('content-disposition'), text]));";
    let answer = browser.client.execute(script, vec![words.into()]).await.unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (answer[0].as_i64().unwrap(), text(&answer[1]), text(&answer[2]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_analyst_asks_sees_curves_and_takes_the_file() {
    let stage = Stage::new().await;
    browse(&stage, async |browser| {
        stage.enter(browser, Role::Analyst, "/cohorts").await;
        browser.says(".facts", "patients").await;
        browser.look().await;

        // a wrong date is told at its box, and stays there
        browser.provokes(422);
        browser.go("/cohorts?from=01%2F02%2F2004").await;
        browser.says(".errors", "Diagnosed from").await;
        assert_eq!(browser.value("#from").await, "01/02/2004");
        browser.look().await;

        browser.go("/cohorts").await;
        browser.choose("#cancer", "breast").await;
        browser.arrives("/cohorts?cancer=breast").await;
        browser.choose("#centre", "Rotterdam North, demonstration centre").await;
        browser.arrives("/cohorts?cancer=breast&centre=ROT-N").await;
        browser.fill("#from", "2005-01-01").await;
        browser.fill("#to", "31 Dec 2010").await;
        browser.press("Show").await;
        browser
            .until("the dates are asked", async || {
                browser.at().await.contains("from=2005-01-01")
            })
            .await;
        assert_eq!(browser.value("#to").await, "31 Dec 2010");
        browser.says(".chart-box", "risk").await;
        assert!(browser.count("main svg path").await > 0, "a curve is drawn");
        browser.says("table.tight", "At risk").await;
        browser.picture("cohort").await;

        let patients: i64 = browser
            .text(".facts li b")
            .await
            .replace([',', '\u{202f}', ' '], "")
            .parse()
            .unwrap();
        let (status, name, csv) = file(browser, "One row a patient").await;
        assert_eq!(status, 200);
        assert!(name.starts_with("attachment") && name.contains(".csv"), "{name}");
        let rows = csv.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(i64::try_from(rows).unwrap(), patients + 1, "a head and a row a patient");
        assert!(!csv.contains("ROTN-"), "keys stay here");
        let (status, _, dictionary) = file(browser, "Data dictionary").await;
        assert_eq!(status, 200);
        let head = csv.lines().find(|line| !line.starts_with('#')).unwrap();
        for column in head.split(',') {
            assert!(dictionary.contains(column), "{column} is explained");
        }
        browser.go("/model").await;
        browser.look().await;
    })
    .await;
}
