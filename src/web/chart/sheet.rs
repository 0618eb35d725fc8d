//! Charts as a picture that stands alone: colours and type inside, on white, in the look of a printed page.

use std::collections::HashMap;
use std::fmt::Write;

use super::words::{escape, fit};

/// A chart with its heading and the sentences below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    pub title: String,
    /// As the functions of this module draw it.
    pub svg: String,
    pub notes: Vec<String>,
}

const STYLE: &str = include_str!("../../../static/metwatch.css");
const MARGIN: f64 = 24.0;
const HEADING: f64 = 30.0;
const NOTE: f64 = 18.0;
const GAP: f64 = 26.0;

/// The colours of the style sheet by name; the later block wins, so that the printed page's stand. Not those for dark screens.
fn tokens() -> HashMap<&'static str, &'static str> {
    let mut tokens = HashMap::new();
    for (at, mark) in STYLE.match_indices(":root {") {
        let line = STYLE[..at].trim_end().rsplit('\n').next().unwrap_or_default();
        if line.contains("prefers-") {
            continue;
        }
        let block = STYLE[at + mark.len()..].split('}').next().unwrap_or_default();
        let parts = block.split(';').filter_map(|part| part.trim().split_once(':'));
        tokens.extend(parts.map(|(name, value)| (name.trim(), value.trim())));
    }
    tokens
}

/// The rules for charts, with every colour written out: programs that draw SVG often know no `var()`.
fn style() -> String {
    let tokens = tokens();
    let mut out = String::new();
    for rule in STYLE.lines().filter(|line| line.starts_with(".chart ")) {
        let mut rest = rule;
        while let Some((before, after)) = rest.split_once("var(") {
            let (name, tail) = after.split_once(')').unwrap_or((after, ""));
            out.push_str(before);
            out.push_str(tokens.get(name).unwrap_or(&"#17212b"));
            rest = tail;
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

/// A number among the attributes of the chart's first tag.
fn size(svg: &str, name: &str) -> f64 {
    let tag = svg.split('>').next().unwrap_or_default();
    let value = tag
        .split_once(&format!(" {name}=\""))
        .and_then(|(_, rest)| rest.split('"').next());
    value.and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

/// One picture of panels under each other.
pub fn sheet(title: &str, panels: &[Panel]) -> String {
    let inner = panels
        .iter()
        .map(|panel| size(&panel.svg, "width"))
        .fold(320.0, f64::max);
    let (mut body, mut y) = (String::new(), MARGIN);
    for (at, panel) in panels.iter().enumerate() {
        y += if at > 0 { GAP } else { 0.0 };
        let text = |y: f64, class: &str, words: &str| {
            format!(
                "<text class=\"{class}\" x=\"{MARGIN}\" y=\"{y:.0}\">{}</text>",
                escape(&fit(words, inner))
            )
        };
        body += &text(y + 13.0, "t-row", &panel.title);
        y += HEADING;
        let place = format!("<svg x=\"{MARGIN}\" y=\"{y:.0}\" class=\"chart\"");
        body += &panel.svg.replacen("<svg class=\"chart\"", &place, 1);
        y += size(&panel.svg, "height");
        for note in &panel.notes {
            y += NOTE;
            body += &text(y, "t-muted", note);
        }
    }
    let (width, height) = (inner + 2.0 * MARGIN, y + MARGIN);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\"><title>{}</title><style>{}</style>\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>{body}</svg>",
        escape(title),
        style()
    );
    out
}
