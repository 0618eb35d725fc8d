//! Signing in, by password or by a one-time link, and out.

use chrono::Duration;
use sha2::{Digest, Sha256};

use super::{Error, Result, password};
use crate::app::App;
use crate::domain::access::{Actor, Role};
use crate::domain::audit::Entry;
use crate::domain::id::UserId;
use crate::domain::problem::{Problem, Severity};
pub use crate::store::links::{Link, Purpose};
use crate::store::{self};

/// A random 256-bit secret, in URL-safe text. Shown once; only its hash is kept.
pub fn secret() -> Result<String> {
    use base64::Engine;
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

pub fn hash_of(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// The actor of a session's secret, or none.
pub async fn actor_of(app: &App, secret: &str) -> Result<Option<Actor>> {
    // ours have 43 characters; a made-up id is never looked at further
    if secret.len() != 43 {
        return Ok(None);
    }
    Ok(store::sessions::find(&app.db, &hash_of(secret)).await?)
}

fn wrong() -> Error {
    Error::Problems(vec![Problem {
        field: "password".into(),
        code: "sign-in",
        severity: Severity::Hard,
        text: "User name and password do not belong together. Check both, or ask your administrator for a new link."
            .into(),
        suggestion: None,
    }])
}

/// Signs in by password and gives the session's secret. Whatever is wrong, the answer and its cost are the same (S-004).
pub async fn by_password(app: &App, name: &str, password: String, former: Option<&str>) -> Result<String> {
    if password.len() > 1024 {
        return Err(wrong());
    }
    let found = store::users::credentials(&app.db, name).await?;
    let stored = found.as_ref().and_then(|user| user.password_hash.clone());
    let verdict = password::verify(app, password.clone(), stored).await?;
    match found {
        Some(user) if verdict.right && !user.disabled => {
            let who = acting(user.id, &user.name, user.role);
            if verdict.weak {
                let hash = password::hash(app, password).await?;
                let mut work = app.db.begin(&who, app.clock.now()).await?;
                store::users::rehash(&mut work, user.id, &hash).await?;
                work.finish(Entry::by_trigger()).await?;
            }
            start(app, &who, former, "password").await
        }
        _ => {
            let work = app.db.begin(&Actor::door(), app.clock.now()).await?;
            // the name may be a password typed into the wrong box: only its hash is kept
            let digest = hash_of(&name.to_lowercase());
            let shown: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
            work.finish(Entry::of("sign_in_failed").fact("name_sha256", shown))
                .await?;
            Err(wrong())
        }
    }
}

/// Whoever comes in, before there is a session; no centres yet.
fn acting(user: UserId, name: &str, role: Role) -> Actor {
    Actor {
        user,
        name: name.to_owned(),
        role,
        ..Actor::door()
    }
}

async fn start(app: &App, who: &Actor, former: Option<&str>, how: &str) -> Result<String> {
    let secret = secret()?;
    let mut work = app.db.begin(who, app.clock.now()).await?;
    let former = former.map(hash_of);
    store::sessions::start(&mut work, who.user, &hash_of(&secret), former.as_deref()).await?;
    work.finish(Entry::of("signed_in").fact("how", how)).await?;
    Ok(secret)
}

/// What a one-time link is for, if it is still good.
pub async fn link(app: &App, token: &str) -> Result<Link> {
    store::links::find(&app.db, &hash_of(token))
        .await?
        .ok_or(Error::NotFound)
}

/// Uses a demonstration link up and signs its holder in.
pub async fn by_link(app: &App, token: &str, former: Option<&str>) -> Result<String> {
    let link = link(app, token).await?;
    if link.purpose != Purpose::Demo {
        return Err(Error::NotFound);
    }
    let who = acting(link.user, &link.name, link.role);
    let mut work = app.db.begin(&who, app.clock.now()).await?;
    if !store::links::take(&mut work, &hash_of(token)).await? {
        return Err(Error::NotFound);
    }
    work.finish(Entry::of("link_used")).await?;
    start(app, &who, former, "link").await
}

/// Sets the password that a link's holder chose, ends the user's sessions and signs in.
pub async fn choose_password(
    app: &App,
    token: &str,
    password: String,
    again: &str,
    former: Option<&str>,
) -> Result<String> {
    let link = link(app, token).await?;
    if link.purpose != Purpose::SetPassword {
        return Err(Error::NotFound);
    }
    let problem = |field: &str, text: &str| {
        let (field, text) = (field.to_owned(), text.to_owned());
        Error::Problems(vec![Problem {
            field,
            code: "password",
            severity: Severity::Hard,
            text,
            suggestion: None,
        }])
    };
    if let Some(why) = password::refused(&password, &link.name) {
        return Err(problem("password", why));
    }
    if password != again {
        return Err(problem(
            "again",
            "The two are not the same. Type the new password twice.",
        ));
    }
    let hash = password::hash(app, password).await?;
    let who = acting(link.user, &link.name, link.role);
    let mut work = app.db.begin(&who, app.clock.now()).await?;
    if !store::links::take(&mut work, &hash_of(token)).await? {
        return Err(Error::NotFound);
    }
    store::users::set_password(&mut work, link.user, &hash).await?;
    work.finish(Entry::of("password_set")).await?;
    start(app, &who, former, "new password").await
}

pub async fn out(app: &App, actor: &Actor) -> Result<()> {
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    if let Some(session) = actor.session {
        store::sessions::end(&mut work, session).await?;
    }
    Ok(work.finish(Entry::of("signed_out")).await?)
}

/// Makes a one-time link for a user and gives its secret: 24 hours to set a password, 12 hours for a demonstration.
pub async fn make_link(app: &App, console: &Actor, user: UserId, purpose: Purpose) -> Result<String> {
    let secret = secret()?;
    let hours = if purpose == Purpose::Demo { 12 } else { 24 };
    let mut work = app.db.begin(console, app.clock.now()).await?;
    if purpose == Purpose::SetPassword {
        store::links::end_all(&mut work, user).await?;
    }
    // the database's clock decides whether a link is still good, so a test's fixed clock must not date it
    store::links::insert(&mut work, user, purpose, &hash_of(&secret), Duration::hours(hours)).await?;
    work.finish(Entry::of("link_made").fact("user", user)).await?;
    Ok(secret)
}
