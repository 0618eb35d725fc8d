//! Making a cluster's folder, all or nothing, and reading its release.

use std::fs::{File, read_to_string, remove_dir_all, rename};
use std::path::Path;

use super::binaries::Programs;
use super::child::Runner;
use super::place::{Place, private_folder};
use super::{Result, Trying, said};

/// The release that made the cluster; none if there is no cluster yet.
pub fn version(cluster: &Path) -> Result<Option<u32>> {
    if !cluster.exists() {
        return Ok(None);
    }
    let path = cluster.join("PG_VERSION");
    let text = read_to_string(&path).trying(|| format!("cannot read {}", path.display()))?;
    match text.trim().parse() {
        Ok(major) => Ok(Some(major)),
        Err(_) => said(format!("{} is not a PostgreSQL 10 or newer", path.display())),
    }
}

/// Makes the cluster beside its place and then moves it there, so that one broken off in the making is never taken for one.
pub fn ensure(
    place: &Place,
    programs: &Programs,
    runner: &Runner,
    durable: bool,
    progress: &mut dyn FnMut(&str),
) -> Result<()> {
    if place.cluster.exists() {
        return Ok(());
    }
    progress("making the private database");
    let new = place.cluster.with_extension("new");
    if new.exists() {
        remove_dir_all(&new).trying(|| format!("cannot remove the half-made {}", new.display()))?;
    }
    private_folder(&new, place.account)?;
    let mut command = runner.at(&new).command(programs.initdb());
    command
        .arg("-D")
        .arg(&new)
        .args(["-U", "postgres", "--auth=trust", "--data-checksums", "--encoding=UTF8"]);
    command.args(["--locale=C.UTF-8", "--no-instructions"]);
    if !durable {
        command.arg("--no-sync");
    }
    let answer = command
        .output()
        .trying(|| format!("cannot run {}", programs.initdb().display()))?;
    if !answer.status.success() {
        let words = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
        return said(format!("{} failed: {words}", programs.initdb().display()));
    }
    rename(&new, &place.cluster).trying(|| format!("cannot move {} into place", new.display()))?;
    // The move itself must be on the disk before anything is stored in there.
    let parent = place.cluster.parent().unwrap_or(&place.data);
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .trying(|| format!("cannot write out {}", parent.display()))
}
