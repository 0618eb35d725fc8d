//! Finding a patient.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::super::shell::Shell;
use super::super::{Result, filters};
use crate::actions::patients::{self, Found};
use crate::app::App;
use crate::domain::access::{Actor, Permission};

#[derive(Template, WebTemplate)]
#[template(path = "shared/patients.html")]
pub struct PatientsPage {
    page: Shell,
    term: String,
    found: Vec<Found>,
    full: bool,
    may_record: bool,
    today_year: i32,
}

#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
}

/// Patients by key. One exact hit opens the patient at once.
pub async fn find(State(app): State<App>, actor: Actor, Query(search): Query<Search>) -> Result<Response> {
    let term: String = search.q.trim().chars().filter(|c| !c.is_control()).take(64).collect();
    let found = patients::find(&app, &actor, &term).await?;
    if let [only] = found.as_slice()
        && only.key.eq_ignore_ascii_case(&term)
    {
        return Ok(Redirect::to(&format!("/patients/{}/{}", only.site_code, only.key)).into_response());
    }
    let page = PatientsPage {
        page: Shell::of(&actor, "Patients").at("/patients"),
        full: found.len() as i64 == patients::FOUND,
        may_record: actor.may(Permission::RecordVisit).is_ok(),
        today_year: chrono::Datelike::year(&app.clock.now().date_naive()),
        term,
        found,
    };
    Ok(page.into_response())
}
