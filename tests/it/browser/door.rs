//! Coming in and going out.

use metwatch::actions::users;
use metwatch::domain::access::{Actor, Role};

use super::driver::browse;
use super::stage::Stage;

const PASSWORD: &str = "four calm rivers meet";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_chosen_once_and_opens_the_door_until_sign_out() {
    let stage = Stage::new().await;
    let token = users::add(&stage.app, &Actor::console(vec![]), "k.meyer", Role::Administrator, &[])
        .await
        .unwrap();
    browse(&stage, async |browser| {
        browser.go(&format!("/link/{token}")).await;
        browser.look().await;
        browser.fill("#password", PASSWORD).await;
        browser.fill("#again", "another four calm rivers").await;
        browser.provokes(422);
        browser.press("Set the password and sign in").await;
        browser.says(".errors", "not the same").await;
        browser.look().await;
        browser.fill("#password", PASSWORD).await;
        browser.fill("#again", PASSWORD).await;
        browser.press("Set the password and sign in").await;
        browser.arrives("/administration").await;
        browser.press("Sign out").await;
        browser.arrives("/sign-in").await;

        browser.go("/administration").await;
        browser.arrives("/sign-in?next=%2Fadministration").await;
        browser.picture("sign-in").await;
        browser.fill("#name", "k.meyer").await;
        browser.fill("#password", "four calm rivers part").await;
        browser.provokes(422);
        browser.press("Sign in").await;
        browser.says(".errors", "do not belong together").await;
        assert_eq!(browser.value("#name").await, "k.meyer");
        browser.look().await;
        browser.fill("#password", PASSWORD).await;
        browser.press("Sign in").await;
        browser.arrives("/administration").await;
        browser.says("main", "k.meyer").await;
        browser.press("Sign out").await;
        browser.arrives("/sign-in").await;
        // nothing of what was seen comes back, though Chromium keeps pages in memory
        browser.client.back().await.unwrap();
        browser.arrives("/sign-in").await;
        assert!(!browser.text("body").await.contains("k.meyer"));
    })
    .await;
}
