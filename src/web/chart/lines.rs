//! Lines on two plain axes: paths of coefficients, accuracy over time, decision curves, fitted curves over observed ones.

use super::draw::{Anchor, Canvas, Rect};
use super::scale::nice_step;
use super::words::{fit, text_width};
use crate::web::write;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    pub id: String,
    pub title: String,
    pub about: String,
    pub width: f64,
    pub x: Axis,
    pub y: Axis,
    /// At most six have a look of their own.
    pub lines: Vec<Line>,
    /// Upright marks with a name, such as a chosen penalty.
    pub marks: Vec<(f64, String)>,
}

/// The part of the number line that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    pub label: String,
    pub from: f64,
    pub to: f64,
    pub scale: Scale,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    #[default]
    Plain,
    Percent,
    /// The numbers are powers of ten, or the range is cut to what is above 0.
    Log,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub label: String,
    /// In the order of x.
    pub points: Vec<(f64, f64)>,
    /// x, lower, upper.
    pub band: Vec<(f64, f64, f64)>,
    /// Each value holds until the next.
    pub stairs: bool,
    /// A dot at every point.
    pub dots: bool,
}

const TOP: f64 = 14.0;
const PLOT: f64 = 280.0;
const LOOKS: usize = 6;

impl Axis {
    /// Wide enough for the values, with a little room.
    pub fn around(label: &str, scale: Scale, values: impl Iterator<Item = f64>) -> Axis {
        let good = values.filter(|v| v.is_finite() && (scale != Scale::Log || *v > 0.0));
        let (lo, hi) = good.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        let (from, to) = match scale {
            _ if lo > hi => (0.0, 1.0),
            Scale::Log => (lo / 1.05, hi * 1.05),
            _ => {
                let room = ((hi - lo) * 0.05).max(hi.abs() * 1e-6).max(1e-9);
                (lo - room, hi + room)
            }
        };
        Axis {
            label: label.to_owned(),
            from,
            to,
            scale,
        }
    }

    /// Where a value stands, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let (from, to, value) = match self.scale {
            Scale::Log => (self.from.ln(), self.to.ln(), value.ln()),
            _ => (self.from, self.to, value),
        };
        (value - from) / (to - from)
    }

    fn ticks(&self) -> Vec<f64> {
        if !(self.from.is_finite() && self.to.is_finite() && self.to > self.from) {
            return vec![];
        }
        let seen = |tick: &f64| (-1e-9..=1.0 + 1e-9).contains(&self.place(*tick));
        if self.scale == Scale::Log {
            let (first, last) = (self.from.log10().floor() as i32, self.to.log10().ceil() as i32);
            let steps: &[f64] = if last - first > 3 { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let all = (first..=last).flat_map(|ten| steps.iter().map(move |step| step * 10f64.powi(ten)));
            return all.filter(seen).collect();
        }
        let step = nice_step(self.to - self.from, 7.0);
        let first = (self.from / step).ceil() as i64;
        (first..first + 12).map(|at| at as f64 * step).filter(seen).collect()
    }

    /// With as many decimals as the steps between ticks need.
    fn tell(&self, value: f64) -> String {
        let unit = if self.scale == Scale::Percent { 100.0 } else { 1.0 };
        let step = nice_step(self.to - self.from, 7.0) * unit;
        let digits = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let told = match self.scale {
            Scale::Log => return write::figure(value),
            _ if value.abs() * unit >= 1000.0 => return write::figure(value * unit),
            _ => format!("{:.digits$}", value.abs() * unit),
        };
        // a trace of rounding on 0 has no sign
        let minus = if value * unit < -0.5 * step { "−" } else { "" };
        let sign = if self.scale == Scale::Percent { "\u{202f}%" } else { "" };
        format!("{minus}{told}{sign}")
    }
}

struct Frame<'a> {
    left: f64,
    right: f64,
    foot: f64,
    chart: &'a Lines,
}

impl Frame<'_> {
    fn x(&self, value: f64) -> f64 {
        self.left + (self.right - self.left) * self.chart.x.place(value).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (self.foot - TOP) * (1.0 - self.chart.y.place(value).clamp(0.0, 1.0))
    }
}

pub fn svg(chart: &Lines) -> String {
    let (canvas, height) = draw(chart);
    canvas.finish(&chart.id, height, &chart.title, &chart.about)
}

/// The same, half as high, for a line beside other things.
pub fn low(chart: &Lines) -> String {
    let (canvas, height) = draw_in(chart, PLOT / 2.0);
    canvas.finish(&chart.id, height, &chart.title, &chart.about)
}

pub(super) fn draw(chart: &Lines) -> (Canvas, f64) {
    draw_in(chart, PLOT)
}

fn draw_in(chart: &Lines, plot: f64) -> (Canvas, f64) {
    let mut canvas = Canvas::new(chart.width);
    let named = chart
        .lines
        .iter()
        .map(|line| text_width(&line.label))
        .fold(0.0, f64::max);
    let ticks = chart.y.ticks();
    let told = ticks
        .iter()
        .map(|tick| text_width(&chart.y.tell(*tick)))
        .fold(24.0, f64::max);
    let frame = Frame {
        left: told + 16.0,
        right: chart.width - named.min(chart.width * 0.26) - 18.0,
        foot: TOP + plot,
        chart,
    };
    for tick in &ticks {
        let y = frame.y(*tick);
        canvas.line(frame.left, y, frame.right, y, "grid");
        canvas.text(
            (frame.left - 8.0, y + 4.0, Anchor::End),
            "t-muted",
            &chart.y.tell(*tick),
        );
    }
    let foot = frame.foot;
    canvas.line(frame.left, foot, frame.right, foot, "axis");
    if chart.y.from < 0.0 && chart.y.to > 0.0 && chart.y.scale != Scale::Log {
        canvas.line(frame.left, frame.y(0.0), frame.right, frame.y(0.0), "axis");
    }
    for tick in chart.x.ticks() {
        canvas.line(frame.x(tick), foot, frame.x(tick), foot + 4.0, "axis");
        canvas.text(
            (frame.x(tick), foot + 18.0, Anchor::Middle),
            "t-muted",
            &chart.x.tell(tick),
        );
    }
    let middle = ((frame.left + frame.right) / 2.0).max(text_width(&chart.x.label) / 2.0);
    canvas.text((middle, foot + 36.0, Anchor::Middle), "t-muted", &chart.x.label);
    bands(&mut canvas, &frame);
    curves(&mut canvas, &frame);
    let area = Rect {
        x: frame.left,
        y: 0.0,
        w: frame.right - frame.left,
        h: foot,
    };
    for (x, name) in &chart.marks {
        let at = frame.x(*x);
        canvas.line(at, TOP, at, foot, "limit");
        let spots: Vec<_> = [TOP + 10.0, TOP + 26.0, foot - 8.0, foot - 24.0]
            .into_iter()
            .flat_map(|y| [(at + 5.0, y, Anchor::Start), (at - 5.0, y, Anchor::End)])
            .collect();
        canvas.place(&spots, &area, "t-muted halo", name);
    }
    let corners = [
        (frame.right - 8.0, TOP + 12.0, Anchor::End),
        (frame.left + 8.0, foot - 8.0, Anchor::Start),
        (frame.left + 8.0, TOP + 12.0, Anchor::Start),
        (frame.right - 8.0, foot - 8.0, Anchor::End),
    ];
    canvas.place(&corners, &area, "t-bold halo", &chart.y.label);
    (canvas, foot + 44.0)
}

fn bands(canvas: &mut Canvas, frame: &Frame) {
    for (at, line) in frame.chart.lines.iter().enumerate() {
        let side = |of: fn(&(f64, f64, f64)) -> f64| {
            let points: Vec<(f64, f64)> = line.band.iter().map(|b| (b.0, of(b))).collect();
            path(frame, &points, line.stairs)
        };
        let mut outline = side(|b| b.2);
        outline.extend(side(|b| b.1).into_iter().rev());
        canvas.path(&outline, true, &format!("k-band f{}", at % LOOKS), "");
    }
}

fn path(frame: &Frame, points: &[(f64, f64)], stairs: bool) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = vec![];
    let good = |(x, y): &&(f64, f64)| x.is_finite() && y.is_finite();
    for (x, y) in points.iter().filter(good) {
        let (x, y) = (frame.x(*x), frame.y(*y));
        if stairs && let Some(last) = out.last().copied() {
            out.push((x, last.1));
        }
        out.push((x, y));
    }
    out
}

/// The lines with their names at the ends, pushed apart.
fn curves(canvas: &mut Canvas, frame: &Frame) {
    let mut ends = vec![];
    for (at, line) in frame.chart.lines.iter().enumerate() {
        let points = path(frame, &line.points, line.stairs);
        canvas.path(&points, false, &format!("k-line k{}", at % LOOKS), &line.label);
        canvas.avoid_line(&points);
        if line.dots {
            points
                .iter()
                .for_each(|(x, y)| canvas.dot(*x, *y, 3.0, &format!("f{}", at % LOOKS), ""));
        }
        // a name stands at the end that is to the right
        if let Some(end) = points.iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
            ends.push((at, end.1));
        }
    }
    ends.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut heights: Vec<f64> = ends.iter().map(|(_, y)| y + 4.0).collect();
    for i in 1..heights.len() {
        heights[i] = heights[i].max(heights[i - 1] + 15.0);
    }
    for i in (0..heights.len()).rev() {
        let limit = if i + 1 == heights.len() {
            frame.foot + 8.0
        } else {
            heights[i + 1] - 15.0
        };
        heights[i] = heights[i].min(limit);
    }
    let room = frame.chart.width - frame.right - 10.0;
    for ((at, _), y) in ends.iter().zip(heights) {
        let look = format!("t-bold f{}", at % LOOKS);
        let label = fit(&frame.chart.lines[*at].label, room);
        canvas.text((frame.right + 8.0, y, Anchor::Start), &look, &label);
    }
}
