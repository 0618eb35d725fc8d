//! What the last nights decided about their models: a table, and where there are enough of them, how AUC and observed over expected
//! went over the nights.

use chrono::NaiveDate;

use super::super::chart::lines::{self, Axis, Line, Lines, Scale};
use super::super::write;
use crate::actions::models::{Decided, Figures, JudgedNight};

/// With fewer nights a line says nothing.
const DRAWN_FROM: usize = 3;
const WIDTH: f64 = 760.0;

/// One night.
pub struct Entry {
    pub on: NaiveDate,
    pub run: Option<i32>,
    /// Class and words of its tag.
    pub tag: (&'static str, &'static str),
    /// Where it is not simply done.
    pub state: &'static str,
    pub reason: String,
    pub patients: String,
    pub auc: String,
    pub scaled_brier: String,
    pub ratio: String,
    pub slope: String,
}

pub fn tag(decided: Decided) -> (&'static str, &'static str) {
    match decided {
        Decided::Publish => ("ok", "Published"),
        Decided::Recalibrate => ("risk", "Recalibrated, then published"),
        Decided::Hold => ("risk", "Held back"),
        Decided::Stays => ("open", "Says the same"),
        Decided::Unfitted => ("risk", "None fitted"),
    }
}

pub fn entry(night: &JudgedNight) -> Entry {
    let told = |of: fn(&Figures) -> Option<f64>, digits: usize| match night.verdict.figures.as_ref().and_then(of) {
        Some(value) if value < 0.0 => format!("−{:.digits$}", -value),
        Some(value) => format!("{value:.digits$}"),
        None => "–".to_owned(),
    };
    Entry {
        on: night.as_of,
        run: (night.revision > 1).then_some(night.revision),
        tag: tag(night.verdict.decided),
        state: match (night.on_show, night.state.as_str()) {
            (true, _) => "on show",
            (false, "running") => "under way",
            (false, "failed") => "night failed",
            _ => "",
        },
        reason: night.verdict.reason.clone(),
        patients: write::thousands(night.verdict.patients as u64),
        auc: told(|own| Some(own.auc), 3),
        scaled_brier: told(|own| Some(own.scaled_brier), 3),
        ratio: told(|own| Some(own.observed_over_expected), 2),
        slope: told(|own| own.slope, 2),
    }
}

/// Why there is no model to show, by the last night that decided anything.
pub fn why_none(nights: &[JudgedNight]) -> Option<String> {
    let last = nights.first()?;
    let on = write::day(last.as_of);
    let reason = &last.verdict.reason;
    Some(match last.verdict.decided {
        Decided::Hold => format!("The gate held the model of {on} back, and there is no earlier one to show: {reason}"),
        Decided::Unfitted => format!("In the night of {on} no model could be fitted: {reason}"),
        _ => format!("The night of {on} has a model and is not on show yet: {reason}"),
    })
}

/// `None` with fewer than three nights that were judged. `nights`: newest first; of a day that was run twice the last run counts.
pub fn plot(nights: &[JudgedNight]) -> Option<String> {
    let mut judged: Vec<(NaiveDate, Figures)> = nights
        .iter()
        .filter_map(|n| Some((n.as_of, n.verdict.figures?)))
        .collect();
    judged.sort_by_key(|(on, _)| *on);
    judged.dedup_by_key(|(on, _)| *on);
    let (first, last) = (judged.first()?.0, judged.last()?.0);
    if judged.len() < DRAWN_FROM {
        return None;
    }
    let line = |label: &str, of: fn(&Figures) -> f64| Line {
        label: label.to_owned(),
        points: judged
            .iter()
            .map(|(on, own)| ((*on - last).num_days() as f64, of(own)))
            .collect(),
        dots: true,
        ..Line::default()
    };
    let lines = vec![
        line("AUC", |own| own.auc),
        line("observed / expected", |own| own.observed_over_expected),
    ];
    let heights = lines
        .iter()
        .flat_map(|own| &own.points)
        .map(|point| point.1)
        .chain([0.7, 1.1]);
    let chart = Lines {
        id: "history-plot".into(),
        title: "AUC and observed over expected of each night's candidate".into(),
        about: format!(
            "{} nights from {} to {}; the table below has each.",
            judged.len(),
            write::day(first),
            write::day(last)
        ),
        width: WIDTH,
        x: Axis::around(
            &format!("days before {}", write::day(last)),
            Scale::Plain,
            lines[0].points.iter().map(|p| p.0),
        ),
        y: Axis::around("", Scale::Plain, heights),
        lines,
        ..Lines::default()
    };
    Some(lines::low(&chart))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::models::Verdict;

    fn night(on: &str, decided: Decided, auc: Option<f64>) -> JudgedNight {
        JudgedNight {
            as_of: on.parse().unwrap(),
            revision: 1,
            state: "published".into(),
            on_show: false,
            verdict: Verdict {
                decided,
                reason: "AUC 0.550 is below 0.6: it hardly ranks.".into(),
                patients: 1200,
                budget: 4.0,
                watched: None,
                figures: auc.map(|auc| Figures {
                    horizon_days: 365,
                    auc,
                    scaled_brier: -0.01,
                    observed_over_expected: 1.02,
                    slope: None,
                }),
            },
        }
    }

    #[test]
    fn a_line_is_drawn_from_three_judged_nights_on() {
        let nights = [
            night("2026-11-22", Decided::Hold, Some(0.55)),
            night("2026-11-22", Decided::Hold, Some(0.54)),
            night("2026-11-21", Decided::Publish, Some(0.9)),
            night("2026-11-20", Decided::Unfitted, None),
        ];
        assert_eq!(plot(&nights), None, "two nights");
        let more = [&nights[..], &[night("2026-11-15", Decided::Stays, Some(0.88))]].concat();
        let svg = plot(&more).unwrap();
        assert_eq!(svg.matches("<circle").count(), 6, "{svg}");
        assert!(svg.contains("15 Nov 2026") && svg.contains("observed / expected"));
    }

    #[test]
    fn without_a_model_the_last_night_says_why() {
        assert_eq!(why_none(&[]), None);
        let told = why_none(&[night("2026-11-22", Decided::Hold, Some(0.55))]).unwrap();
        assert!(told.contains("22 Nov 2026") && told.contains("hardly ranks"), "{told}");
        let entry = entry(&night("2026-11-22", Decided::Hold, Some(0.55)));
        assert_eq!(
            (entry.auc.as_str(), entry.scaled_brier.as_str(), entry.slope.as_str()),
            ("0.550", "−0.010", "–")
        );
    }
}
