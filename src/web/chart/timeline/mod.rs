//! All measures of one patient on one axis, in months since an anchor: treatments on top, concentrations on a log scale with each
//! sample's own limit, counts with their Poisson interval, proteins, lesions, scans, events. What cannot be drawn without covering
//! something else is left to the table beside the chart; marks are never left out, only words.

mod panel;
mod rows;
mod story;

use super::draw::{Anchor, Canvas, Rect};
pub use super::spark::Mark;
use super::words::{fit, split};

/// Days count from the anchor, negative before it. Everything is optional; an empty timeline is an axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Unique on the page.
    pub id: String,
    pub title: String,
    /// The chart in two or three sentences, read aloud.
    pub about: String,
    /// Drawn width in CSS pixels.
    pub width: f64,
    /// Beneath the axis: "months since surgery (14 Mar 2024)".
    pub axis_label: String,
    /// The day the page is as of; leave it out when the last fact lies long before it.
    pub today: Option<i32>,
    pub treatments: Vec<Treatment>,
    /// Days of surgery: 90 days to each side are shaded, since counts and ctDNA mean less there.
    pub surgeries: Vec<i32>,
    /// One per (analyte, assay, unit, specimen): two assays never share a line.
    pub series: Vec<Series>,
    pub counts: Vec<Counts>,
    pub proteins: Vec<Protein>,
    /// Sum of target lesions in mm.
    pub lesions: Vec<Point>,
    pub scans: Vec<Scan>,
    pub events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Systemic.
    Drug,
    /// Surgery, radiotherapy.
    Local,
    /// Time in a trial arm.
    Trial,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Treatment {
    pub label: String,
    pub kind: Kind,
    pub from: i32,
    /// None: still on it, or the end is not known.
    pub to: Option<i32>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// "ctDNA".
    pub label: String,
    /// "MTM/mL"; empty for %.
    pub unit: String,
    pub samples: Vec<Sample>,
    /// The burden trend: (day, middle, low, high).
    pub trend: Vec<(i32, f64, f64, f64)>,
    /// Its continuation, drawn dashed.
    pub forecast: Vec<(i32, f64, f64, f64)>,
    /// Days in which a scan would see it.
    pub window: Option<(i32, i32)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub day: i32,
    pub mark: Mark,
    /// What this sample could have seen.
    pub limit: Option<f64>,
    /// Empty: made from the mark.
    pub label: String,
    /// Tooltip: "14 Mar 2024: 0.8 %, limit 0.02 %".
    pub about: String,
}

/// A row of cell counts, drawn by the amount that they are usually told of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    pub label: String,
    /// "per 7.5 mL".
    pub amount: &'static str,
    pub points: Vec<Count>,
}

/// `found` none: the sample failed. `rate` is what that comes to in the row's amount, `lo` and `hi` its exact Poisson interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    pub day: i32,
    pub found: Option<u32>,
    pub rate: f64,
    pub lo: f64,
    pub hi: f64,
    pub about: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Protein {
    pub label: String,
    pub points: Vec<(i32, Mark)>,
    /// The patient's own usual value.
    pub usual: Option<f64>,
    /// At the line's end: "24 U/mL (own usual 18)".
    pub last_label: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub day: i32,
    pub value: f64,
    pub about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    Clear,
    Disease,
    Unclear,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    pub day: i32,
    pub finding: Finding,
    /// "CT clear".
    pub word: String,
    pub about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    Relapse,
    Progression,
    Death,
    /// Lost, withdrawn, last contact.
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub day: i32,
    pub what: Happening,
    /// "distant relapse: bone, liver".
    pub label: String,
    pub about: String,
}

pub const DAYS_PER_MONTH: f64 = 30.4375;
const GUTTER: f64 = 104.0;
const MARGIN: f64 = 14.0;

/// The axis all rows share.
struct Frame {
    first: f64,
    last: f64,
    left: f64,
    right: f64,
    width: f64,
}

impl Frame {
    fn x(&self, day: i32) -> f64 {
        self.x_of(f64::from(day))
    }

    fn x_of(&self, day: f64) -> f64 {
        self.left + (self.right - self.left) * ((day - self.first) / (self.last - self.first)).clamp(0.0, 1.0)
    }

    /// Where words may stand between `top` and `bottom`.
    fn area(&self, top: f64, bottom: f64) -> Rect {
        Rect {
            x: self.left - 4.0,
            y: top,
            w: self.width - self.left + 4.0,
            h: bottom - top,
        }
    }

    /// A name in one line, or in two where it is too long for one; the second stands at `y`.
    fn long_name(&self, canvas: &mut Canvas, y: f64, class: &str, text: &str) {
        let (first, rest) = split(text, self.left - 14.0);
        self.name(canvas, y - 14.0, class, first);
        self.name(canvas, y, class, rest);
    }

    fn name(&self, canvas: &mut Canvas, y: f64, class: &str, text: &str) {
        canvas.text((self.left - 14.0, y, Anchor::End), class, &fit(text, self.left - 14.0));
    }
}

fn frame(chart: &Timeline) -> Frame {
    let mut days: Vec<i32> = vec![0];
    days.extend(chart.today);
    days.extend(chart.treatments.iter().flat_map(|t| [Some(t.from), t.to]).flatten());
    days.extend(&chart.surgeries);
    for s in &chart.series {
        days.extend(s.samples.iter().map(|p| p.day));
        days.extend(s.trend.iter().chain(&s.forecast).map(|p| p.0));
        days.extend(s.window.iter().flat_map(|w| [w.0, w.1]));
    }
    days.extend(chart.counts.iter().flat_map(|c| &c.points).map(|p| p.day));
    days.extend(chart.proteins.iter().flat_map(|p| &p.points).map(|p| p.0));
    days.extend(chart.lesions.iter().map(|p| p.day));
    days.extend(chart.scans.iter().map(|s| s.day));
    days.extend(chart.events.iter().map(|e| e.day));
    let first = f64::from(days.iter().copied().min().unwrap_or(0));
    let last = f64::from(days.iter().copied().max().unwrap_or(0)).max(first + 6.0 * DAYS_PER_MONTH);
    let pad = (last - first) * 0.02;
    Frame {
        first: if first < 0.0 { first - pad } else { first },
        last: last + pad,
        left: GUTTER,
        right: chart.width - MARGIN,
        width: chart.width,
    }
}

pub fn svg(chart: &Timeline) -> String {
    let (canvas, height) = draw(chart);
    canvas.finish(&chart.id, height, &chart.title, &chart.about)
}

/// The drawing and its height; separate so that tests can look at the words.
pub(super) fn draw(chart: &Timeline) -> (Canvas, f64) {
    let frame = frame(chart);
    let mut canvas = Canvas::new(chart.width);
    let mut y = story::treatments(&mut canvas, &frame, &chart.treatments, 2.0);
    let top = y;
    // Shades and hairlines reach from the treatments to the axis, whose height is known only when all rows are: they are drawn
    // on a canvas of their own and put beneath.
    let mut words = Canvas::new(chart.width);
    reserve_today(&mut words, &frame, chart, top);
    for surgery in &chart.surgeries {
        let (from, _) = perioperative(&frame, *surgery);
        let spots = [(from + 4.0, top + 13.0, Anchor::Start)];
        words.place(&spots, &frame.area(top, top + 20.0), "t-muted", "perioperative");
    }
    if !chart.surgeries.is_empty() {
        y += 16.0;
    }
    for series in &chart.series {
        y = panel::draw(&mut words, &frame, series, y);
    }
    for counts in &chart.counts {
        y = rows::counts(&mut words, &frame, counts, y);
    }
    for protein in &chart.proteins {
        y = rows::protein(&mut words, &frame, protein, y);
    }
    if !chart.lesions.is_empty() {
        y = rows::lesions(&mut words, &frame, &chart.lesions, y);
    }
    if !chart.scans.is_empty() {
        y = rows::scans(&mut words, &frame, &chart.scans, y);
    }
    let events_at = y;
    if !chart.events.is_empty() {
        y = story::events(&mut words, &frame, &chart.events, y);
    }
    let foot = y + 6.0;
    for surgery in &chart.surgeries {
        let (from, to) = perioperative(&frame, *surgery);
        canvas.rect(from, top, to - from, foot - top, "peri", "");
    }
    story::event_lines(&mut canvas, &frame, &chart.events, top, events_at);
    let height = story::axis(&mut words, &frame, &chart.axis_label, foot);
    if let Some(today) = chart.today {
        canvas.line(frame.x(today), top, frame.x(today), foot, "today");
    }
    canvas.append(words);
    (canvas, height)
}

fn perioperative(frame: &Frame, surgery: i32) -> (f64, f64) {
    (frame.x(surgery.saturating_sub(90)), frame.x(surgery.saturating_add(90)))
}

/// The hairline of today is something words keep clear of; its own word stands at the top.
fn reserve_today(canvas: &mut Canvas, frame: &Frame, chart: &Timeline, top: f64) {
    if let Some(today) = chart.today {
        let x = frame.x(today);
        canvas.place(
            &[(x - 5.0, top + 13.0, Anchor::End), (x + 5.0, top + 13.0, Anchor::Start)],
            &frame.area(top, top + 20.0),
            "t-bold",
            "today",
        );
        canvas.take(Rect {
            x: x - 2.0,
            y: top,
            w: 4.0,
            h: 20_000.0,
        });
    }
}
