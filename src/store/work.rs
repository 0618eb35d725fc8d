//! `Work`: a transaction by one actor at one instant. It commits only with an audit entry.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};

use super::{Error, Result};
use crate::domain::access::Actor;
use crate::domain::audit::Entry;
use crate::domain::id::SiteId;
use crate::domain::zone;

pub struct Work {
    tx: Transaction<'static, Postgres>,
    actor: Actor,
    now: DateTime<Utc>,
}

impl Work {
    /// Opens the transaction and sets its scope in one round trip (S-043, S-046). The text is made of integers, a role's
    /// code, a uuid and a name whose quotes are doubled; `SET` takes no bind, and a set_config would not reach Citus's workers.
    pub(super) async fn begin(pool: &PgPool, actor: &Actor, now: DateTime<Utc>) -> Result<Work> {
        Work::begin_as("begin", pool, actor, now).await
    }

    /// The same for reading alone: all its queries see the registry as it was at the first one (S-122). It has nothing to
    /// commit, its audit entry is another work's, and it ends by being dropped.
    pub(super) async fn begin_snapshot(pool: &PgPool, actor: &Actor, now: DateTime<Utc>) -> Result<Work> {
        Work::begin_as("begin isolation level repeatable read read only", pool, actor, now).await
    }

    async fn begin_as(how: &str, pool: &PgPool, actor: &Actor, now: DateTime<Utc>) -> Result<Work> {
        let mut begin = String::with_capacity(400);
        begin.push_str(how);
        begin.push_str("; set local app.sites = '");
        for (i, SiteId(site)) in actor.sites.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(begin, "{comma}{site}");
        }
        let _ = write!(
            begin,
            "'; set local app.actor = {}; set local app.role = {}; set local app.version = '{}'; set local app.actor_name = '{}'",
            actor.user.0,
            actor.role.code(),
            env!("CARGO_PKG_VERSION"),
            actor.name.replace('\'', "''").replace('\\', "/"),
        );
        if let Some(session) = actor.session {
            let _ = write!(begin, "; set local app.session = {session}");
        }
        if let Some(request) = actor.request {
            let _ = write!(begin, "; set local app.request = '{request}'");
        }
        let tx = pool.begin_with(AssertSqlSafe(begin)).await?;
        let mut work = Work {
            tx,
            actor: actor.clone(),
            now,
        };
        work.check_scope().await?;
        Ok(work)
    }

    /// S-044 (c): what the transaction may see is what was asked for, before a row is read.
    async fn check_scope(&mut self) -> Result<()> {
        let wanted: Vec<i32> = self.actor.sites.iter().map(|site| site.0).collect();
        let found = sqlx::query_scalar!("select coalesce(app.current_sites(), '{}') as \"sites!\"")
            .fetch_one(&mut *self.tx)
            .await?;
        if found == wanted {
            Ok(())
        } else {
            Err(Error::Inconsistent {
                table: "app",
                column: "sites",
                id: 0,
            })
        }
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The one instant of this work.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The day of that instant, in UTC.
    pub fn today(&self) -> NaiveDate {
        self.now.date_naive()
    }

    /// The day up to which facts of a centre in this zone are shown: its own, or the registry's where that is the later one (west of
    /// Greenwich what was recorded this evening is of tomorrow).
    pub fn today_at(&self, time_zone: &str) -> NaiveDate {
        zone::today(time_zone, self.now).max(self.today())
    }

    pub(in crate::store) fn connection(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// The reason that the audit entries of the next changes carry (S-055).
    pub async fn because(&mut self, reason: &str) -> Result<()> {
        sqlx::query_scalar!("select set_config('app.reason', $1, true)", reason)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// A longer limit than a page's, for exports, imports and the night (S-047).
    pub async fn take_minutes(&mut self, minutes: u32) -> Result<()> {
        let limit = format!("{minutes}min");
        sqlx::query_scalar!("select set_config('statement_timeout', $1, true)", limit)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The only way to commit. An hourly entry is written once per session, page, patient and hour.
    pub async fn finish(mut self, entry: Entry) -> Result<()> {
        if !entry.silent {
            self.write(&entry).await?;
        }
        self.tx.commit().await.map_err(|error| match error {
            sqlx::Error::Database(_) => Error::from(error),
            _ => Error::CommitUnknown(error),
        })
    }

    /// An entry in the midst of a work, where one act needs more than one.
    pub async fn write(&mut self, entry: &Entry) -> Result<()> {
        let (site, subject) = match entry.subject {
            Some(patient) => (patient.site.0, patient.patient.0),
            None => (0, -i64::from(self.actor.user.0)),
        };
        let facts = serde_json::Value::Object(entry.facts.clone());
        match self.actor.session {
            Some(session) if entry.hourly => {
                sqlx::query!(
                    "with first as (
                       insert into page_opened (session_id, hour, page, site_id, subject)
                       values ($1, date_trunc('hour', now()), $2, $3, $4)
                       on conflict do nothing
                       returning 1
                     )
                     select app.audit_event($3, $4, $5, $2, $6, $7, null) from first",
                    session.0,
                    entry.table,
                    site,
                    subject,
                    entry.action,
                    entry.record,
                    facts,
                )
                .fetch_optional(&mut *self.tx)
                .await?;
            }
            _ => {
                sqlx::query!(
                    "select app.audit_event($1, $2, $3, $4, $5, $6, null)",
                    site,
                    subject,
                    entry.action,
                    entry.table,
                    entry.record,
                    facts,
                )
                .fetch_one(&mut *self.tx)
                .await?;
            }
        }
        Ok(())
    }
}
