//! The rejected rows as they were, with a `why` in front: mend them there and import them again.

use std::path::{Path, PathBuf};

use csv::ByteRecord;

use crate::domain::import::{Bad, Kind};

/// Rows that were refused, and all that was said of each.
pub struct Rejects {
    header: ByteRecord,
    rows: Vec<(ByteRecord, String)>,
}

impl Rejects {
    pub fn new(header: &ByteRecord) -> Rejects {
        Rejects {
            header: header.clone(),
            rows: vec![],
        }
    }

    pub fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    pub fn add(&mut self, row: &ByteRecord, bad: &[Bad]) {
        let why: Vec<String> = bad
            .iter()
            .map(|bad| match bad.problem.field.as_str() {
                "" => format!("{} {}", bad.problem.code, bad.problem.text),
                field => format!("{} {field}: {}", bad.problem.code, bad.problem.text),
            })
            .collect();
        self.rows.push((row.clone(), why.join(" | ")));
    }

    /// Writes them beside the file; a folder that can't be written to is no reason to hide the report.
    pub fn write(&self, kind: Kind, folder: &Path) -> Option<PathBuf> {
        let path = folder.join(format!("{}.rejects.csv", kind.code()));
        match self.write_to(&path) {
            Ok(()) => Some(path),
            Err(error) => {
                tracing::warn!(%error, "the rejected rows could not be written");
                None
            }
        }
    }

    fn write_to(&self, path: &Path) -> Result<(), csv::Error> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_path(path)?;
        writer.write_record(std::iter::once(&b"why"[..]).chain(&self.header))?;
        for (row, why) in &self.rows {
            writer.write_record(std::iter::once(why.as_bytes()).chain(row))?;
        }
        writer.flush()?;
        Ok(())
    }
}
