//! The form that waits after a new sign-in: one button brings it back as it was left, checked and not saved.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};

use super::super::Result;
use super::super::form::new_token;
use super::super::shell::Shell;
use crate::actions::kept::{self, Kept};
use crate::app::App;
use crate::domain::access::Actor;

#[derive(Template, WebTemplate)]
#[template(path = "shared/kept.html")]
pub struct KeptPage {
    page: Shell,
    kept: Kept,
    token: String,
}

pub async fn show(State(app): State<App>, actor: Actor, Path(token): Path<String>) -> Result<KeptPage> {
    let mut kept = kept::open(&app, &actor, &token).await?;
    // whichever button was pressed: now it is only looked at
    kept.fields.retain(|(name, _)| name != "do" && name != "mend");
    Ok(KeptPage {
        page: Shell::of(&actor, "Your form is still here"),
        kept,
        token: new_token(),
    })
}
