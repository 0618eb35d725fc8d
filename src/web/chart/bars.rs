//! Risk as bars: how the contributions add up, and where the risk stands with its interval.

use super::draw::{Anchor, Canvas};
use super::words::fit;
use crate::web::write;

/// What one fact does to the risk, in percentage points.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    pub label: String,
    pub points: f64,
}

/// Baseline, effects, now: all in per cent. The caller brings contributions that add up; the chart draws what it is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Waterfall {
    pub id: String,
    pub title: String,
    pub baseline_label: String,
    pub baseline: f64,
    pub contributions: Vec<Contribution>,
    pub now: f64,
    pub width: f64,
}

const ROW: f64 = 24.0;

pub fn waterfall(chart: &Waterfall) -> String {
    let mut canvas = Canvas::new(chart.width);
    let label_width = (chart.width * 0.42).min(150.0);
    let value_width = 46.0;
    let left = label_width + 8.0;
    let right = chart.width - value_width;
    let mut running = chart.baseline;
    let mut extremes = (0f64, chart.baseline.max(chart.now).max(1.0));
    for c in &chart.contributions {
        running += c.points;
        extremes = (extremes.0.min(running), extremes.1.max(running));
    }
    let x = |percent: f64| left + (right - left) * (percent - extremes.0) / (extremes.1 - extremes.0);
    let mut y = 4.0;
    let mut said = vec![];
    let mut row = |label: &str, from: f64, to: f64, class: &str, value: &str, text_class: &str| {
        canvas.text((0.0, y + 12.0, Anchor::Start), text_class, &fit(label, label_width));
        let (a, b) = (x(from.min(to)), x(from.max(to)));
        canvas.rect(a, y + 1.0, (b - a).max(1.5), 13.0, class, "");
        canvas.text((b.max(a + 1.5) + 5.0, y + 12.0, Anchor::Start), text_class, value);
        said.push(format!("{label} {value}"));
        y += ROW;
    };
    // to a tenth, as the parts are: so that the reader can add them up
    let percent = |value: f64| match value.is_finite() {
        true => format!("{value:.1}\u{202f}%"),
        false => "–".to_owned(),
    };
    let first = percent(chart.baseline);
    row(
        &chart.baseline_label,
        extremes.0.max(0.0),
        chart.baseline,
        "r-base",
        &first,
        "",
    );
    let mut at = chart.baseline;
    for c in &chart.contributions {
        let class = if c.points < 0.0 { "r-down" } else { "r-up" };
        row(&c.label, at, at + c.points, class, &write::points(c.points), "");
        at += c.points;
    }
    let now = percent(chart.now);
    row("= now", 0.0, chart.now, "r-up", &now, "t-bold");
    let height = y;
    canvas.finish(&chart.id, height, &chart.title, &said.join("; "))
}

/// Risk with its interval, as probabilities, on a track from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub risk: f64,
    pub lo: f64,
    pub hi: f64,
}

/// The number stands beside it in the row, so the bar itself is hidden from screen readers.
pub fn interval(bar: Interval, width: f64) -> String {
    let mut canvas = Canvas::new(width);
    let x = |p: f64| 4.0 + (width - 8.0) * p.clamp(0.0, 1.0);
    canvas.line(0.0, 6.0, width, 6.0, "r-track");
    canvas.line(x(bar.lo), 6.0, x(bar.hi), 6.0, "r-range");
    canvas.dot(x(bar.risk), 6.0, 4.0, "r-dot", "");
    canvas.mute(12.0)
}

/// One part of a whole: its name, a bar on a track as long as the whole, the share in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub name: String,
    pub bar: String,
    pub said: String,
}

/// The number stands beside it in the row, so the bar itself is hidden from screen readers. `share` in 0..=1, `class` its colour.
pub fn share(share: f64, width: f64, class: &str) -> String {
    let mut canvas = Canvas::new(width);
    canvas.rect(0.0, 3.0, width, 7.0, "zone", "");
    if share > 0.0 {
        canvas.rect(0.0, 3.0, (width * share.min(1.0)).max(1.0), 7.0, class, "");
    }
    canvas.mute(13.0)
}
