//! What an import did, file by file.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::domain::import::{Bad, Kind};

/// How many problems a report shows; the file of rejected rows has them all.
pub const SHOWN: usize = 200;

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub files: Vec<FileReport>,
}

impl Report {
    pub fn refused(&self) -> bool {
        self.files
            .iter()
            .any(|file| matches!(file.outcome, Outcome::Refused(_)))
    }
}

#[derive(Clone, Debug)]
pub struct FileReport {
    pub kind: Kind,
    pub path: PathBuf,
    pub outcome: Outcome,
}

impl FileReport {
    pub(super) fn new(kind: Kind, path: PathBuf, outcome: Outcome) -> FileReport {
        FileReport { kind, path, outcome }
    }

    /// The file's name, as messages give it.
    pub fn name(&self) -> String {
        self.kind.file()
    }
}

#[derive(Clone, Debug)]
pub enum Outcome {
    /// All rows are on file now: so many facts new, so many amended, so many there already.
    Done {
        rows: u64,
        added: u64,
        amended: u64,
        unchanged: u64,
    },
    /// A file of these very bytes was imported before.
    SeenBefore { at: DateTime<Utc> },
    /// Nothing of the file was stored.
    Refused(Rejected),
    /// A file before this one was refused.
    NotRead,
}

#[derive(Clone, Debug)]
pub struct Rejected {
    /// At most [`SHOWN`] problems, in the order of their lines.
    pub shown: Vec<Bad>,
    pub problems: u64,
    pub bad_rows: u64,
    pub rows: u64,
    /// The rejected rows with a `why` column, where they could be written.
    pub written_to: Option<PathBuf>,
}
