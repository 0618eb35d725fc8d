//! From a history to the timeline: which day is zero, which readings share a line, what is said of each mark.

use chrono::NaiveDate;
use serde_json::Value;

use super::super::chart::timeline::{
    self, Count, Counts, Event, Finding, Happening as Shown, Kind, Mark, Point, Protein, Sample, Scan, Series,
    Timeline, Treatment,
};
use super::super::write;
use super::facts;
use crate::actions::patients::words;
use crate::domain::count;
use crate::domain::event::Happening;
use crate::domain::history::History;
use crate::domain::observation::Observation;
use crate::domain::reading::Reading;
use crate::domain::unit;

/// A day that the axis may count from.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    pub code: &'static str,
    pub on: NaiveDate,
    pub chosen: bool,
}

/// Surgery, diagnosis and enrolment, as far as they are on file; the asked one is chosen, else the first that the readings lie
/// nearest to: enrolment for a patient of a trial, surgery for others.
pub fn anchors(history: &History, asked: &str) -> Vec<Anchor> {
    let anchor = |code, on: Option<NaiveDate>| {
        on.map(|on| Anchor {
            code,
            on,
            chosen: false,
        })
    };
    let mut all: Vec<Anchor> = [
        anchor("surgery", history.surgeries.first().map(|s| s.performed_on)),
        anchor("diagnosis", history.tumour().map(|t| t.diagnosed_on)),
        anchor("enrolment", history.enrolments.first().map(|e| e.enrolled_on)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let usual = if all.iter().any(|a| a.code == "surgery") || all.iter().all(|a| a.code != "enrolment") {
        "surgery"
    } else {
        "enrolment"
    };
    let at = [asked, usual]
        .iter()
        .find_map(|code| all.iter().position(|anchor| anchor.code == *code))
        .unwrap_or(0);
    if let Some(anchor) = all.get_mut(at) {
        anchor.chosen = true;
    }
    all
}

/// The page is as of today, but a hairline years after the last fact would press all else together.
const QUIET_DAYS: i64 = 730;

pub fn timeline(history: &History, anchor: &Anchor, id: &str, width: f64) -> Timeline {
    let day = |on: NaiveDate| (on - anchor.on).num_days().clamp(-36_500, 36_500) as i32;
    let last = history.last_contact_on().unwrap_or(anchor.on);
    Timeline {
        id: id.into(),
        title: format!("Course of {}", history.patient.key),
        about: about(history),
        width,
        axis_label: format!("months since {} ({})", anchor.code, write::day(anchor.on)),
        today: ((history.as_of - last).num_days() <= QUIET_DAYS && history.died_on().is_none())
            .then(|| day(history.as_of)),
        treatments: treatments(history, &day),
        surgeries: history.surgeries.iter().map(|s| day(s.performed_on)).collect(),
        series: series(history, &day),
        counts: ["ctc", "marrow_dtc"]
            .into_iter()
            .filter_map(|measure| counts(history, measure, &day))
            .collect(),
        proteins: proteins(history, &day),
        lesions: lesions(history, &day),
        scans: scans(history, &day),
        events: events(history, &day),
    }
}

/// How many of what, from when to when, and how it ended: for whoever hears the page.
fn about(history: &History) -> String {
    let draws = history.observations.iter().filter(|o| o.measure == "ctdna").count();
    let scans = history.observations.iter().filter(|o| o.measure == "imaging").count();
    let others = history.observations.len() - draws - scans;
    let mut text = format!("{draws} ctDNA draws, {scans} scans, {others} other readings.");
    for event in history.events.iter().filter(|e| e.what != Happening::LastContact) {
        let (what, said) = facts::event_words(&event.what);
        text += &format!(
            " {what} {}{}{said}.",
            write::day(event.occurred_on),
            if said.is_empty() { "" } else { ", " }
        );
    }
    text + " The table has every fact."
}

fn treatments(history: &History, day: &impl Fn(NaiveDate) -> i32) -> Vec<Treatment> {
    let surgeries = history.surgeries.iter().map(|surgery| Treatment {
        label: short(&surgery.procedure),
        kind: Kind::Local,
        from: day(surgery.performed_on),
        to: Some(day(surgery.performed_on)),
    });
    let end = history.died_on().or(history.left_on());
    let courses = history.treatments.iter().map(|treatment| Treatment {
        label: facts::treatment_name(&treatment.category, treatment.agent.as_deref()),
        kind: match treatment.category.as_str() {
            "radiotherapy" => Kind::Local,
            _ => Kind::Drug,
        },
        from: day(treatment.started_on),
        // an end that nobody wrote down is not drawn past the usual length, nor past what is known of the patient
        to: Some(day(treatment.stopped_on.unwrap_or_else(|| {
            let known = end.or(history.last_contact_on()).unwrap_or(treatment.started_on);
            treatment.ends_on().map_or(known, |usual| usual.min(known))
        }))),
    });
    let trials = history.enrolments.iter().map(|enrolment| Treatment {
        label: match &enrolment.arm {
            Some(arm) => format!("{} arm {arm}", enrolment.trial.code),
            None => enrolment.trial.code.clone(),
        },
        kind: Kind::Trial,
        from: day(enrolment.enrolled_on),
        to: Some(day(enrolment
            .off_study_on
            .or(end)
            .or(history.last_contact_on())
            .unwrap_or(enrolment.enrolled_on))),
    });
    surgeries.chain(courses).chain(trials).collect()
}

fn short(procedure: &str) -> String {
    match procedure.split_once(" of ") {
        Some((first, _)) => first.to_owned(),
        None => procedure.to_owned(),
    }
}

fn mark(observation: &Observation) -> Option<Mark> {
    let scale = |value: f64| unit::shown(value, &observation.unit);
    Some(match observation.reading {
        Reading::Quantified { value } if value > 0.0 => Mark::Value(scale(value)),
        Reading::Quantified { .. } => Mark::Below { limit: None },
        Reading::DetectedNotQuantified { lo, hi } => Mark::Between {
            lo: scale(lo),
            hi: hi.is_finite().then(|| scale(hi)),
        },
        Reading::AboveRange { lo } => Mark::Between {
            lo: scale(lo),
            hi: None,
        },
        Reading::NotDetected { hi } => Mark::Below {
            limit: hi.or(observation.lod).filter(|hi| hi.is_finite()).map(scale),
        },
        Reading::Indeterminate | Reading::Failed { .. } => Mark::Failed,
        Reading::NotDone => return None,
    })
}

fn tooltip(observation: &Observation) -> String {
    format!(
        "{}: {} {}",
        write::day(observation.collected_on),
        facts::name(observation),
        facts::said(observation)
    )
}

/// Readings of one measure in groups of one analyte, assay, unit and fluid, in the order of their first reading.
fn groups<'h>(history: &'h History, measure: &str) -> Vec<Vec<&'h Observation>> {
    let mut all: Vec<Vec<&Observation>> = vec![];
    for one in history.observations.iter().filter(|o| o.measure == measure) {
        let same = |group: &&mut Vec<&Observation>| {
            let of = |o: &Observation| (o.assay, o.analyte.clone(), o.unit.clone(), o.fluid().to_owned());
            of(group[0]) == of(one)
        };
        match all.iter_mut().find(same) {
            Some(group) => group.push(one),
            None => all.push(vec![one]),
        }
    }
    all
}

fn series(history: &History, day: &impl Fn(NaiveDate) -> i32) -> Vec<Series> {
    let groups = groups(history, "ctdna");
    let several = groups.len() > 1;
    let series = groups.into_iter().map(|group| Series {
        label: match several {
            true if group[0].is_plasma_ctdna() => group[0].assay_name.clone(),
            true => format!("{}, {}", group[0].assay_name, facts::fluid(group[0])),
            false => "ctDNA".into(),
        },
        unit: unit::words(&group[0].unit).to_owned(),
        samples: group
            .iter()
            .filter_map(|one| {
                Some(Sample {
                    day: day(one.collected_on),
                    mark: mark(one)?,
                    limit: one.lod.map(|lod| unit::shown(lod, &one.unit)),
                    label: String::new(),
                    about: tooltip(one),
                })
            })
            .collect(),
        ..Series::default()
    });
    series.filter(|series| !series.samples.is_empty()).collect()
}

fn counts(history: &History, measure: &str, day: &impl Fn(NaiveDate) -> i32) -> Option<Counts> {
    let (label, usual, amount) = match measure {
        "ctc" => ("CTC", 7.5, "per 7.5 mL"),
        _ => ("DTC", 1.0, "per million"),
    };
    let all = history.observations.iter().filter(|o| o.measure == measure);
    let points: Vec<Count> = all
        .filter(|one| one.reading != Reading::NotDone)
        .map(|one| {
            let found = match one.reading {
                Reading::Quantified { value } => Some(value as u32),
                _ => None,
            };
            let screened = one.screened.filter(|amount| *amount > 0.0).unwrap_or(usual);
            let (rate, (lo, hi)) = found.map_or_else(Default::default, |found| count::per(found, screened, usual));
            Count {
                day: day(one.collected_on),
                found,
                rate,
                lo,
                hi,
                about: tooltip(one),
            }
        })
        .collect();
    (!points.is_empty()).then(|| Counts {
        label: label.into(),
        amount,
        points,
    })
}

fn proteins(history: &History, day: &impl Fn(NaiveDate) -> i32) -> Vec<Protein> {
    let groups = groups(history, "protein");
    let protein = |group: Vec<&Observation>| Protein {
        label: group[0].analyte.clone(),
        points: group
            .iter()
            .filter_map(|one| mark(one).map(|mark| (day(one.collected_on), mark)))
            .collect(),
        usual: None,
        last_label: group.last().map(|one| facts::said(one)).unwrap_or_default(),
    };
    groups.into_iter().map(protein).collect()
}

fn lesions(history: &History, day: &impl Fn(NaiveDate) -> i32) -> Vec<Point> {
    let sum = |one: &Observation| match one.reading {
        Reading::Quantified { value } if one.measure == "imaging" => Some(Point {
            day: day(one.collected_on),
            value,
            about: tooltip(one),
        }),
        _ => None,
    };
    history.observations.iter().filter_map(sum).collect()
}

/// What a scan found, from its finding or its stated response; a sum alone stands in the row of the lesions.
fn finding(one: &Observation) -> Option<(Finding, String)> {
    let text = |code: &str| one.detail.get(code).and_then(Value::as_str);
    let new = one.detail.get("new_lesion").and_then(Value::as_bool) == Some(true);
    let found = match (text("assessment"), text("overall_response")) {
        _ if new => (Finding::Disease, "new lesion"),
        (Some("none"), _) => (Finding::Clear, "clear"),
        (Some("equivocal"), _) => (Finding::Unclear, "equivocal"),
        (Some(code), _) => (Finding::Disease, facts::finding_words(code)),
        (None, Some("CR")) => (Finding::Clear, "CR"),
        (None, Some("NE")) => (Finding::Unclear, "not evaluable"),
        (None, Some("PR")) => (Finding::Disease, "PR"),
        (None, Some("SD")) => (Finding::Disease, "SD"),
        (None, Some("PD")) => (Finding::Disease, "PD"),
        (None, _) => match one.reading {
            Reading::NotDetected { .. } => (Finding::Clear, "clear"),
            Reading::Indeterminate => (Finding::Unclear, "equivocal"),
            Reading::Failed { .. } => (Finding::Unclear, "failed"),
            _ => return None,
        },
    };
    Some((found.0, found.1.to_owned()))
}

fn scans(history: &History, day: &impl Fn(NaiveDate) -> i32) -> Vec<Scan> {
    let imaging = history.observations.iter().filter(|o| o.measure == "imaging");
    imaging
        .filter_map(|one| {
            let (finding, word) = finding(one)?;
            Some(Scan {
                day: day(one.collected_on),
                finding,
                word,
                about: tooltip(one),
            })
        })
        .collect()
}

fn events(history: &History, day: &impl Fn(NaiveDate) -> i32) -> Vec<Event> {
    let last_contact = history.events.iter().rposition(|e| e.what == Happening::LastContact);
    let ended = history.died_on().is_some() || history.left_on().is_some();
    let shown = history
        .events
        .iter()
        .enumerate()
        .filter(|(at, event)| event.what != Happening::LastContact || (Some(*at) == last_contact && !ended));
    shown
        .map(|(_, event)| {
            let (what, said) = facts::event_words(&event.what);
            Event {
                day: day(event.occurred_on),
                what: match event.what {
                    Happening::Relapse { .. } => Shown::Relapse,
                    Happening::Progression => Shown::Progression,
                    Happening::Death { .. } => Shown::Death,
                    Happening::Lost | Happening::Withdrawn | Happening::LastContact => Shown::Other,
                },
                label: match (said.as_str(), &event.what) {
                    ("" | "organ not stated" | "cause not recorded", _) => what.to_lowercase(),
                    (said, Happening::Death { .. }) => format!("death {said}"),
                    (said, _) => format!("{}: {said}", what.to_lowercase()),
                },
                about: format!("{}: {what} {said}", words::date(event.occurred_on)),
            }
        })
        .collect()
}

/// The drawing at both widths: beside the cards on a usual screen and on a wide one.
pub fn drawings(history: &History, anchor: &Anchor) -> (String, String) {
    let at = |id, width| timeline::svg(&timeline(history, anchor, id, width));
    (at("course", 808.0), at("course-wide", 968.0))
}
