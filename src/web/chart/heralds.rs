//! What announced relapses: one bar a sign, as long as the share of relapses that it announced, the part by 90 days or more solid.

use super::draw::{Anchor, Canvas};
use super::words::{fit, text_width};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heralds {
    pub id: String,
    pub title: String,
    pub about: String,
    pub width: f64,
    pub rows: Vec<Row>,
}

/// Shares of all relapses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub name: String,
    /// Something was on file that could have shown it.
    pub looked: f64,
    pub ahead: f64,
    pub early: f64,
    /// Drawn as a flag, and not as a sign of burden.
    pub flag: bool,
    /// Beside the bar.
    pub said: String,
}

const ROW: f64 = 26.0;
const BAR: f64 = 14.0;
const TOP: f64 = 6.0;
const TICKS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

pub fn svg(chart: &Heralds) -> String {
    let (canvas, height) = draw(chart);
    canvas.finish(&chart.id, height, &chart.title, &chart.about)
}

pub(super) fn draw(chart: &Heralds) -> (Canvas, f64) {
    let mut canvas = Canvas::new(chart.width);
    let widest = |words: &mut dyn Iterator<Item = &String>| words.map(|word| text_width(word)).fold(0.0, f64::max);
    let names = widest(&mut chart.rows.iter().map(|row| &row.name)).min(chart.width * 0.3);
    let said = widest(&mut chart.rows.iter().map(|row| &row.said)).min(chart.width * 0.4);
    let (left, right) = (names + 14.0, chart.width - said - 14.0);
    let x = |share: f64| left + (right - left) * share.clamp(0.0, 1.0);
    let foot = TOP + ROW * chart.rows.len() as f64;
    for tick in TICKS {
        canvas.line(x(tick), TOP, x(tick), foot + 4.0, "grid");
        canvas.text(
            (x(tick), foot + 18.0, Anchor::Middle),
            "t-muted",
            &format!("{:.0}\u{202f}%", tick * 100.0),
        );
    }
    for (at, row) in chart.rows.iter().enumerate() {
        let y = TOP + ROW * at as f64 + (ROW - BAR) / 2.0;
        let base = y + BAR - 3.0;
        let (tint, solid) = if row.flag {
            ("f-tint", "f-solid")
        } else {
            ("b-span", "b-solid")
        };
        canvas.text((0.0, base, Anchor::Start), "t-row", &fit(&row.name, names));
        canvas.rect(left, y, x(row.looked) - left, BAR, "zone", "");
        canvas.rect(left, y, x(row.ahead) - left, BAR, tint, "");
        canvas.rect(left, y, x(row.early) - left, BAR, solid, "");
        canvas.text((right + 12.0, base, Anchor::Start), "", &fit(&row.said, said));
    }
    canvas.line(left, TOP, left, foot + 4.0, "axis");
    (canvas, foot + 24.0)
}
