//! `metwatch import FOLDER`: a hospital's own files, in their documented layout (docs/import.md). All or nothing per file,
//! every bad row named, the same again changes nothing.

mod file;
mod load;
mod read;
mod rejects;
mod report;

use std::path::{Path, PathBuf};

use super::Result;
use crate::app::App;
use crate::domain::access::{Actor, Permission, Role};
use crate::domain::import::Kind;
use crate::store;

pub use report::{FileReport, Outcome, Rejected, Report, SHOWN};

/// What the person decided before the import.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Why rows that are on file with other values are amendments.
    pub amend: Option<String>,
    /// Why values that raise a soft message stand.
    pub confirm: Option<String>,
    /// Where rejected rows are written; the folder itself if not said.
    pub rejects: Option<PathBuf>,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub kind: Kind,
    pub bytes: u64,
    pub total_bytes: u64,
    pub rows: u64,
}

/// Imports the files of a folder, in the order in which they refer to each other. Stops at the first file with a bad row.
pub async fn import(
    app: &App,
    actor: &Actor,
    folder: &Path,
    options: &Options,
    mut progress: impl FnMut(Progress),
) -> Result<Report> {
    actor.may(Permission::RecordVisit)?;
    let mut report = Report::default();
    for kind in Kind::ALL {
        let path = folder.join(kind.file());
        if !path.is_file() {
            continue;
        }
        if report.refused() {
            report.files.push(FileReport::new(kind, path, Outcome::NotRead));
            continue;
        }
        if !kind.has_patients() {
            actor.may(Permission::Administer)?;
        }
        let actor = reach(app, actor).await?;
        let outcome = file::import(app, &actor, kind, &path, folder, options, &mut progress).await?;
        report.files.push(FileReport::new(kind, path, outcome));
    }
    Ok(report)
}

/// The console reaches all centres, those of a file before this one too; a person reaches their own.
async fn reach(app: &App, actor: &Actor) -> Result<Actor> {
    let mut actor = actor.clone();
    if actor.role == Role::System {
        actor.sites = store::sites::all(&app.db)
            .await?
            .into_iter()
            .map(|site| site.id)
            .collect();
    }
    Ok(actor)
}
