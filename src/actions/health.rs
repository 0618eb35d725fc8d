//! Whether Metwatch can do its work: database, schema, disk.

use std::time::Duration;

use crate::app::App;
use crate::store;

/// `Err` says in a few words what is missing.
pub async fn ready(app: &App) -> Result<(), String> {
    match tokio::time::timeout(Duration::from_secs(2), store::health::schema_version(&app.db)).await {
        Ok(Ok(version)) if version == Some(store::health::wanted_version()) => {}
        Ok(Ok(_)) => return Err("the schema is not the one of this version".into()),
        _ => return Err("the database is away".into()),
    }
    if let Ok(disk) = nix::sys::statvfs::statvfs(&app.config.data)
        && disk.blocks() > 0
        && disk.blocks_available() * 20 < disk.blocks()
    {
        return Err("less than 5 % of the disk is free".into());
    }
    Ok(())
}
