//! A forest plot: ratios with their intervals on a logarithmic axis, numbers beside.

use super::draw::{Anchor, Canvas};
use super::words::{fit, text_width};
use crate::web::write;

/// One row a ratio, from the top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    pub id: String,
    pub title: String,
    pub about: String,
    pub width: f64,
    pub x_label: String,
    pub rows: Vec<Row>,
}

/// `None`: nothing can be said of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub label: String,
    pub estimate: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

const ROW: f64 = 24.0;
const TOP: f64 = 8.0;

/// Round ratios that lie in (lo, hi), not more than fit.
fn ticks(lo: f64, hi: f64) -> Vec<f64> {
    let within = |steps: &[f64]| -> Vec<f64> {
        let (first, last) = (lo.log10().floor() as i32, hi.log10().ceil() as i32);
        let all = (first..=last).flat_map(|ten| steps.iter().map(move |step| step * 10f64.powi(ten)));
        all.filter(|tick| *tick >= lo * 0.999 && *tick <= hi * 1.001).collect()
    };
    let fine = [1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0];
    [&fine[..], &[1.0, 1.5, 2.0, 3.0, 5.0], &[1.0, 2.0, 5.0], &[1.0, 3.0]]
        .into_iter()
        .map(within)
        .find(|ticks| ticks.len() <= 9)
        .unwrap_or_else(|| within(&[1.0]))
}

pub fn svg(chart: &Forest) -> String {
    let (canvas, height) = draw(chart);
    canvas.finish(&chart.id, height, &chart.title, &chart.about)
}

pub(super) fn draw(chart: &Forest) -> (Canvas, f64) {
    let mut canvas = Canvas::new(chart.width);
    let told: Vec<String> = chart.rows.iter().map(tell).collect();
    let widest = |words: &mut dyn Iterator<Item = &String>| words.map(|word| text_width(word)).fold(0.0, f64::max);
    let labels = widest(&mut chart.rows.iter().map(|row| &row.label)).min(chart.width * 0.26);
    let (left, right) = (labels + 24.0, chart.width - widest(&mut told.iter()) - 24.0);
    let (lo, hi) = extent(&chart.rows);
    let x = |ratio: f64| left + (right - left) * ((ratio / lo).ln() / (hi / lo).ln()).clamp(0.0, 1.0);
    let foot = TOP + ROW * chart.rows.len() as f64 + 6.0;
    for tick in ticks(lo, hi) {
        canvas.line(x(tick), TOP, x(tick), foot, "grid");
        canvas.line(x(tick), foot, x(tick), foot + 4.0, "axis");
        canvas.text((x(tick), foot + 18.0, Anchor::Middle), "t-muted", &write::figure(tick));
    }
    canvas.line(left, foot, right, foot, "axis");
    canvas.line(x(1.0), TOP - 4.0, x(1.0), foot, "today");
    for (at, (row, told)) in chart.rows.iter().zip(&told).enumerate() {
        let y = TOP + ROW * (at as f64 + 0.5);
        canvas.text((0.0, y + 4.0, Anchor::Start), "t-row", &fit(&row.label, labels));
        canvas.text((right + 16.0, y + 4.0, Anchor::Start), "", told);
        let bounds = row
            .lower
            .zip(row.upper)
            .filter(|(lower, upper)| *lower > 0.0 && upper.is_finite());
        if let Some((lower, upper)) = bounds {
            canvas.line(x(lower), y, x(upper), y, "b-range");
        }
        if let Some(estimate) = row.estimate.filter(|ratio| ratio.is_finite() && *ratio > 0.0) {
            canvas.dot(x(estimate), y, 4.5, "b-dot", told);
        }
    }
    let middle = ((left + right) / 2.0).max(text_width(&chart.x_label) / 2.0);
    canvas.text((middle, foot + 38.0, Anchor::Middle), "t-muted", &chart.x_label);
    (canvas, foot + 44.0)
}

/// "1.23 (1.05 to 1.43)"; a ratio close to 1, as for a covariate in small units, has more decimals.
fn tell(row: &Row) -> String {
    let close = [row.estimate, row.lower, row.upper]
        .iter()
        .flatten()
        .all(|ratio| (ratio - 1.0).abs() < 0.03);
    let part = |value: Option<f64>| match value {
        Some(value) if close => format!("{value:.4}"),
        Some(value) if (0.1..10.0).contains(&value) => format!("{value:.2}"),
        Some(value) if value < 1e5 && value > 1e-5 => write::figure(value),
        Some(value) if value.is_finite() => format!("{value:.0e}"),
        _ => "–".to_owned(),
    };
    match row.estimate {
        None => "–".to_owned(),
        estimate => format!("{} ({} to {})", part(estimate), part(row.lower), part(row.upper)),
    }
}

/// Wide enough for estimates and intervals, within four decades, and never without 1.
fn extent(rows: &[Row]) -> (f64, f64) {
    let values = rows
        .iter()
        .flat_map(|row| [row.lower, row.estimate, row.upper])
        .flatten();
    let good = values.filter(|value| value.is_finite() && *value > 0.0);
    let (lo, hi) = good.fold((0.9f64, 1.1f64), |(lo, hi), value| (lo.min(value), hi.max(value)));
    let room = (hi / lo).powf(0.04);
    ((lo / room).max(1e-2), (hi * room).min(1e2))
}
