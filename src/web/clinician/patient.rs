//! One patient: who, the course on one axis with its table, the risk with what made it, flags to act on, the record's past.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::super::form::RawForm;
use super::super::shell::Shell;
use super::super::{Result, filters, write};
use super::burden;
use super::course::{self, Anchor};
use super::facts::{self, Fact};
use super::past::{self, Act};
use super::risk::Card;
use crate::actions::flags::{self, Acknowledgement};
use crate::actions::patients::{self, Page};
use crate::actions::{self};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::flag::{AckReason, Flag, State as FlagState};
use crate::domain::id::FlagId;
use crate::domain::problem::{MEANWHILE, Problem, Severity};

#[derive(Template, WebTemplate)]
#[template(path = "clinician/patient.html")]
pub struct PatientPage {
    page: Shell,
    shown: Page,
    /// The patient's own address.
    here: String,
    facts: Vec<(&'static str, String)>,
    anchors: Vec<Anchor>,
    chart: String,
    chart_wide: String,
    table: Vec<Fact>,
    remarks: Vec<String>,
    burden: Option<burden::Card>,
    risk: Option<Card>,
    flags: Vec<FlagCard>,
    closed: Vec<Flag>,
    past: Vec<Act>,
    past_is_cut: bool,
    may_record: bool,
    may_acknowledge: bool,
    may_read_model: bool,
    errors: Vec<(String, String)>,
}

/// An open flag with its form, as it was typed.
pub struct FlagCard {
    flag: Flag,
    since: String,
    why: String,
    triggers: Vec<Trigger>,
    reason: String,
    note: String,
    /// Something stands in the form that is not saved.
    typed: bool,
    problems: Vec<Problem>,
}

/// Readings named on a flag's card before the rest is folded.
const SHOWN: usize = 4;

/// A reading that made a flag.
pub struct Trigger {
    id: i64,
    said: String,
}

impl FlagCard {
    fn problem(&self, field: &str) -> Option<&str> {
        let found = self.problems.iter().find(|problem| problem.field == field);
        found.map(|problem| problem.text.as_str())
    }

    fn keeping(&self) -> Vec<AckReason> {
        let open = |reason: &AckReason| reason.next() != FlagState::Closed;
        AckReason::ALL.into_iter().filter(open).collect()
    }

    fn closing(&self) -> Vec<AckReason> {
        let closed = |reason: &AckReason| reason.next() == FlagState::Closed;
        AckReason::ALL.into_iter().filter(closed).collect()
    }

    /// The newest readings that made it; the earlier ones are folded away.
    fn newest(&self) -> &[Trigger] {
        &self.triggers[self.folded()..]
    }

    fn earlier(&self) -> &[Trigger] {
        &self.triggers[..self.folded()]
    }

    fn folded(&self) -> usize {
        match self.triggers.len() {
            // one line folded saves none
            few if few <= SHOWN + 1 => 0,
            many => many - SHOWN,
        }
    }

    fn is_chosen(&self, reason: &AckReason) -> bool {
        self.reason == reason.code()
    }
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    from: String,
}

pub async fn show(
    State(app): State<App>,
    actor: Actor,
    Path((site, key)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<PatientPage> {
    let page = patients::show(&app, &actor, &site, &key).await?;
    Ok(PatientPage::of(&app, &actor, page, &asked.from))
}

/// What was typed into one flag's form.
struct Typed<'f> {
    flag: FlagId,
    reason: &'f str,
    note: &'f str,
    problems: Vec<Problem>,
}

fn hard(field: &str, text: &str) -> Problem {
    Problem {
        field: field.into(),
        code: "flag-form",
        severity: Severity::Hard,
        text: text.into(),
        suggestion: None,
    }
}

/// Acknowledges a flag; a form that lacks something comes back as it was typed.
pub async fn acknowledge(
    State(app): State<App>,
    actor: Actor,
    Path((site, key, flag)): Path<(String, String, String)>,
    form: RawForm,
) -> Result<Response> {
    let flag = FlagId(flag.parse().map_err(|_| actions::Error::NotFound)?);
    let (reason, note) = (form.get("reason"), form.get("note"));
    let version = form.get("version").parse();
    let problems = match (AckReason::from_code(reason), version) {
        _ if form.get("do") == "check" => vec![],
        (_, Ok(version)) if form.get("do") == "reopen" => {
            match flags::reopen(&app, &actor, (&site, &key, flag), version, &form.form()).await {
                Ok(posted) => return Ok(Redirect::to(posted.location()).into_response()),
                Err(actions::Error::Problems(problems)) => problems,
                Err(other) => return Err(other.into()),
            }
        }
        (Some(reason), Ok(version)) => {
            let ack = Acknowledgement {
                flag,
                version,
                reason,
                note: Some(note.to_owned()).filter(|note| !note.is_empty()),
            };
            match flags::acknowledge(&app, &actor, &site, &key, &ack, &form.form()).await {
                Ok(posted) => return Ok(Redirect::to(posted.location()).into_response()),
                Err(actions::Error::Problems(problems)) => problems,
                Err(other) => return Err(other.into()),
            }
        }
        (None, _) => vec![hard("reason", "Choose what you do about it.")],
        (_, Err(_)) => vec![hard(
            "reason",
            "The form has lost the flag's version. Look at the flag again, then send this form.",
        )],
    };
    let page = patients::show(&app, &actor, &site, &key).await?;
    if !page.flags.iter().any(|one| one.id == flag) {
        return Err(actions::Error::NotFound.into());
    }
    let status = match problems.as_slice() {
        [] => StatusCode::OK,
        several if several.iter().any(|problem| problem.code == MEANWHILE) => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let again = PatientPage::of(&app, &actor, page, "").with(Typed {
        flag,
        reason,
        note,
        problems,
    });
    Ok((status, again).into_response())
}

fn header(page: &Page, today: NaiveDate) -> Vec<(&'static str, String)> {
    let history = &page.history;
    let patient = &history.patient;
    let mut facts = vec![(
        "",
        format!("{}, {}", patient.sex.word(), today.year() - patient.birth_year),
    )];
    if let Some(tumour) = history.tumour() {
        let side = tumour
            .laterality
            .as_deref()
            .map_or(String::new(), |side| format!(", {side}"));
        let subtype = tumour
            .subtype
            .as_deref()
            .map_or(String::new(), |subtype| format!(", {subtype}"));
        facts.push(("Cancer", format!("{}{side}{subtype}", facts::organ(&tumour.organ))));
        if tumour.metastatic_at_entry {
            facts.push(("", "metastatic at entry".into()));
        }
        facts.extend(tumour.grade.map(|grade| ("Grade", grade.to_string())));
        let size = tumour.size_mm.map(|mm| format!("{}\u{a0}mm", write::figure(mm)));
        let band = tumour.size_band.as_deref().map(|band| match band {
            "<=20" => "up to 20\u{a0}mm".to_owned(),
            "20-50" => "20–50\u{a0}mm".to_owned(),
            _ => "over 50\u{a0}mm".to_owned(),
        });
        facts.extend(size.or(band).map(|size| ("Size", size)));
        facts.extend(tumour.nodes_positive.map(|nodes| ("Positive nodes", nodes.to_string())));
        facts.extend(tumour.er_fmol.map(|er| ("ER", format!("{er}\u{a0}fmol/mg"))));
        facts.extend(tumour.pgr_fmol.map(|pgr| ("PgR", format!("{pgr}\u{a0}fmol/mg"))));
        facts.extend(tumour.her2.clone().map(|her2| ("HER2", her2)));
    }
    facts.extend(page.stage.clone().map(|stage| ("Stage", stage)));
    match history.surgeries.first() {
        Some(surgery) => facts.push(("Surgery", write::day(surgery.performed_on))),
        None => facts.extend(
            history
                .tumour()
                .map(|tumour| ("Diagnosed", write::day(tumour.diagnosed_on))),
        ),
    }
    facts.extend(history.enrolments.iter().map(|enrolment| {
        let arm = match (&enrolment.arm, enrolment.trial.blinded) {
            (Some(arm), _) => format!(", arm {arm}"),
            (None, true) => ", arm blinded".into(),
            (None, false) => String::new(),
        };
        ("Trial", format!("{}{arm}", enrolment.trial.code))
    }));
    facts.extend(history.last_contact_on().map(|day| ("Last known of", write::day(day))));
    facts
}

fn since(opened: NaiveDate, today: NaiveDate) -> String {
    match (today - opened).num_days() {
        days if days <= 0 => "today".into(),
        1 => "yesterday".into(),
        days => format!("{days}\u{a0}days ago"),
    }
}

impl PatientPage {
    fn of(app: &App, actor: &Actor, page: Page, from: &str) -> PatientPage {
        let mut table = facts::of(&page.history, &page.record);
        let remarks = facts::gather_remarks(&mut table);
        let now = app.clock.now();
        let today = now.date_naive();
        let anchors = course::anchors(&page.history, from);
        let drawn = anchors.iter().find(|anchor| anchor.chosen);
        let (chart, chart_wide) = drawn
            .map(|anchor| course::drawings(&page.history, anchor))
            .unwrap_or_default();
        let (open, closed): (Vec<Flag>, Vec<Flag>) = page
            .flags
            .iter()
            .cloned()
            .partition(|flag| flag.state != FlagState::Closed);
        let trigger = |id: &crate::domain::id::ObservationId| {
            let reading = page.record.observations.iter().find(|o| o.id == *id)?;
            Some(Trigger {
                id: id.0,
                said: format!(
                    "{}: {} {}",
                    write::day(reading.collected_on),
                    facts::name(reading),
                    facts::said(reading)
                ),
            })
        };
        let card = |flag: Flag| FlagCard {
            since: since(flag.opened_on, today),
            why: write::unbroken(&flag.reason),
            triggers: flag.triggers.iter().filter_map(trigger).collect(),
            reason: String::new(),
            note: String::new(),
            typed: false,
            problems: vec![],
            flag,
        };
        PatientPage {
            page: Shell::of(actor, page.history.patient.key.clone())
                .at(if actor.may(Permission::AcknowledgeFlag).is_ok() {
                    "/triage"
                } else {
                    "/patients"
                })
                .night(page.night.as_ref(), now),
            here: format!("/patients/{}/{}", page.site.code, page.history.patient.key),
            facts: header(&page, today),
            chart,
            chart_wide,
            anchors,
            table,
            remarks,
            burden: page
                .score
                .as_ref()
                .and_then(|score| burden::Card::of(score, &page.history)),
            risk: page.score.as_ref().and_then(Card::of),
            flags: open.into_iter().map(card).collect(),
            closed,
            past: past::of(&page.changes, &page.record, &page.site.time_zone),
            past_is_cut: page.changes.len() as i64 >= patients::CHANGES,
            may_record: actor.may(Permission::RecordVisit).is_ok(),
            may_acknowledge: actor.may(Permission::AcknowledgeFlag).is_ok(),
            may_read_model: actor.may(Permission::ReadModel).is_ok(),
            errors: vec![],
            shown: page,
        }
    }

    /// The page with one form as it was typed and what is wrong with it.
    fn with(mut self, typed: Typed) -> PatientPage {
        let is_open = self.flags.iter().any(|card| card.flag.id == typed.flag);
        let place = |problem: &Problem| match is_open {
            true => format!("{}-{}", problem.field, typed.flag),
            false => "closed-title".into(),
        };
        let told = |problem: &Problem| match (is_open, AckReason::from_code(typed.reason)) {
            // the card that would have kept it is gone
            (false, Some(reason)) => {
                let note = if typed.note.is_empty() {
                    String::new()
                } else {
                    format!(", “{}”", typed.note)
                };
                format!("{} It was: {}{note}.", problem.text, reason.words())
            }
            _ => problem.text.clone(),
        };
        self.errors = typed
            .problems
            .iter()
            .map(|problem| (place(problem), told(problem)))
            .collect();
        if let Some(card) = self.flags.iter_mut().find(|card| card.flag.id == typed.flag) {
            card.reason = typed.reason.to_owned();
            card.note = typed.note.to_owned();
            card.typed = true;
            card.problems = typed.problems;
        }
        self
    }

    fn open_flags(&self) -> usize {
        self.flags.len()
    }

    /// Months since the chosen day, as the axis counts them.
    fn month(&self, on: &NaiveDate) -> String {
        let Some(anchor) = self.anchors.iter().find(|anchor| anchor.chosen) else {
            return String::new();
        };
        let months = (*on - anchor.on).num_days() as f64 / 30.4375;
        let text = format!("{:.1}", months.abs());
        if months <= -0.05 { format!("−{text}") } else { text }
    }

    fn not_scored(&self) -> String {
        match &self.shown.score {
            Some(score) => score.not_scored.clone().unwrap_or_default(),
            None if self.shown.night.is_some() => {
                "The last night did not know this patient yet; the next one will".into()
            }
            None => "No night has run yet: the first one fits the model and scores every patient".into(),
        }
    }
}
