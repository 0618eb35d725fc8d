//! Calibration: what came against what was predicted, by groups and as a smooth curve, over a histogram of the predictions.

use super::draw::{Anchor, Canvas, Rect};
use super::scale::nice_step;
use crate::web::write;

/// All numbers are chances.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    pub id: String,
    pub title: String,
    pub about: String,
    pub width: f64,
    pub x_label: String,
    pub y_label: String,
    /// Groups of predicted risk: mean predicted, observed, and its limits.
    pub groups: Vec<Point>,
    /// Predicted and observed, in the order of the predicted.
    pub curve: Vec<(f64, f64)>,
    pub predicted: Vec<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub predicted: f64,
    pub observed: f64,
    pub limits: Option<(f64, f64)>,
}

const TOP: f64 = 14.0;
const SIDE: f64 = 400.0;
const LEFT: f64 = 56.0;
const BARS: f64 = 56.0;
const BINS: usize = 60;

pub fn svg(chart: &Calibration) -> String {
    let (canvas, height) = draw(chart);
    canvas.finish(&chart.id, height, &chart.title, &chart.about)
}

pub(super) fn draw(chart: &Calibration) -> (Canvas, f64) {
    let mut canvas = Canvas::new(chart.width);
    let reach = chart
        .groups
        .iter()
        .flat_map(|g| [g.predicted, g.limits.map_or(g.observed, |l| l.1)]);
    let reach = reach.chain(chart.predicted.iter().copied()).filter(|p| p.is_finite());
    let most = reach.fold(0.05, f64::max).min(1.0);
    let step = nice_step(most, 5.0);
    let to = ((most / step - 1e-9).ceil() * step).min(1.0);
    let right = chart.width - 24.0;
    let x = |p: f64| LEFT + (right - LEFT) * (p / to).clamp(0.0, 1.0);
    let y = |p: f64| TOP + SIDE * (1.0 - (p / to).clamp(0.0, 1.0));
    let foot = TOP + SIDE;
    let ticks = (0..=10)
        .map(|at| f64::from(at) * step)
        .filter(|tick| *tick <= to * (1.0 + 1e-9));
    let percent = |p: f64| format!("{}\u{202f}%", write::figure(100.0 * p));
    for tick in ticks {
        canvas.line(LEFT, y(tick), right, y(tick), if tick == 0.0 { "axis" } else { "grid" });
        canvas.text((LEFT - 8.0, y(tick) + 4.0, Anchor::End), "t-muted", &percent(tick));
        canvas.line(x(tick), foot + BARS, x(tick), foot + BARS + 4.0, "axis");
        canvas.text((x(tick), foot + BARS + 18.0, Anchor::Middle), "t-muted", &percent(tick));
    }
    canvas.line(x(0.0), y(0.0), x(to), y(to), "limit");
    canvas.avoid_line(&[(x(0.0), y(0.0)), (x(to), y(to))]);
    let curve: Vec<(f64, f64)> = chart.curve.iter().map(|(p, o)| (x(*p), y(*o))).collect();
    canvas.path(&curve, false, "b-line", "smooth calibration curve");
    canvas.avoid_line(&curve);
    for point in &chart.groups {
        if let Some((lower, upper)) = point.limits {
            canvas.line(x(point.predicted), y(lower), x(point.predicted), y(upper), "r-thin");
        }
        let about = format!(
            "predicted {}, observed {}",
            percent(point.predicted),
            percent(point.observed)
        );
        canvas.dot(x(point.predicted), y(point.observed), 4.0, "r-dot", &about);
        canvas.take(Rect::around(x(point.predicted), y(point.observed), 6.0));
    }
    histogram(&mut canvas, chart, to, foot + BARS, &x);
    let area = Rect {
        x: LEFT,
        y: 0.0,
        w: right - LEFT,
        h: foot,
    };
    let corners = [
        (LEFT + 10.0, TOP + 12.0, Anchor::Start),
        (right - 10.0, foot - 10.0, Anchor::End),
    ];
    canvas.place(&corners, &area, "t-bold halo", &chart.y_label);
    canvas.text(
        ((LEFT + right) / 2.0, foot + BARS + 36.0, Anchor::Middle),
        "t-muted",
        &chart.x_label,
    );
    (canvas, foot + BARS + 44.0)
}

/// How often each risk was predicted, upright on the axis.
fn histogram(canvas: &mut Canvas, chart: &Calibration, to: f64, foot: f64, x: &dyn Fn(f64) -> f64) {
    let mut bins = [0usize; BINS];
    for p in chart.predicted.iter().filter(|p| p.is_finite()) {
        let bin = (p / to * BINS as f64) as usize;
        bins[bin.min(BINS - 1)] += 1;
    }
    let tallest = bins.iter().copied().max().unwrap_or(0).max(1) as f64;
    for (at, count) in bins.iter().enumerate() {
        let (from, until) = (x(to * at as f64 / BINS as f64), x(to * (at + 1) as f64 / BINS as f64));
        let height = (BARS - 14.0) * *count as f64 / tallest;
        canvas.rect(from, foot - height, until - from - 1.0, height, "bar-local", "");
    }
    canvas.line(x(0.0), foot, x(to), foot, "axis");
}
