//! The administrator's job: see that the nights ran, who may come in, and what was done.

use metwatch::domain::access::Role;

use super::driver::browse;
use super::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_administrator_sees_users_and_acts_and_no_patient() {
    let stage = Stage::new().await;
    browse(&stage, async |browser| {
        browser.go(&stage.link(Role::Administrator).await).await;
        browser.picture("link").await;
        // the link counts once
        let link = browser.at().await;
        browser.press("Sign in as administrator").await;
        browser.arrives("/administration").await;
        browser.says("main", "demo-administrator").await;
        // a budget that can't be one comes back with its remedy; the remedy saves
        browser.fill("#alerts", "2,5").await;
        browser.provokes(422);
        browser.press("Set the budget").await;
        browser.says(".errors", "The budget was not set").await;
        browser.look().await;
        browser.fill("#alerts", "2.5").await;
        browser.press("Set the budget").await;
        browser.arrives("/administration#budget").await;
        browser
            .says("main", "set the alert budget from 4 per 100 patient-years to 2.5")
            .await;
        browser.picture("administration").await;
        browser.go("/flags").await;
        browser.says("main", "The thresholds on show are still for 4").await;
        browser.look().await;
        browser.press("Model").await;
        browser.arrives("/model").await;
        for closed in ["/patients", "/triage"] {
            browser.provokes(403);
            browser.go(closed).await;
            browser.look().await;
        }
        browser.provokes(404);
        browser.go("/no/such/page").await;
        browser.look().await;
        browser.provokes(404);
        browser.go(&link).await;
        browser.look().await;
    })
    .await;
}
