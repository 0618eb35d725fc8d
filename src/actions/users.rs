//! Users, made and ended on the console.

use super::budget::{self, AlertBudget};
use super::{Error, Result, sign_in};
use chrono::TimeDelta;

use crate::app::App;
use crate::domain::access::{Actor, Permission, Role};
use crate::domain::audit::Entry;
use crate::domain::id::SiteId;
use crate::domain::problem::Problem;
use crate::domain::text;
use crate::store::links::Purpose;
pub use crate::store::users::User;
use crate::store::{self};

/// Adds a user who has no password yet and gives the secret of a one-time link to choose one.
pub async fn add(app: &App, console: &Actor, name: &str, role: Role, sites: &[SiteId]) -> Result<String> {
    console.may(Permission::Administer)?;
    let name = text::user_name(name).map_err(|problem| Error::Problems(vec![problem]))?;
    let mut work = app.db.begin(console, app.clock.now()).await?;
    let user = match store::users::insert(&mut work, &name, role, sites).await {
        Err(store::Error::Conflict(_)) => return Err(Error::Conflict(format!("there is already a user {name}"))),
        other => other?,
    };
    work.finish(Entry::by_trigger()).await?;
    sign_in::make_link(app, console, user, Purpose::SetPassword).await
}

/// A new one-time link for a user who lost the old one.
pub async fn link(app: &App, console: &Actor, name: &str) -> Result<String> {
    console.may(Permission::Administer)?;
    let user = named(app, name).await?;
    sign_in::make_link(app, console, user.id, Purpose::SetPassword).await
}

pub async fn disable(app: &App, console: &Actor, name: &str) -> Result<()> {
    console.may(Permission::Administer)?;
    let user = named(app, name).await?;
    let mut work = app.db.begin(console, app.clock.now()).await?;
    store::users::disable(&mut work, user.id).await?;
    Ok(work.finish(Entry::by_trigger()).await?)
}

/// The demonstration's user of a role, made if need be, with all centres; gives the secret of a link that signs in.
pub async fn demo_link(app: &App, console: &Actor, role: Role) -> Result<(String, String)> {
    let name = format!("demo-{}", role.code());
    let sites: Vec<SiteId> = store::sites::all(&app.db).await?.iter().map(|site| site.id).collect();
    // read before the work begins: whoever asks the pool while holding one of its connections can wait for himself
    let known = store::users::by_name(&app.db, &name).await?;
    let mut work = app.db.begin(console, app.clock.now()).await?;
    let id = match known {
        Some(user) => {
            store::users::hold(&mut work, user.id, &sites).await?;
            user.id
        }
        None => store::users::insert(&mut work, &name, role, &sites).await?,
    };
    work.finish(Entry::by_trigger()).await?;
    Ok((name, sign_in::make_link(app, console, id, Purpose::Demo).await?))
}

async fn named(app: &App, name: &str) -> Result<User> {
    if let Some(user) = store::users::by_name(&app.db, name).await? {
        return Ok(user);
    }
    let names: Vec<String> = store::users::all(&app.db)
        .await?
        .into_iter()
        .map(|user| user.name)
        .collect();
    Err(Error::Problems(vec![Problem::no_such_user(name, &names)]))
}

/// What an administrator sees: users, runs, the alert budget, the last acts on users and settings.
pub struct Overview {
    pub users: Vec<User>,
    pub sites: Vec<store::sites::Site>,
    pub acts: Vec<store::audit::Change>,
    /// Sign-ins that failed and requests that were refused in the last day.
    pub turned_away: (i64, i64),
    pub runs: Vec<store::runs::Night>,
    pub budget: AlertBudget,
}

/// So many of the last acts are read.
pub const ACTS: i64 = 100;

pub async fn overview(app: &App, actor: &Actor) -> Result<Overview> {
    actor.may(Permission::Administer)?;
    let (users, sites) = (store::users::all(&app.db).await?, store::sites::all(&app.db).await?);
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let overview = Overview {
        users,
        sites,
        acts: store::audit::latest(&mut work, ACTS).await?,
        turned_away: store::audit::turned_away(&mut work, app.clock.now() - TimeDelta::days(1)).await?,
        runs: store::runs::nights(&mut work, 20).await?,
        budget: budget::read(&mut work).await?,
    };
    work.finish(Entry::viewed("administration")).await?;
    Ok(overview)
}

/// Whether anybody has been set up to sign in.
pub async fn any(app: &App) -> Result<bool> {
    Ok(store::users::any(&app.db).await?)
}
