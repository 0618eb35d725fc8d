//! What a person reads: aligned tables and sentences, 100 columns wide.

use std::fmt::Write;

/// The first column to the left, the others to the right.
pub struct Grid {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The widest a first cell may be.
const NAME: usize = 24;

impl Grid {
    pub fn new(head: &[&str]) -> Grid {
        Grid {
            head: head.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: vec![],
        }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub fn show(&self) -> String {
        let cut = |at: usize, cell: &str| {
            if at == 0 && cell.chars().count() > NAME {
                format!("{}…", cell.chars().take(NAME - 1).collect::<String>())
            } else {
                cell.to_owned()
            }
        };
        let mut widths = vec![0; self.head.len()];
        for row in std::iter::once(&self.head).chain(&self.rows) {
            for (at, cell) in row.iter().enumerate() {
                widths[at] = widths[at].max(cut(at, cell).chars().count());
            }
        }
        let mut out = String::new();
        for row in std::iter::once(&self.head).chain(&self.rows) {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                let (cell, width) = (cut(at, cell), widths[at]);
                if at == 0 {
                    let _ = write!(line, "{cell:<width$}");
                } else {
                    let _ = write!(line, "  {cell:>width$}");
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Five significant figures; very large and very small ones with an exponent.
pub fn figure(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return "-".to_owned();
    }
    let size = value.abs().log10().floor() as i32;
    if (-4..7).contains(&size) {
        format!("{value:.*}", (4 - size).clamp(0, 8) as usize)
    } else {
        format!("{value:.4e}")
    }
}

pub fn figure_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), figure)
}

/// A time or a count as it stands in the data: no decimals that say nothing.
pub fn plain(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub fn plain_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), plain)
}

/// A log-likelihood, to three decimals.
pub fn fixed(value: f64) -> String {
    format!("{value:.3}")
}

/// A chance, to four decimals.
pub fn chance(value: Option<f64>) -> String {
    value
        .filter(|value| value.is_finite())
        .map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
}

/// "0.61 to 0.72"
pub fn interval(lower: Option<f64>, upper: Option<f64>, tell: impl Fn(Option<f64>) -> String) -> String {
    format!("{} to {}", tell(lower), tell(upper))
}

pub fn p(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(p) if p >= 0.0001 => format!("{p:.4}"),
        Some(p) if p > 0.0 => format!("{p:.1e}"),
        Some(_) => "0".to_owned(),
    }
}

/// "1 row", "3 rows".
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Breaks a sentence at 100 columns.
pub fn wrapped(sentence: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in sentence.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 100 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
    out
}
