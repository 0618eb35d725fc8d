//! Why a flag was raised, in a sentence with its numbers, and what past flags at its score promise.

use super::expect::Experience;
use super::rule::{FlagRule, Threshold};
use super::series::Point;
use super::signs::{EVIDENCE_DAYS, evidence, marker_rise, run};
use crate::burden::case::{Case, Day, Finding, Found, Signal, Tissue, What};
use crate::burden::words;
use crate::domain::flag::{Cause, Raised, Severity};
use crate::domain::id::ObservationId;

/// So many draws of a run are told; of a longer one the last.
const DRAWS_TOLD: usize = 3;
/// So many other readings are told, the newest first.
const OTHERS_TOLD: usize = 2;
/// Growth is mentioned from this probability.
const GROWING: f64 = 0.5;

impl FlagRule {
    /// The flag that the risk of `point` asks for, in the registry's terms: severity (high where the lower limit of the risk alone, in
    /// proportion, would reach the threshold), reason and trigger readings.
    pub fn raised(&self, case: &Case, point: &Point, threshold: &Threshold) -> Raised {
        let score = self.score.of(point).unwrap_or(0.0);
        let sure = score * share(point.limits[0], point.risk[1]) >= threshold.raise;
        Raised {
            cause: Cause::RiskThreshold,
            severity: if sure { Severity::High } else { Severity::Medium },
            reason: format!("{} {}", reason(case, point), promise(score, &threshold.experience)),
            triggers: point.triggers.iter().map(|t| ObservationId(t.id)).collect(),
        }
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// `12-month risk 31 % (24 to 39 %): ctDNA 3 then 14 molecules since 3 Feb 2026, growing with probability 0.97.`
pub fn reason(case: &Case, point: &Point) -> String {
    let [lower, upper] = point.limits;
    let mut why: Vec<String> = ctdna(case, point.day).into_iter().collect();
    why.extend(others(case, point.day));
    if why.is_empty() {
        let years = EVIDENCE_DAYS / 365;
        why.push(format!("no reading of the last {years} years speaks for tumour; it comes from older ones, baseline, treatment and time"));
    }
    if point.growing >= GROWING {
        why.push(match point.growing {
            // nothing is certain
            p if p > 0.99 => "growing with probability >0.99".to_owned(),
            p => format!("growing with probability {p:.2}"),
        });
    }
    format!(
        "12-month risk {} % ({} to {} %): {}.",
        percent(point.risk[1]),
        percent(lower),
        percent(upper),
        why.join(", ")
    )
}

/// `Alert score 34 %: of the 212 past flags nearest to it (scores 31 to 38 %) 54 % relapsed within 12 months and 73 % within 24, half of these
/// within 210 days.`
pub fn promise(score: f64, past: &Experience) -> String {
    let expected = match past.at(score) {
        Ok(expected) => expected,
        Err(1) => return "Too few past flags (1) to say how often such a flag comes true.".to_owned(),
        Err(flags) => return format!("Too few past flags ({flags}) to say how often such a flag comes true."),
    };
    let (flags, [low, high]) = (expected.flags, expected.scores.map(percent));
    let of = if past.is_exceeded_by(score) {
        format!("above all past flags; of the {flags} highest of these (scores {low} to {high} %)")
    } else {
        format!("of the {flags} past flags nearest to it (scores {low} to {high} %)")
    };
    let of = format!("Alert score {} %: {of}", percent(score));
    let mut said = match (expected.ppv12, expected.ppv24) {
        (Some(one), Some(two)) => {
            let (one, two) = (percent(one), percent(two));
            format!("{of} {one} % relapsed within 12 months and {two} % within 24")
        }
        (Some(one), None) => format!("{of} {} % relapsed within 12 months", percent(one)),
        _ => return format!("{of} none was watched for 12 months yet."),
    };
    if let Some(days) = expected.lead_days.filter(|_| expected.ppv24.is_some()) {
        said += &format!(", half of these within {days:.0} days");
    }
    said + "."
}

fn percent(p: f64) -> String {
    let p = 100.0 * p;
    if p > 0.0 && p < 9.95 {
        format!("{p:.1}")
    } else {
        format!("{p:.0}")
    }
}

/// The run of detections up to the day.
fn ctdna(case: &Case, day: Day) -> Option<String> {
    let run = run(case, day);
    let (first, _) = run.first()?;
    let told = &run[run.len().saturating_sub(DRAWS_TOLD)..];
    let numbers: Vec<String> = told.iter().map(|(signal, _)| molecules(signal)).collect();
    let since = words::date(case.date_of(first.on));
    let more = if told.len() < run.len() {
        format!("in {} draws, last ", run.len())
    } else {
        String::new()
    };
    let one = told.len() == 1 && numbers[0] == "1";
    let (noun, when) = (
        if one { "molecule" } else { "molecules" },
        if run.len() == 1 { "on" } else { "since" },
    );
    Some(format!("ctDNA {more}{} {noun} {when} {since}", numbers.join(" then ")))
}

fn molecules(signal: &Signal) -> String {
    match signal.what {
        What::Molecules {
            found: Found::Number(n),
            ..
        } if n < 9.95 => words::number((10.0 * n).round() / 10.0),
        What::Molecules {
            found: Found::Number(n),
            ..
        } => format!("{n:.0}"),
        What::Molecules {
            found: Found::Above(n), ..
        } => format!("at least {n:.0}"),
        _ => "?".to_owned(),
    }
}

/// The other evidence, newest first.
fn others(case: &Case, day: Day) -> Vec<String> {
    let evidence = evidence(case, day);
    let signals = case.signals_on(day).filter(|s| evidence.iter().any(|t| t.id == s.id));
    let told: Vec<String> = signals.filter_map(|signal| other(case, signal, day)).collect();
    told.into_iter().rev().take(OTHERS_TOLD).collect()
}

fn other(case: &Case, signal: &Signal, day: Day) -> Option<String> {
    let on = words::date(case.date_of(signal.on));
    match &signal.what {
        What::Molecules { .. } => None,
        What::Cells {
            tissue: Tissue::Blood,
            count,
            screened,
        } => Some(format!(
            "CTC {} in {} mL on {on}",
            words::number(*count),
            words::number(*screened)
        )),
        What::Cells { count, screened, .. } => {
            let (count, screened) = (words::number(*count), words::number(*screened));
            Some(format!("DTC {count} in {screened} million marrow cells on {on}"))
        }
        What::Marker { analyte, .. } => {
            let times = marker_rise(case, signal, day)?;
            Some(format!("{analyte} {times:.1} times its own baseline on {on}"))
        }
        What::Scan {
            finding: Finding::Equivocal,
        } => Some(format!("equivocal scan on {on}")),
        What::Scan { .. } => Some(format!("disease seen on {on}")),
    }
}
