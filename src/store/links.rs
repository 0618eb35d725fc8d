//! One-time links: random, hashed at rest, dead after use (S-010).

use chrono::Duration;

use super::{Db, Result, Work};
use crate::domain::access::Role;
use crate::domain::id::UserId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Lets its holder choose a password.
    SetPassword,
    /// Signs in directly; made by `metwatch demo` alone.
    Demo,
}

impl Purpose {
    fn code(self) -> &'static str {
        match self {
            Purpose::SetPassword => "set_password",
            Purpose::Demo => "demo",
        }
    }
}

pub struct Link {
    pub user: UserId,
    pub name: String,
    pub role: Role,
    pub purpose: Purpose,
}

pub async fn insert(work: &mut Work, user: UserId, purpose: Purpose, hash: &[u8], valid: Duration) -> Result<()> {
    sqlx::query!(
        "insert into sign_in_link (token_hash, user_id, purpose, expires_at)
         values ($1, $2, $3, now() + make_interval(secs => $4))",
        hash,
        user.0,
        purpose.code(),
        valid.as_seconds_f64(),
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

pub async fn find(db: &Db, hash: &[u8]) -> Result<Option<Link>> {
    let row = sqlx::query!(
        "select l.user_id, l.purpose, u.name, u.role
         from sign_in_link l
         join app_user u on u.id = l.user_id
         where l.token_hash = $1
           and l.used_at is null
           and l.expires_at > now()
           and u.disabled_at is null",
        hash,
    )
    .fetch_optional(db.pool())
    .await?;
    Ok(row.and_then(|row| {
        Some(Link {
            user: UserId(row.user_id),
            name: row.name,
            role: Role::from_code(&row.role)?,
            purpose: if row.purpose == "demo" {
                Purpose::Demo
            } else {
                Purpose::SetPassword
            },
        })
    }))
}

/// Ends the links to a password that a user still has open: a lost one must not outlive the one that takes its place.
pub async fn end_all(work: &mut Work, user: UserId) -> Result<()> {
    sqlx::query!(
        "update sign_in_link
         set used_at = now()
         where user_id = $1
           and purpose = 'set_password'
           and used_at is null",
        user.0,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Uses a link up; of two at once only one wins.
pub async fn take(work: &mut Work, hash: &[u8]) -> Result<bool> {
    let taken = sqlx::query!(
        "update sign_in_link
         set used_at = now()
         where token_hash = $1
           and used_at is null
           and expires_at > now()",
        hash,
    )
    .execute(work.connection())
    .await?;
    Ok(taken.rows_affected() == 1)
}
