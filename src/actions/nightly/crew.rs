//! Several loops at once over one pool of work. Each tells of every batch and asks whether to go on.

use std::future::Future;
use std::ops::ControlFlow;
use std::thread::available_parallelism;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::actions::{Error, Result};

/// More loops than this wait for the database, not for cores.
const MOST: usize = 4;

/// As many as there are cores: each has its next batch read while its last one is worked out.
pub fn lanes() -> usize {
    available_parallelism().map_or(1, usize::from).min(MOST)
}

type Told = (u64, oneshot::Sender<bool>);

/// A loop's line to whoever watches.
#[derive(Clone)]
pub struct Line(mpsc::Sender<Told>);

impl Line {
    /// A batch of so many patients is done. Whether to go on.
    pub async fn done(&self, patients: u64) -> bool {
        let (reply, answer) = oneshot::channel();
        self.0.send((patients, reply)).await.is_ok() && answer.await.unwrap_or(false)
    }
}

/// Runs the loops to their ends. `hear` is called after each batch; once it says stop, every loop ends after the batch it is at.
pub async fn run<F, Fut, H>(lanes: usize, start: F, mut hear: impl FnMut(u64) -> H + Send) -> Result<ControlFlow<()>>
where
    F: Fn(Line) -> Fut,
    Fut: Future<Output = Result<()>> + Send + 'static,
    H: Future<Output = Result<ControlFlow<()>>> + Send,
{
    let (tell, mut told) = mpsc::channel::<Told>(1);
    // dropped with this future, it ends the loops
    let mut loops = JoinSet::new();
    for _ in 0..lanes {
        loops.spawn(start(Line(tell.clone())));
    }
    drop(tell);
    let mut flow = ControlFlow::Continue(());
    while let Some((patients, reply)) = told.recv().await {
        if flow.is_continue() {
            flow = hear(patients).await?;
        }
        let _ = reply.send(flow.is_continue());
    }
    while let Some(ended) = loops.join_next().await {
        ended.map_err(Error::internal)??;
    }
    Ok(flow)
}
