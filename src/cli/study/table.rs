//! Figures on the terminal: what was measured, what is wanted, what others reach.

use std::fmt::Write as _;
use std::io::Write as _;

use metwatch::study::{Check, Wanted};

/// Three decimals for shares; counts of days and rates need fewer.
pub fn figure(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 3.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.3}"),
    }
}

pub fn wanted(check: &Check) -> String {
    match check.wanted {
        Wanted::AtLeast(least) => format!("\u{2265} {}", figure(Some(least))),
        Wanted::AtMost(most) => format!("\u{2264} {}", figure(Some(most))),
        Wanted::Within(low, high) => format!("{low} to {high}"),
        Wanted::Told => String::new(),
    }
}

pub fn verdict(check: &Check) -> &'static str {
    match check.met() {
        Some(true) => "met",
        Some(false) => "not met",
        None => "",
    }
}

const HEAD: [&str; 7] = ["figure", "measured", "wanted", "", "logistic", "boosting", "limit"];

/// Errors: a closed output is none.
pub fn print(checks: &[Check]) -> anyhow::Result<()> {
    let peer = |value: Option<f64>| value.map_or_else(String::new, |value| figure(Some(value)));
    let row = |check: &Check| {
        [
            check.what.clone(),
            figure(check.measured),
            wanted(check),
            verdict(check).to_owned(),
            peer(check.peers[0]),
            peer(check.peers[1]),
            peer(check.peers[2]),
        ]
    };
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(checks.iter().map(row));
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let gap = widths[at].saturating_sub(cell.chars().count());
            // words to the left, numbers to the right
            let (before, after) = if at == 0 || at == 3 { (0, gap) } else { (gap, 0) };
            let _ = write!(line, "{}{cell}{}  ", " ".repeat(before), " ".repeat(after));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    match std::io::stdout().lock().write_all(out.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
