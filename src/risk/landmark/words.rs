//! The words of a score: what a fact is called, what it was, what is missing, old, or beyond what the fit has seen.

use super::Model;
use super::features::{Form, Readings, Schema};
use crate::burden::case::{Case, Day};
use crate::burden::{Line, words::number};

/// Any reading older than this makes "free of relapse until today" doubtful.
const STALE_DAYS: Day = 183;
/// A reading of one kind older than this says little of today.
const STALE_KIND_DAYS: Day = 400;

/// Names of facts that are not words already.
const CALLED: [(&str, &str); 17] = [
    ("ctDNA", "ctDNA"),
    ("age", "Age at day zero"),
    ("size_mm", "Tumour size"),
    ("size_band", "Tumour size"),
    ("nodes", "Positive nodes"),
    ("grade", "Grade"),
    ("ki67", "Ki-67"),
    ("er", "Oestrogen receptor"),
    ("pgr", "Progesterone receptor"),
    ("her2", "HER2"),
    ("sex", "Sex"),
    ("organ", "Cancer"),
    ("subtype", "Subtype"),
    ("arm", "Arm of the trial"),
    ("endocrine", "Adjuvant endocrine therapy"),
    ("chemotherapy", "Adjuvant chemotherapy"),
    ("postmenopausal", "Menopause"),
];

pub(super) fn label(name: &str) -> String {
    match CALLED.iter().find(|(own, _)| *own == name) {
        Some((_, called)) => (*called).to_owned(),
        None => capital(name),
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first
            .to_uppercase()
            .chain(letters)
            .collect::<String>()
            .replace('_', " "),
        None => String::new(),
    }
}

fn ago(on: Day, day: Day) -> String {
    match day - on {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days if days < 60 => format!("{days} days ago"),
        days => format!("{} months ago", days * 12 / 365),
    }
}

/// What a fact was, as a clinician would say it; empty where there is nothing to say.
pub(super) fn value(label: &str, schema: &Schema, case: &Case, day: Day, readings: &Readings, line: &Line) -> String {
    let after = |on: Day| on > 0;
    match label {
        "time since day zero" => format!("{} years", number((f64::from(day) / 36.525).round() / 10.0)),
        "ctDNA" => match readings.draws.iter().rev().find(|draw| after(draw.on)) {
            Some(last) => {
                let all = readings.draws.iter().filter(|draw| after(draw.on));
                let found = all.clone().filter(|draw| draw.detected).count();
                let last_words = if last.detected { "detected" } else { "not detected" };
                format!(
                    "{found} of {} detected; {last_words} {}",
                    all.count(),
                    ago(last.on, day)
                )
            }
            None => "not drawn".to_owned(),
        },
        "CTC" => readings.blood.iter().rev().find(|count| after(count.on)).map_or_else(
            || "not counted".to_owned(),
            |last| {
                format!(
                    "{} in {} mL {}",
                    number(last.count),
                    number(last.screened),
                    ago(last.on, day)
                )
            },
        ),
        "marrow DTC" => readings.marrow.last().map_or_else(
            || "not counted".to_owned(),
            |last| format!("{} {}", number(last.count), ago(last.on, day)),
        ),
        "scans" => readings.scans.iter().rev().find(|(on, _)| after(*on)).map_or_else(
            || "none".to_owned(),
            |(on, finding)| format!("{} {}", format!("{finding:?}").to_lowercase(), ago(*on, day)),
        ),
        "pattern of visits" => readings
            .days
            .last()
            .map_or_else(|| "never seen".to_owned(), |on| format!("last seen {}", ago(*on, day))),
        "burden line" => match line.regimes.grows() {
            // nothing is certain
            p if p > 0.99 => "growing with probability >99 %".to_owned(),
            p => format!("growing with probability {:.0} %", 100.0 * p),
        },
        name => match schema.analytes.iter().position(|own| own == name) {
            Some(place) => readings.markers[place].last().map_or_else(
                || "not measured".to_owned(),
                |last| {
                    let sign = if last.below { "<" } else { "" };
                    format!("{sign}{:.1} {}", last.log.exp(), ago(last.on, day))
                },
            ),
            None => fact(name, schema.categories.iter().any(|own| own == name), case, day),
        },
    }
}

fn fact(name: &str, category: bool, case: &Case, day: Day) -> String {
    let prefix = format!("{name}=");
    for fact in case.facts_on(day) {
        if let Some(word) = fact.name.strip_prefix(&prefix) {
            return word.replace('_', " ");
        }
        if &*fact.name == name {
            let yes = category && fact.value == 1.0;
            return if yes { "yes".to_owned() } else { number(fact.value) };
        }
    }
    if category { "no" } else { "not on file" }.to_owned()
}

pub(super) fn missing(schema: &Schema, raw: &[f64], readings: &Readings) -> Vec<String> {
    let facts = schema.numeric.iter().zip(raw).filter(|(_, value)| !value.is_finite());
    let mut missing: Vec<String> = facts.map(|(fact, _)| label(&fact.name)).collect();
    if !readings.draws.iter().any(|draw| draw.on > 0) {
        missing.push("ctDNA since day zero".to_owned());
    }
    if readings.days.is_empty() {
        missing.push("Any visit or reading".to_owned());
    }
    missing
}

pub(super) fn stale(schema: &Schema, day: Day, readings: &Readings) -> Vec<String> {
    let mut stale = vec![];
    let mut look = |what: &str, last: Option<Day>, limit: Day| {
        if let Some(on) = last.filter(|on| day - on > limit) {
            stale.push(format!("{what}, {}", ago(on, day)));
        }
    };
    look("Last seen", readings.days.last().copied(), STALE_DAYS);
    look("Last ctDNA", readings.draws.last().map(|draw| draw.on), STALE_KIND_DAYS);
    look("Last CTC", readings.blood.last().map(|count| count.on), STALE_KIND_DAYS);
    look("Last scan", readings.scans.last().map(|(on, _)| *on), STALE_KIND_DAYS);
    for (analyte, levels) in schema.analytes.iter().zip(&readings.markers) {
        look(
            &format!("Last {analyte}"),
            levels.last().map(|level| level.on),
            STALE_KIND_DAYS,
        );
    }
    stale
}

pub(super) fn outside(model: &Model, case: &Case, raw: &[f64]) -> Option<String> {
    let mut remarks = vec![];
    if !model.reference.groups.iter().any(|group| **group == *case.group) {
        remarks.push(format!("Nobody in the fit has {}.", case.group.replace('_', " ")));
    }
    for ((fact, value), range) in model.schema.numeric.iter().zip(raw).zip(&model.reference.ranges) {
        let Some((low, high)) = range else { continue };
        if *value < *low || *value > *high {
            let shown = |value: f64| match fact.form {
                Form::Plain => number(value),
                Form::Log => number(value.exp_m1().round()),
            };
            let (value, low, high) = (shown(*value), shown(*low), shown(*high));
            remarks.push(format!("{} {value} lies outside {low} to {high}.", label(&fact.name)));
        }
    }
    (!remarks.is_empty()).then(|| remarks.join(" "))
}
