//! The page of the night: nothing yet, under way with who holds what, ended with reasons.

use std::ops::ControlFlow;

use metwatch::actions::nightly::{self, End, Progress};
use metwatch::domain::access::Role;

use super::{done, event, on, reading, world};

#[tokio::test]
async fn the_page_tells_how_far_the_night_is() {
    let test = world().await;
    let administrator = test.client(Role::Administrator).await;
    let page = administrator.get("/night").await;
    assert!(page.body.contains("No night has run yet"));
    assert!(!page.headers.contains_key("refresh"));
    // a patient at fault, whose reason has dates in it
    test.sql(&(reading(1, "2020-05-01", 3.0) + &event(1, "death", "2020-04-01")))
        .await;
    let mut stop = |progress: Progress| match progress.shards {
        Some((done, _)) if done > 2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let end = nightly::run(&test.app, &on("2026-11-22"), &mut stop).await.unwrap();
    assert!(matches!(end, End::Stopped { .. }), "{end:?}");
    let page = administrator.get("/night").await;
    assert_eq!(page.headers["refresh"], "5");
    for told in [
        "of 362 patients",
        "of 6 shards",
        "scoring the patients",
        "gone; left behind",
        "Fitted on",
    ] {
        assert!(page.body.contains(told), "{told}: {}", page.body);
    }
    done(&test, &on("2026-11-22")).await;
    let page = administrator.get("/night").await;
    assert!(!page.headers.contains_key("refresh"));
    for told in ["on show", "Contradictory dates", "at fault"] {
        assert!(page.body.contains(told), "{told}: {}", page.body);
    }
    // the other page that lists the nights has the same words for them
    let took = page.text("td[data-label='Took']");
    let listed = administrator.get("/administration").await;
    assert_eq!(listed.text("td[data-label='Took']"), took);
    assert!(
        listed.text("td[data-label='State']").starts_with("on show"),
        "{}",
        listed.body
    );
    assert!(!listed.text("td[data-label='At fault']").is_empty(), "{}", listed.body);
    assert!(
        !page.body.contains("2020"),
        "a date of a patient is on the page: {}",
        page.body
    );
}
