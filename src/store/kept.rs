//! Forms that outlived their session (S-026): sealed, for half an hour, for the user who typed them.

use super::{Db, Result};
use crate::domain::id::UserId;

pub struct Sealed {
    pub user: UserId,
    /// Where the form was posted to.
    pub path: String,
    pub text: Vec<u8>,
}

/// Forms that a user may have waiting at once; older ones give way.
const MOST: i64 = 10;

/// Whose session this was, though it has ended; `None` after signing out, and for a user who may no longer sign in.
pub async fn user_of_ended(db: &Db, token_hash: &[u8]) -> Result<Option<UserId>> {
    let user = sqlx::query_scalar!(
        "select s.user_id
         from session s
         join app_user u on u.id = s.user_id
         where s.token_hash = $1
           and u.disabled_at is null",
        token_hash,
    )
    .fetch_optional(db.pool())
    .await?;
    Ok(user.map(UserId))
}

pub async fn keep(db: &Db, token_hash: &[u8], sealed: &Sealed) -> Result<()> {
    sqlx::query!(
        "with gone as (
           delete from kept_form
           where user_id = $2
             and (kept_at < now() - interval '30 minutes'
               or token_hash not in (select n.token_hash from kept_form n where n.user_id = $2 order by n.kept_at desc limit $5::bigint - 1))
         )
         insert into kept_form (token_hash, user_id, path, sealed)
         values ($1, $2, $3, $4)",
        token_hash,
        sealed.user.0,
        sealed.path,
        sealed.text,
        MOST,
    )
    .execute(db.pool())
    .await?;
    Ok(())
}

/// What waits for this user under that name.
pub async fn find(db: &Db, user: UserId, token_hash: &[u8]) -> Result<Option<Sealed>> {
    let row = sqlx::query!(
        "select path, sealed
         from kept_form
         where token_hash = $1
           and user_id = $2
           and kept_at > now() - interval '30 minutes'",
        token_hash,
        user.0,
    )
    .fetch_optional(db.pool())
    .await?;
    Ok(row.map(|row| Sealed {
        user,
        path: row.path,
        text: row.sealed,
    }))
}
