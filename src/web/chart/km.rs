//! Kaplan-Meier and incidence curves: step lines with bands, names at the lines' ends, numbers at risk aligned under the ticks.

use super::draw::{Anchor, Canvas, Rect};
use super::scale::nice_step;
use super::words::{fit, text_width};
use crate::web::write;

/// Time is in the unit that `x_label` names, from zero; all curves end at `until`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    pub id: String,
    pub title: String,
    pub about: String,
    pub width: f64,
    /// "years since surgery".
    pub x_label: String,
    /// "free of distant metastasis", with a true `falling`; "distant metastasis" with a false one.
    pub y_label: String,
    /// Survival starts at 1 and falls; incidence starts at 0 and rises.
    pub falling: bool,
    pub until: f64,
    pub groups: Vec<Group>,
}

/// At most six groups have a look of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    pub label: String,
    /// After each event time: probability and its interval, all in 0..=1, in time order.
    pub steps: Vec<Step>,
    pub censored: Vec<f64>,
    /// At the times of `ticks(until)`, in that order, in words: "1,204", or "<5" where so few may not be told apart.
    pub at_risk: Vec<String>,
    /// Where this line stops, when before the others: beyond it too few are watched.
    pub known_to: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub time: f64,
    pub p: f64,
    pub lo: f64,
    pub hi: f64,
}

/// The times under which numbers at risk stand.
pub fn ticks(until: f64) -> Vec<f64> {
    let step = nice_step(until, 10.0);
    let until = if until.is_finite() { until.max(0.0) } else { 0.0 };
    (0..=12)
        .map(|at| f64::from(at) * step)
        .filter(|t| *t <= until * (1.0 + 1e-9))
        .collect()
}

const TOP: f64 = 14.0;
const PLOT: f64 = 300.0;
const LOOKS: usize = 6;

struct Frame {
    left: f64,
    right: f64,
    until: f64,
}

impl Frame {
    fn x(&self, time: f64) -> f64 {
        self.left + (self.right - self.left) * (time / self.until).clamp(0.0, 1.0)
    }
}

fn y(p: f64) -> f64 {
    TOP + PLOT * (1.0 - p.clamp(0.0, 1.0))
}

pub fn svg(curves: &Curves) -> String {
    let (canvas, height) = draw(curves);
    canvas.finish(&curves.id, height, &curves.title, &curves.about)
}

pub(super) fn draw(curves: &Curves) -> (Canvas, f64) {
    let mut canvas = Canvas::new(curves.width);
    // Names stand left of the first number at risk and right of the lines' ends.
    let widest = curves
        .groups
        .iter()
        .map(|g| text_width(&g.label))
        .fold(60.0, f64::max)
        .min(curves.width * 0.22);
    let frame = Frame {
        left: widest.max(44.0) + 26.0,
        right: curves.width - widest - 14.0,
        until: if curves.until.is_finite() && curves.until > 0.0 {
            curves.until
        } else {
            1.0
        },
    };
    for percent in [0, 25, 50, 75, 100] {
        let at = y(f64::from(percent) / 100.0);
        canvas.line(
            frame.left,
            at,
            frame.right,
            at,
            if percent == 0 { "axis" } else { "grid" },
        );
        canvas.text(
            (frame.left - 8.0, at + 4.0, Anchor::End),
            "t-muted",
            &format!("{percent}\u{202f}%"),
        );
    }
    for (at, group) in curves.groups.iter().enumerate() {
        band(&mut canvas, &frame, curves, group, at % LOOKS);
    }
    let mut ends = vec![];
    for (at, group) in curves.groups.iter().enumerate() {
        let line = line(&frame, curves, group);
        canvas.path(&line, false, &format!("k-line k{}", at % LOOKS), &group.label);
        canvas.avoid_line(&line);
        for time in group.censored.iter().filter(|t| **t <= frame.until) {
            let p = value_at(curves, group, *time);
            canvas.line(
                frame.x(*time),
                y(p) - 3.5,
                frame.x(*time),
                y(p) + 3.5,
                &format!("k-tick k{}", at % LOOKS),
            );
        }
        let end = line.last().copied().unwrap_or((frame.right, y(start(curves))));
        ends.push((at, end.1));
    }
    // What the curve counts stands in the empty corner of the plot.
    let area = Rect {
        x: frame.left,
        y: 0.0,
        w: frame.right - frame.left,
        h: TOP + PLOT,
    };
    let (low, high) = (TOP + PLOT - 12.0, TOP + 12.0);
    let corners = [
        (
            frame.left + 10.0,
            if curves.falling { low } else { high },
            Anchor::Start,
        ),
        (frame.right - 10.0, if curves.falling { high } else { low }, Anchor::End),
        (
            frame.left + 10.0,
            if curves.falling { high } else { low },
            Anchor::Start,
        ),
    ];
    canvas.place(&corners, &area, "t-bold halo", &curves.y_label);
    names(&mut canvas, &frame, curves, ends);
    let height = foot(&mut canvas, &frame, curves);
    (canvas, height)
}

fn start(curves: &Curves) -> f64 {
    if curves.falling { 1.0 } else { 0.0 }
}

fn value_at(curves: &Curves, group: &Group, time: f64) -> f64 {
    group
        .steps
        .iter()
        .take_while(|s| s.time <= time)
        .last()
        .map_or(start(curves), |s| s.p)
}

/// Each value holds until the next step.
fn stairs(frame: &Frame, group: &Group, from: f64, of: impl Fn(&Step) -> f64) -> Vec<(f64, f64)> {
    let until = group.known_to.map_or(frame.until, |to| to.min(frame.until));
    let mut points = vec![(frame.x(0.0), y(from))];
    let mut now = from;
    for step in group.steps.iter().filter(|s| s.time <= until && of(s).is_finite()) {
        points.push((frame.x(step.time), y(now)));
        now = of(step);
        points.push((frame.x(step.time), y(now)));
    }
    points.push((frame.x(until), y(now)));
    points
}

fn line(frame: &Frame, curves: &Curves, group: &Group) -> Vec<(f64, f64)> {
    stairs(frame, group, start(curves), |s| s.p)
}

fn band(canvas: &mut Canvas, frame: &Frame, curves: &Curves, group: &Group, look: usize) {
    let mut outline = stairs(frame, group, start(curves), |s| s.hi);
    outline.extend(stairs(frame, group, start(curves), |s| s.lo).into_iter().rev());
    canvas.path(&outline, true, &format!("k-band f{look}"), "");
}

/// Names at the lines' ends, pushed apart from top to bottom, then back up where they would leave the plot.
fn names(canvas: &mut Canvas, frame: &Frame, curves: &Curves, mut ends: Vec<(usize, f64)>) {
    ends.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut at: Vec<f64> = ends.iter().map(|(_, y)| y + 4.0).collect();
    for i in 1..at.len() {
        at[i] = at[i].max(at[i - 1] + 15.0);
    }
    let last = TOP + PLOT - 2.0;
    for i in (0..at.len()).rev() {
        let limit = if i + 1 == at.len() { last } else { at[i + 1] - 15.0 };
        at[i] = at[i].min(limit);
    }
    for ((group, _), y) in ends.iter().zip(at) {
        let label = fit(&curves.groups[*group].label, curves.width - frame.right - 10.0);
        canvas.text(
            (frame.right + 8.0, y, Anchor::Start),
            &format!("t-bold f{}", group % LOOKS),
            &label,
        );
    }
}

fn foot(canvas: &mut Canvas, frame: &Frame, curves: &Curves) -> f64 {
    let axis = TOP + PLOT;
    let ticks = ticks(frame.until);
    for tick in &ticks {
        canvas.line(frame.x(*tick), axis, frame.x(*tick), axis + 4.0, "axis");
        canvas.text(
            (frame.x(*tick), axis + 18.0, Anchor::Middle),
            "t-muted",
            &write::figure(*tick),
        );
    }
    canvas.text(
        ((frame.left + frame.right) / 2.0, axis + 36.0, Anchor::Middle),
        "t-muted",
        &curves.x_label,
    );
    let mut y = axis + 58.0;
    if curves.groups.iter().all(|g| g.at_risk.is_empty()) {
        return axis + 44.0;
    }
    canvas.text((0.0, y, Anchor::Start), "t-muted", "At risk");
    // Curves of one group of people, such as causes, share its numbers at risk.
    let shared = curves.groups.len() > 1 && curves.groups.iter().filter(|g| !g.at_risk.is_empty()).count() == 1;
    for (at, group) in (curves.groups.iter().enumerate()).filter(|(_, group)| !group.at_risk.is_empty()) {
        y += 18.0;
        let label = if shared { "all" } else { &group.label };
        let label = fit(label, frame.left - 20.0);
        let look = if shared {
            "t-bold".to_owned()
        } else {
            format!("t-bold f{}", at % LOOKS)
        };
        canvas.text((0.0, y, Anchor::Start), &look, &label);
        for (tick, number) in ticks.iter().zip(&group.at_risk) {
            canvas.text((frame.x(*tick), y, Anchor::Middle), "", number);
        }
    }
    y + 8.0
}
