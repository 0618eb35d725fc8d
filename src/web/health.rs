//! For whoever watches the service: alive, and ready for requests (S-130). No data, no sign-in.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::actions::health;
use crate::app::App;

pub async fn live() -> &'static str {
    "alive\n"
}

/// Asks the database at most once a second, however often it is called.
pub async fn ready(State(app): State<App>) -> Response {
    if app.stopping.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    let mut last = app.readiness.lock().await;
    let answer = match last.as_ref() {
        Some((at, answer)) if at.elapsed() < Duration::from_secs(1) => answer.clone(),
        _ => {
            let answer = health::ready(&app).await;
            *last = Some((Instant::now(), answer.clone()));
            answer
        }
    };
    match answer {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}
