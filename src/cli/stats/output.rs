//! How an answer is given: JSON for programs, a page for people, a picture beside.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;

use super::page::{count, wrapped};

#[derive(clap::Args)]
pub struct Output {
    /// Print the answer as JSON, with all digits (docs/stats.md names the fields)
    #[arg(long)]
    pub json: bool,
    /// Draw the answer into this file, as an SVG that stands alone
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Of the intervals
    #[arg(long, default_value_t = 0.95, value_name = "SHARE", value_parser = level)]
    pub level: f64,
}

fn level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("a level lies between 0 and 1, such as 0.95".to_owned()),
    }
}

/// What stands at the top of every answer.
#[derive(Serialize)]
pub struct Head {
    pub command: &'static str,
    /// Of Metwatch.
    pub version: &'static str,
    /// Of rows, follow-up and weights: it tells data sets apart.
    pub fingerprint: String,
    /// Rows left out for an empty cell.
    pub rows_dropped: usize,
    pub level: f64,
}

#[derive(Serialize)]
struct Whole<'a, T> {
    #[serde(flatten)]
    head: &'a Head,
    #[serde(flatten)]
    answer: &'a T,
}

impl Output {
    pub fn head(&self, command: &'static str, fingerprint: String, rows_dropped: usize) -> Head {
        Head {
            command,
            version: env!("CARGO_PKG_VERSION"),
            fingerprint,
            rows_dropped,
            level: self.level,
        }
    }

    /// "95 %"
    pub fn percent(&self) -> String {
        format!("{} %", super::page::plain(100.0 * self.level))
    }

    pub fn give<T: Serialize>(
        &self,
        head: &Head,
        answer: &T,
        page: &str,
        draw: impl FnOnce() -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        if let Some(file) = &self.plot {
            std::fs::write(file, draw()?).with_context(|| file.display().to_string())?;
        }
        let text = if self.json {
            let mut text = serde_json::to_string(&Whole { head, answer })?;
            text.push('\n');
            text
        } else {
            let mut text = page.to_owned();
            if head.rows_dropped > 0 {
                let rows = count(head.rows_dropped, "row was", "rows were");
                text.push_str(&wrapped(&format!("{rows} left out for an empty cell.")));
            }
            text
        };
        match std::io::stdout().lock().write_all(text.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }
}

/// Writes a table of numbers beside the answer; a row is made when it is asked for.
pub fn write_csv(
    file: &std::path::Path,
    header: &[String],
    rows: impl Iterator<Item = Vec<f64>>,
) -> anyhow::Result<()> {
    let told = || file.display().to_string();
    let mut writer = csv::Writer::from_path(file).with_context(told)?;
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row.iter().map(|value| {
            if value.is_finite() {
                value.to_string()
            } else {
                String::new()
            }
        }))?;
    }
    Ok(writer.flush()?)
}
