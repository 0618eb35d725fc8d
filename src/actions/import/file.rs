//! One file: read in pieces, each checked and written inside one transaction that commits only if every row is good.

use std::path::Path;

use super::super::{Error, Result};
use super::load::Load;
use super::read::{self, Rows};
use super::rejects::Rejects;
use super::report::{Outcome, Rejected, SHOWN};
use super::{Options, Progress};
use crate::app::App;
use crate::domain::access::Actor;
use crate::domain::audit::Entry;
use crate::domain::import::{Bad, Kind};
use crate::store;

/// Rows that are checked and written at once.
const PIECE: usize = 2000;

/// How long a file may take (S-047 gives pages seconds).
const MINUTES: u32 = 60;

pub async fn import(
    app: &App,
    actor: &Actor,
    kind: Kind,
    path: &Path,
    folder: &Path,
    options: &Options,
    progress: &mut impl FnMut(Progress),
) -> Result<Outcome> {
    let sha256 = read::digest(path).map_err(Error::internal)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    work.take_minutes(MINUTES).await?;
    // with a reason to amend a file of these bytes may put back what another one has changed meanwhile
    let seen = store::import::seen(&mut work, kind.code(), &sha256).await?;
    if let Some(at) = seen.filter(|_| options.amend.is_none()) {
        return Ok(Outcome::SeenBefore { at });
    }
    let mut rows = match Rows::open(kind, path).map_err(Error::internal)? {
        Ok(rows) => rows,
        Err(problems) => return Ok(refused_header(problems)),
    };
    let mut load = Load::new(&mut work, kind, hex(&sha256), options).await?;
    let mut rejects = Rejects::new(&rows.header_bytes);
    let mut shown: Vec<Bad> = vec![];
    let mut problems = 0;
    loop {
        let lines = rows.next(PIECE).map_err(Error::internal)?;
        if lines.is_empty() {
            break;
        }
        let bad = load.piece(&mut work, &rows.header, &lines).await?;
        problems += bad.len() as u64;
        for line in &lines {
            let of_line: Vec<Bad> = bad.iter().filter(|bad| bad.line == line.number).cloned().collect();
            if !of_line.is_empty() {
                rejects.add(&line.bytes, &of_line);
                shown.extend(of_line.into_iter().take(SHOWN.saturating_sub(shown.len())));
            }
        }
        progress(Progress {
            kind,
            bytes: rows.bytes_read(),
            total_bytes: rows.total_bytes,
            rows: load.rows,
        });
    }
    if problems > 0 {
        // The transaction rolls back: nothing of the file stays.
        drop(work);
        return Ok(Outcome::Refused(Rejected {
            shown,
            problems,
            bad_rows: rejects.len(),
            rows: load.rows,
            written_to: rejects.write(kind, options.rejects.as_deref().unwrap_or(folder)),
        }));
    }
    load.finish(&mut work, &sha256).await?;
    let done = Outcome::Done {
        rows: load.rows,
        added: load.added,
        amended: load.amended,
        unchanged: load.unchanged,
    };
    let entry = Entry::of("imported")
        .fact("file", kind.file())
        .fact("sha256", hex(&sha256))
        .fact("rows", load.rows)
        .fact("added", load.added)
        .fact("amended", load.amended);
    work.finish(entry).await?;
    Ok(done)
}

fn refused_header(problems: Vec<Bad>) -> Outcome {
    Outcome::Refused(Rejected {
        problems: problems.len() as u64,
        shown: problems,
        bad_rows: 0,
        rows: 0,
        written_to: None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
