//! Signing in and out.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::super::form::{RawForm, new_token};
use super::super::shell::Shell;
use super::super::{Error, Result, frame, routes, session};
use crate::actions::sign_in::Purpose;
use crate::actions::{self, sign_in};
use crate::app::App;
use crate::domain::access::Actor;
use crate::domain::problem::Problem;

#[derive(Template, WebTemplate)]
#[template(path = "shared/sign_in.html")]
pub struct SignInPage {
    page: Shell,
    token: String,
    name: String,
    next: String,
    /// The token of a form that waits.
    kept: String,
    problem: Option<String>,
    set_up: bool,
}

#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

fn page(name: &str, (next, kept): (&str, &str), problem: Option<String>, set_up: bool) -> SignInPage {
    let page = Shell {
        title: "Sign in".into(),
        ..Shell::bare()
    };
    SignInPage {
        page,
        token: new_token(),
        name: name.into(),
        next: local(next).unwrap_or("").into(),
        kept: kept.into(),
        problem,
        set_up,
    }
}

/// The page for whoever sent a form after the session had ended.
pub fn again(kept: &str) -> SignInPage {
    page("", ("", kept), Some(Problem::session_ended().text), true)
}

/// A path of ours that may be gone to after sign-in: one leading slash, nothing odd, and a known route (S-104).
fn local(next: &str) -> Option<&str> {
    let plain = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '#'])
        && next.chars().all(|c| c.is_ascii_graphic())
        && next.len() < 500;
    let path = next.split('?').next()?;
    let first = |path: &str| path.split('/').nth(1).unwrap_or("").to_owned();
    let known = routes::table()
        .iter()
        .any(|route| route.method == "get" && first(route.path) == first(path));
    (plain && known).then_some(next)
}

pub async fn home(actor: Actor) -> Redirect {
    Redirect::to(frame::home(actor.role))
}

pub async fn show(State(app): State<App>, Query(next): Query<Next>) -> Result<Response> {
    let set_up = actions::users::any(&app).await?;
    let status = if set_up {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok((status, page("", (&next.next, ""), None, set_up)).into_response())
}

pub async fn enter(State(app): State<App>, headers: HeaderMap, form: RawForm) -> Result<Response> {
    let former = session::secret(&app, &headers);
    // a password is taken as typed, blanks included
    let password = form
        .fields
        .iter()
        .find(|(name, _)| name == "password")
        .map(|(_, value)| value.clone())
        .unwrap_or_default();
    match sign_in::by_password(&app, form.get("name"), password, former.as_deref()).await {
        Ok(secret) => Ok(entered(&app, secret, &after(&form))),
        Err(actions::Error::Problems(problems)) => {
            let text = problems.into_iter().map(|problem| problem.text).next();
            Ok((
                StatusCode::UNPROCESSABLE_ENTITY,
                page(form.get("name"), (form.get("next"), form.get("kept")), text, true),
            )
                .into_response())
        }
        Err(other) => Err(other.into()),
    }
}

/// Where a new sign-in leads: to the form that waits, else to the page that was asked for.
fn after(form: &RawForm) -> String {
    match form.get("kept") {
        "" => form.get("next").to_owned(),
        kept => format!("/kept/{kept}"),
    }
}

fn entered(app: &App, secret: String, next: &str) -> Response {
    let cookie = session::cookie(app, secret).to_string();
    (
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        Redirect::to(local(next).unwrap_or("/")),
    )
        .into_response()
}

#[derive(Template, WebTemplate)]
#[template(path = "shared/link.html")]
pub struct LinkPage {
    page: Shell,
    token: String,
    address: String,
    name: String,
    role: String,
    demo: bool,
    problem: Option<String>,
}

/// Used, expired and never made are one answer: who tries links learns nothing.
fn dead(error: actions::Error) -> Error {
    match error {
        actions::Error::NotFound => Error::DeadLink,
        other => other.into(),
    }
}

async fn link_page(app: &App, token: &str, problem: Option<String>) -> Result<LinkPage> {
    let link = sign_in::link(app, token).await.map_err(dead)?;
    Ok(LinkPage {
        page: Shell {
            title: "Welcome".into(),
            ..Shell::bare()
        },
        token: new_token(),
        address: format!("/link/{token}"),
        name: link.name,
        role: link.role.code().to_owned(),
        demo: link.purpose == Purpose::Demo,
        problem,
    })
}

/// Opening a link changes nothing: mail scanners open links too. The button on the page uses it up.
pub async fn link(State(app): State<App>, Path(token): Path<String>) -> Result<LinkPage> {
    link_page(&app, &token, None).await
}

pub async fn use_link(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    form: RawForm,
) -> Result<Response> {
    let former = session::secret(&app, &headers);
    let typed = |name: &str| {
        form.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, v)| v.clone())
            .unwrap_or_default()
    };
    let done = match sign_in::link(&app, &token).await.map_err(dead)?.purpose {
        Purpose::Demo => sign_in::by_link(&app, &token, former.as_deref()).await,
        Purpose::SetPassword => {
            sign_in::choose_password(&app, &token, typed("password"), &typed("again"), former.as_deref()).await
        }
    };
    match done {
        Ok(secret) => Ok(entered(&app, secret, "/")),
        Err(actions::Error::Problems(problems)) => {
            let text = problems.into_iter().map(|problem| problem.text).next();
            Ok((StatusCode::UNPROCESSABLE_ENTITY, link_page(&app, &token, text).await?).into_response())
        }
        Err(other) => Err(dead(other)),
    }
}

pub async fn leave(State(app): State<App>, actor: Actor, _form: RawForm) -> Result<Response> {
    sign_in::out(&app, &actor).await?;
    let mut gone = session::cookie(&app, String::new());
    gone.make_removal();
    let headers = AppendHeaders([
        (header::SET_COOKIE, gone.to_string()),
        (header::HeaderName::from_static("clear-site-data"), "\"cache\"".into()),
    ]);
    Ok((headers, Redirect::to("/sign-in")).into_response())
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn redirects_stay_here() {
        for good in ["/triage", "/patients/ROT-N/ROTN-0001?tab=table", "/"] {
            assert_eq!(local(good), Some(good));
        }
        for bad in [
            "//evil.example",
            "https://evil.example",
            "/\\evil",
            "/nowhere",
            "",
            "/triage\n",
            "triage",
        ] {
            assert_eq!(local(bad), None, "{bad:?}");
        }
    }
}
