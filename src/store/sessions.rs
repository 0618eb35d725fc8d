//! Sessions: an opaque 256-bit id in the browser, its SHA-256 here. Limits are kept by the database's clock (S-020 to S-023).

use super::{Db, Result, Work};
use crate::domain::access::{Actor, Role};
use crate::domain::id::{SessionId, SiteId, UserId};

/// The actor of a living session, or none. Idle 30 or 15 minutes by role, 12 hours in all; `seen_at` moves at most once a minute.
pub async fn find(db: &Db, token_hash: &[u8]) -> Result<Option<Actor>> {
    let row = sqlx::query!(
        "select s.id, u.id as user_id, u.name, u.role, u.unblinded, s.seen_at < now() - interval '1 minute' as \"touch!\",
           array(select h.site_id from user_site h where h.user_id = u.id order by h.site_id) as \"sites!\"
         from session s
         join app_user u on u.id = s.user_id
         where s.token_hash = $1
           and u.disabled_at is null
           and s.created_at > now() - interval '12 hours'
           and s.seen_at > now() - case when u.role in ('clinician', 'coordinator') then interval '30 minutes' else interval '15 minutes' end",
        token_hash,
    )
    .fetch_optional(db.pool())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Some(role) = Role::from_code(&row.role) else {
        return Ok(None);
    };
    if row.touch {
        sqlx::query!("update session set seen_at = now() where id = $1", row.id)
            .execute(db.pool())
            .await?;
    }
    Ok(Some(Actor {
        user: UserId(row.user_id),
        name: row.name,
        role,
        sites: row.sites.into_iter().map(SiteId).collect(),
        unblinded: row.unblinded,
        session: Some(SessionId(row.id)),
        request: None,
    }))
}

/// A new session; the former one of the same browser ends (S-021).
pub async fn start(work: &mut Work, user: UserId, token_hash: &[u8], former_hash: Option<&[u8]>) -> Result<SessionId> {
    if let Some(former) = former_hash {
        sqlx::query!("delete from session where token_hash = $1", former)
            .execute(work.connection())
            .await?;
    }
    let id = sqlx::query_scalar!(
        "insert into session (token_hash, user_id)
         values ($1, $2)
         returning id",
        token_hash,
        user.0,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(SessionId(id))
}

pub async fn end(work: &mut Work, session: SessionId) -> Result<()> {
    sqlx::query!("delete from session where id = $1", session.0)
        .execute(work.connection())
        .await?;
    Ok(())
}

pub async fn end_all(work: &mut Work, user: UserId) -> Result<()> {
    sqlx::query!("delete from session where user_id = $1", user.0)
        .execute(work.connection())
        .await?;
    Ok(())
}
