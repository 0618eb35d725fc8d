//! One concentration on a log scale: decades, each sample's limit as a dashed step, the burden line over its band, the samples.

use super::super::draw::{Anchor, Canvas, Rect, Spot};
use super::super::scale::decades;
use super::{Frame, Mark, Sample, Series};
use crate::web::write;

/// Height of one decade, within the limits of a whole panel.
const DECADE: f64 = 38.0;
/// Below the lowest decade: crosses, marks without a limit, triangles that hang from the lowest line.
const FOOT: f64 = 20.0;

struct Scale {
    lo: i32,
    hi: i32,
    top: f64,
    bottom: f64,
}

impl Scale {
    fn y(&self, value: f64) -> f64 {
        // Zero and less lie below every decade.
        if value <= 0.0 {
            return self.bottom + 6.0;
        }
        let part = (value.log10() - f64::from(self.lo)) / f64::from(self.hi - self.lo);
        self.bottom - (self.bottom - self.top) * part.clamp(-0.04, 1.04)
    }
}

pub fn draw(canvas: &mut Canvas, frame: &Frame, series: &Series, top: f64) -> f64 {
    let scale = scale(series, top);
    let foot = scale.bottom + FOOT;
    let name_y = top + 12.0;
    frame.long_name(canvas, name_y, "t-burden", &series.label);
    if long(&series.unit) {
        frame.name(canvas, name_y + 14.0, "t-muted", &series.unit);
    }
    if let Some((from, to)) = series.window {
        canvas.rect(frame.x(from), top, frame.x(to) - frame.x(from), foot - top, "see", "");
    }
    grid(canvas, frame, &scale, series);
    band(canvas, frame, &scale, &series.trend, "b-band");
    band(canvas, frame, &scale, &series.forecast, "b-cast");
    limits(canvas, frame, &scale, &series.samples);
    lines(canvas, frame, &scale, series);
    marks(canvas, frame, &scale, &series.samples);
    if let Some((from, to)) = series.window {
        let area = frame.area(top, foot);
        let ends = |y: f64| {
            [
                (frame.x(to) - 3.0, y, Anchor::End),
                (frame.width - 2.0, y, Anchor::End),
                (frame.x(from) - 3.0, y, Anchor::End),
            ]
        };
        if canvas
            .place(&ends(top + 12.0), &area, "t-risk halo", "scan would see it")
            .is_none()
        {
            canvas.place(&ends(top + 12.0), &area, "t-risk halo", "scan would");
            canvas.place(&ends(top + 26.0), &area, "t-risk halo", "see it");
        }
    }
    labels(canvas, frame, &scale, series);
    foot + 6.0
}

fn scale(series: &Series, top: f64) -> Scale {
    let samples = series.samples.iter().flat_map(|s| {
        let (a, b) = match s.mark {
            Mark::Value(v) => (Some(v), None),
            // Room above an interval that has no upper bound.
            Mark::Between { lo, hi } => (Some(lo), hi.filter(|h| h.is_finite()).or(Some(lo * 1.5))),
            Mark::Below { limit } => (limit, None),
            Mark::Failed => (None, None),
        };
        [a, b, s.limit]
    });
    let trend = series.trend.iter().chain(&series.forecast).map(|p| Some(p.1));
    let (lo, hi) = decades(samples.chain(trend).flatten());
    // A long unit has a line of its own beneath the name.
    let top = top + if long(&series.unit) { 36.0 } else { 22.0 };
    let height = (DECADE * f64::from(hi - lo)).clamp(104.0, 190.0);
    Scale {
        lo,
        hi,
        top,
        bottom: top + height,
    }
}

/// Too long to stand beside each decade.
fn long(unit: &str) -> bool {
    unit.chars().count() > 2
}

fn grid(canvas: &mut Canvas, frame: &Frame, scale: &Scale, series: &Series) {
    // More than five decades: name every second.
    let every = if scale.hi - scale.lo > 5 { 2 } else { 1 };
    for decade in scale.lo..=scale.hi {
        let y = scale.y(10f64.powi(decade));
        canvas.line(frame.left, y, frame.right, y, "grid");
        if (scale.hi - decade) % every == 0 {
            let number = write::figure(10f64.powi(decade));
            let text = if long(&series.unit) {
                number
            } else {
                with_unit(&number, &series.unit)
            };
            frame.name(canvas, y + 4.0, "t-muted", &text);
        }
    }
}

fn band(canvas: &mut Canvas, frame: &Frame, scale: &Scale, points: &[(i32, f64, f64, f64)], class: &str) {
    let upper = points.iter().map(|p| (frame.x(p.0), scale.y(p.3)));
    let lower = points.iter().rev().map(|p| (frame.x(p.0), scale.y(p.2)));
    canvas.path(&upper.chain(lower).collect::<Vec<_>>(), true, class, "");
}

/// Each sample's own limit, held until the next sample; gaps where a limit is not known.
fn limits(canvas: &mut Canvas, frame: &Frame, scale: &Scale, samples: &[Sample]) {
    let mut step: Vec<(f64, f64)> = vec![];
    for (at, sample) in samples.iter().enumerate() {
        let Some(limit) = sample.limit.filter(|l| l.is_finite() && *l > 0.0) else {
            canvas.path(&step, false, "limit", "");
            step.clear();
            continue;
        };
        let (x, y) = (frame.x(sample.day), scale.y(limit));
        let until = samples.get(at + 1).map_or(frame.right, |next| frame.x(next.day));
        step.extend([(x, y), (until, y)]);
    }
    canvas.path(&step, false, "limit", "");
    canvas.avoid_line(&step);
}

fn lines(canvas: &mut Canvas, frame: &Frame, scale: &Scale, series: &Series) {
    let middle = |points: &[(i32, f64, f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().map(|p| (frame.x(p.0), scale.y(p.1))).collect()
    };
    let (trend, forecast) = (middle(&series.trend), middle(&series.forecast));
    canvas.path(&trend, false, "b-line", "");
    canvas.path(&forecast, false, "b-dash", "");
    canvas.avoid_line(&trend);
    canvas.avoid_line(&forecast);
    if trend.is_empty() {
        // Without a trend a thin line joins what is known to a point; through an interval there is no line to draw.
        let mut link = vec![];
        for sample in &series.samples {
            match (sample.mark, sample.mark.height()) {
                (Mark::Failed, _) => {}
                (Mark::Value(_) | Mark::Below { .. }, Some(v)) => link.push((frame.x(sample.day), scale.y(v))),
                _ => {
                    canvas.path(&link, false, "b-link", "");
                    canvas.avoid_line(&link);
                    link.clear();
                }
            }
        }
        canvas.path(&link, false, "b-link", "");
        canvas.avoid_line(&link);
    }
}

fn marks(canvas: &mut Canvas, frame: &Frame, scale: &Scale, samples: &[Sample]) {
    for sample in samples {
        let (x, about) = (frame.x(sample.day), sample.about.as_str());
        let foot = scale.bottom + 12.0;
        match sample.mark {
            Mark::Value(v) => {
                canvas.dot(x, scale.y(v), 4.0, "b-dot", about);
                canvas.take(Rect::around(x, scale.y(v), 4.0));
            }
            Mark::Between { lo, hi } => interval(canvas, scale, x, lo, hi.filter(|h| h.is_finite()), about),
            Mark::Below { limit } => {
                let y = limit.map_or(foot - 4.0, |l| scale.y(l));
                canvas.hanging(x, y, 5.0, "b-hollow", about);
                canvas.take(Rect::around(x, y + 4.0, 5.0));
            }
            Mark::Failed => {
                canvas.cross(x, foot, 4.0, about);
                canvas.take(Rect::around(x, foot, 4.0));
            }
        }
    }
}

/// Found, but only known to lie between: a span; without an upper bound an arrow.
fn interval(canvas: &mut Canvas, scale: &Scale, x: f64, lo: f64, hi: Option<f64>, about: &str) {
    let bottom = scale.y(lo);
    let top = hi.map_or(bottom - 26.0, |hi| scale.y(hi)).min(bottom - 4.0);
    if hi.is_some() {
        canvas.rect(x - 3.5, top, 7.0, bottom - top, "b-span", about);
    } else {
        canvas.path(&[(x, bottom), (x, top)], false, "b-range", about);
        canvas.line(x - 4.0, bottom, x + 4.0, bottom, "b-range");
        canvas.path(
            &[(x - 4.5, top + 3.0), (x + 4.5, top + 3.0), (x, top - 5.0)],
            true,
            "b-solid",
            about,
        );
    }
    canvas.take(Rect {
        x: x - 4.0,
        y: top - 5.0,
        w: 8.0,
        h: bottom - top + 7.0,
    });
}

/// The last and the first result are named before the others; a name that has no room is left to the table.
fn labels(canvas: &mut Canvas, frame: &Frame, scale: &Scale, series: &Series) {
    let count = series.samples.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|at| match *at {
        at if at + 1 == count => 0,
        0 => 1,
        at => 2 + at,
    });
    for at in order {
        let sample = &series.samples[at];
        // A row of non-detects is named once, at its end.
        let repeats = at > 0
            && at + 1 < count
            && matches!(
                (sample.mark, series.samples[at + 1].mark),
                (Mark::Below { .. }, Mark::Below { .. })
            );
        if repeats || (matches!(sample.mark, Mark::Below { .. }) && at == 0 && count > 1) {
            continue;
        }
        let Some((y, reach)) = spot_of(sample.mark, scale) else {
            continue;
        };
        let text = if sample.label.is_empty() {
            own_label(sample.mark, &series.unit)
        } else {
            sample.label.clone()
        };
        let x = frame.x(sample.day);
        let spots: [Spot; 6] = [
            (x + 8.0, y + 4.0, Anchor::Start),
            (x, y - reach, Anchor::Middle),
            (x - 8.0, y + 4.0, Anchor::End),
            (x + 4.0, y - reach, Anchor::Start),
            (x, y + 20.0, Anchor::Middle),
            (x - 4.0, y - reach, Anchor::End),
        ];
        canvas.place(
            &spots,
            &frame.area(scale.top - 20.0, scale.bottom + FOOT + 4.0),
            "halo",
            &text,
        );
    }
    if let Some(sample) = series.samples.iter().find(|s| s.limit.is_some_and(|l| l > 0.0)) {
        let y = scale.y(sample.limit.unwrap_or(1.0));
        let ends = series.samples.iter().map(|s| frame.x(s.day) + 10.0);
        let spots: Vec<Spot> = ends
            .flat_map(|x| [(x, y - 5.0, Anchor::Start), (x, y + 14.0, Anchor::Start)])
            .collect();
        canvas.place(
            &spots,
            &frame.area(scale.top, scale.bottom + FOOT),
            "t-muted halo",
            "limit of each sample",
        );
    }
}

/// The label's height on the chart and how far above it is free.
fn spot_of(mark: Mark, scale: &Scale) -> Option<(f64, f64)> {
    match mark {
        Mark::Value(v) => Some((scale.y(v), 9.0)),
        Mark::Between { lo, hi: None } => Some((scale.y(lo) - 12.0, 24.0)),
        Mark::Between { .. } | Mark::Below { limit: Some(_) } => mark.height().map(|v| (scale.y(v) + 3.0, 10.0)),
        Mark::Below { limit: None } | Mark::Failed => None,
    }
}

fn own_label(mark: Mark, unit: &str) -> String {
    let number = |v: f64| with_unit(&write::figure(v), unit);
    match mark {
        Mark::Value(v) => number(v),
        Mark::Between { lo, hi: Some(hi) } if hi.is_finite() => format!("{}–{}", write::figure(lo), number(hi)),
        Mark::Between { lo, .. } => format!("above {}", number(lo)),
        Mark::Below { limit: Some(limit) } => format!("<{}", number(limit)),
        Mark::Below { limit: None } => "not detected".into(),
        Mark::Failed => "failed".into(),
    }
}

/// A thin space before %, a wider one before words, neither breaking.
fn with_unit(number: &str, unit: &str) -> String {
    match unit {
        "" => number.into(),
        unit if long(unit) => format!("{number}\u{a0}{unit}"),
        unit => format!("{number}\u{202f}{unit}"),
    }
}
