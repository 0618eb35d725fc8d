//! The night under way, refreshed while there is one, and the last nights.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::super::shell::Shell;
use super::super::{Result, filters, write};
use crate::actions::nightly::view::{self, AtWork, Night, Nights, UnderWay};
use crate::app::App;
use crate::domain::access::Actor;

/// Seconds between two looks at a night that is under way; the browser asks by itself, without script.
const REFRESH: &str = "5";

#[derive(Template, WebTemplate)]
#[template(path = "administrator/night.html")]
pub struct NightPage {
    page: Shell,
    nights: Nights,
}

/// Why patients have no risk.
#[derive(Deserialize)]
struct Reason {
    reason: String,
    patients: u64,
    failed: bool,
}

/// `2 h 05 min`, `3 min 20 s`, `12 s`.
fn span(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// From start to end; nothing of a night under way.
pub(super) fn took(night: &Night) -> String {
    let took = |end: chrono::DateTime<chrono::Utc>| span((end - night.started_at).as_seconds_f64());
    night.finished_at.map_or_else(|| "–".into(), took)
}

pub(super) fn state(night: &Night) -> &str {
    match (night.state.as_str(), night.on_show, night.replay) {
        ("published", true, _) => "on show",
        ("published", _, true) => "replayed, kept aside",
        ("published", ..) => "done",
        ("running", ..) => "under way",
        (state, ..) => state,
    }
}

impl NightPage {
    fn done(&self, now: &UnderWay) -> String {
        write::thousands(now.tally.counts.patients.unsigned_abs().into())
    }

    fn all(&self, now: &UnderWay) -> String {
        write::thousands(now.tally.of_patients.unsigned_abs())
    }

    fn carried(&self, now: &UnderWay) -> String {
        write::thousands(now.night.carried.unsigned_abs().into())
    }

    fn step(&self, now: &UnderWay) -> &'static str {
        match now.night.step.as_str() {
            "fitting" => "reading patients and fitting the model",
            "scoring" => "scoring the patients",
            _ => "checking the list, raising flags and publishing",
        }
    }

    fn since(&self, now: &UnderWay) -> String {
        span((self.nights.now - now.night.started_at).as_seconds_f64())
    }

    fn rate(&self, now: &UnderWay) -> Option<String> {
        now.rate(self.nights.now).map(|rate| format!("{rate:.0}"))
    }

    /// When the scoring ends, if it goes on like this.
    fn end(&self, now: &UnderWay) -> Option<String> {
        let left = now.left(self.nights.now).filter(|_| !now.tally.is_done())?;
        let at = self.nights.now + chrono::TimeDelta::try_seconds(left as i64)?;
        Some(format!("{} UTC, in {}", at.format("%H:%M:%S"), span(left)))
    }

    fn share(&self, now: &UnderWay) -> i64 {
        100 * i64::from(now.tally.counts.patients) / now.tally.of_patients.max(1)
    }

    fn holds(&self, worker: &AtWork) -> String {
        let what = match (worker.leads, worker.shards_held) {
            (true, 0) => "leads".to_owned(),
            (true, held) => format!("leads, {held} shards"),
            (false, held) => format!("{held} shards"),
        };
        if worker.alive {
            what
        } else {
            format!("gone; left behind: {what}")
        }
    }

    fn heard(&self, worker: &AtWork) -> String {
        let ago = |at: chrono::DateTime<chrono::Utc>| format!("{} ago", span((self.nights.now - at).as_seconds_f64()));
        worker.last_wrote_at.map_or_else(|| "–".into(), ago)
    }

    fn took(&self, night: &Night) -> String {
        took(night)
    }

    fn state<'n>(&self, night: &'n Night) -> &'n str {
        state(night)
    }

    fn reasons(&self, night: &Night) -> Vec<Reason> {
        Vec::deserialize(&night.reasons).unwrap_or_default()
    }
}

pub async fn show(State(app): State<App>, actor: Actor) -> Result<Response> {
    let nights = view::nights(&app, &actor).await?;
    let busy = nights.under_way.is_some();
    let page = NightPage {
        page: Shell::of(&actor, "Night").at("/night"),
        nights,
    };
    Ok(match busy {
        true => ([("refresh", REFRESH)], page).into_response(),
        false => page.into_response(),
    })
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_are_told_in_two_units() {
        assert_eq!(span(0.4), "0 s");
        assert_eq!(span(200.0), "3 min 20 s");
        assert_eq!(span(7512.0), "2 h 05 min");
    }
}
