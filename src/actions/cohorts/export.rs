//! The cohort as a file: written from one unchanging view of the registry, row by row, into a channel of bounded size.

use std::time::Duration;

use futures::TryStreamExt;
use tokio::sync::{Semaphore, mpsc};

use super::{Choices, Fields, Question, choices, get};
use crate::actions::{Error, Result};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::cohort::FEW;
use crate::domain::problem::{Problem, Severity};
use crate::export::{Pseudonyms, Sealed, Shape, Sheet, measurements, patients};
use crate::store::{self, Work};

/// Each file under way holds a connection; the pages keep the others.
static UNDER_WAY: Semaphore = Semaphore::const_new(2);

/// Bytes are handed over in pieces of about this size, few of them ahead of the reader.
const PIECE: usize = 32 * 1024;
const AHEAD: usize = 4;

/// A reader who takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file on its way: its name, and its pieces. It is whole when its last line is there; an error ends it without.
pub struct File {
    pub name: String,
    pub pieces: mpsc::Receiver<std::io::Result<Vec<u8>>>,
}

fn problem(field: &str, text: &str) -> Error {
    Error::Problems(vec![Problem {
        field: field.into(),
        code: "export",
        severity: Severity::Hard,
        text: text.into(),
        suggestion: None,
    }])
}

fn parse(fields: &Fields, choices: &Choices) -> Result<(Question, Shape)> {
    let question = Question::parse(|name| get(fields, name), choices).map_err(Error::Problems)?;
    let shape = match get(fields, "shape") {
        "" => Some(Shape::Patients),
        code => Shape::from_code(code),
    };
    let shape = shape.ok_or_else(|| problem("shape", "Choose one row a patient or one row a measurement."))?;
    Ok((question, shape))
}

/// Starts the file. Asked for and finished are both audited: the first before a row is read, the second before the last line.
pub async fn export(app: &App, actor: &Actor, fields: &Fields) -> Result<File> {
    actor.may(Permission::QueryCohort)?;
    let place = UNDER_WAY.acquire().await.map_err(Error::internal)?;
    let now = app.clock.now();
    let mut view = app.db.begin_snapshot(actor, now).await?;
    view.take_minutes(30).await?;
    let (question, shape) = parse(fields, &choices(&mut view).await?)?;
    store::cohorts::expect_many(&mut view).await?;
    let mut found = 0;
    let mut subjects = store::cohorts::subjects(&mut view, &question.filter, None);
    while found < FEW && subjects.try_next().await?.is_some() {
        found += 1;
    }
    drop(subjects);
    if found < FEW {
        return Err(problem(
            "cancer",
            "Fewer than five patients match: a file of so few could tell who they are. Ask for more.",
        ));
    }
    let work = app.db.begin(actor, now).await?;
    let entry = Entry::of("export_started")
        .fact("question", &question)
        .fact("shape", shape.code());
    work.finish(entry).await?;

    let mut key = [0u8; 32];
    getrandom::fill(&mut key).map_err(|error| Error::internal(error.to_string()))?;
    let (sender, pieces) = mpsc::channel(AHEAD);
    let name = format!("metwatch-{}-{}.csv", shape.code(), now.date_naive());
    let (app, actor) = (app.clone(), actor.clone());
    tokio::spawn(async move {
        let _place = place;
        let mut out = Out {
            sender,
            buffer: Vec::with_capacity(PIECE + 4096),
        };
        if let Err(error) = write(&app, &actor, view, &question, shape, &key, &mut out).await {
            tracing::warn!(%error, "an export was not finished");
            let _ = out
                .sender
                .send(Err(std::io::Error::other("the export was not finished")))
                .await;
        }
    });
    Ok(File { name, pieces })
}

struct Out {
    sender: mpsc::Sender<std::io::Result<Vec<u8>>>,
    buffer: Vec<u8>,
}

/// Why a file ends before its last line.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("its reader has gone")]
    Unread,
}

impl Out {
    /// Hands over what is there once it is a piece, or whatever there is at the end.
    async fn pass(&mut self, all: bool) -> std::result::Result<(), Broken> {
        if self.buffer.is_empty() || (self.buffer.len() < PIECE && !all) {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE + 4096));
        match tokio::time::timeout(PATIENCE, self.sender.send(Ok(piece))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Broken::Unread),
        }
    }
}

async fn write(
    app: &App,
    actor: &Actor,
    mut view: Work,
    question: &Question,
    shape: Shape,
    key: &[u8; 32],
    out: &mut Out,
) -> std::result::Result<(), Broken> {
    let names = Pseudonyms::new(key);
    let written = match shape {
        Shape::Patients => by_patient(&mut view, question, &names, out).await,
        Shape::Measurements => by_measurement(&mut view, question, &names, out).await,
    };
    let read_at = view.now();
    drop(view);
    let entry = Entry::of("exported")
        .fact("question", question)
        .fact("shape", shape.code())
        .fact("read_at", read_at.to_rfc3339());
    let written = match written {
        Ok(written) => out.pass(true).await.map(|()| written),
        Err(error) => Err(error),
    };
    let work = app.db.begin(actor, app.clock.now()).await?;
    match written {
        Ok((last_line, sealed)) => {
            let entry = entry
                .fact("rows", sealed.rows)
                .fact("sha256", &sealed.sha256)
                .fact("content", &sealed.content);
            work.finish(entry).await?;
            out.buffer = last_line;
            out.pass(true).await
        }
        Err(error) => {
            work.finish(entry.fact("broken_off", true)).await?;
            Err(error)
        }
    }
}

type Written = std::result::Result<(Vec<u8>, Sealed), Broken>;

async fn by_patient(view: &mut Work, question: &Question, names: &Pseudonyms, out: &mut Out) -> Written {
    let mut sheet = Sheet::new(patients::columns(question.endpoint));
    sheet.head(&mut out.buffer);
    let mut rows = store::cohorts::subjects(view, &question.filter, Some(names.order()));
    while let Some(subject) = rows.try_next().await? {
        sheet.row(
            &patients::Patient::new(subject, question.endpoint, names),
            &mut out.buffer,
        );
        out.pass(false).await?;
    }
    let mut last = vec![];
    let sealed = sheet.seal(&mut last);
    Ok((last, sealed))
}

async fn by_measurement(view: &mut Work, question: &Question, names: &Pseudonyms, out: &mut Out) -> Written {
    let mut sheet = Sheet::new(measurements::columns());
    sheet.head(&mut out.buffer);
    let mut rows = store::cohorts::measurements(view, &question.filter, names.order());
    while let Some(measurement) = rows.try_next().await? {
        sheet.row(&measurements::Result::new(measurement, names), &mut out.buffer);
        out.pass(false).await?;
    }
    let mut last = vec![];
    let sealed = sheet.seal(&mut last);
    Ok((last, sealed))
}
