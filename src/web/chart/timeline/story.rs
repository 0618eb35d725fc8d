//! What frames the measures: treatments on top, events beneath, the axis in months.

use super::super::draw::{Anchor, Canvas, Rect};
use super::super::words::{fit, text_width};
use super::{DAYS_PER_MONTH, Event, Frame, Happening, Kind, Treatment};

const LANE: f64 = 20.0;

/// Bars in as few lanes as hold them with their words; returns where the next row begins.
pub fn treatments(canvas: &mut Canvas, frame: &Frame, treatments: &[Treatment], top: f64) -> f64 {
    let mut lanes: Vec<f64> = vec![];
    let mut sorted: Vec<&Treatment> = treatments.iter().collect();
    sorted.sort_by_key(|t| (t.from, t.to));
    for treatment in sorted {
        let (from, to) = (
            frame.x(treatment.from),
            treatment.to.map_or(frame.right, |to| frame.x(to)),
        );
        let (from, to) = (from.min(to), to.max(from + 3.0));
        let room = to - from - 10.0;
        let inside = text_width(&treatment.label) <= room;
        // Beside a short bar to the right, else to the left, else shortened within what is left.
        let (text_at, label) = if inside {
            (from + 5.0, treatment.label.clone())
        } else {
            let beside = frame.width - to - 6.0;
            if text_width(&treatment.label) <= beside || beside >= room {
                (to + 4.0, fit(&treatment.label, beside))
            } else {
                (from + 5.0, fit(&treatment.label, room))
            }
        };
        let end = to.max(text_at + text_width(&label)) + 8.0;
        let lane = lanes.iter().position(|busy| *busy <= from).unwrap_or_else(|| {
            lanes.push(0.0);
            lanes.len() - 1
        });
        lanes[lane] = end;
        let y = top + LANE * lane as f64;
        let class = match treatment.kind {
            Kind::Drug => "bar-drug",
            Kind::Local => "bar-local",
            Kind::Trial => "bar-trial",
        };
        canvas.rect(from, y, to - from, 16.0, class, &treatment.label);
        canvas.text((text_at, y + 12.0, Anchor::Start), "", &label);
    }
    if !treatments.is_empty() {
        frame.name(canvas, top + 12.0, "t-row", "Treatment");
    }
    top + LANE * lanes.len() as f64 + 4.0
}

/// Marks on one line, their words on as many lines as they need.
pub fn events(canvas: &mut Canvas, frame: &Frame, events: &[Event], top: f64) -> f64 {
    let middle = top + 12.0;
    frame.name(canvas, middle + 4.0, "t-row", "Events");
    for event in events {
        let x = frame.x(event.day);
        match event.what {
            Happening::Relapse => canvas.path(
                &[
                    (x, middle - 6.0),
                    (x + 6.0, middle),
                    (x, middle + 6.0),
                    (x - 6.0, middle),
                ],
                true,
                "e-bad",
                &event.about,
            ),
            Happening::Progression => canvas.path(
                &[(x - 5.5, middle + 5.0), (x + 5.5, middle + 5.0), (x, middle - 5.0)],
                true,
                "e-bad",
                &event.about,
            ),
            Happening::Death => canvas.rect(x - 5.0, middle - 5.0, 10.0, 10.0, "e-end", &event.about),
            Happening::Other => canvas.dot(x, middle, 4.0, "e-plain", &event.about),
        }
        canvas.take(Rect::around(x, middle, 6.0));
    }
    let mut foot = middle + 10.0;
    let mut order: Vec<&Event> = events.iter().collect();
    order.sort_by_key(|e| (e.what == Happening::Other, e.day));
    for event in order {
        let x = frame.x(event.day);
        let text = fit(&event.label, (frame.right - frame.left) * 0.6);
        let class = match event.what {
            Happening::Relapse | Happening::Progression => "t-flag halo",
            Happening::Death => "t-bold halo",
            Happening::Other => "t-muted halo",
        };
        let spots: Vec<_> = (0..6)
            .flat_map(|lane| {
                let y = middle + 4.0 + 15.0 * f64::from(lane);
                let reach = if lane == 0 { 10.0 } else { -4.0 };
                [(x + reach, y, Anchor::Start), (x - reach, y, Anchor::End)]
            })
            .collect();
        if let Some(spot) = canvas.place(&spots, &frame.area(top, top + 200.0), class, &text) {
            foot = foot.max(spot.1 + 5.0);
        }
    }
    foot + 2.0
}

/// A dotted line from the treatments down to each event that ends or turns the course.
pub fn event_lines(canvas: &mut Canvas, frame: &Frame, events: &[Event], top: f64, foot: f64) {
    for event in events {
        let class = match event.what {
            Happening::Relapse | Happening::Progression => "e-bad-line",
            Happening::Death => "e-end-line",
            Happening::Other => continue,
        };
        canvas.line(frame.x(event.day), top, frame.x(event.day), foot, class);
    }
}

/// Months since the anchor, at a step that leaves room for the numbers. Returns the chart's height.
pub fn axis(canvas: &mut Canvas, frame: &Frame, label: &str, y: f64) -> f64 {
    canvas.line(frame.left, y, frame.right, y, "axis");
    let per_month = (frame.right - frame.left) / ((frame.last - frame.first) / DAYS_PER_MONTH);
    let step = [1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600]
        .into_iter()
        .find(|step| per_month * f64::from(*step) >= 52.0)
        .unwrap_or(1200);
    let first = (frame.first / DAYS_PER_MONTH / f64::from(step)).ceil() as i32;
    let last = (frame.last / DAYS_PER_MONTH / f64::from(step)).floor() as i32;
    for tick in first..=last.min(first + 200) {
        let month = tick * step;
        let x = frame.x_of(f64::from(month) * DAYS_PER_MONTH);
        canvas.line(x, y, x, y + 4.0, "axis");
        let text = if month < 0 {
            format!("−{}", -month)
        } else {
            month.to_string()
        };
        canvas.text((x, y + 17.0, Anchor::Middle), "t-muted", &text);
    }
    canvas.text(
        ((frame.left + frame.right) / 2.0, y + 35.0, Anchor::Middle),
        "t-muted",
        label,
    );
    y + 42.0
}
