//! What every page must hold: no error in the browser's log, nothing that the content policy blocks, nothing that axe-core
//! finds in either colour scheme, no sideways scroll on a telephone. And its picture for the documentation.

use std::path::PathBuf;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::driver::{Vendor, devtools};
use super::page::Browser;

const WIDTHS: [u32; 2] = [400, 1280];

/// Taller pages are cut in the documentation's pictures.
const TALLEST: f64 = 1300.0;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The axe-core script that the install script puts beside the build.
fn axe() -> &'static str {
    static AXE: OnceLock<String> = OnceLock::new();
    AXE.get_or_init(|| {
        let path = root().join("target/tools/axe.min.js");
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}: scripts/install.sh test fetches it", path.display()))
    })
}

impl Browser {
    /// Looks at the page that is shown, in both widths and both colour schemes.
    pub async fn look(&self) {
        self.look_at(None).await;
    }

    /// The same for a page of which docs/pictures has a picture, taken anew when METWATCH_PICTURES is set.
    pub async fn picture(&self, name: &str) {
        let wanted = std::env::var_os("METWATCH_PICTURES").is_some();
        self.look_at(wanted.then_some(name)).await;
    }

    async fn look_at(&self, picture: Option<&str>) {
        let mut found = self.log().await;
        for width in WIDTHS {
            self.width(width).await;
            found.extend(self.sideways(width).await);
            // rules other than contrast look at what both schemes share, and colours are the same in both widths
            if width == 1280 {
                self.scheme("dark").await;
                let contrast = json!({"runOnly": ["color-contrast"]});
                found.extend(self.axe(&contrast, "dark").await);
            }
            self.scheme("light").await;
            found.extend(self.axe(&json!({}), &format!("{width} px, light")).await);
            if let Some(name) = picture {
                let ending = if width == 1280 { "" } else { "-400" };
                self.shoot(&format!("{name}{ending}.png")).await;
            }
        }
        found.extend(self.log().await);
        assert!(found.is_empty(), "{}:\n  {}", self.at().await, found.join("\n  "));
    }

    async fn scheme(&self, scheme: &str) {
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        devtools(&self.client, "Emulation.setEmulatedMedia", features).await;
    }

    /// What stands in the browser's log since it was last read, provoked answers apart.
    async fn log(&self) -> Vec<String> {
        let command = Vendor {
            path: "se/log",
            body: json!({"type": "browser"}),
        };
        let entries = self.client.issue_cmd(command).await.unwrap();
        let provoked = self.provoked.take();
        let entries = entries.as_array().cloned().unwrap_or_default();
        // a note such as "cache cleared" is no complaint
        let complaints = entries.iter().filter(|entry| entry["level"] != "INFO");
        let messages = complaints.map(|entry| entry["message"].as_str().unwrap_or_default());
        let unasked = messages.filter(|message| {
            !provoked
                .iter()
                .any(|status| message.contains(&format!("with a status of {status} ")))
        });
        unasked.map(|message| format!("log: {message}")).collect()
    }

    /// What makes the page wider than the window.
    async fn sideways(&self, width: u32) -> Vec<String> {
        let script = "const root = document.documentElement, wide = root.clientWidth;
            if (root.scrollWidth <= wide) return [];
            const boxed = e => { for (let p = e.parentElement; p; p = p.parentElement)
                if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX)) return true; return false; };
            return [...document.querySelectorAll('body *')]
                .filter(e => e.getBoundingClientRect().right > wide + 0.5 && !boxed(e))
                .map(e => e.tagName.toLowerCase() + '.' + e.getAttribute('class') + ' ends at '
                    + Math.round(e.getBoundingClientRect().right) + ' of ' + wide).slice(0, 8);";
        let culprits = self.execute(script).await;
        let culprits = culprits.as_array().cloned().unwrap_or_default();
        let words = culprits.iter().filter_map(Value::as_str);
        words.map(|words| format!("{width} px, sideways: {words}")).collect()
    }

    async fn axe(&self, options: &Value, when: &str) -> Vec<String> {
        let there = self.execute("return typeof window.axe === 'object'").await;
        if there != Value::Bool(true) {
            self.execute(axe()).await;
        }
        let script =
            "return axe.run(document, {...arguments[0], resultTypes: ['violations'], preload: false, iframes: false})
            .then(results => results.violations.flatMap(rule => rule.nodes.map(node =>
                rule.id + ' at ' + node.target.join(' ') + ': ' + node.failureSummary.replace(/\\s+/g, ' '))));";
        let violations = self.client.execute(script, vec![options.clone()]).await.unwrap();
        let violations = violations.as_array().cloned().unwrap_or_default();
        let words = violations.iter().filter_map(Value::as_str);
        words.map(|words| format!("{when}, axe: {words}")).collect()
    }

    async fn shoot(&self, file: &str) {
        let size = self
            .execute("const r = document.documentElement.getBoundingClientRect(); return [r.width, r.height]")
            .await;
        let height = size[1].as_f64().unwrap_or(900.0).clamp(300.0, TALLEST);
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": height, "scale": 1});
        let shot = devtools(
            &self.client,
            "Page.captureScreenshot",
            json!({"format": "png", "clip": clip, "captureBeyondViewport": true}),
        )
        .await;
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        let folder = root().join("docs/pictures");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file), bytes).unwrap();
    }
}
