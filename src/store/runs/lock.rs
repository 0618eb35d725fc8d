//! One night at a time, on however many machines: an advisory lock on a connection of its own (S-134).

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use crate::store::{Db, Result};

/// Any number will do that nothing else in this database uses.
const NIGHT: i64 = 0x6d77_6e69_6768_7400;
/// A runner that was killed is gone as soon as the server has noticed.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(150);

/// Held for as long as this value lives: the connection is the lock.
pub struct Lock(PgConnection);

/// The lock, or none if another night is under way.
pub async fn lock(db: &Db) -> Result<Option<Lock>> {
    let mut connection = db.job_pool().acquire().await?.detach();
    // a machine that lost its power does not hang up; the server finds out within a minute (no matter on a Unix socket)
    sqlx::query_scalar!(
        "select set_config('tcp_keepalives_idle', '20', false)
           || set_config('tcp_keepalives_interval', '10', false)
           || set_config('tcp_keepalives_count', '4', false)"
    )
    .fetch_one(&mut connection)
    .await?;
    for attempt in 1..=TRIES {
        let ours = sqlx::query_scalar!("select pg_try_advisory_lock($1) as \"ours!\"", NIGHT)
            .fetch_one(&mut connection)
            .await?;
        if ours {
            return Ok(Some(Lock(connection)));
        }
        if attempt < TRIES {
            tokio::time::sleep(PAUSE).await;
        }
    }
    connection.close().await?;
    Ok(None)
}

impl Lock {
    /// Gives it back at once, rather than when the server notices that the connection is gone.
    pub async fn release(mut self) -> Result<()> {
        sqlx::query_scalar!("select pg_advisory_unlock($1)", NIGHT)
            .fetch_one(&mut self.0)
            .await?;
        self.0.close().await?;
        Ok(())
    }
}
