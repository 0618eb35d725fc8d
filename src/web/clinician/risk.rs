//! A published score in words and bars: the number with its interval, what made it, what is missing.

use serde::Deserialize;
use serde_json::Value;

use super::super::chart::bars::{self, Contribution, Part as Bar, Waterfall};
use super::super::write;
use super::parts::{self, Part, Shown};
use crate::actions::patients::{HORIZONS, Risk, Score, Share};

/// Pixels of a share's track.
const BAR: f64 = 96.0;

/// Small risks keep a decimal, so that a change of half a point is seen.
pub fn percent(probability: f64) -> String {
    if (0.005..0.1).contains(&probability) {
        format!("{:.1}\u{202f}%", probability * 100.0)
    } else {
        write::probability(probability)
    }
}

/// 5.1–9.8 %.
pub fn interval(lo: f64, hi: f64) -> String {
    let lo = if hi < 0.1 && lo >= 0.005 {
        format!("{:.1}", lo * 100.0)
    } else {
        percent(lo).trim_end_matches("\u{202f}%").to_owned()
    };
    let hi = percent(hi);
    // a dash before a sign reads as one more sign
    let to = if hi.starts_with('>') { " to " } else { "–" };
    format!("{lo}{to}{hi}")
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
    /// Facts that move nothing.
    pub still: Vec<String>,
    /// The risks within the other horizons.
    pub others: Vec<Horizon>,
    pub organs: Vec<Bar>,
    pub organs_months: i32,
}

pub struct Horizon {
    pub months: i32,
    pub risk: String,
    pub interval: String,
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
        let Shown { first, moving, still } = parts::shown(&score.contributions);
        Some(Card {
            now: percent(risk),
            interval: interval(score.risk_lo.unwrap_or(risk), score.risk_hi.unwrap_or(risk)),
            months: months(score.horizon_days),
            sum: format!("{:.1}\u{202f}%", risk * 100.0),
            change,
            change_class,
            compared: score.risk_before.is_some(),
            above: score
                .percentile
                .map(|p| format!("{}\u{202f}%", p.floor().clamp(0.0, 99.0))),
            chart: first
                .as_ref()
                .map(|first| waterfall(first, &moving, risk))
                .unwrap_or_default(),
            rows: first.iter().map(average).chain(moving.iter().map(row)).collect(),
            still,
            others: others(score),
            organs: organs(&score.detail),
            organs_months: months(HORIZONS[HORIZONS.len() - 1]),
        })
    }
}

fn months(days: i32) -> i32 {
    (f64::from(days) / 30.4375).round() as i32
}

fn others(score: &Score) -> Vec<Horizon> {
    let Ok(risks) = Vec::<Risk>::deserialize(&score.detail["risks"]) else {
        return vec![];
    };
    let pairs = HORIZONS.iter().zip(risks);
    pairs
        .filter(|(days, _)| **days != score.horizon_days)
        .map(|(days, own)| Horizon {
            months: months(*days),
            risk: percent(own.value),
            interval: interval(own.lower, own.upper),
        })
        .collect()
}

/// By the last horizon: organs, the likeliest first, then death without relapse and free of both. Tenths of a per cent that add up to 100.
fn organs(detail: &Value) -> Vec<Bar> {
    let Ok(mut shares) = Vec::<Share>::deserialize(&detail["organs"]) else {
        return vec![];
    };
    let place = |share: &Share| match share.what.as_str() {
        "free" => 2,
        "death" => 1,
        _ => 0,
    };
    shares.sort_by(|a, b| place(a).cmp(&place(b)).then(b.risk.total_cmp(&a.risk)));
    let tenths = tenths(&shares.iter().map(|share| share.risk).collect::<Vec<_>>());
    let bar = |(share, tenths): (Share, i64)| {
        let (name, class) = match share.what.as_str() {
            "free" => ("Free of both".to_owned(), "r-down"),
            "death" => ("Death without relapse".to_owned(), "p-dot"),
            "node" => ("Distant nodes".to_owned(), "r-up"),
            "other" => ("Elsewhere".to_owned(), "r-up"),
            "not_stated" => ("Relapse, organ not known".to_owned(), "r-up"),
            organ => (write::capital(organ), "r-up"),
        };
        Bar {
            name,
            bar: bars::share(share.risk, BAR, class),
            said: format!("{}.{}\u{202f}%", tenths / 10, tenths % 10),
        }
    };
    shares.into_iter().zip(tenths).map(bar).collect()
}

/// Shares in tenths of a per cent that make up the whole: what rounding down takes goes to the largest remainders.
fn tenths(shares: &[f64]) -> Vec<i64> {
    let mut tenths: Vec<i64> = shares.iter().map(|share| (share * 1000.0).floor() as i64).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    let rest = |i: usize| shares[i] * 1000.0 - (shares[i] * 1000.0).floor();
    order.sort_by(|a, b| rest(*b).total_cmp(&rest(*a)));
    let whole = (shares.iter().sum::<f64>() * 1000.0).round() as i64;
    let short = usize::try_from(whole - tenths.iter().sum::<i64>()).unwrap_or(0);
    for i in order.into_iter().take(short) {
        tenths[i] += 1;
    }
    tenths
}

fn average(part: &Part) -> CardRow {
    CardRow {
        label: part.label.clone(),
        value: part.value.clone(),
        points: format!("{:.1}", part.effect * 100.0),
        class: "",
    }
}

fn row(part: &Part) -> CardRow {
    let points = part.effect * 100.0;
    CardRow {
        label: part.label.clone(),
        value: part.value.clone(),
        points: write::points(points),
        class: if points > 0.0 { "higher" } else { "lower" },
    }
}

fn waterfall(first: &Part, moving: &[Part], risk: f64) -> String {
    bars::waterfall(&Waterfall {
        id: "risk-parts".into(),
        title: "How the risk adds up, in percentage points".into(),
        baseline_label: first.label.replace("patient of the fit", "patient"),
        baseline: first.effect * 100.0,
        contributions: parts::drawn(moving)
            .into_iter()
            .map(|(label, effect)| Contribution {
                label,
                points: effect * 100.0,
            })
            .collect(),
        now: risk * 100.0,
        width: 340.0,
    })
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
        assert_eq!(interval(0.93, 0.998), "93 to >99\u{202f}%");
    }

    #[test]
    fn shares_add_up_as_they_are_shown() {
        assert_eq!(tenths(&[0.3333, 0.3333, 0.3334]), [333, 333, 334]);
        assert_eq!(tenths(&[0.00051, 0.0005, 0.99899]).iter().sum::<i64>(), 1000);
        let detail = serde_json::json!({"organs": [{"what": "free", "risk": 0.8}, {"what": "bone", "risk": 0.05},
            {"what": "liver", "risk": 0.1}, {"what": "death", "risk": 0.05}]});
        let names: Vec<String> = organs(&detail).into_iter().map(|bar| bar.name).collect();
        assert_eq!(names, ["Liver", "Bone", "Death without relapse", "Free of both"]);
        assert!(organs(&serde_json::json!({})).is_empty());
    }
}
