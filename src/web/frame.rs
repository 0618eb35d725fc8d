//! The frame of a page for whoever looks at it: places by role, who, centres, the night.

use super::assets;
use super::form::new_token;
use super::shell::{Notice, Place, Shell, Tone};
use crate::actions::triage::Night;
use crate::domain::access::{Actor, Role};

/// The role's places in the top bar.
fn places(role: Role) -> Vec<Place> {
    let place = |href, label| Place {
        href,
        label,
        count: None,
        here: false,
    };
    match role {
        Role::Clinician => vec![
            place("/triage", "Triage"),
            place("/patients", "Patients"),
            place("/model", "Model"),
        ],
        Role::Coordinator => vec![place("/patients", "Patients"), place("/triage", "Triage")],
        Role::Analyst => vec![place("/cohorts", "Cohorts"), place("/model", "Model")],
        Role::Administrator => vec![
            place("/administration", "Administration"),
            place("/night", "Night"),
            place("/model", "Model"),
        ],
        Role::System => vec![],
    }
}

/// Where a role's day begins.
pub fn home(role: Role) -> &'static str {
    match role {
        Role::Clinician => "/triage",
        Role::Coordinator => "/patients",
        Role::Analyst => "/cohorts",
        Role::Administrator | Role::System => "/administration",
    }
}

/// Scores older than this are marked as old on every page that shows them (S-137).
const STALE_HOURS: i64 = 36;

impl Shell {
    /// The frame where nobody is signed in: sign-in and error pages.
    pub fn bare() -> Shell {
        Shell {
            css_href: assets::href("metwatch.css"),
            js_href: assets::href("metwatch.js"),
            icon_href: assets::href("icon.svg"),
            ..Shell::default()
        }
    }

    /// The frame of a page of this actor's.
    pub fn of(actor: &Actor, title: impl Into<String>) -> Shell {
        Shell {
            title: title.into(),
            role: actor.role.code(),
            places: places(actor.role),
            who: actor.name.clone(),
            centres: match actor.sites.len() {
                1 => "1 centre".into(),
                n => format!("{n} centres"),
            },
            form_token: Some(new_token()),
            ..Shell::bare()
        }
    }

    /// Says which night the page shows, and warns when it is an old one or the last one failed.
    #[must_use]
    pub fn night(mut self, night: Option<&Night>, now: chrono::DateTime<chrono::Utc>) -> Shell {
        let Some(night) = night else {
            self.as_of = "no night has run yet".into();
            return self;
        };
        self.as_of = format!("night of {}", super::write::day(night.as_of));
        let age = now - night.published_at;
        if let Some(failed) = night.failed_after {
            let text = format!(
                "The night of {} failed; risks shown are those of {}, {} h old.",
                super::write::day(failed),
                super::write::day(night.as_of),
                age.num_hours()
            );
            self.notice = Some(Notice { tone: Tone::Warn, text });
        } else if age.num_hours() > STALE_HOURS {
            let text = format!(
                "Risks are those of the night of {}: no night has been published for {} days. New results are on the patients' pages.",
                super::write::day(night.as_of),
                age.num_days()
            );
            self.notice = Some(Notice { tone: Tone::Warn, text });
        }
        self
    }
}
