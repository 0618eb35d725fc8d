//! A centre's page: what it is, and what about it is an arrangement for demonstration.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};

use super::super::Result;
use super::super::shell::Shell;
use crate::actions::sites::{self, Centre};
use crate::app::App;
use crate::domain::access::Actor;

#[derive(Template, WebTemplate)]
#[template(path = "shared/centre.html")]
pub struct CentrePage {
    page: Shell,
    centre: Centre,
}

pub async fn show(State(app): State<App>, actor: Actor, Path(code): Path<String>) -> Result<CentrePage> {
    let centre = sites::show(&app, &actor, &code).await?;
    Ok(CentrePage {
        page: Shell::of(&actor, centre.site.name.clone()),
        centre,
    })
}
