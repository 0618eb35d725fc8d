//! What a login and a server must be before patients are served from them.

use sqlx::{Connection, PgConnection};

use super::{Result, said};

/// Refuses a login that row security does not bind (S-040) and a server that may forget what it acknowledged (S-140).
pub async fn safe_to_serve(url: &str) -> Result<()> {
    let mut conn = PgConnection::connect(url).await?;
    safe_login(&mut conn).await?;
    safe_to_store(&mut conn).await?;
    conn.close().await?;
    Ok(())
}

async fn safe_login(conn: &mut PgConnection) -> Result<()> {
    // a temporary table is a session's own: the night copies its rows in through one
    let me = sqlx::query!(
        r#"select rolname as "name!", rolsuper as "superuser!", rolbypassrls as "bypasses!",
                  coalesce(
                    (select pg_has_role(current_user, o.oid, 'member') from pg_roles o where o.rolname = 'metwatch_owner'),
                    false) as "owner!",
                  exists (select from pg_class c where c.relowner = r.oid and c.relpersistence <> 't') as "owns!"
             from pg_roles r
            where rolname = current_user"#
    )
    .fetch_one(&mut *conn)
    .await?;
    let why = match (me.superuser, me.bypasses, me.owner || me.owns) {
        (true, _, _) => "is a superuser",
        (_, true, _) => "may bypass row security",
        (_, _, true) => "owns tables",
        _ => return Ok(()),
    };
    said(format!(
        "the database login {} {why}: the wall between centres would not hold, so Metwatch does not serve with it",
        me.name
    ))
}

/// Refuses settings with which a power cut loses acknowledged records.
pub async fn safe_to_store(conn: &mut PgConnection) -> Result<()> {
    let now = sqlx::query!(
        r#"select current_setting('fsync') as "fsync!", current_setting('full_page_writes') as "full_page_writes!",
                  current_setting('synchronous_commit') as "synchronous_commit!",
                  current_setting('data_checksums') as "checksums!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    if now.checksums == "off" {
        tracing::warn!("the database has no data checksums: a damaged disk block would go unnoticed");
    }
    let settings = [
        ("fsync", now.fsync),
        ("full_page_writes", now.full_page_writes),
        ("synchronous_commit", now.synchronous_commit),
    ];
    match settings.iter().find(|(_, value)| value == "off") {
        Some((name, _)) => said(format!(
            "the database server runs with {name} = off: a power cut would lose records; switch it on"
        )),
        None => Ok(()),
    }
}
