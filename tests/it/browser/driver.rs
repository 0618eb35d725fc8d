//! One chromedriver a run, one Chromium a test.

use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::Method;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use futures::FutureExt;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::page::Browser;
use super::stage::Stage;
use crate::support::folder;

static DRIVER: OnceLock<String> = OnceLock::new();

/// Starts chromedriver on a port of its own choice and gives its address. It ends with the thread that started it, so that
/// thread stays as long as the run; the browsers hang on its pipes and end with it.
fn start() -> String {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "chromedriver", "--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("setpriv runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its words are piped")).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver starts: scripts/install.sh test installs chromium and chromium-driver");
        tell.send(format!("http://127.0.0.1:{port}/")).expect("somebody waits");
        for _ in lines {}
        let _ = child.wait();
        loop {
            std::thread::park();
        }
    });
    told.recv()
        .expect("chromedriver starts: scripts/install.sh test installs chromium and chromium-driver")
}

/// Capabilities of a browser that knows nothing, calls nobody and keeps its log.
fn capabilities(profile: &str, script: bool) -> serde_json::Map<String, Value> {
    let profile = format!("--user-data-dir={profile}");
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--remote-debugging-pipe",
        "--lang=en-GB",
        &profile,
    ];
    let allowed = if script { 1 } else { 2 };
    let prefs = json!({
        "profile.managed_default_content_settings.javascript": allowed,
        "credentials_enable_service": false,
        "profile.password_manager_leak_detection": false,
    });
    let capabilities = json!({
        "goog:chromeOptions": {"args": arguments, "prefs": prefs},
        "goog:loggingPrefs": {"browser": "ALL"},
    });
    capabilities.as_object().expect("an object").clone()
}

/// A command that WebDriver's standard does not have.
#[derive(Debug)]
pub struct Vendor {
    pub path: &'static str,
    pub body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// A command of Chromium's own protocol.
pub async fn devtools(client: &Client, command: &str, params: Value) -> Value {
    let body = json!({"cmd": command, "params": params});
    let command = Vendor {
        path: "goog/cdp/execute",
        body,
    };
    client.issue_cmd(command).await.unwrap()
}

/// Runs a test in a fresh browser and closes that whatever happens. A failed test leaves a picture of where it stood.
pub async fn browse(stage: &Stage, test: impl AsyncFnOnce(&Browser)) {
    run(stage, true, test).await;
}

/// The same for a reader whose browser runs no script.
pub async fn browse_without_script(stage: &Stage, test: impl AsyncFnOnce(&Browser)) {
    run(stage, false, test).await;
}

async fn run(stage: &Stage, script: bool, test: impl AsyncFnOnce(&Browser)) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let profile = folder().join(format!("chromium-{number}"));
    let address = tokio::task::spawn_blocking(|| DRIVER.get_or_init(start)).await.unwrap();
    let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
        .capabilities(capabilities(&profile.to_string_lossy(), script))
        .connect(address)
        .await
        .expect("Chromium starts");
    let browser = Browser::new(client.clone(), stage.origin.clone()).await;
    let outcome = AssertUnwindSafe(test(&browser)).catch_unwind().await;
    if outcome.is_err() {
        let place = folder().with_file_name(format!("metwatch-failed-{number}.png"));
        if let Ok(picture) = client.screenshot().await
            && std::fs::write(&place, picture).is_ok()
        {
            eprintln!("the page where the test failed: {}", place.display());
        }
    }
    let _ = client.close().await;
    let _ = std::fs::remove_dir_all(profile);
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}
