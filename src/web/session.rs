//! Who is asking: the session cookie, and the gate before each route.

use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use super::form::RawForm;
use super::guard::RequestId;
use super::routes::{Access, Kind};
use super::shared;
use crate::actions::kept::{self, Kept};
use crate::actions::{self, sign_in};
use crate::app::App;
use crate::domain::access::{Actor, Denied};
use crate::domain::audit::Entry;

/// `__Host-` where the address is https; plain http is served on loopback only (S-020).
fn cookie_name(app: &App) -> &'static str {
    if app.config.origin.starts_with("https://") {
        "__Host-sid"
    } else {
        "sid"
    }
}

pub fn cookie(app: &App, secret: String) -> Cookie<'static> {
    Cookie::build((cookie_name(app), secret))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.config.origin.starts_with("https://"))
        .build()
}

/// The session's secret as the browser sent it.
pub fn secret(app: &App, headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers)
        .get(cookie_name(app))
        .map(|cookie| cookie.value().to_owned())
}

/// What one route asks of its callers.
#[derive(Clone)]
pub struct Gate {
    pub app: App,
    pub access: Access,
    pub kind: Kind,
    pub path: &'static str,
}

/// Lets a request in, or answers it. Refusals by right and by scope are audited (S-054).
pub async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    if gate.access == Access::Public {
        return next.run(request).await;
    }
    let secret = secret(&gate.app, request.headers());
    let actor = match &secret {
        Some(secret) => match sign_in::actor_of(&gate.app, secret).await {
            Ok(actor) => actor,
            Err(error) => return super::Error::from(error).into_response(),
        },
        None => None,
    };
    let Some(mut actor) = actor else {
        return match secret {
            Some(secret) if is_form(&gate, &request) => keep(&gate.app, &secret, request).await,
            _ => anonymous(gate.kind, &request),
        };
    };
    actor.request = request.extensions().get::<RequestId>().map(|id| id.0);
    if let Access::Needs(permission) = gate.access
        && let Err(denied) = actor.may(permission)
    {
        refused(&gate, &actor, StatusCode::FORBIDDEN).await;
        return super::Error::from(actions::Error::from(denied)).into_response();
    }
    request.extensions_mut().insert(actor.clone());
    let response = next.run(request).await;
    if matches!(response.status(), StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) {
        refused(&gate, &actor, response.status()).await;
    }
    response
}

fn anonymous(kind: Kind, request: &Request) -> Response {
    match kind {
        Kind::File => (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Session")]).into_response(),
        Kind::Page if request.method() == axum::http::Method::GET && request.uri().path() != "/" => {
            let next = request.uri().path_and_query().map_or("/", |path| path.as_str());
            let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
            Redirect::to(&format!("/sign-in?{query}")).into_response()
        }
        Kind::Page => Redirect::to("/sign-in").into_response(),
    }
}

fn is_form(gate: &Gate, request: &Request) -> bool {
    gate.kind == Kind::Page && request.method() == axum::http::Method::POST && gate.path != "/sign-out"
}

/// Keeps what was posted after the session had ended, and asks to sign in again (S-026).
async fn keep(app: &App, session: &str, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let form = match RawForm::from_request(request, &()).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let form = Kept {
        path,
        fields: form.fields,
    };
    match kept::keep(app, session, &form).await {
        Ok(Some(token)) => (StatusCode::UNAUTHORIZED, shared::sign_in::again(&token)).into_response(),
        Ok(None) => Redirect::to("/sign-in").into_response(),
        Err(error) => super::Error::from(error).into_response(),
    }
}

async fn refused(gate: &Gate, actor: &Actor, status: StatusCode) {
    let entry = Entry::of("refused")
        .fact("route", gate.path)
        .fact("status", status.as_u16());
    match gate.app.db.begin(actor, gate.app.clock.now()).await {
        Ok(work) => {
            if let Err(error) = work.finish(entry).await {
                tracing::warn!(%error, "a refusal could not be audited");
            }
        }
        Err(error) => tracing::warn!(%error, "a refusal could not be audited"),
    }
}

/// Handlers take the actor that the gate admitted; on a public route there is none, and asking is a denial.
impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = super::Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Actor, super::Error> {
        let denied = || {
            super::Error::from(actions::Error::from(Denied(
                crate::domain::access::Permission::Administer,
            )))
        };
        parts.extensions.get::<Actor>().cloned().ok_or_else(denied)
    }
}
