//! What is wrong with a file, told at once.

use std::path::Path;

use anyhow::bail;

/// How many problems are told one by one.
const SHOWN: usize = 20;

#[derive(Default)]
pub struct Problems {
    shown: Vec<String>,
    count: usize,
}

impl Problems {
    pub fn add(&mut self, say: impl FnOnce() -> String) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(say());
        }
    }

    pub fn refuse(mut self, file: &Path, hint: &str) -> anyhow::Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        if self.count > self.shown.len() {
            self.shown.push(format!("and {} more", self.count - self.shown.len()));
        }
        let plural = if self.count == 1 { "problem" } else { "problems" };
        bail!(
            "{} {plural} in {}\n{}{hint}",
            self.count,
            told(file),
            self.shown.join("\n")
        )
    }
}

/// The name of the file in a sentence.
pub fn told(file: &Path) -> String {
    if file == Path::new("-") {
        "the standard input".to_owned()
    } else {
        file.display().to_string()
    }
}
