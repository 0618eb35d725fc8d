//! The pools: `metwatch_app` for people and the console, `metwatch_job` for the night.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Executor, PgPool};

use super::{Result, Work};
use crate::domain::access::Actor;

#[derive(Clone)]
pub struct Db {
    app: PgPool,
    job: PgPool,
}

/// A pool whose connections come back clean. A request cancelled inside `BEGIN` can hand a connection with an open
/// transaction, and so with the former user's centres, back to the pool (S-044, sqlx issues 4385 and 4393); both hooks
/// end it. The hook before acquiring is also the liveness check, so sqlx's own ping is off.
fn pool(url: &str, size: u32) -> Result<PgPool> {
    let options: PgConnectOptions = url.parse().map_err(super::Error::Database)?;
    let options = options
        .application_name("metwatch")
        // "there is no transaction in progress" is what the hooks expect to hear
        .options([("client_min_messages", "error")])
        .disable_statement_logging();
    Ok(PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(2))
        .test_before_acquire(false)
        .before_acquire(|connection, _| {
            Box::pin(async move {
                connection.execute("rollback").await?;
                Ok(true)
            })
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.execute("rollback").await?;
                Ok(true)
            })
        })
        .connect_lazy_with(options))
}

impl Db {
    /// Pools are lazy: a database that is away makes pages answer 503, not the start fail.
    pub fn connect(app_url: &str, job_url: &str, size: u32) -> Result<Db> {
        Ok(Db {
            app: pool(app_url, size)?,
            // each loop of a night reads a batch while it writes another
            job: pool(job_url, 12)?,
        })
    }

    /// One transaction by one actor at one instant, seeing that actor's centres alone.
    pub async fn begin(&self, actor: &Actor, now: DateTime<Utc>) -> Result<Work> {
        Work::begin(&self.app, actor, now).await
    }

    /// One unchanging view of the registry for as long as an export takes; it can only read.
    pub async fn begin_snapshot(&self, actor: &Actor, now: DateTime<Utc>) -> Result<Work> {
        Work::begin_snapshot(&self.app, actor, now).await
    }

    /// The same as the night's role: reads all centres, writes scores, flags and runs.
    pub async fn begin_night(&self, now: DateTime<Utc>) -> Result<Work> {
        Work::begin(&self.job, &Actor::night(), now).await
    }

    /// For users, sessions and health, which hold no patient data. Kept inside `store`.
    pub(in crate::store) fn pool(&self) -> &PgPool {
        &self.app
    }

    /// For the connection of its own that a process of the night takes out of it.
    pub(in crate::store) fn job_pool(&self) -> &PgPool {
        &self.job
    }

    pub async fn close(&self) {
        self.app.close().await;
        self.job.close().await;
    }
}
