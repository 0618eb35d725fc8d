//! A centre's page.

use super::Result;
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::store::sites::Site;
use crate::store::{self};

pub struct Centre {
    pub site: Site,
    pub patients: i64,
    pub flagged: i64,
}

pub async fn show(app: &App, actor: &Actor, code: &str) -> Result<Centre> {
    actor.may(Permission::ReadPatient)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let site = store::sites::by_code(&mut work, code).await?;
    let totals = store::triage::totals(&mut work, &[site.id]).await?;
    work.finish(Entry::viewed("centre")).await?;
    Ok(Centre {
        site,
        patients: totals.patients,
        flagged: totals.flagged,
    })
}

/// The centres that the actor holds.
pub async fn held(app: &App, actor: &Actor) -> Result<Vec<Site>> {
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let sites = store::sites::held(&mut work).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(sites)
}

/// Every centre, for the console.
pub async fn all(app: &App) -> Result<Vec<Site>> {
    Ok(store::sites::all(&app.db).await?)
}
