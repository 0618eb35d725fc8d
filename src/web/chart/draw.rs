//! What the charts draw with: numbers that are never NaN, escaped text of known width, and a memory of what is taken, so that
//! labels don't overlap.

use std::fmt::Write;

use super::words::{escape, text_width};

/// Height of a line of 12 px text, and of its box in collision tests.
pub const LINE: f64 = 14.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

impl Rect {
    pub fn around(x: f64, y: f64, reach: f64) -> Rect {
        Rect {
            x: x - reach,
            y: y - reach,
            w: 2.0 * reach,
            h: 2.0 * reach,
        }
    }

    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }

    fn within(&self, outer: &Rect) -> bool {
        self.x >= outer.x
            && self.y >= outer.y
            && self.x + self.w <= outer.x + outer.w
            && self.y + self.h <= outer.y + outer.h
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A place a label may take: baseline point and side.
pub type Spot = (f64, f64, Anchor);

/// The SVG under work.
pub struct Canvas {
    width: f64,
    body: String,
    /// Marks and text: a label never covers them.
    taken: Vec<Rect>,
    /// Lines: a label avoids them when it can.
    lines: Vec<Rect>,
    pub texts: Vec<(Rect, String)>,
}

fn bounds(spot: Spot, text: &str) -> Rect {
    let w = text_width(text);
    let x = match spot.2 {
        Anchor::Start => spot.0,
        Anchor::Middle => spot.0 - w / 2.0,
        Anchor::End => spot.0 - w,
    };
    Rect {
        x,
        y: spot.1 - 11.0,
        w,
        h: LINE,
    }
}

/// One decimal is finer than a pixel needs.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0").unwrap_or(&text) {
        "-0" => "0".into(),
        short => short.into(),
    }
}

fn all_finite(values: &[f64]) -> bool {
    values.iter().all(|v| v.is_finite())
}

impl Canvas {
    pub fn new(width: f64) -> Canvas {
        Canvas {
            width,
            body: String::new(),
            taken: vec![],
            lines: vec![],
            texts: vec![],
        }
    }

    pub fn take(&mut self, rect: Rect) {
        self.taken.push(rect);
    }

    /// Marks a line as something labels should rather not cross.
    pub fn avoid_line(&mut self, points: &[(f64, f64)]) {
        for pair in points.windows(2) {
            let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
            if !all_finite(&[x1, y1, x2, y2]) {
                continue;
            }
            let steps = ((x2 - x1).hypot(y2 - y1) / 5.0).ceil().clamp(1.0, 400.0);
            for step in 0..=(steps as usize) {
                let part = step as f64 / steps;
                self.lines
                    .push(Rect::around(x1 + (x2 - x1) * part, y1 + (y2 - y1) * part, 1.5));
            }
        }
    }

    /// Adds `<tag attributes class>`, with a tooltip when `about` is not empty. Shapes with a number that isn't one are left out.
    fn shape(&mut self, tag: &str, attributes: &[(&str, f64)], class: &str, about: &str) {
        if !attributes.iter().all(|(_, value)| value.is_finite()) {
            return;
        }
        let _ = write!(self.body, "<{tag} class=\"{class}\"");
        for (name, value) in attributes {
            let _ = write!(self.body, " {name}=\"{}\"", number(*value));
        }
        self.close(tag, about);
    }

    fn close(&mut self, tag: &str, about: &str) {
        if about.is_empty() {
            self.body.push_str("/>");
        } else {
            let _ = write!(self.body, "><title>{}</title></{tag}>", escape(about));
        }
    }

    pub fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, class: &str) {
        self.shape("line", &[("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)], class, "");
    }

    pub fn rect(&mut self, x: f64, y: f64, w: f64, h: f64, class: &str, about: &str) {
        if w > 0.0 && h > 0.0 {
            self.shape("rect", &[("x", x), ("y", y), ("width", w), ("height", h)], class, about);
        }
    }

    pub fn dot(&mut self, x: f64, y: f64, r: f64, class: &str, about: &str) {
        self.shape("circle", &[("cx", x), ("cy", y), ("r", r)], class, about);
    }

    /// A path through the points; `closed` fills it.
    pub fn path(&mut self, points: &[(f64, f64)], closed: bool, class: &str, about: &str) {
        let good: Vec<_> = points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        if good.len() < 2 {
            return;
        }
        let _ = write!(self.body, "<path class=\"{class}\" d=\"");
        for (at, (x, y)) in good.iter().enumerate() {
            let _ = write!(
                self.body,
                "{}{} {}",
                if at == 0 { "M" } else { "L" },
                number(*x),
                number(*y)
            );
        }
        self.body.push_str(if closed { "Z\"" } else { "\"" });
        self.close("path", about);
    }

    /// A triangle hanging from `y`: not detected, below this limit.
    pub fn hanging(&mut self, x: f64, y: f64, size: f64, class: &str, about: &str) {
        self.path(&[(x - size, y), (x + size, y), (x, y + size * 1.7)], true, class, about);
    }

    /// A failed sample: it says nothing, so it stands at the foot.
    pub fn cross(&mut self, x: f64, y: f64, size: f64, about: &str) {
        if !all_finite(&[x, y]) {
            return;
        }
        let (a, b, c, d) = (x - size, x + size, y - size, y + size);
        let _ = write!(
            self.body,
            "<path class=\"cross\" d=\"M{} {}L{} {}M{} {}L{} {}\"",
            number(a),
            number(c),
            number(b),
            number(d),
            number(a),
            number(d),
            number(b),
            number(c)
        );
        self.close("path", about);
    }

    /// Text whatever is there; the caller has reserved the place.
    pub fn text(&mut self, spot: Spot, class: &str, text: &str) {
        if !all_finite(&[spot.0, spot.1]) || text.is_empty() {
            return;
        }
        let anchor = match spot.2 {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let _ = write!(
            self.body,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\"{anchor}>{}</text>",
            number(spot.0),
            number(spot.1),
            escape(text)
        );
        let rect = bounds(spot, text);
        self.taken.push(rect);
        self.texts.push((rect, text.to_string()));
    }

    /// Puts a label at the first spot where it covers nothing, preferring one clear of lines too; says whether there was one.
    pub fn place(&mut self, spots: &[Spot], area: &Rect, class: &str, text: &str) -> Option<Spot> {
        if text.is_empty() {
            return None;
        }
        let free = |canvas: &Canvas, spot: &Spot, lines: bool| {
            let rect = bounds(*spot, text);
            all_finite(&[rect.x, rect.y])
                && rect.within(area)
                && !canvas.taken.iter().any(|taken| taken.overlaps(&rect))
                && !(lines && canvas.lines.iter().any(|line| line.overlaps(&rect)))
        };
        let spot = *[true, false]
            .iter()
            .find_map(|lines| spots.iter().find(|spot| free(self, spot, *lines)))?;
        self.text(spot, class, text);
        Some(spot)
    }

    /// Puts another drawing of the same chart on top of this one.
    pub fn append(&mut self, other: Canvas) {
        self.body.push_str(&other.body);
        self.taken.extend(other.taken);
        self.lines.extend(other.lines);
        self.texts.extend(other.texts);
    }

    /// The finished element when the text beside it says the same: hidden from screen readers.
    pub fn mute(self, height: f64) -> String {
        let (w, h) = (number(self.width), number(height));
        format!(
            "<svg class=\"chart\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" aria-hidden=\"true\" focusable=\"false\">{}</svg>",
            self.body
        )
    }

    /// The finished element. `id` must be unique on the page.
    pub fn finish(self, id: &str, height: f64, title: &str, about: &str) -> String {
        let (w, h, id) = (number(self.width), number(height.max(1.0)), escape(id));
        format!(
            "<svg class=\"chart\" id=\"{id}\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{}</svg>",
            escape(title),
            escape(about),
            self.body
        )
    }
}
