//! Whether the database answers and has the schema that this binary was built for.

use super::{Db, Result};

/// The version of the newest migration that is in place.
pub async fn schema_version(db: &Db) -> Result<Option<i64>> {
    let version = sqlx::query_scalar!("select max(version) from _sqlx_migrations where success")
        .fetch_one(db.pool())
        .await?;
    Ok(version)
}

/// The newest migration in this binary.
pub fn wanted_version() -> i64 {
    sqlx::migrate!()
        .migrations
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0)
}
