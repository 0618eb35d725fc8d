//! The rows beneath the concentrations: counts, proteins, target lesions, scans.

use super::super::draw::{Anchor, Canvas, Rect};
use super::super::scale::nice_step;
use super::{Counts, Finding, Frame, Mark, Point, Protein, Scan};
use crate::web::write;

/// A tick at the rate, its Poisson interval, the number found beside it. The height is on a log(1 + n) scale.
pub fn counts(canvas: &mut Canvas, frame: &Frame, counts: &Counts, top: f64) -> f64 {
    let (head, foot) = (top + 8.0, top + 40.0);
    frame.name(canvas, foot - 16.0, "t-row", &counts.label);
    frame.name(canvas, foot - 2.0, "t-muted", counts.amount);
    canvas.line(frame.left, foot, frame.right, foot, "grid");
    let most = counts
        .points
        .iter()
        .map(|p| p.hi)
        .filter(|v| v.is_finite())
        .fold(5.0, f64::max)
        .ln_1p();
    let y = |n: f64| foot - (foot - head) * (n.max(0.0).ln_1p() / most).min(1.0);
    for point in &counts.points {
        let x = frame.x(point.day);
        match point.found {
            Some(_) => {
                canvas.line(x, y(point.lo), x, y(point.hi), "count-range");
                canvas.take(Rect {
                    x: x - 2.0,
                    y: head,
                    w: 4.0,
                    h: foot - head,
                });
            }
            None => {
                canvas.cross(x, foot - 7.0, 4.0, &point.about);
                canvas.take(Rect::around(x, foot - 7.0, 4.0));
            }
        }
    }
    for point in counts.points.iter().rev() {
        let Some(found) = point.found else { continue };
        let x = frame.x(point.day);
        let at = y(point.rate);
        canvas.rect(x - 4.5, at - 1.5, 9.0, 3.0, "e-end", &point.about);
        let spots = [
            (x + 7.0, (at + 4.0).min(foot - 3.0), Anchor::Start),
            (x - 7.0, (at + 4.0).min(foot - 3.0), Anchor::End),
        ];
        let area = Rect {
            x: frame.left,
            ..frame.area(top, foot + 2.0)
        };
        canvas.place(&spots, &area, "halo", &found.to_string());
    }
    foot + 6.0
}

/// A grey line on its own log scale, the patient's usual value dashed, words at the end.
pub fn protein(canvas: &mut Canvas, frame: &Frame, protein: &Protein, top: f64) -> f64 {
    let (head, foot) = (top + 18.0, top + 42.0);
    let values = protein
        .points
        .iter()
        .filter_map(|(_, m)| m.height())
        .chain(protein.usual);
    let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|v| v.is_finite() && *v > 0.0) {
        lo = lo.min(value.ln());
        hi = hi.max(value.ln());
    }
    // At least a doubling fills the row, so that noise stays small.
    let middle = (lo + hi) / 2.0;
    let half = ((hi - lo) / 2.0).max(0.35);
    let y = |v: f64| foot - (foot - head) * ((v.ln() - (middle - half)) / (2.0 * half)).clamp(0.0, 1.0);
    frame.name(canvas, (head + foot) / 2.0 + 4.0, "t-row", &protein.label);
    if let Some(usual) = protein.usual.filter(|u| *u > 0.0) {
        canvas.line(frame.left, y(usual), frame.right, y(usual), "limit");
    }
    let line: Vec<_> = protein
        .points
        .iter()
        .filter_map(|(day, m)| m.height().map(|v| (frame.x(*day), y(v))))
        .collect();
    canvas.path(&line, false, "p-line", "");
    canvas.avoid_line(&line);
    for (day, mark) in &protein.points {
        let x = frame.x(*day);
        match (mark, mark.height()) {
            (Mark::Below { .. }, Some(v)) => canvas.hanging(x, y(v), 3.5, "e-plain", ""),
            (Mark::Failed, _) => canvas.cross(x, foot, 3.5, ""),
            (_, Some(v)) => canvas.dot(x, y(v), 2.5, "p-dot", ""),
            (_, None) => {}
        }
    }
    if let Some((x, at)) = line.last().copied() {
        let spots = [
            (x + 7.0, at + 4.0, Anchor::Start),
            (x, at - 6.0, Anchor::End),
            (x, at + 16.0, Anchor::End),
            (x - 7.0, head - 8.0, Anchor::End),
        ];
        canvas.place(&spots, &frame.area(top, foot + 10.0), "halo", &protein.last_label);
    }
    foot + 10.0
}

/// Sum of target lesions from zero, in mm: growth and shrinkage keep their true proportion.
pub fn lesions(canvas: &mut Canvas, frame: &Frame, points: &[Point], top: f64) -> f64 {
    let (head, foot) = (top + 20.0, top + 88.0);
    let most = points
        .iter()
        .map(|p| p.value)
        .filter(|v| v.is_finite())
        .fold(1.0, f64::max);
    let step = nice_step(most, 3.0);
    let full = (most / step).ceil() * step;
    let y = |v: f64| foot - (foot - head) * (v / full).clamp(0.0, 1.0);
    frame.name(canvas, top + 10.0, "t-row", "Target lesions");
    for at in 0..=((full / step).round() as i32) {
        let value = f64::from(at) * step;
        canvas.line(frame.left, y(value), frame.right, y(value), "grid");
        frame.name(
            canvas,
            y(value) + 4.0,
            "t-muted",
            &format!("{}\u{202f}mm", write::figure(value)),
        );
    }
    let line: Vec<_> = points.iter().map(|p| (frame.x(p.day), y(p.value))).collect();
    canvas.path(&line, false, "l-line", "");
    canvas.avoid_line(&line);
    for (point, (x, at)) in points.iter().zip(&line) {
        canvas.dot(*x, *at, 3.0, "l-dot", &point.about);
        canvas.take(Rect::around(*x, *at, 3.0));
    }
    let lowest = points
        .iter()
        .enumerate()
        .min_by(|a, b| a.1.value.total_cmp(&b.1.value))
        .map(|(at, _)| at);
    let mut named: Vec<usize> = [points.len().checked_sub(1), Some(0), lowest]
        .into_iter()
        .flatten()
        .collect();
    named.dedup();
    // The others only where the sum changed: a plateau is named once.
    named.extend((1..points.len()).filter(|at| millimetres(points[*at].value) != millimetres(points[*at - 1].value)));
    let mut done = vec![];
    for at in named {
        if done.contains(&at) {
            continue;
        }
        done.push(at);
        let (x, y) = line[at];
        let spots = [
            (x + 6.0, y + 4.0, Anchor::Start),
            (x, y - 7.0, Anchor::Middle),
            (x + 4.0, y - 7.0, Anchor::Start),
            (x, y + 16.0, Anchor::Middle),
            (x - 2.0, y + 17.0, Anchor::Start),
            (x - 6.0, y + 4.0, Anchor::End),
        ];
        // Words of the middle points come only where neither marks nor the line are near.
        canvas.place(
            &spots,
            &frame.area(top, foot + 16.0),
            "halo",
            &millimetres(points[at].value),
        );
    }
    foot + 14.0
}

/// Whole millimetres, one decimal below ten.
fn millimetres(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let text = if value >= 10.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    text.strip_suffix(".0").unwrap_or(&text).to_string()
}

/// Hollow green squares are clear, filled crimson is disease, each with its word where there is room (two lines of it).
pub fn scans(canvas: &mut Canvas, frame: &Frame, scans: &[Scan], top: f64) -> f64 {
    let middle = top + 16.0;
    frame.name(canvas, middle + 4.0, "t-row", "Scans");
    for scan in scans {
        let (x, class) = (frame.x(scan.day), class_of(scan.finding));
        canvas.rect(x - 4.5, middle - 4.5, 9.0, 9.0, class, &scan.about);
        canvas.take(Rect::around(x, middle, 5.0));
    }
    let mut foot = middle + 10.0;
    // Disease is named before what is clear, the latest before the earlier.
    let mut order: Vec<&Scan> = scans.iter().collect();
    order.sort_by_key(|s| (s.finding != Finding::Disease, -i64::from(s.day)));
    for scan in order {
        let x = frame.x(scan.day);
        let spots = [
            (x + 8.0, middle + 4.0, Anchor::Start),
            (x - 8.0, middle + 4.0, Anchor::End),
            (x - 4.0, middle + 19.0, Anchor::Start),
            (x + 4.0, middle + 19.0, Anchor::End),
        ];
        let class = if scan.finding == Finding::Disease {
            "t-flag"
        } else {
            "t-muted"
        };
        if let Some(spot) = canvas.place(&spots, &frame.area(top, middle + 26.0), class, &scan.word) {
            foot = foot.max(spot.1 + 6.0);
        }
    }
    foot + 4.0
}

fn class_of(finding: Finding) -> &'static str {
    match finding {
        Finding::Clear => "s-clear",
        Finding::Disease => "s-disease",
        Finding::Unclear => "s-unclear",
    }
}
