//! A process that works on nights: it says that it is alive, so that nobody waits for the dead. What refuses the writes of one that
//! stalled and came back are the fences of the run and of its shards, not this.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::store::{Db, Result};

/// First half of the lock's number; the second is the process's. `app.at_work` looks for the same.
const NIGHT: i32 = 0x6d77_6e69;
/// A sixth of the lease that `app.at_work` grants (30 s): several may be lost.
const BEAT: Duration = Duration::from_secs(5);

/// Which process; the number in `night_worker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerId(pub i32);

/// At work for as long as this value lives.
pub struct Worker {
    pub id: WorkerId,
    /// Dropped, it tells the task to end.
    working: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Enters this process. It takes a connection of its own out of the night's pool: when the process dies, the server sees that
/// connection close and the lock on it goes, at once and without a lease running out.
pub async fn enlist(db: &Db, host: &str, process: u32) -> Result<Worker> {
    let mut connection = db.job_pool().acquire().await?.detach();
    // a machine that lost its power does not hang up; the server finds out within a minute (no matter on a Unix socket)
    sqlx::query_scalar!(
        "select set_config('tcp_keepalives_idle', '20', false)
           || set_config('tcp_keepalives_interval', '10', false)
           || set_config('tcp_keepalives_count', '4', false)"
    )
    .fetch_one(&mut connection)
    .await?;
    let id = sqlx::query_scalar!(
        "insert into night_worker (host, process) values ($1, $2) returning id",
        host,
        process.cast_signed(),
    )
    .fetch_one(&mut connection)
    .await?;
    sqlx::query!("select pg_advisory_lock($1::int, $2::int)", NIGHT, id)
        .fetch_one(&mut connection)
        .await?;
    let (working, told) = oneshot::channel();
    Ok(Worker {
        id: WorkerId(id),
        working,
        task: tokio::spawn(beat(connection, id, told)),
    })
}

async fn beat(mut connection: PgConnection, id: i32, mut told: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            _ = &mut told => break,
            () = tokio::time::sleep(BEAT) => {
                let beat = sqlx::query!("update night_worker set beat_at = clock_timestamp() where id = $1", id);
                if let Err(error) = beat.execute(&mut connection).await {
                    tracing::warn!(%error, "the night's own connection is lost; another process may take its work over");
                    return;
                }
            }
        }
    }
    let end = sqlx::query!("update night_worker set ended_at = clock_timestamp() where id = $1", id);
    let ended = end.execute(&mut connection).await;
    let closed = connection.close().await;
    if let Err(error) = ended.map(|_| ()).and(closed) {
        tracing::warn!(%error, "the end of this process could not be told");
    }
}

impl Worker {
    /// Ends it, and waits until that is told: the next start finds nothing held.
    pub async fn leave(self) {
        drop(self.working);
        let _ = self.task.await;
    }
}
