//! What is entered while a night runs, or after the day that it is of.

use std::ops::ControlFlow;

use metwatch::actions::nightly::{self, End, Progress, Step};
use metwatch::actions::triage_row;
use metwatch::domain::access::Role;
use metwatch::domain::audit::Entry;

use super::super::support::TestApp;
use super::{ask, done, on, reading};

fn rising() -> String {
    reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0) + &reading(3, "2026-03-10", 3.0)
}

/// A night up to the moment before it publishes.
async fn stopped(test: &TestApp, day: &str) {
    let mut stop = |progress: Progress| match progress.step {
        Step::Publishing => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let end = nightly::run(&test.app, &on(day), &mut stop).await.unwrap();
    assert!(matches!(end, End::Stopped { .. }));
}

/// A night that was stopped and goes on hours later knows less than the visits of those hours.
#[tokio::test]
async fn a_night_does_not_undo_what_was_entered_while_it_ran() {
    let test = TestApp::new().await;
    test.sql(&rising()).await;
    stopped(&test, "2026-11-22").await;
    // the visit's own rule has raised the flag with a reading that the night has not seen
    let open = "insert into flag (site_id, patient_id, cause, severity, opened_on, opened_at, reason_text, trigger_ids)
        values (1, 1, 'ctdna_rising', 'medium', '2026-11-20', '2026-11-20', 'ctDNA above baseline in 3 draws.', '{1,2,3,4}')";
    test.sql(&(reading(4, "2026-04-10", 4.0) + open)).await;
    assert_eq!(done(&test, &on("2026-11-22")).await, 0);
    assert_eq!(
        ask(&test, "state, cardinality(trigger_ids)::text]) from flag").await,
        ["new|4"]
    );
}

/// The same where it is a correction that the night has not seen.
#[tokio::test]
async fn a_night_raises_no_flag_on_a_reading_that_was_corrected_while_it_ran() {
    let test = TestApp::new().await;
    test.sql(&rising()).await;
    stopped(&test, "2026-11-22").await;
    let corrected = reading(4, "2026-03-10", 0.3).replace("'R-4'", "'R-3'");
    test.sql(
        &corrected
            .replace("unit, lo, hi)", "unit, lo, hi, supersedes_id, reason)")
            .replace(
                "0.3\n         from assay_version",
                "0.3, 3, 'typed into the wrong field' from assay_version",
            ),
    )
    .await;
    assert_eq!(
        ask(&test, "count(*)::text]) from observation where supersedes_id = 3").await,
        ["1"]
    );
    assert_eq!(done(&test, &on("2026-11-22")).await, 0);
    assert_eq!(ask(&test, "count(*)::text]) from flag").await, ["0"]);
}

/// The same where it is a later draw, in which it is gone: the next night knows it.
#[tokio::test]
async fn a_night_raises_no_flag_on_somebody_of_whom_something_was_entered_while_it_ran() {
    let test = TestApp::new().await;
    test.sql(&rising()).await;
    stopped(&test, "2026-11-21").await;
    test.sql(&reading(4, "2026-04-10", 2.0)).await;
    assert_eq!(done(&test, &on("2026-11-21")).await, 0);
    assert_eq!(done(&test, &on("2026-11-22")).await, 1);
}

/// A night of a day before today, shown because none later is: a flag whose reading came after that day stays.
#[tokio::test]
async fn a_night_of_yesterday_leaves_todays_flag_alone() {
    let test = TestApp::new().await;
    let rising = reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0) + &reading(3, "2026-11-22", 3.0);
    let flag = "insert into flag (site_id, patient_id, cause, severity, opened_on, opened_at, reason_text, trigger_ids)
        values (1, 1, 'ctdna_rising', 'medium', '2026-11-22', '2026-11-22', 'ctDNA above baseline in 2 draws.', '{1,2,3}')";
    test.sql(&(rising + flag)).await;
    assert_eq!(done(&test, &on("2026-11-21")).await, 0);
    assert_eq!(ask(&test, "state]) from flag").await, ["new"]);
}

/// East of Greenwich today begins before the registry's: what is entered then is seen at once (S-093).
#[tokio::test]
async fn a_centres_today_is_on_its_list_at_once() {
    let test = TestApp::at("2026-11-21T20:00:00Z".parse().unwrap()).await;
    let zone = "update site set time_zone = 'Pacific/Auckland' where id = 1;";
    test.sql(&(zone.to_owned() + &reading(1, "2026-11-22", 1.0))).await;
    let clinician = test.client(Role::Clinician).await;
    let coordinator = test.actor(Role::Coordinator).await;
    let mut work = test.app.db.begin(&coordinator, test.app.clock.now()).await.unwrap();
    triage_row::refresh(&mut work, &[test.own].into()).await.unwrap();
    work.finish(Entry::by_trigger()).await.unwrap();
    assert_eq!(
        ask(&test, "state_text]) from triage where patient_id = 1").await,
        ["Baseline only"]
    );
    let page = clinician.get("/patients/NOR/NOR-0001").await;
    assert!(page.body.contains("22 Nov 2026"), "{}", page.body);
}

#[tokio::test]
async fn a_night_forgets_what_is_of_no_more_use() {
    let test = TestApp::new().await;
    test.sql(
        "insert into form_token (user_id, token, digest, location, created_at)
           values (1, 'aaaaaaaaaaaaaaaa', '', '/', now() - interval '8 days'), (1, 'bbbbbbbbbbbbbbbb', '', '/', now());
         insert into session (token_hash, user_id, created_at) values ('a', 1, now() - interval '25 hours'), ('b', 1, now())",
    )
    .await;
    done(&test, &on("2026-11-22")).await;
    assert_eq!(ask(&test, "token]) from form_token").await, ["bbbbbbbbbbbbbbbb"]);
    assert_eq!(ask(&test, "encode(token_hash, 'escape')]) from session").await, ["b"]);
}
