//! The statements that a connection has prepared: the benchmark gives pgbench exactly those that the pages run.

use super::{Db, Result};

/// In the order in which they were first used. Meant for a pool of one connection.
pub async fn prepared(db: &Db) -> Result<Vec<String>> {
    let statements = sqlx::query_scalar!(
        "select statement as \"statement!\"
         from pg_prepared_statements
         order by prepare_time",
    )
    .fetch_all(db.pool())
    .await?;
    Ok(statements)
}
