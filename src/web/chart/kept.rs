//! What came beside what was promised, on one short track: a dot with its interval over a tinted span with its mark.

use super::draw::Canvas;

/// A place on the track with its interval, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub at: f64,
    pub lower: f64,
    pub upper: f64,
}

const HEIGHT: f64 = 18.0;

/// The numbers stand beside it in the row, so the drawing itself is hidden from screen readers.
pub fn track(came: Option<Place>, promised: Option<Place>, width: f64) -> String {
    let mut canvas = Canvas::new(width);
    let x = |share: f64| 5.0 + (width - 10.0) * share.clamp(0.0, 1.0);
    let middle = HEIGHT / 2.0;
    canvas.line(x(0.0), middle, x(1.0), middle, "r-track");
    if let Some(own) = promised {
        canvas.rect(
            x(own.lower),
            3.0,
            (x(own.upper) - x(own.lower)).max(1.0),
            HEIGHT - 6.0,
            "bar-local",
            "",
        );
        canvas.line(x(own.at), 1.0, x(own.at), HEIGHT - 1.0, "today");
    }
    if let Some(own) = came {
        canvas.line(x(own.lower), middle, x(own.upper), middle, "f-range");
        canvas.dot(x(own.at), middle, 4.5, "f-dot", "");
    }
    canvas.mute(HEIGHT)
}
