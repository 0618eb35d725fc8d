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
use crate::actions;
use crate::actions::budget::Setting;
use crate::actions::patients::Change;
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

/// What one person did, once or several times in a row.
struct Act {
    when: String,
    who: String,
    what: String,
    times: usize,
}

/// `added a user`, `signed in`.
fn what(change: &Change) -> String {
    let deed = match change.action.as_str() {
        "insert" => "added".into(),
        "update" => "changed".into(),
        "delete" => "took away".into(),
        other => other.replace('_', " "),
    };
    let record = match change.table_name.as_str() {
        "-" | "" => return deed,
        "app_user" => "a user".into(),
        "user_site" => "a centre of a user's".into(),
        "import_file" => "a file of an import".into(),
        "site" => "a centre".into(),
        "assay_version" => "an assay".into(),
        "arm" => "an arm".into(),
        "run" => "a night".into(),
        "alert_budget" => return budget_set(change),
        page if change.action == "viewed" => format!("the page {page}"),
        other => format!("a {}", other.replace('_', " ")),
    };
    format!("{deed} {record}")
}

/// `set the alert budget from 4 to 2.5`.
fn budget_set(change: &Change) -> String {
    let new = |column: &str| change.changes[column][1].to_string();
    format!("set the alert budget from {} to {}", new("was"), new("per_100_years"))
}

/// Newest first; what reads alike and follows on itself is one line.
fn acts(changes: &[Change]) -> Vec<Act> {
    let mut acts: Vec<Act> = vec![];
    for change in changes {
        let who = format!("{}, {}", change.actor_name, change.role);
        let what = what(change);
        match acts.last_mut() {
            Some(last) if (&last.who, &last.what) == (&who, &what) => last.times += 1,
            _ => acts.push(Act {
                when: change.at.format("%-d %b %Y %H:%M:%S").to_string(),
                who,
                what,
                times: 1,
            }),
        }
    }
    acts
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
            acts: acts(&overview.acts),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: &str, table_name: &str) -> Change {
        Change {
            at: "2026-11-22T12:00:00Z".parse().unwrap(),
            actor_name: "console".into(),
            role: "system".into(),
            action: action.into(),
            table_name: table_name.into(),
            record_id: 1,
            changes: serde_json::Value::Null,
            reason: None,
        }
    }

    #[test]
    fn acts_are_told_in_words_and_repeats_once() {
        let centre = || change("insert", "user_site");
        let told = acts(&[
            change("signed_in", "-"),
            centre(),
            centre(),
            change("insert", "app_user"),
            centre(),
        ]);
        let told: Vec<(&str, usize)> = told.iter().map(|act| (act.what.as_str(), act.times)).collect();
        assert_eq!(
            told,
            [
                ("signed in", 1),
                ("added a centre of a user's", 2),
                ("added a user", 1),
                ("added a centre of a user's", 1)
            ]
        );
    }
}
