//! Burden of the last years in one row of the triage list: a line, solid dots, hollow triangles below the limit, the zone below
//! the limit shaded, a cross for a failed sample.

use super::draw::Canvas;
use super::scale::decades;

/// What a sample says. Values and limits are in the assay's own unit, above zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    Value(f64),
    /// Found, but only known to lie in an interval; `hi` none: no bound.
    Between {
        lo: f64,
        hi: Option<f64>,
    },
    /// Not detected; the limit may be unknown.
    Below {
        limit: Option<f64>,
    },
    Failed,
}

impl Mark {
    /// Where the mark stands on the scale; none: at the foot.
    pub fn height(self) -> Option<f64> {
        match self {
            Mark::Value(v) => Some(v),
            Mark::Between { lo, hi } => match hi.filter(|hi| hi.is_finite()) {
                None => Some(lo),
                Some(hi) if lo > 0.0 => Some((lo * hi).sqrt()),
                bounded => bounded,
            },
            Mark::Below { limit } => limit,
            Mark::Failed => None,
        }
        .filter(|v| v.is_finite() && *v > 0.0)
    }
}

/// One series of one assay. Days count from any origin; the window ends at `until`.
#[derive(Clone, Debug, PartialEq)]
pub struct Spark {
    /// Unique on the page.
    pub id: String,
    /// Read aloud: "ctDNA of SUN-0417, 3 years to 21 Nov 2026".
    pub title: String,
    /// "8 samples: 0.8 %, then below 0.02 % four times, then 0.012, 0.03, 0.09 %".
    pub about: String,
    pub from: i32,
    pub until: i32,
    pub samples: Vec<(i32, Mark)>,
}

/// Drawn width and height in pixels.
pub const SIZE: (f64, f64) = (148.0, 36.0);

pub fn svg(spark: &Spark) -> String {
    draw(spark).finish(&spark.id, SIZE.1, &spark.title, &spark.about)
}

fn draw(spark: &Spark) -> Canvas {
    let mut canvas = Canvas::new(SIZE.0);
    let (left, right, top, bottom) = (5.0, SIZE.0 - 5.0, 5.0, SIZE.1 - 9.0);
    // Room above an interval without an upper bound, so that its arrow stays inside.
    let open = |mark: &Mark| matches!(mark, Mark::Between { hi, .. } if hi.is_none_or(f64::is_infinite));
    let top = if spark.samples.iter().any(|(_, mark)| open(mark)) {
        top + 9.0
    } else {
        top
    };
    let span = f64::from((spark.until - spark.from).max(1));
    let x = |day: i32| left + (right - left) * (f64::from(day - spark.from) / span).clamp(0.0, 1.0);
    let (lo, hi) = decades(spark.samples.iter().filter_map(|(_, mark)| mark.height()));
    let y = |value: f64| {
        let part = (value.log10() - f64::from(lo)) / f64::from(hi - lo);
        bottom - (bottom - top) * part.clamp(0.0, 1.0)
    };
    let foot = SIZE.1 - 4.0;
    // The highest limit bounds the zone in which a negative says nothing more.
    let limit = spark
        .samples
        .iter()
        .filter_map(|(_, mark)| matches!(mark, Mark::Below { .. }).then(|| mark.height()).flatten())
        .fold(f64::NAN, f64::max);
    if limit.is_finite() {
        canvas.rect(0.0, y(limit), SIZE.0, SIZE.1 - y(limit), "zone", "");
    }
    // What is only known to an interval has no point to draw a line through.
    let line: Vec<_> = spark
        .samples
        .iter()
        .filter(|(_, mark)| matches!(mark, Mark::Value(_) | Mark::Below { .. }))
        .filter_map(|(day, mark)| mark.height().map(|v| (x(*day), y(v))))
        .collect();
    canvas.path(&line, false, "b-line", "");
    for (day, mark) in &spark.samples {
        let at = x(*day);
        match (mark, mark.height()) {
            (Mark::Failed, _) => canvas.cross(at, foot - 1.0, 2.5, ""),
            (Mark::Below { .. }, Some(v)) => canvas.hanging(at, y(v), 3.2, "b-hollow", ""),
            (Mark::Below { .. }, None) => canvas.hanging(at, foot - 4.0, 3.2, "b-hollow", ""),
            (Mark::Between { lo, hi }, Some(_)) => {
                let low = y(lo.max(f64::MIN_POSITIVE));
                match hi.filter(|hi| hi.is_finite()) {
                    // found, the level known to lie about here: at least so tall that it is seen
                    Some(hi) => {
                        let (tall, middle) = ((low - y(hi)).max(7.0), (low + y(hi)) / 2.0);
                        canvas.rect(at - 2.0, middle - tall / 2.0, 4.0, tall, "b-span", "");
                    }
                    None => {
                        canvas.line(at, low, at, low - 8.0, "b-range");
                        canvas.path(
                            &[(at - 3.2, low - 7.0), (at + 3.2, low - 7.0), (at, low - 12.0)],
                            true,
                            "b-solid",
                            "",
                        );
                    }
                }
            }
            (_, Some(v)) => canvas.dot(at, y(v), 2.8, "b-dot", ""),
            (_, None) => {}
        }
    }
    canvas
}
