//! What stands before every handler: headers, host, origin, load, and work that a disconnect does not cancel.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error;
use crate::app::App;

/// Forms are small; imports come through the console.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// Requests in work at once; beyond it the answer is 503 within a moment, and health still answers (S-105).
const IN_FLIGHT: usize = 256;

#[derive(Clone, Copy)]
pub struct RequestId(pub uuid::Uuid);

impl RequestId {
    pub fn new() -> RequestId {
        RequestId(uuid::Uuid::new_v4())
    }
}

impl Default for RequestId {
    fn default() -> Self {
        RequestId::new()
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

/// The headers of S-101 and S-102, on every answer.
pub async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let fingerprinted = request.uri().path().starts_with("/static/");
    let mut response = next.run(request).await;
    let lasting = fingerprinted && response.status().is_success();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "");
    set(
        header::CACHE_CONTROL,
        if lasting {
            "public, max-age=31536000, immutable"
        } else {
            "no-store"
        },
    );
    if app.config.origin.starts_with("https://") {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

/// The host must be the configured one (S-104), so that no link or redirect leads elsewhere, and the path text. Health checks ask by address.
pub async fn known_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let authority = app.config.origin.split_once("://").map_or("", |(_, rest)| rest);
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("");
    let health = request.uri().path().starts_with("/healthz/");
    if request.uri().path().contains("%00") {
        // nothing in the registry has a name with one: the database's text holds none
        error::no_such_page().await.into_response()
    } else if host == authority || health || loopback_names(authority, host) {
        next.run(request).await
    } else {
        StatusCode::BAD_REQUEST.into_response()
    }
}

/// `localhost` and `127.0.0.1` with the same port are one host to whoever types them.
fn loopback_names(configured: &str, host: &str) -> bool {
    let split = |text: &str| {
        text.rsplit_once(':')
            .map(|(name, port)| (name.to_owned(), port.to_owned()))
    };
    let is_loopback = |name: &str| matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    match (split(configured), split(host)) {
        (Some((a, port_a)), Some((b, port_b))) => is_loopback(&a) && is_loopback(&b) && port_a == port_b,
        _ => false,
    }
}

/// Refuses every changing request that a browser did not send from our own pages (S-103).
pub async fn same_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || sent_by_us(&app.config.origin, request.headers()) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

fn sent_by_us(ours: &str, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(HeaderName::from_static("sec-fetch-site")), text(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = text(header::HOST).unwrap_or("");
            origin == ours || origin.split_once("://").is_some_and(|(_, authority)| authority == host)
        }
        (None, None) => false,
    }
}

/// Sheds load instead of queueing it.
pub async fn shed(request: Request, next: Next) -> Response {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    struct Place;
    impl Drop for Place {
        fn drop(&mut self) {
            COUNT.fetch_sub(1, Ordering::Relaxed);
        }
    }
    if request.uri().path().starts_with("/healthz/") {
        return next.run(request).await;
    }
    let before = COUNT.fetch_add(1, Ordering::Relaxed);
    let _place = Place;
    if before >= IN_FLIGHT {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "3")],
            "Too busy just now. Try again in a few seconds.",
        )
            .into_response();
    }
    next.run(request).await
}

/// Runs the rest in a task of its own: a client that goes away does not cancel work in the midst of a transaction (S-044),
/// and a panic becomes an error page while the process lives on (S-109).
pub async fn finish_whatever_happens(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(panicked) => super::Error::Action(crate::actions::Error::internal(format!(
            "a handler stopped: {panicked}"
        )))
        .into_response(),
    }
}
