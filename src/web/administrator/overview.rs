//! Users, nights, the alert budget, and the last acts on users and settings.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::super::field::{Field, Message, Weight};
use super::super::form::{RawForm, new_token};
use super::super::shell::Shell;
use super::super::{Result, filters};
use super::acts::{self, Act};
use super::night;
use crate::actions;
use crate::actions::budget::Setting;
use crate::actions::nightly::view::Night;
use crate::actions::users::{self, Overview};
use crate::app::App;
use crate::domain::access::Actor;
use crate::domain::budget;
use crate::domain::id::SiteId;
use crate::domain::problem::MEANWHILE;

#[derive(Template, WebTemplate)]
#[template(path = "administrator/overview.html")]
pub struct OverviewPage {
    page: Shell,
    overview: Overview,
    acts: Vec<Act>,
    alerts: Field,
    form_token: String,
}

impl OverviewPage {
    fn codes(&self, held: &[SiteId]) -> String {
        let code = |id: &SiteId| {
            self.overview
                .sites
                .iter()
                .find(|site| site.id == *id)
                .map(|site| site.code.as_str())
        };
        held.iter().filter_map(code).collect::<Vec<_>>().join(", ")
    }

    fn took(&self, run: &Night) -> String {
        night::took(run)
    }

    fn state<'n>(&self, run: &'n Night) -> &'n str {
        night::state(run)
    }

    fn set_at(&self, setting: &Setting) -> String {
        setting.set_at.format("%-d %b %Y %H:%M:%S").to_string()
    }

    fn fields(&self) -> &[Field] {
        std::slice::from_ref(&self.alerts)
    }

    fn is_wrong(&self) -> bool {
        self.alerts.is_hard()
    }

    async fn of(app: &App, actor: &Actor, typed: Option<&str>) -> Result<OverviewPage> {
        let overview = users::overview(app, actor).await?;
        let now = overview.budget.now.to_string();
        Ok(OverviewPage {
            page: Shell::of(actor, "Administration").at("/administration"),
            acts: acts::told(&overview),
            alerts: Field::text(budget::FIELD, "Alerts", typed.unwrap_or(&now))
                .wide("w8")
                .in_unit("per 100 patient-years"),
            form_token: new_token(),
            overview,
        })
    }
}

pub async fn show(State(app): State<App>, actor: Actor) -> Result<OverviewPage> {
    OverviewPage::of(&app, &actor, None).await
}

/// Sets the alert budget; what can't be one comes back with what was typed.
pub async fn set_budget(State(app): State<App>, actor: Actor, form: RawForm) -> Result<Response> {
    let typed = form.get(budget::FIELD);
    let seen = form.get("seen").parse().unwrap_or(-1);
    if form.get("do") == "check" {
        return Ok(OverviewPage::of(&app, &actor, Some(typed)).await?.into_response());
    }
    match actions::budget::set(&app, &actor, typed, seen, &form.form()).await {
        Ok(posted) => Ok(Redirect::to(posted.location()).into_response()),
        Err(actions::Error::Problems(problems)) => {
            let is_late = problems.iter().any(|problem| problem.code == MEANWHILE);
            let status = if is_late {
                StatusCode::CONFLICT
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            let mut page = OverviewPage::of(&app, &actor, Some(typed)).await?;
            page.alerts.messages.extend(problems.into_iter().map(|problem| Message {
                weight: Weight::Hard,
                text: problem.text,
                mend: problem.suggestion,
            }));
            Ok((status, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}
