//! What a person does with a page: go, look, click, type. Each step waits for what it needs, and says what it saw instead.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use super::driver::devtools;

const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(25);

pub struct Browser {
    pub client: Client,
    pub origin: String,
    /// Answers that a test provokes: the browser writes each refused page into its log.
    pub(super) provoked: RefCell<Vec<u16>>,
}

/// Puts what the policy blocks and what a script drops into the browser's log, on every page of the session.
const LISTEN: &str = "addEventListener('securitypolicyviolation', e =>
    console.error('content policy: ' + e.effectiveDirective + ' ' + e.blockedURI + ' ' + e.sample));
  addEventListener('unhandledrejection', e => console.error('dropped: ' + e.reason));";

impl Browser {
    pub async fn new(client: Client, origin: String) -> Browser {
        devtools(
            &client,
            "Page.addScriptToEvaluateOnNewDocument",
            json!({"source": LISTEN}),
        )
        .await;
        devtools(&client, "Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
        let browser = Browser {
            client,
            origin,
            provoked: RefCell::default(),
        };
        browser.width(1280).await;
        browser
    }

    pub async fn width(&self, width: u32) {
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        devtools(&self.client, "Emulation.setDeviceMetricsOverride", metrics).await;
    }

    pub async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.origin)).await.unwrap();
    }

    /// Path and query of the page that is shown.
    pub async fn at(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.as_str()
            .strip_prefix(&self.origin)
            .unwrap_or(url.as_str())
            .to_owned()
    }

    /// Waits until the address has this beginning and the page is there.
    pub async fn arrives(&self, path: &str) {
        let began = Instant::now();
        loop {
            let at = self.at().await;
            if at.starts_with(path) && self.ready().await {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{path} is not reached: at {at}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ready(&self) -> bool {
        let state = self.client.execute("return document.readyState", vec![]).await;
        matches!(state, Ok(Value::String(state)) if state == "complete")
    }

    /// Waits until something holds.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let began = Instant::now();
        while !holds().await {
            assert!(began.elapsed() < PATIENCE, "not so on {}: {what}", self.at().await);
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub async fn find(&self, css: &str) -> Element {
        let began = Instant::now();
        loop {
            match self.client.find(Locator::Css(css)).await {
                Ok(element) => return element,
                Err(error) if began.elapsed() > PATIENCE => {
                    panic!("no {css} on {}: {error}\n{}", self.at().await, self.text("body").await)
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// What a person can read there, in one line; empty where there is no such place.
    pub async fn text(&self, css: &str) -> String {
        let text = match self.client.find(Locator::Css(css)).await {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Waits until these words stand there.
    pub async fn says(&self, css: &str, words: &str) {
        let began = Instant::now();
        loop {
            let text = self.text(css).await;
            if text.contains(words) {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{css} on {} does not say “{words}” but: {text}",
                self.at().await
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What a box holds.
    pub async fn value(&self, css: &str) -> String {
        self.find(css).await.prop("value").await.unwrap().unwrap_or_default()
    }

    pub async fn click(&self, css: &str) {
        self.clicked(self.find(css).await, css).await;
    }

    /// Clicks the link, button or label with exactly these words.
    pub async fn press(&self, words: &str) {
        let path =
            format!("//*[self::a or self::button or self::summary or self::label][normalize-space()=\"{words}\"]");
        let began = Instant::now();
        loop {
            match self.client.find(Locator::XPath(&path)).await {
                Ok(element) => return self.clicked(element, words).await,
                Err(error) if began.elapsed() > PATIENCE => {
                    panic!("nothing to press that says “{words}” on {}: {error}", self.at().await)
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn clicked(&self, element: Element, what: &str) {
        if let Err(error) = element.click().await {
            panic!("{what} can't be clicked on {}: {error}", self.at().await);
        }
    }

    /// Empties a box and types into it.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        element.clear().await.unwrap();
        element.send_keys(text).await.unwrap();
    }

    /// Takes the choice of a select box with these words.
    pub async fn choose(&self, css: &str, words: &str) {
        let path = format!("option[normalize-space()=\"{words}\"]");
        let select = self.find(css).await;
        match select.find(Locator::XPath(&path)).await {
            Ok(option) => option.click().await.unwrap(),
            Err(_) => panic!("{css} offers no “{words}” but: {}", self.text(css).await),
        }
    }

    /// Keys for whatever has the focus.
    pub async fn keys(&self, keys: &str) {
        let focused = self.client.active_element().await.unwrap();
        focused.send_keys(keys).await.unwrap();
    }

    pub async fn execute(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// The next page answers with this status on purpose.
    pub fn provokes(&self, status: u16) {
        self.provoked.borrow_mut().push(status);
    }
}
