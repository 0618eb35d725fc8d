//! The one way from an error to a page: status, words, log line. The cause goes to the log, once, and never to the page.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::guard::RequestId;
use super::session;
use super::shell::Shell;
use crate::actions::{self, sign_in};
use crate::app::App;
use crate::domain::access::{Actor, Permission};

#[derive(Debug)]
pub enum Error {
    Action(actions::Error),
    /// The request itself is malformed: a form without its token, bytes that are no text.
    BadRequest(&'static str),
    /// A one-time link that opens nothing. Its holder is not told whether there ever was one.
    DeadLink,
}

impl From<actions::Error> for Error {
    fn from(error: actions::Error) -> Error {
        Error::Action(error)
    }
}

/// What `dress` makes a page of.
#[derive(Clone)]
struct Failure {
    title: &'static str,
    text: String,
    advice: Option<Advice>,
}

/// What the reader can do: a sentence, and where it leads.
#[derive(Clone, Copy)]
struct Advice {
    words: &'static str,
    href: &'static str,
    label: &'static str,
    /// Who may not go there is not sent there.
    needs: Option<Permission>,
}

const SEARCH: Advice = Advice {
    words: "Check the address",
    href: "/patients",
    label: "search for the patient",
    needs: Some(Permission::ReadPatient),
};

const ANOTHER_LINK: Advice = Advice {
    words: "Ask your administrator for a new one",
    href: "/sign-in",
    label: "sign in",
    needs: None,
};

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        use actions::Error as A;
        let (status, title, text) = match &self {
            Error::BadRequest(why) => (StatusCode::BAD_REQUEST, "This request can't be read", (*why).to_owned()),
            Error::DeadLink => (
                StatusCode::NOT_FOUND,
                "This link opens nothing",
                "This link was used already, has expired or is not whole.".to_owned(),
            ),
            Error::Action(error) => match error {
                A::Denied(_) => (
                    StatusCode::FORBIDDEN,
                    "Not yours to do",
                    "Your role does not include this. An administrator can tell you who may.".to_owned(),
                ),
                A::NotFound => (
                    StatusCode::NOT_FOUND,
                    "Not here",
                    "There is no such page or record among what you can see.".to_owned(),
                ),
                A::Problems(problems) => (
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "Something needs mending",
                    problems.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(" "),
                ),
                A::Conflict(text) => (StatusCode::CONFLICT, "Changed meanwhile", text.clone()),
                A::Busy => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Too busy just now",
                    "Many people are signing in at once. Try again in a few seconds; nothing is lost.".to_owned(),
                ),
                A::Unavailable(_) => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The database is away",
                    "Metwatch can't reach its database. It tries again by itself; reload this page in a few seconds. Nothing that was saved is lost."
                        .to_owned(),
                ),
                A::CommitUnknown(_) => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "We do not know whether it was saved",
                    "The connection to the database broke while saving. Go back and send the form again: it counts once, whichever way this went."
                        .to_owned(),
                ),
                A::Internal(_) => (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something went wrong here",
                    "This is our mistake, not yours. Nothing was half saved. Give the number below to your administrator.".to_owned(),
                ),
            },
        };
        if let Error::Action(A::Internal(cause)) = &self {
            tracing::error!(%cause, source = cause.source().map(tracing::field::display), "internal error");
        }
        if let Error::Action(A::Unavailable(cause) | A::CommitUnknown(cause)) = &self {
            tracing::warn!(%cause, "database unavailable");
        }
        let mut response = status.into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("3"));
        }
        let advice = match &self {
            Error::DeadLink => Some(ANOTHER_LINK),
            Error::Action(A::NotFound) => Some(SEARCH),
            _ => None,
        };
        response.extensions_mut().insert(Failure { title, text, advice });
        response
    }
}

pub async fn no_such_page() -> Error {
    Error::Action(actions::Error::NotFound)
}

#[derive(Template)]
#[template(path = "shared/error.html")]
struct ErrorPage {
    page: Shell,
    title: &'static str,
    text: String,
    advice: Option<Advice>,
    /// Where the advice leads is shown as a link.
    leads: bool,
    request: String,
}

impl ErrorPage {
    fn of(failure: Failure, reader: Option<&Actor>, id: RequestId) -> ErrorPage {
        let bare = || Shell {
            title: failure.title.into(),
            ..Shell::bare()
        };
        let may = |permission| reader.is_some_and(|actor| actor.may(permission).is_ok());
        ErrorPage {
            leads: failure.advice.is_some_and(|advice| advice.needs.is_none_or(may)),
            page: reader.map_or_else(bare, |actor| Shell::of(actor, failure.title)),
            title: failure.title,
            text: failure.text,
            advice: failure.advice,
            request: id.to_string(),
        }
    }
}

/// Behind the gate of a route: a failure takes along whom it befell, for whom its page is.
pub async fn for_whom(request: Request, next: Next) -> Response {
    let actor = request.extensions().get::<Actor>().cloned();
    let mut response = next.run(request).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if let Some(actor) = actor.filter(|_| failed) {
        response.extensions_mut().insert(actor);
    }
    response
}

/// The reader where no handler was reached that could tell, as at an address that is none: the session is looked up.
async fn looked_up(app: &App, status: StatusCode, secret: Option<String>) -> Option<Actor> {
    let elsewhere = matches!(
        status,
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
    );
    let secret = secret.filter(|_| elsewhere)?;
    // without an answer the page does without its top bar
    sign_in::actor_of(app, &secret).await.ok().flatten()
}

/// Gives every failure without a body of its own the same page, with the request's number.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = RequestId::new();
    let secret = session::secret(&app, request.headers());
    let mut request = request;
    request.extensions_mut().insert(id);
    let response = next.run(request).await;
    let status = response.status();
    let failure = match response.extensions().get::<Failure>() {
        Some(failure) => failure.clone(),
        None => match plain(status) {
            Some(failure) => failure,
            None => return response,
        },
    };
    let title = failure.title;
    let reader = match response.extensions().get::<Actor>().cloned() {
        Some(actor) => Some(actor),
        None => looked_up(&app, status, secret).await,
    };
    let page = ErrorPage::of(failure, reader.as_ref(), id);
    let html = page.render().unwrap_or_else(|_| title.to_owned());
    let mut dressed = (status, Html(html)).into_response();
    for name in [header::RETRY_AFTER, header::ALLOW, header::SET_COOKIE] {
        if let Some(value) = response.headers().get(&name) {
            dressed.headers_mut().insert(name, value.clone());
        }
    }
    dressed
}

/// Answers that layers and axum itself give without a page.
fn plain(status: StatusCode) -> Option<Failure> {
    let (title, text) = match status {
        StatusCode::METHOD_NOT_ALLOWED => ("Not this way", "This address does not take that kind of request."),
        StatusCode::PAYLOAD_TOO_LARGE => ("Too much at once", "A form may hold at most 1 MiB."),
        StatusCode::BAD_REQUEST => ("This request can't be read", "The address or the form is malformed."),
        _ => return None,
    };
    Some(Failure {
        title,
        text: text.into(),
        advice: None,
    })
}
