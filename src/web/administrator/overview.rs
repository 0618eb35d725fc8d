//! Users, nights, and the last acts on users and settings.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;

use super::super::shell::Shell;
use super::super::{Result, filters};
use crate::actions::users::{self, Overview};
use crate::app::App;
use crate::domain::access::Actor;
use crate::domain::id::SiteId;

#[derive(Template, WebTemplate)]
#[template(path = "administrator/overview.html")]
pub struct OverviewPage {
    page: Shell,
    overview: Overview,
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
}

pub async fn show(State(app): State<App>, actor: Actor) -> Result<OverviewPage> {
    let overview = users::overview(&app, &actor).await?;
    Ok(OverviewPage {
        page: Shell::of(&actor, "Administration").at("/administration"),
        overview,
    })
}
