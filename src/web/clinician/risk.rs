//! A published score in words and bars: the number with its interval, what made it, what is missing.

use serde_json::Value;

use super::super::chart::bars::{self, Contribution, Waterfall};
use super::super::write;
use crate::actions::patients::Score;

/// One part of a risk as the night wrote it; `effect` is a probability.
struct Part {
    label: String,
    value: String,
    effect: f64,
}

fn parts(contributions: &Value) -> Vec<Part> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let part = |one: &Value| Part {
        label: text(&one["label"]),
        value: text(&one["value"]),
        effect: one["effect"].as_f64().unwrap_or(0.0),
    };
    contributions.as_array().into_iter().flatten().map(part).collect()
}

/// What raises the risk above the average most, `positive nodes 12`: at most so many.
pub fn raising(contributions: Option<&Value>, most: usize) -> Vec<String> {
    let parts = contributions.map(parts).unwrap_or_default();
    let raising = parts.iter().skip(1).filter(|part| part.effect >= 0.001);
    raising
        .take(most)
        .map(|part| format!("{} {}", lower(&part.label), part.value))
        .collect()
}

fn lower(label: &str) -> String {
    let mut letters = label.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// Small risks keep a decimal, so that a change of half a point is seen.
pub fn percent(probability: f64) -> String {
    if (0.005..0.1).contains(&probability) {
        format!("{:.1}\u{202f}%", probability * 100.0)
    } else {
        write::percent(probability)
    }
}

/// 5.1–9.8 %.
pub fn interval(lo: f64, hi: f64) -> String {
    let lo = if hi < 0.1 && lo >= 0.005 {
        format!("{:.1}", lo * 100.0)
    } else {
        percent(lo).trim_end_matches("\u{202f}%").to_owned()
    };
    format!("{lo}–{}", percent(hi))
}

/// The change against the night before, with the class of its colour.
pub fn change(now: f64, before: Option<f64>) -> (&'static str, String) {
    let Some(before) = before else {
        return ("", "first score".into());
    };
    let points = ((now - before) * 1000.0).round() / 10.0;
    if points == 0.0 {
        ("", "no change".into())
    } else if points > 0.0 {
        ("higher", format!("▲ +{} points", write::figure(points)))
    } else {
        ("lower", format!("▼ −{} points", write::figure(-points)))
    }
}

/// The card beside the timeline.
pub struct Card {
    pub now: String,
    pub interval: String,
    pub months: i32,
    /// The sum of the parts, to a tenth as they are.
    pub sum: String,
    pub change: String,
    pub change_class: &'static str,
    /// There was a score the night before.
    pub compared: bool,
    pub above: Option<String>,
    pub chart: String,
    pub rows: Vec<CardRow>,
}

pub struct CardRow {
    pub label: String,
    pub value: String,
    pub points: String,
    pub class: &'static str,
}

impl Card {
    pub fn of(score: &Score) -> Option<Card> {
        let risk = score.risk?;
        let (change_class, change) = change(risk, score.risk_before);
        Some(Card {
            now: percent(risk),
            interval: interval(score.risk_lo.unwrap_or(risk), score.risk_hi.unwrap_or(risk)),
            months: (f64::from(score.horizon_days) / 30.4375).round() as i32,
            sum: format!("{:.1}\u{202f}%", risk * 100.0),
            change,
            change_class,
            compared: score.risk_before.is_some(),
            above: score
                .percentile
                .map(|p| format!("{}\u{202f}%", p.floor().clamp(0.0, 99.0))),
            chart: waterfall(score, risk),
            rows: parts(&score.contributions).iter().enumerate().map(row).collect(),
        })
    }
}

fn row((at, part): (usize, &Part)) -> CardRow {
    let points = part.effect * 100.0;
    CardRow {
        label: part.label.clone(),
        value: part.value.clone(),
        points: if at == 0 {
            format!("{points:.1}")
        } else {
            write::points(points)
        },
        class: match points {
            _ if at == 0 => "",
            up if up >= 0.05 => "higher",
            down if down <= -0.05 => "lower",
            _ => "",
        },
    }
}

fn waterfall(score: &Score, risk: f64) -> String {
    let parts = parts(&score.contributions);
    let Some((baseline, rest)) = parts.split_first() else {
        return String::new();
    };
    let named = |part: &Part| match part.value.as_str() {
        "yes" => short(&part.label).to_owned(),
        "no" => format!("No {}", lower(short(&part.label))),
        value if part.label.starts_with("Positive nodes") || part.label.starts_with("Grade") => {
            format!("{} {value}", part.label)
        }
        value => format!("{}: {value}", short(&part.label)),
    };
    // What moves nothing has no bar; the table beneath names it.
    let moving = rest.iter().filter(|part| part.effect.abs() >= 0.0005);
    bars::waterfall(&Waterfall {
        id: "risk-parts".into(),
        title: "How the risk adds up, in percentage points".into(),
        baseline_label: baseline.label.replace("patient of the fit", "patient"),
        baseline: baseline.effect * 100.0,
        contributions: moving
            .map(|part| Contribution {
                label: named(part),
                points: part.effect * 100.0,
            })
            .collect(),
        now: risk * 100.0,
        width: 340.0,
    })
}

/// Labels that must leave room for their value.
fn short(label: &str) -> &str {
    match label {
        "Oestrogen receptor" => "ER",
        "Progesterone receptor" => "PgR",
        "Adjuvant endocrine therapy" => "Endocrine therapy",
        "Adjuvant chemotherapy" => "Chemotherapy",
        "Age at surgery" => "Age",
        "Tumour size" => "Size",
        label => label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_said_in_points() {
        assert_eq!(change(0.085, Some(0.07)), ("higher", "▲ +1.5 points".into()));
        assert_eq!(change(0.07, Some(0.085)), ("lower", "▼ −1.5 points".into()));
        assert_eq!(change(0.07, Some(0.07)).1, "no change");
        assert_eq!(change(0.07, None).1, "first score");
    }

    #[test]
    fn an_interval_has_one_unit() {
        assert_eq!(interval(0.051, 0.098), "5.1–9.8\u{202f}%");
        assert_eq!(interval(0.16, 0.29), "16–29\u{202f}%");
        assert_eq!(interval(0.07, 0.13), "7.0–13\u{202f}%");
    }

    #[test]
    fn what_raises_most_comes_without_the_average() {
        let parts = serde_json::json!([{"label": "Average patient of the fit", "value": "", "effect": 0.04},
            {"label": "Positive nodes", "value": "12", "effect": 0.03}, {"label": "Grade", "value": "2", "effect": -0.01}]);
        assert_eq!(raising(Some(&parts), 3), ["positive nodes 12"]);
        assert!(raising(None, 3).is_empty());
    }
}
