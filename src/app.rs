//! The shared state: database, clock, settings. Everything else is passed as a value.

use std::sync::Arc;
use std::time::Instant;

use crate::clock::Clock;
use crate::config::Config;
use crate::store::Db;

#[derive(Clone)]
pub struct App(Arc<Shared>);

pub struct Shared {
    pub db: Db,
    pub clock: Box<dyn Clock>,
    pub config: Config,
    /// At most two password hashes at once, so that memory for hashing is bounded (S-002).
    pub hashing: tokio::sync::Semaphore,
    /// True from SIGTERM on: `/healthz/ready` says 503 while requests in flight finish (S-131).
    pub stopping: std::sync::atomic::AtomicBool,
    /// The last answer of the readiness check and when it was given.
    pub readiness: tokio::sync::Mutex<Option<(Instant, Result<(), String>)>>,
}

impl App {
    pub fn new(db: Db, clock: impl Clock, config: Config) -> App {
        App(Arc::new(Shared {
            db,
            clock: Box::new(clock),
            config,
            hashing: tokio::sync::Semaphore::new(2),
            stopping: std::sync::atomic::AtomicBool::new(false),
            readiness: tokio::sync::Mutex::new(None),
        }))
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
