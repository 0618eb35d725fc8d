//! The cohort page and its files.

use askama::Template;
use askama_web::WebTemplate;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

use super::super::Result;
use super::super::field::Field;
use super::super::form::RawForm;
use super::super::shell::Shell;
use super::super::write;
use super::chart::{self, Table};
use super::{filter, words};
use crate::actions::cohorts::{self, Answer, Choices, Count, Endpoint, Grouping, Shape, View};
use crate::app::App;
use crate::domain::access::Actor;

#[derive(Template, WebTemplate)]
#[template(path = "analyst/cohort.html")]
pub struct CohortPage {
    page: Shell,
    /// The boxes of the form, in their order.
    fields: Vec<Field>,
    result: Option<Shown>,
    /// The address of the question, for the files.
    query: String,
}

/// What is shown of an answer.
struct Shown {
    title: String,
    /// Of whom, so that a sheet of paper says it too.
    asked: String,
    facts: Vec<(String, String)>,
    chart: Option<Chart>,
    /// Why there is no chart.
    empty: &'static str,
    /// A question that may have an answer: address and words.
    instead: Option<(String, String)>,
    /// What each curve says, or why there is none.
    sentences: Vec<(String, String)>,
    notes: Vec<String>,
    /// How many rows a file has.
    rows: Option<String>,
    /// Enough patients for a file.
    may_export: bool,
}

struct Chart {
    wide: String,
    narrow: String,
    comparison: Option<String>,
    not_drawn: usize,
    table: Table,
}

impl CohortPage {
    fn is_wrong(&self) -> bool {
        self.fields.iter().any(Field::is_hard)
    }
}

fn asked(query: Option<String>) -> Result<RawForm> {
    RawForm::parse(query.unwrap_or_default().as_bytes())
}

/// The fields that are set, as an address.
fn query_of(form: &RawForm, without: &str) -> String {
    let set: Vec<&(String, String)> = form
        .fields
        .iter()
        .filter(|(name, value)| !value.trim().is_empty() && name != without && name != "shape")
        .collect();
    serde_urlencoded::to_string(set).unwrap_or_default()
}

/// The question as a form, and its answer beneath.
pub async fn show(State(app): State<App>, actor: Actor, RawQuery(query): RawQuery) -> Result<Response> {
    let form = asked(query)?;
    let found = cohorts::ask(&app, &actor, &form.fields).await?;
    let problems = found.answer.as_ref().err().cloned().unwrap_or_default();
    let mut shell = Shell::of(&actor, "Cohorts").at("/cohorts");
    if let Ok(answer) = &found.answer {
        shell.as_of = format!("as known on {}", write::day(answer.today));
    }
    let page = CohortPage {
        page: shell,
        fields: filter::fields(&found.choices, |name| form.get(name).to_owned(), &problems),
        query: query_of(&form, ""),
        result: found.answer.ok().map(|answer| shown(&answer, &found.choices, &form)),
    };
    let status = if page.is_wrong() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    Ok((status, page).into_response())
}

fn shown(answer: &Answer, choices: &Choices, form: &RawForm) -> Shown {
    let empty = match answer.counted {
        _ if answer.nobody => "Nobody matches. Loosen a filter: another centre, a wider range of dates, any trial.",
        Count::Few if answer.metastatic.is_some() => {
            "All or nearly all of these patients entered with metastases: there is no first relapse to wait for."
        }
        Count::Few => "Fewer than 5 patients match. So few are not shown: they could be told apart. Loosen a filter.",
        _ => words::no_curve(answer),
    };
    let sentence = |line: &cohorts::Line| (line.label.clone(), words::sentence(answer, line));
    Shown {
        title: chart::title(answer),
        asked: words::asked(&answer.question, choices),
        facts: words::facts(answer),
        chart: (answer.until() > 0.0).then(|| drawing(answer)),
        empty,
        instead: instead(answer, form),
        sentences: answer.lines.iter().map(sentence).collect(),
        notes: words::notes(answer),
        rows: words::rows(answer),
        may_export: !answer.nobody,
    }
}

/// Where there is no curve: a question about the same patients that has one.
fn instead(answer: &Answer, form: &RawForm) -> Option<(String, String)> {
    let with = |field: &str, value: &str| {
        let others = query_of(form, field);
        let joint = if others.is_empty() { "" } else { "&" };
        format!("/cohorts?{others}{joint}{field}={value}")
    };
    if answer.counted == Count::Few {
        let endpoint = Endpoint::Overall;
        let words = format!("See their {}", endpoint.words().to_lowercase());
        return answer.metastatic.map(|_| (with("endpoint", endpoint.code()), words));
    }
    answer.ended.exact()?;
    let apart = answer.events.exact().and(answer.deaths.exact()).is_some();
    Some(if answer.question.view == View::Incidence && !apart {
        (
            with("curve", View::Free.code()),
            "See the curve that counts both".to_owned(),
        )
    } else {
        (
            with("group", Grouping::None.code()),
            "See everybody together".to_owned(),
        )
    })
}

fn drawing(answer: &Answer) -> Chart {
    let with_curve = answer.lines.iter().filter(|line| line.estimate.is_ok()).count();
    Chart {
        wide: chart::svg(answer, "km-wide", 980.0),
        narrow: chart::svg(answer, "km", 816.0),
        comparison: answer.comparison.map(|test| words::comparison(answer, test)),
        not_drawn: with_curve - chart::drawn(answer).len(),
        table: chart::table(answer),
    }
}

/// The cohort as CSV, streamed while it is read.
pub async fn export(State(app): State<App>, actor: Actor, RawQuery(query): RawQuery) -> Result<Response> {
    let form = asked(query)?;
    let file = cohorts::export(&app, &actor, &form.fields).await?;
    let pieces = futures::stream::unfold(file.pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        Some((piece, pieces))
    });
    // compression asks once more after the end, which an unfold answers with a panic
    Ok(attachment(&file.name, Body::from_stream(pieces.fuse())))
}

/// What each column of the files means.
pub async fn dictionary(State(app): State<App>, actor: Actor, RawQuery(query): RawQuery) -> Result<Response> {
    let form = asked(query)?;
    let text = cohorts::dictionary(&app, &actor, &form.fields).await?;
    Ok(attachment("metwatch-dictionary.csv", Body::from(text)))
}

fn attachment(name: &str, body: Body) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present".to_owned(),
        ),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, body).into_response()
}
