//! One saved result: what it says, all its versions, and for the coordinator its correction.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;

use super::entry::{self, MeasureBoxes, Typed, Wrong, boxes, said, told, wrong};
use crate::actions::readings::{self, Deed, Outcome, Version};
use crate::actions::{Error, readings::Page};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::id::ObservationId;
use crate::domain::measure::{self, Component, Kind, LIMIT, RawEntry};
use crate::domain::observation::Observation;
use crate::domain::problem::Problem;
use crate::domain::{number, unit, zone};
use crate::web::field::Field;
use crate::web::form::{RawForm, mend};
use crate::web::shell::{Notice, Shell, Tone};
use crate::web::{Result, filters, write};

#[derive(Template, WebTemplate)]
#[template(path = "coordinator/reading.html")]
pub struct ReadingPage {
    page: Shell,
    patient: String,
    key: String,
    label: &'static str,
    assay: String,
    collected_on: NaiveDate,
    value: String,
    withdrawn: bool,
    /// The envelope: name and value.
    facts: Vec<(String, String)>,
    /// Newest first.
    versions: Vec<Line>,
    form: Option<Correction>,
    conflict: Option<Conflict>,
}

/// A version in the table of all.
pub struct Line {
    id: i64,
    value: String,
    what: &'static str,
    counts: bool,
    who: String,
    at: String,
    route: String,
    why: Option<String>,
    confirmed: Option<String>,
}

pub struct Correction {
    action: String,
    boxes: MeasureBoxes,
    note: Field,
    reason: Field,
    version: i64,
    wrong: Vec<Wrong>,
    verdict: String,
    changed: bool,
}

/// Two people corrected at once: label, was, theirs, yours, for each component that differs.
pub struct Conflict {
    who: String,
    at: String,
    reason: String,
    rows: Vec<[String; 4]>,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    saved: String,
}

/// An id that is no number names nothing.
fn id(text: &str) -> Result<ObservationId> {
    Ok(ObservationId(text.parse().map_err(|_| Error::NotFound)?))
}

pub async fn show(
    State(app): State<App>,
    actor: Actor,
    Path((site, key, reading)): Path<(String, String, String)>,
    Query(asked): Query<Asked>,
) -> Result<ReadingPage> {
    let found = readings::show(&app, &actor, &site, &key, id(&reading)?).await?;
    let typed = as_saved(&found, &found.last().seen);
    let mut page = ReadingPage::of(&actor, &found, &reading, &typed, &[]);
    if !asked.saved.is_empty() {
        page.page.notice = Some(Notice {
            tone: Tone::Ok,
            text: "Saved. What it was stands below, with who changed it and why.".into(),
        });
    }
    Ok(page)
}

/// Saves a new version or a withdrawal, or gives the form back.
pub async fn correct(
    State(app): State<App>,
    actor: Actor,
    Path((site, key, reading)): Path<(String, String, String)>,
    form: RawForm,
) -> Result<Response> {
    let mut fields = form.fields.clone();
    let deed = match form.get("do") {
        _ if mend(&mut fields) => Deed::Check,
        "check" => Deed::Check,
        "withdraw" => Deed::Withdraw,
        _ => Deed::Replace,
    };
    let address = (site.as_str(), key.as_str(), id(&reading)?);
    let typed = Typed::of(&fields);
    fields.retain(|(name, _)| name != "do");
    match readings::correct(&app, &actor, address, deed, &fields, &form.form()).await? {
        Outcome::Posted(posted) => Ok(Redirect::to(posted.location()).into_response()),
        Outcome::Back(found, problems) => {
            let status = match deed {
                Deed::Check => StatusCode::OK,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let page = ReadingPage::of(&actor, &found, &reading, &typed, &problems).changed();
            Ok((status, page).into_response())
        }
        Outcome::Stale(found) => {
            let mut page = ReadingPage::of(&actor, &found, &reading, &typed, &[]).changed();
            page.conflict = Some(Conflict::of(&found, &typed));
            Ok((StatusCode::CONFLICT, page).into_response())
        }
    }
}

/// The boxes as this version would have been typed.
fn as_saved(found: &Page, seen: &Observation) -> Typed {
    let raw = RawEntry::from_observation(found.measure, seen);
    let mut typed = Typed::default();
    for (component, text) in &raw.values {
        typed.set(&found.measure.field(component), text);
    }
    if let Some(lod) = stated_limit(found, seen) {
        typed.set(&found.measure.field(LIMIT), &lod);
    }
    typed.set(&found.measure.field("note"), raw.note.as_deref().unwrap_or(""));
    typed
}

/// The limit of the report, where it is another than the assay's.
fn stated_limit(found: &Page, seen: &Observation) -> Option<String> {
    let lod = seen.lod.filter(|lod| found.assay.lod != Some(*lod))?;
    number::at_six_places(unit::shown(lod, &seen.unit)).map(|lod| lod.to_string())
}

fn words_of(component: &Component, text: &str) -> String {
    let choice = component.choices().iter().find(|choice| choice.code == text);
    match (choice, component.kind, component.unit) {
        (Some(choice), ..) => choice.label.to_owned(),
        (_, Kind::Flag, _) => if text == "true" { "yes" } else { "no" }.to_owned(),
        (_, _, Some(unit)) => format!("{text} {}", unit::words(unit)),
        _ => text.to_owned(),
    }
}

impl ReadingPage {
    fn of(actor: &Actor, found: &Page, reading: &str, typed: &Typed, problems: &[Problem]) -> ReadingPage {
        let seen = &found.last().seen;
        let patient = format!("/patients/{}/{}", found.site.code, found.key);
        let form = actor
            .may(Permission::RecordVisit)
            .is_ok()
            .then(|| Correction::of(found, format!("{patient}/readings/{reading}"), typed, problems));
        ReadingPage {
            page: Shell::of(
                actor,
                format!(
                    "{}, {} of {}",
                    found.key,
                    found.measure.label(),
                    write::day(seen.collected_on)
                ),
            )
            .at("/patients"),
            patient,
            key: found.key.clone(),
            label: found.measure.label(),
            assay: entry::named(&found.assay),
            collected_on: seen.collected_on,
            value: write::unbroken(&said(seen)),
            withdrawn: seen.entered_in_error,
            facts: facts(found),
            versions: found
                .versions
                .iter()
                .enumerate()
                .rev()
                .map(|(at, version)| line(found, at, version))
                .collect(),
            form,
            conflict: None,
        }
    }

    fn changed(mut self) -> ReadingPage {
        if let Some(form) = &mut self.form {
            form.changed = true;
            if form.verdict.is_empty() {
                form.verdict = "Not saved yet.".into();
            }
        }
        self
    }
}

/// The envelope of the version that counts, both clocks included.
fn facts(found: &Page) -> Vec<(String, String)> {
    let Version { seen, told } = found.last();
    let unit = unit::words(&seen.unit);
    let mut facts = vec![("Read as".to_owned(), seen.reading.words().to_owned())];
    let mut say = |name: &str, value: Option<String>| facts.extend(value.map(|value| (name.to_owned(), value)));
    let shown = |x: f64| write::figure(unit::shown(x, &seen.unit));
    say(
        "Between",
        seen.reading
            .interval()
            .filter(|(lo, hi)| lo < hi)
            .map(|(lo, hi)| match hi.is_finite() {
                true => format!("{} and {} {unit}", shown(lo), shown(hi)),
                false => format!("{} {unit} and no upper bound", shown(lo)),
            }),
    );
    say(
        "Limit of detection",
        seen.lod.map(|lod| format!("{} {unit}", shown(lod))),
    );
    say(
        "Limit of quantification",
        seen.loq.map(|loq| format!("{} {unit}", shown(loq))),
    );
    for component in found.measure.components() {
        let is_screened = Some(component.code) == found.measure.screened();
        let text = match seen.detail.get(component.code) {
            Some(value) => Some(measure::typed(value)),
            None => seen.screened.filter(|_| is_screened).map(|amount| amount.to_string()),
        };
        say(component.label, text.map(|text| words_of(component, &text)));
    }
    say("Collected", Some(write::day(seen.collected_on)));
    say("Reported by the lab", told.reported_on.map(write::day));
    say(
        "On file since",
        Some(zone::words(&found.site.time_zone, told.recorded_at)),
    );
    say("Analyte", Some(seen.analyte.clone()));
    say("Kept because", told.confirmed.clone());
    say("Note", seen.note.clone());
    facts
}

fn line(found: &Page, at: usize, version: &Version) -> Line {
    let Version { seen, told } = version;
    let is_last = at + 1 == found.versions.len();
    Line {
        id: seen.id.0,
        value: write::unbroken(&said(seen)),
        what: match (at, seen.entered_in_error) {
            (_, true) => "withdrawn, entered in error",
            (0, false) => "first entry",
            _ => "corrected",
        },
        counts: is_last && !seen.entered_in_error,
        who: told.who.clone(),
        at: zone::words(&found.site.time_zone, told.recorded_at),
        route: match (told.route.as_str(), &told.source_row) {
            ("csv", Some(row)) => format!("from a file, {row}"),
            ("csv", None) => "from a file".into(),
            _ => "by hand".into(),
        },
        why: told.reason.clone(),
        confirmed: told.confirmed.clone(),
    }
}

impl Correction {
    fn of(found: &Page, action: String, typed: &Typed, problems: &[Problem]) -> Correction {
        let assays = [&found.assay];
        let boxes = boxes(found.measure, &assays, false, Some(&found.assay), typed, problems);
        let name = found.measure.field("note");
        let note = told(
            Field::text(&name, "Note to the result", typed.get(&name))
                .wide("w40")
                .lines(2),
            typed,
            problems,
        );
        let reason = Field::text("reason", "Reason", typed.get("reason"))
            .wide("w40")
            .lines(2);
        let reason = reason.hinting("Needed: what was wrong, in 5 to 2000 characters");
        let reason = told(reason, typed, problems);
        let all = boxes.fields.iter().chain(&boxes.further).chain([&note, &reason]);
        let (wrong, verdict) = wrong(all, problems, typed);
        Correction {
            action,
            note,
            reason,
            version: found.last().seen.id.0,
            wrong,
            verdict,
            changed: false,
            boxes,
        }
    }
}

impl Conflict {
    /// What it was, what somebody else made of it, what was typed here (S-080).
    fn of(found: &Page, typed: &Typed) -> Conflict {
        let theirs = found.last();
        let seen_by_them = typed.get("version").trim().parse().ok();
        let was = seen_by_them
            .and_then(|id| found.version(id))
            .unwrap_or(&found.versions[0]);
        let (was, now) = (as_saved(found, &was.seen), as_saved(found, &theirs.seen));
        let row = |name: &str, label: &str| {
            let values = [was.get(name), now.get(name), typed.get(name)].map(|v| v.trim().to_owned());
            let differs = values.iter().any(|value| *value != values[0]);
            let [was, theirs, yours] = values;
            differs.then(|| [label.to_owned(), was, theirs, yours])
        };
        let components = found.measure.components().iter();
        let mut rows: Vec<_> = components
            .filter_map(|c| row(&found.measure.field(c.code), c.label))
            .collect();
        rows.extend(row(&found.measure.field(LIMIT), "Limit on the report"));
        rows.extend(row(&found.measure.field("note"), "Note"));
        Conflict {
            who: theirs.told.who.clone(),
            at: zone::words(&found.site.time_zone, theirs.told.recorded_at),
            reason: theirs.told.reason.clone().unwrap_or_default(),
            rows,
        }
    }
}
