//! Idempotent posts (S-081): the token of a form, and where the result of its first post is.

use super::{Error, Result, Work};

/// What is known of a form's token.
pub enum Seen {
    /// Nobody has posted it.
    New,
    /// It was posted with the same body; the result is there.
    Same(String),
    /// It was posted with another body.
    Other,
}

/// Looks the token up for this user. Of two posts of one form at once the second waits here until the first has ended, so
/// that a double click is answered with the first one's result.
pub async fn find(work: &mut Work, token: &str, digest: &[u8]) -> Result<Seen> {
    let user = work.actor().user.0;
    sqlx::query!("select pg_advisory_xact_lock($1, hashtext($2))", user, token)
        .execute(work.connection())
        .await?;
    let row = sqlx::query!(
        "select digest, location
         from form_token
         where user_id = $1
           and token = $2",
        user,
        token,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(match row {
        None => Seen::New,
        Some(row) if row.digest == digest => Seen::Same(row.location),
        Some(_) => Seen::Other,
    })
}

/// Stores the result's place in the transaction of the post. A token that was not looked up first conflicts
/// (constraint `form_token_pkey`).
pub async fn keep(work: &mut Work, token: &str, digest: &[u8], location: &str) -> Result<()> {
    let user = work.actor().user.0;
    sqlx::query!(
        "insert into form_token (user_id, token, digest, location)
         values ($1, $2, $3, $4)",
        user,
        token,
        digest,
        location,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Whether this error is the loser of two posts of one form at once.
pub fn lost_the_race(error: &Error) -> bool {
    matches!(error, Error::Conflict(name) if name == "form_token_pkey")
}
