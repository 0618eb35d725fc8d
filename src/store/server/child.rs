//! The step between our program and PostgreSQL's: a process that changes account, asks to be told when its parent ends,
//! and becomes the PostgreSQL program.
//!
//! It is our own program, called again with the hidden first word `postgres-child`: between a fork and an exec only unsafe
//! code could do this, and this crate has none.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::account::Account;
use super::place::Place;

/// The first argument that makes our program this step.
pub const WORD: &str = "postgres-child";

/// Makes commands that run a PostgreSQL program as the server's account.
#[derive(Clone)]
pub struct Runner {
    program: PathBuf,
    account: Account,
    home: PathBuf,
}

impl Runner {
    pub fn new(program: Option<PathBuf>, place: &Place) -> Runner {
        // The link stays good when the file is replaced under a running program, as a new build does.
        let ours = || match cfg!(target_os = "linux") {
            true => PathBuf::from("/proc/self/exe"),
            false => std::env::current_exe().unwrap_or_else(|_| "metwatch".into()),
        };
        Runner {
            program: program.unwrap_or_else(ours),
            account: place.account,
            home: place.cluster.clone(),
        }
    }

    /// The same, in another folder.
    pub fn at(&self, home: &Path) -> Runner {
        Runner {
            home: home.into(),
            ..self.clone()
        }
    }

    /// A command with no environment of ours: an inherited HOME of root made the server's own client code fail.
    pub fn command(&self, program: PathBuf) -> Command {
        let mut command = Command::new(&self.program);
        let (uid, gid) = if self.account.is_other {
            (self.account.uid, self.account.gid)
        } else {
            (0, 0)
        };
        command
            .arg(WORD)
            .args([std::process::id(), uid, gid].map(|number| number.to_string()))
            .arg(&self.home)
            .arg(program)
            .env_clear()
            .envs([
                ("LANG", "C.UTF-8"),
                ("LC_ALL", "C.UTF-8"),
                ("TZ", "UTC"),
                ("PATH", "/usr/bin:/bin"),
            ])
            .process_group(0);
        command
    }
}

/// Runs in the new process; comes back only with a failure. The arguments are those that `Runner::command` gives.
pub fn become_postgres(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let words = match prepare(arguments) {
        Ok(mut command) => {
            let failure = command.exec();
            format!("cannot run {}: {failure}", command.get_program().display())
        }
        Err(words) => words,
    };
    eprintln!("metwatch {WORD}: {words}");
    ExitCode::from(71)
}

fn prepare(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut number = |what: &str| {
        let text = arguments.next().ok_or(format!("{what} is missing"))?;
        text.to_string_lossy()
            .parse::<u32>()
            .map_err(|_| format!("{what} is not a number"))
    };
    let (parent, uid, gid) = (number("the parent")?, number("the account")?, number("the group")?);
    let home = arguments.next().ok_or("the folder is missing")?;
    let program = arguments.next().ok_or("the program is missing")?;
    if uid != 0 {
        change_account(uid, gid).map_err(|e| format!("cannot become account {uid}: {e}"))?;
    }
    follow_parent(parent)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(home);
    Ok(command)
}

#[cfg(not(target_os = "macos"))]
fn change_account(uid: u32, gid: u32) -> nix::Result<()> {
    use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
    setgroups(&[])?;
    setgid(Gid::from_raw(gid))?;
    setuid(Uid::from_raw(uid))
}

#[cfg(target_os = "macos")]
fn change_account(_uid: u32, _gid: u32) -> nix::Result<()> {
    Err(nix::Error::ENOTSUP)
}

/// Asks the kernel for an interrupt, which PostgreSQL takes as a fast shutdown, when the parent ends. This comes after the
/// change of account, which would undo it; and the parent may have ended before.
#[cfg(target_os = "linux")]
fn follow_parent(parent: u32) -> Result<(), String> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGINT)
        .map_err(|e| format!("cannot follow the parent: {e}"))?;
    match u32::try_from(nix::unistd::getppid().as_raw()) {
        Ok(now) if now == parent => Ok(()),
        _ => Err("the parent has ended".into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn follow_parent(_parent: u32) -> Result<(), String> {
    Ok(())
}
