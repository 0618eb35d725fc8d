//! The burden line of a published score in words: what is there, how sure, since when, and which readings it can't believe. It says
//! nothing of risk.

use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;

use super::super::chart::bars::{self, Part};
use super::super::write;
use super::facts;
use super::risk::percent;
use crate::actions::patients::{Band, LATTICE, Line, Score, Slip};
use crate::domain::history::History;

/// No forecast of the day on which a scan would see it reaches further.
const FARTHEST: f64 = 3650.0;
/// Pixels of a share's track.
const BAR: f64 = 120.0;

/// The card beside the timeline.
pub struct Card {
    pub headline: &'static str,
    pub growing: String,
    pub regimes: Vec<Part>,
    pub facts: Vec<(&'static str, String)>,
    pub odd: Vec<Odd>,
}

/// A reading that the others speak against.
pub struct Odd {
    pub reading: i64,
    pub what: String,
    pub looks: &'static str,
    pub sure: String,
}

impl Card {
    /// `None` where no line entered the score: no readings, an old score.
    pub fn of(score: &Score, history: &History) -> Option<Card> {
        let line = Line::deserialize(score.detail.get("line")?).ok()?;
        let regimes = line.regimes;
        let growing = regimes.grows();
        if growing + regimes.cleared + regimes.silent < 0.5 {
            return None;
        }
        let part = |name: &str, share: f64, class: &str| Part {
            name: name.into(),
            bar: bars::share(share, BAR, class),
            said: percent(share),
        };
        Some(Card {
            headline: headline(growing),
            growing: percent(growing),
            regimes: vec![
                part("Growing, not yet for a scan to see", regimes.growing, "b-dot"),
                part("Large enough for a scan to see", regimes.overt, "b-dot"),
                part("There, not growing", regimes.silent, "b-span"),
                part("Nothing left that could grow", regimes.cleared, "b-span"),
            ],
            facts: said(&line, score.as_of),
            odd: odd(&line, history),
        })
    }
}

fn headline(growing: f64) -> &'static str {
    match growing {
        p if p >= 0.95 => "Almost surely growing",
        p if p >= 0.8 => "Very likely growing",
        p if p >= 0.5 => "More likely growing than not",
        p if p >= 0.2 => "Perhaps growing",
        p if p >= 0.05 => "Probably not growing",
        _ => "Very likely not growing",
    }
}

fn said(line: &Line, on: NaiveDate) -> Vec<(&'static str, String)> {
    let mut said = vec![("Level in plasma, mutant fraction", level(line.level))];
    if let Some(days) = line.doubling_days {
        let figure = write::figure;
        let words = format!(
            "{}\u{a0}days ({}–{})",
            figure(days.mean.round()),
            figure(days.lower.round()),
            figure(days.upper.round())
        );
        said.push(("Doubles in", words));
    }
    if let Some(began) = line.began {
        let month = |day: f64| month(on, day - f64::from(line.day));
        said.push((
            "Growing since",
            spanned(&month(began.mean), &month(began.lower), &month(began.upper)),
        ));
    }
    if let Some(visible) = line.visible {
        said.push(("A scan would see it", forecast(visible, line, on)));
    }
    said
}

/// `about Mar 2027 (Nov 2026 – Aug 2028)`; one month alone where all three are the same.
fn spanned(mean: &str, lower: &str, upper: &str) -> String {
    if lower == upper {
        return mean.to_owned();
    }
    format!("about {mean} ({lower} – {upper})")
}

fn forecast(visible: Band, line: &Line, on: NaiveDate) -> String {
    let today = f64::from(line.day);
    let when = |day: f64| match day - today {
        ahead if ahead < 1.0 => "now".to_owned(),
        ahead if ahead >= FARTHEST - 1.0 => format!("after {}", month(on, FARTHEST)),
        ahead => month(on, ahead),
    };
    spanned(&when(visible.mean), &when(visible.lower), &when(visible.upper))
}

fn month(on: NaiveDate, days: f64) -> String {
    let moved = TimeDelta::try_days(days.round() as i64).and_then(|by| on.checked_add_signed(by));
    moved.map_or_else(|| "–".into(), |day| day.format("%b\u{a0}%Y").to_string())
}

/// Whether a level is where no assay could see it; it is told so and never as zero.
fn is_unseen(ln: f64) -> bool {
    ln <= LATTICE.low + 0.5 * LATTICE.step
}

fn level(level: Band) -> String {
    if is_unseen(level.upper) {
        return "too low to be seen".into();
    }
    let upper = fraction(level.upper);
    match (is_unseen(level.mean), is_unseen(level.lower)) {
        (true, _) => format!("too low to be seen, at most {upper}"),
        (false, true) => format!("{} (too low to be seen – {upper})", fraction(level.mean)),
        (false, false) => format!("{} ({} – {upper})", fraction(level.mean), fraction(level.lower)),
    }
}

/// `0.012 %`, `34 ppm`, of a natural logarithm.
fn fraction(ln: f64) -> String {
    let fraction = ln.exp().min(1.0);
    if fraction < 1e-4 {
        format!("{}\u{a0}ppm", two_figures(fraction * 1e6))
    } else {
        format!("{}\u{202f}%", two_figures(fraction * 100.0))
    }
}

/// More would be false precision.
fn two_figures(value: f64) -> String {
    let unit = 10f64.powf(value.log10().floor() - 1.0);
    write::figure((value / unit).round() * unit)
}

fn odd(line: &Line, history: &History) -> Vec<Odd> {
    let surprises = line.surprises.iter().filter_map(|surprise| {
        let reading = history.observations.iter().find(|o| o.id.0 == surprise.id)?;
        Some(Odd {
            reading: surprise.id,
            what: format!(
                "{} {} of {}",
                facts::name(reading),
                facts::said(reading),
                write::day(reading.collected_on)
            ),
            looks: match surprise.slip {
                Slip::Scale => "looks ten times or more too high or too low",
                Slip::Swap => "looks as of another patient",
                Slip::Duplicate => "is on file twice",
            },
            sure: percent(surprise.probability),
        })
    });
    surprises.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(mean: f64, lower: f64, upper: f64) -> Band {
        Band { mean, lower, upper }
    }

    #[test]
    fn a_level_below_all_assays_is_no_zero() {
        let low = LATTICE.low;
        assert_eq!(level(band(low, low - 1.0, low)), "too low to be seen");
        assert_eq!(
            level(band(1e-4f64.ln(), low, 1e-3f64.ln())),
            "0.01\u{202f}% (too low to be seen – 0.1\u{202f}%)"
        );
        assert_eq!(
            level(band(low, low, 3.4e-5f64.ln())),
            "too low to be seen, at most 34\u{a0}ppm"
        );
        assert_eq!(
            level(band(0.0123f64.ln(), 1e-3f64.ln(), 2f64.ln())),
            "1.2\u{202f}% (0.1\u{202f}% – 100\u{202f}%)"
        );
    }

    #[test]
    fn a_forecast_without_an_end_names_none() {
        let line = Line {
            day: 100,
            ..Line::default()
        };
        let on = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        assert_eq!(
            forecast(band(220.0, 100.0, 3750.0), &line, on),
            "about Mar\u{a0}2027 (now – after Nov\u{a0}2036)"
        );
        assert_eq!(forecast(band(100.0, 100.0, 100.0), &line, on), "now");
    }
}
