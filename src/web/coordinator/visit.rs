//! The form of a visit: a day, how the patient was, and each measure of the catalogue.

use std::collections::BTreeSet;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::entry::{self, MeasureBoxes, Typed, Wrong, boxes, said, told, wrong};
use crate::actions::visits::{self, Outcome, Sheet};
use crate::app::App;
use crate::domain::access::Actor;
use crate::domain::flag::Flag;
use crate::domain::id::VisitId;
use crate::domain::measure::{Assay, CATALOGUE, Measure, RawEntry};
use crate::domain::problem::Problem;
use crate::web::field::{Choice, Field};
use crate::web::form::{RawForm, mend};
use crate::web::shell::{Notice, Shell, Tone};
use crate::web::{Result, filters, write};

#[derive(Template, WebTemplate)]
#[template(path = "coordinator/visit.html")]
pub struct VisitPage {
    page: Shell,
    /// The patient's page.
    patient: String,
    key: String,
    about: String,
    visit: Vec<Field>,
    note: Field,
    measures: Vec<MeasureBoxes>,
    last: Vec<Day>,
    flags: Vec<Flag>,
    wrong: Vec<Wrong>,
    verdict: String,
    /// Something stands in the boxes that is not saved.
    changed: bool,
    saved: bool,
}

/// A day's results, each with the address of its own page.
pub struct Day {
    on: NaiveDate,
    results: Vec<(String, String)>,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    saved: String,
}

/// The form as it is opened; after a save it says what was saved and waits for the next visit.
pub async fn blank(
    State(app): State<App>,
    actor: Actor,
    Path((site, key)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<VisitPage> {
    let saved = asked.saved.parse().ok().map(VisitId);
    let sheet = visits::blank(&app, &actor, &site, &key, saved).await?;
    let typed = fresh(&sheet);
    let mut page = VisitPage::of(&actor, &sheet, &typed, &[]);
    if let Some((visit, results)) = &sheet.saved {
        let mut text = format!("Saved: {} of {}", visit.visit_code, write::day(visit.occurred_on));
        let said: Vec<String> = results
            .iter()
            .map(|seen| format!("{} {}", label(&seen.measure), entry::understood(seen)))
            .collect();
        if !said.is_empty() {
            text += &format!(", {}", said.join(", "));
        }
        page.page.notice = Some(Notice {
            tone: Tone::Ok,
            text: write::unbroken(&format!("{text}.")),
        });
        page.saved = true;
    }
    Ok(page)
}

/// Saves the visit, or gives the form back with what is to be mended and everything typed kept.
pub async fn record(
    State(app): State<App>,
    actor: Actor,
    Path((site, key)): Path<(String, String)>,
    form: RawForm,
) -> Result<Response> {
    let mut fields = form.fields.clone();
    let is_check = mend(&mut fields) || form.get("do") == "check";
    fields.retain(|(name, _)| name != "do");
    let typed = Typed::of(&fields);
    if is_check {
        let (sheet, problems) = visits::check(&app, &actor, &site, &key, &fields).await?;
        let mut page = VisitPage::of(&actor, &sheet, &typed, &problems);
        page.changed = true;
        if page.verdict.is_empty() {
            page.verdict = "Checked: nothing stands in the way. Not saved yet.".into();
        }
        return Ok(page.into_response());
    }
    match visits::record(&app, &actor, &site, &key, &fields, &form.form()).await? {
        Outcome::Posted(posted) => Ok(Redirect::to(posted.location()).into_response()),
        Outcome::Back(sheet, problems) => {
            let mut page = VisitPage::of(&actor, &sheet, &typed, &problems);
            page.changed = true;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// What a fresh form shows: the catalogue's defaults, and the assay by which the patient was last measured.
fn fresh(sheet: &Sheet) -> Typed {
    let mut typed = Typed::default();
    for measure in CATALOGUE {
        for component in measure.components() {
            if let Some(text) = component.default {
                typed.set(&measure.field(component.code), text);
            }
        }
        let offered: Vec<&Assay> = of_measure(&sheet.assays, *measure);
        let last = sheet
            .history
            .observations
            .iter()
            .rfind(|seen| seen.measure == measure.code());
        let assay = last.map(|seen| seen.assay).or(match offered.as_slice() {
            [only] => Some(only.id),
            _ => None,
        });
        if let Some(assay) = assay {
            typed.set(&measure.field("assay"), &assay.to_string());
        }
    }
    typed
}

fn of_measure<'a>(assays: &'a [Assay], measure: &dyn Measure) -> Vec<&'a Assay> {
    assays.iter().filter(|assay| assay.measure == measure.code()).collect()
}

fn label(measure: &str) -> &str {
    match crate::domain::measure::by_code(measure) {
        Some(known) => known.label(),
        None => measure,
    }
}

const ECOG: [&str; 6] = [
    "0, fully active",
    "1, no heavy work",
    "2, up more than half the day",
    "3, up less than half the day",
    "4, in bed or chair",
    "5, dead",
];

impl VisitPage {
    fn of(actor: &Actor, sheet: &Sheet, typed: &Typed, problems: &[Problem]) -> VisitPage {
        let key = &sheet.history.patient.key;
        let patient = format!("/patients/{}/{key}", sheet.site.code);
        let text = |name: &str, label: &str| told(Field::text(name, label, typed.get(name)), typed, problems);
        let none = Choice {
            value: String::new(),
            label: "–".into(),
        };
        let grades = ECOG.iter().zip(0..).map(|(label, grade)| Choice {
            value: grade.to_string(),
            label: (*label).into(),
        });
        let visit = vec![
            text("occurred_on", "Date").hinting("2024-04-03 or 3 Apr 2024"),
            text("visit_code", "Visit")
                .wide("w8")
                .hinting("M12; empty if unscheduled"),
            entry::with_choices(text("ecog", "ECOG"), std::iter::once(none).chain(grades).collect()),
        ];
        let note = text("note", "Note")
            .wide("w40")
            .lines(2)
            .hinting("No names or numbers of people: it is exported");
        let measures: Vec<MeasureBoxes> = CATALOGUE
            .iter()
            .map(|m| measure_boxes(*m, sheet, typed, problems))
            .collect();
        let all = measures.iter().flat_map(|m| m.fields.iter().chain(&m.further));
        let (wrong, verdict) = wrong(visit.iter().chain(all).chain([&note]), problems, typed);
        VisitPage {
            page: Shell::of(actor, format!("{key}, a visit")).at("/patients"),
            about: about(sheet),
            last: last_days(sheet, &patient),
            flags: sheet.flags.clone(),
            key: key.clone(),
            patient,
            visit,
            note,
            measures,
            wrong,
            verdict,
            changed: false,
            saved: false,
        }
    }
}

fn about(sheet: &Sheet) -> String {
    let patient = &sheet.history.patient;
    let age = sheet.today.year() - patient.birth_year;
    let mut words = vec![format!("{} {age}", patient.sex.code())];
    words.extend(sheet.history.tumour().map(|tumour| tumour.organ.replace('_', " and ")));
    words.extend(
        sheet
            .history
            .enrolments
            .last()
            .map(|enrolment| enrolment.trial.code.clone()),
    );
    words.push(format!("days are those of {}", sheet.site.time_zone));
    words.join(" · ")
}

/// A measure is open when something stands in it or the patient has had it; with nothing on file, the first one is.
fn measure_boxes(measure: &'static dyn Measure, sheet: &Sheet, typed: &Typed, problems: &[Problem]) -> MeasureBoxes {
    let offered = of_measure(&sheet.assays, measure);
    let chosen = entry::by_id(&offered, typed.get(&measure.field("assay")));
    let mut boxes = boxes(measure, &offered, true, chosen, typed, problems);
    let known = |code: &str| sheet.history.observations.iter().any(|seen| seen.measure == code);
    let nothing = sheet.history.observations.is_empty() && measure.code() == CATALOGUE[0].code();
    let mut raw = RawEntry::default();
    for component in measure.components() {
        let value = typed.get(&measure.field(component.code));
        raw.values.insert(component.code.to_owned(), value.to_owned());
    }
    let touched = boxes
        .fields
        .iter()
        .chain(&boxes.further)
        .any(|field| !field.messages.is_empty());
    boxes.open = known(measure.code()) || nothing || touched || !raw.is_empty(measure);
    if !known(measure.code()) {
        boxes.small = "none on file yet".into();
    }
    boxes
}

/// The last three days with results.
fn last_days(sheet: &Sheet, patient: &str) -> Vec<Day> {
    let days: BTreeSet<NaiveDate> = sheet
        .history
        .observations
        .iter()
        .map(|seen| seen.collected_on)
        .collect();
    let results = |on: NaiveDate| {
        let all = || sheet.history.observations.iter().filter(|seen| seen.collected_on == on);
        // in the order of the form
        CATALOGUE
            .iter()
            .flat_map(|measure| all().filter(|seen| seen.measure == measure.code()))
            .map(|seen| {
                let text = write::unbroken(&format!("{} {}", label(&seen.measure), said(seen)));
                (text, format!("{patient}/readings/{}", seen.id))
            })
            .collect()
    };
    days.into_iter()
        .rev()
        .take(3)
        .map(|on| Day {
            on,
            results: results(on),
        })
        .collect()
}
