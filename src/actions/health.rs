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
        && scarce(
            disk.blocks_available() * disk.fragment_size(),
            disk.blocks() * disk.fragment_size(),
        )
    {
        return Err("the disk is nearly full: less than 5 % of it and less than 1 GiB is free".into());
    }
    Ok(())
}

/// Whether so few of the `whole` bytes are free that the database may soon be unable to write. A share alone would call a
/// disk of terabytes full with a hundred gigabytes free; bytes alone would call a small one full that has never been used.
const fn scarce(free: u64, whole: u64) -> bool {
    free < whole / 20 && free < 1 << 30
}

#[cfg(test)]
mod tests {
    use super::scarce;

    #[test]
    fn a_disk_is_nearly_full_by_share_and_by_bytes() {
        const GIB: u64 = 1 << 30;
        assert!(scarce(GIB / 2, 250 * GIB));
        assert!(!scarce(10 * GIB, 250 * GIB), "4 %, and room for a long while");
        assert!(!scarce(GIB / 2, GIB), "a small disk, half empty");
        assert!(scarce(0, GIB));
        assert!(!scarce(0, 0), "a file system that tells nothing");
    }
}
