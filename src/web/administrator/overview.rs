//! Users, nights, the alert budget, and the last acts on users and settings.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::super::field::{Choice, Field, Message};
use super::super::form::{RawForm, mend, new_token};
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
use crate::domain::budget::{self, Per, Typed};
use crate::domain::id::SiteId;
use crate::domain::number::thousands;
use crate::domain::problem::{MEANWHILE, Problem};

#[derive(Template, WebTemplate)]
#[template(path = "administrator/overview.html")]
pub struct OverviewPage {
    page: Shell,
    overview: Overview,
    acts: Vec<Act>,
    fields: Vec<Field>,
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

    fn is_wrong(&self) -> bool {
        self.fields.iter().any(Field::is_hard)
    }

    /// What the budget comes to: in the other unit, and in alerts a week.
    fn comes_to(&self) -> String {
        let budget = &self.overview.budget;
        let Some((rate, watched)) = budget.rate().zip(budget.watched()) else {
            return "What it comes to is known from the first night on, which counts the patients under watch.".into();
        };
        let a_year = rate / 100.0 * watched as f64;
        let often = match a_year / 52.0 {
            many if many >= 1.0 => format!("about {many:.0} a week"),
            _ if a_year >= 1.0 => format!("about {a_year:.0} a year"),
            _ => "fewer than one a year".into(),
        };
        let patients = thousands(watched);
        match budget.now.per() {
            Per::Years => format!("With the {patients} patients under watch on the last night: {often}."),
            Per::ClinicianDay => {
                format!(
                    "With the {patients} patients under watch on the last night: {rate} per 100 patient-years, {often}."
                )
            }
        }
    }

    /// What the last night reckoned with, where that is another budget.
    fn still_for(&self) -> Option<f64> {
        let budget = &self.overview.budget;
        let last = budget.nights.last()?.rate;
        (budget.rate() != Some(last)).then_some(last)
    }

    async fn of(app: &App, actor: &Actor, typed: Option<Typed>, problems: &[Problem]) -> Result<OverviewPage> {
        let overview = users::overview(app, actor).await?;
        let typed = typed.unwrap_or_else(|| Typed::of(overview.budget.now));
        Ok(OverviewPage {
            page: Shell::of(actor, "Administration").at("/administration"),
            acts: acts::told(&overview),
            fields: fields(&typed, problems),
            form_token: new_token(),
            overview,
        })
    }
}

fn fields(typed: &Typed, problems: &[Problem]) -> Vec<Field> {
    let unit = |per: Per| Choice {
        value: per.code().to_owned(),
        label: per.words().to_owned(),
    };
    let mut fields = vec![
        Field::text(budget::ALERTS, "Alerts", &typed.alerts).wide("w8"),
        Field::text(budget::PER, "Counted", &typed.per).of(Per::ALL.map(unit).into()),
        Field::text(budget::CLINICIANS, "Clinicians", &typed.clinicians)
            .wide("w8")
            .hinting("who share the patients of all centres; for a budget per clinician and day"),
    ];
    for field in &mut fields {
        let own = problems.iter().filter(|problem| problem.field == field.name);
        field.messages = own.map(Message::of).collect();
    }
    fields
}

pub async fn show(State(app): State<App>, actor: Actor) -> Result<OverviewPage> {
    OverviewPage::of(&app, &actor, None, &[]).await
}

/// Sets the alert budget; what can't be one comes back with what was typed.
pub async fn set_budget(State(app): State<App>, actor: Actor, mut form: RawForm) -> Result<Response> {
    let is_check = mend(&mut form.fields) || form.get("do") == "check";
    let typed = Typed {
        alerts: form.get(budget::ALERTS).to_owned(),
        per: form.get(budget::PER).to_owned(),
        clinicians: form.get(budget::CLINICIANS).to_owned(),
    };
    if is_check {
        let page = OverviewPage::of(&app, &actor, Some(typed), &[]).await?;
        return Ok(page.into_response());
    }
    let seen = form.get("seen").parse().unwrap_or(-1);
    match actions::budget::set(&app, &actor, &typed, seen, &form.form()).await {
        Ok(posted) => Ok(Redirect::to(posted.location()).into_response()),
        Err(actions::Error::Problems(problems)) => {
            let is_late = problems.iter().any(|problem| problem.code == MEANWHILE);
            let status = if is_late {
                StatusCode::CONFLICT
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            let page = OverviewPage::of(&app, &actor, Some(typed), &problems).await?;
            Ok((status, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}
