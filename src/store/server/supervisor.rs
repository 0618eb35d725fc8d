//! The thread that keeps the server up: starts it, watches it, starts it again when it falls, and stops it.
//!
//! It is a thread of its own, not a task: the kernel ties "tell the child when its parent ends" to the thread that started
//! the child, and a runtime's threads come and go.

use std::fs::{File, OpenOptions, read_to_string};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::binaries::Programs;
use super::child::Runner;
use super::place::Place;
use super::{Result, Trying, said};

/// How long the first start waits for what a killed predecessor left behind.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a server may take to mend itself from its write-ahead log.
const RECOVERY: Duration = Duration::from_secs(600);
const GLANCE: Duration = Duration::from_millis(20);
const SLOWEST_RETRY: Duration = Duration::from_secs(1);
const LARGEST_LOG: u64 = 10 << 20;

/// What the server's log says when a predecessor is still going down.
const PASSING: [&str; 4] = [
    "lock file \"postmaster.pid\" already exists",
    "pre-existing shared memory block",
    "lock file \"",
    "is another postmaster",
];

/// All that is needed to start the server, again and again.
pub struct Plan {
    cluster: PathBuf,
    log: PathBuf,
    postgres: PathBuf,
    arguments: Vec<String>,
    runner: Runner,
}

impl Plan {
    pub fn new(place: &Place, programs: &Programs, runner: Runner, durable: bool) -> Plan {
        let synced = if durable { "on" } else { "off" };
        let settings = [
            ("listen_addresses", String::new()),
            ("unix_socket_directories", quoted(&place.socket)),
            ("unix_socket_permissions", "0700".into()),
            ("port", "5432".into()),
            ("fsync", synced.into()),
            ("full_page_writes", synced.into()),
            ("synchronous_commit", synced.into()),
            ("max_connections", "100".into()),
            ("shared_buffers", "256MB".into()),
            ("jit", "off".into()),
            ("recovery_init_sync_method", recovery_sync().into()),
            ("logging_collector", "off".into()),
            ("log_destination", "stderr".into()),
            // Warnings are what the pool's hooks provoke with every request.
            ("log_min_messages", "error".into()),
            ("lc_messages", "C".into()),
            // Nothing of a patient in the log: no statement, no bound value, and no DETAIL, which quotes whole rows.
            ("log_statement", "none".into()),
            ("log_min_error_statement", "panic".into()),
            ("log_parameter_max_length_on_error", "0".into()),
            ("log_error_verbosity", "terse".into()),
        ];
        let mut arguments = vec!["-D".to_owned(), place.cluster.to_string_lossy().into_owned()];
        for (name, value) in settings {
            arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
        }
        Plan {
            cluster: place.cluster.clone(),
            log: place.log.clone(),
            postgres: programs.postgres(),
            arguments,
            runner,
        }
    }

    fn launch(&self) -> Result<Child> {
        let cannot = || format!("cannot write {}", self.log.display());
        if self.log.metadata().is_ok_and(|found| found.len() > LARGEST_LOG) {
            std::fs::rename(&self.log, self.log.with_extension("log.1")).trying(cannot)?;
        }
        let log: File = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.log)
            .trying(cannot)?;
        let errors = log.try_clone().trying(cannot)?;
        let mut command = self.runner.command(self.postgres.clone());
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        command
            .spawn()
            .trying(|| format!("cannot run {}", self.postgres.display()))
    }

    /// The last words of the log.
    fn complaint(&self) -> String {
        let text = read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text
            .lines()
            .rev()
            .filter(|line| line.contains("FATAL") || line.contains("metwatch"))
            .take(1)
            .collect();
        match lines.first() {
            Some(line) => format!("{line} (more in {})", self.log.display()),
            None => format!("see {}", self.log.display()),
        }
    }
}

/// How the server makes sure, after a crash, that the files it starts from are on the disk. One call per file system is
/// many times faster than one per file, and as safe from Linux 5.8 on, which reports a failed write to it.
fn recovery_sync() -> &'static str {
    let release = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split('.').map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) >= (5, 8) => "syncfs",
        _ => "fsync",
    }
}

/// Inside the setting's list of folders a name with a comma or a blank needs quotes.
fn quoted(folder: &Path) -> String {
    format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\""))
}

/// The folder of the socket, when the cluster's server says that it takes connections.
pub fn ready_socket(cluster: &Path) -> Option<PathBuf> {
    let state = read_to_string(cluster.join("postmaster.pid")).ok()?;
    let lines: Vec<&str> = state.lines().collect();
    let ready = lines.get(7).is_some_and(|line| line.trim() == "ready");
    lines.get(4).filter(|_| ready).map(PathBuf::from)
}

/// Whether this very process is ready: a file left by a killed server says "ready" too.
fn is_ready(cluster: &Path, pid: u32) -> bool {
    let state = read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
    let mut lines = state.lines();
    lines.next().is_some_and(|line| line.trim() == pid.to_string())
        && lines.nth(6).is_some_and(|line| line.trim() == "ready")
}

/// The handle on the thread.
pub struct Supervisor {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    up: Arc<AtomicBool>,
}

impl Supervisor {
    /// Comes back when the server is ready or will not be.
    pub fn start(plan: Plan) -> Result<Supervisor> {
        let (stop, told) = channel();
        let (first, answer) = sync_channel(1);
        let up = Arc::new(AtomicBool::new(false));
        let watch = Watch {
            plan,
            told,
            up: up.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("postgres".into())
            .spawn(move || watch.run(&first));
        let thread = thread.trying(|| "cannot start a thread".into())?;
        let supervisor = Supervisor {
            stop: Some(stop),
            thread: Some(thread),
            up,
        };
        match answer.recv() {
            Ok(Ok(())) => Ok(supervisor),
            Ok(Err(error)) => Err(error),
            Err(_) => said("the private database server's watcher ended early"),
        }
    }

    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the private database server's watcher failed");
        }
    }
}

struct Watch {
    plan: Plan,
    told: Receiver<()>,
    up: Arc<AtomicBool>,
}

enum Outcome {
    Ready(Child),
    Failed,
    Stopped,
}

impl Watch {
    fn run(&self, first: &SyncSender<Result<()>>) {
        let mut child = match self.first_start() {
            Ok(Some(child)) => child,
            Ok(None) => return,
            Err(error) => {
                let _ = first.send(Err(error)); // nobody is left to tell if the other end is gone
                return;
            }
        };
        let _ = first.send(Ok(()));
        loop {
            self.up.store(true, Ordering::Relaxed);
            if !self.stays(&mut child) {
                self.up.store(false, Ordering::Relaxed);
                return shut_down(&mut child);
            }
            self.up.store(false, Ordering::Relaxed);
            tracing::warn!("the private database server ended unasked; starting it again");
            match self.start_again() {
                Some(new) => child = new,
                None => return,
            }
        }
    }

    /// Waits out a predecessor that is going down; any other failure is final.
    fn first_start(&self) -> Result<Option<Child>> {
        let begun = Instant::now();
        let mut asked = false;
        loop {
            match self.attempt()? {
                Outcome::Ready(child) => return Ok(Some(child)),
                Outcome::Stopped => return Ok(None),
                Outcome::Failed => {
                    let complaint = self.plan.complaint();
                    let passing = PASSING
                        .iter()
                        .any(|words| complaint.to_lowercase().contains(&words.to_lowercase()));
                    if !passing || begun.elapsed() > PATIENCE {
                        return said(format!("the private database server did not start: {complaint}"));
                    }
                    if !asked && begun.elapsed() > PATIENCE / 10 {
                        asked = true;
                        end_predecessor(&self.plan.cluster);
                    }
                    sleep(GLANCE * 5);
                }
            }
        }
    }

    fn start_again(&self) -> Option<Child> {
        let mut pause = GLANCE;
        loop {
            match self.attempt() {
                Ok(Outcome::Ready(child)) => {
                    tracing::info!("the private database server is back");
                    return Some(child);
                }
                Ok(Outcome::Stopped) => return None,
                Ok(Outcome::Failed) => {
                    tracing::warn!("the private database server did not start: {}", self.plan.complaint());
                }
                Err(error) => tracing::warn!("{error}"),
            }
            if !matches!(self.told.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                return None;
            }
            pause = (pause * 2).min(SLOWEST_RETRY);
        }
    }

    /// One start, until the server is ready, has ended, or we are told to stop.
    fn attempt(&self) -> Result<Outcome> {
        let mut child = self.plan.launch()?;
        let begun = Instant::now();
        loop {
            if is_ready(&self.plan.cluster, child.id()) {
                return Ok(Outcome::Ready(child));
            }
            if !matches!(child.try_wait(), Ok(None)) {
                return Ok(Outcome::Failed);
            }
            let told = !matches!(self.told.recv_timeout(GLANCE), Err(RecvTimeoutError::Timeout));
            if told || begun.elapsed() > RECOVERY {
                shut_down(&mut child);
                return Ok(if told { Outcome::Stopped } else { Outcome::Failed });
            }
        }
    }

    /// Comes back with true when the server ended by itself, with false when we are told to stop.
    fn stays(&self, child: &mut Child) -> bool {
        loop {
            if !matches!(self.told.recv_timeout(GLANCE * 2), Err(RecvTimeoutError::Timeout)) {
                return false;
            }
            if !matches!(child.try_wait(), Ok(None)) {
                return true;
            }
        }
    }
}

/// A fast shutdown; after a while the immediate one, which loses nothing but makes the next start mend itself.
fn shut_down(child: &mut Child) {
    let Ok(pid) = i32::try_from(child.id()) else { return };
    for (signal, patience) in [
        (Signal::SIGINT, PATIENCE),
        (Signal::SIGQUIT, PATIENCE / 4),
        (Signal::SIGKILL, PATIENCE / 4),
    ] {
        if kill(Pid::from_raw(pid), signal).is_err() {
            break;
        }
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            sleep(GLANCE);
        }
        tracing::warn!("the private database server did not heed {signal}");
    }
    let _ = child.wait(); // it may have ended on its own just now
}

/// Asks a server that outlived its program to end. It is ours if it runs in our cluster's folder.
fn end_predecessor(cluster: &Path) {
    let state = read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
    let Some(Ok(pid)) = state.lines().next().map(|line| line.trim().parse::<i32>()) else {
        return;
    };
    if pid > 1 && std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == cluster) {
        tracing::warn!(pid, "asking the server of an earlier program to end");
        let _ = kill(Pid::from_raw(pid), Signal::SIGINT); // it may have ended just now
    }
}
