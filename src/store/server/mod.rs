//! The private PostgreSQL server: found, made, started, watched and stopped by us, and the ground that Metwatch needs in
//! any server (roles, database, schema).
//!
//! `Embedded` is the server of our own in the data folder. `provision` prepares it, or the one that `DATABASE_URL` names.

mod account; // as whom the server runs
mod address; // a database address for another login
mod binaries; // where PostgreSQL's programs are
pub mod child; // the step between our program and PostgreSQL's, in a process of its own
mod cluster; // making and checking the cluster's folder
mod place; // the folders, and what may reach them
mod provision; // roles, database, schema
mod roles; // what the two logins are and their passwords
mod supervisor; // the thread that keeps the server up
mod trust; // what a server and a login must be before patients are served

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

pub use provision::{Logins, attach, is_current, migrate, provision};
pub use trust::{safe_to_serve, safe_to_store};

/// The database's name in a server.
pub const DATABASE: &str = "metwatch";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Said(String),
    #[error("{0}: {1}")]
    Io(String, #[source] std::io::Error),
    #[error("{0} is in use by another Metwatch program; stop that one first, or set METWATCH_DATA to another folder")]
    InUse(PathBuf),
    #[error("the database said: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the schema could not be brought up to date: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
}

pub type Result<T> = std::result::Result<T, Error>;

fn said<T>(words: impl Into<String>) -> Result<T> {
    Err(Error::Said(words.into()))
}

/// Puts the thing that was tried in front of an operating system's error.
trait Trying<T> {
    fn trying(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> Trying<T> for std::result::Result<T, E> {
    fn trying(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| Error::Io(what(), e.into()))
    }
}

/// Who signs in to the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Login {
    /// Makes roles and databases and becomes the owner to migrate; serves nobody.
    Admin,
    /// The pages and the console.
    App,
    /// The night.
    Job,
}

impl Login {
    pub fn name(self) -> &'static str {
        match self {
            Login::Admin => "postgres",
            Login::App => "metwatch_app",
            Login::Job => "metwatch_job",
        }
    }
}

/// How to run a private server.
#[derive(Clone)]
pub struct Options {
    pub data: PathBuf,
    pub bindir: Option<PathBuf>,
    /// The program that knows the step in `child`; ours, unless a test binary says otherwise.
    pub program: Option<PathBuf>,
    /// Off only in tests that are not about durability.
    pub durable: bool,
}

impl Options {
    pub fn new(data: impl Into<PathBuf>) -> Options {
        Options {
            data: data.into(),
            bindir: None,
            program: None,
            durable: true,
        }
    }
}

/// A running private server. Dropping it stops the server; `stop` does so without blocking the runtime.
pub struct Embedded {
    socket: PathBuf,
    supervisor: supervisor::Supervisor,
    _lock: File,
}

impl Embedded {
    /// Makes the cluster if there is none, starts the server and returns when it takes connections. Blocks: call it before the
    /// runtime starts, or from a blocking thread. `progress` hears a few words at each long step.
    pub fn start(options: &Options, mut progress: impl FnMut(&str)) -> Result<Embedded> {
        let place = place::Place::settle(&options.data, &mut progress)?;
        let lock = lock(&place.data)?;
        let runner = child::Runner::new(options.program.clone(), &place);
        let programs = binaries::find(options.bindir.as_deref(), cluster::version(&place.cluster)?)?;
        cluster::ensure(&place, &programs, &runner, options.durable, &mut progress)?;
        progress("starting the private database server");
        let command = supervisor::Plan::new(&place, &programs, runner, options.durable);
        let supervisor = supervisor::Supervisor::start(command)?;
        Ok(Embedded {
            socket: place.socket,
            supervisor,
            _lock: lock,
        })
    }

    pub fn url(&self, login: Login) -> String {
        url(&self.socket, login)
    }

    /// The folder of the server's socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether the server is up at this moment.
    pub fn is_up(&self) -> bool {
        self.supervisor.is_up()
    }

    /// Ends sessions, writes everything out and waits until the server is gone.
    pub async fn stop(self) {
        // A blocking thread: waiting for a process must not hold up the runtime's own.
        if tokio::task::spawn_blocking(move || drop(self)).await.is_err() {
            tracing::error!("the private database server's watcher ended early");
        }
    }
}

/// The socket folder of the private server of `data`, if a program is running one now: a second program (a night, an
/// import) then joins it with `url` in place of starting its own.
pub fn running(data: &Path) -> Option<PathBuf> {
    let place = place::Place::settle(data, &mut |_| ()).ok()?;
    match lock(&place.data) {
        Ok(_) => None,
        Err(_) => supervisor::ready_socket(&place.cluster),
    }
}

fn lock(data: &Path) -> Result<File> {
    let path = data.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .trying(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(data.into())),
        Err(TryLockError::Error(e)) => Err(Error::Io(format!("cannot lock {}", path.display()), e)),
    }
}

/// One of PostgreSQL's programs, such as pgbench, of the release that the private server would use.
pub fn program(bindir: Option<&Path>, name: &str) -> Result<PathBuf> {
    let postgres = binaries::find(bindir, None)?.postgres();
    // a folder of links may name the server alone; its other programs lie where the link leads
    let real = postgres.canonicalize().unwrap_or_else(|_| postgres.clone());
    let folders = [postgres.parent(), real.parent()];
    match folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
    {
        Some(path) => Ok(path),
        None => said(format!(
            "{name} is not beside {}: install PostgreSQL's own tools",
            real.display()
        )),
    }
}

/// A login's address at a private server.
pub fn url(socket: &Path, login: Login) -> String {
    let database = if login == Login::Admin { "postgres" } else { DATABASE };
    let mut folder = String::new();
    for byte in socket.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => folder.push(char::from(*byte)),
            other => folder.push_str(&format!("%{other:02X}")),
        }
    }
    format!("postgres://{}@localhost/{database}?host={folder}", login.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_a_strange_folder() {
        let text = url(Path::new("/srv/my data/é"), Login::App);
        assert_eq!(
            text,
            "postgres://metwatch_app@localhost/metwatch?host=/srv/my%20data/%C3%A9"
        );
    }

    #[test]
    fn a_folder_is_locked_once() {
        let folder = std::env::temp_dir().join(format!("metwatch-lock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let held = lock(&folder).unwrap();
        assert!(matches!(lock(&folder), Err(Error::InUse(_))));
        drop(held);
        lock(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
