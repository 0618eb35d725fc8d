//! The card of a model that a night made, on its page.

use metwatch::domain::access::Role;

use super::{done, on, world};

#[tokio::test]
async fn a_nights_model_has_its_card_on_show() {
    let test = world().await;
    done(&test, &on("2026-11-22")).await;
    let page = test.client(Role::Analyst).await.get("/model").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for told in [
        "What the number says",
        "Decision of the night",
        "For whom it holds",
        "Fitted on",
        "on show",
        "CEN-3",
    ] {
        assert!(page.text("main").contains(told), "{told}: {}", page.text("main"));
    }
}
