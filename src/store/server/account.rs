//! As whom the server runs: PostgreSQL refuses root, so root's programs hand it to another account.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User, chown, geteuid};

use super::{Result, Trying, said};

/// The account of the server's processes and files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
    /// Whether that is another account than ours, which only root can do.
    pub is_other: bool,
}

impl Account {
    /// Ours; for root the owner of a cluster made earlier, else `postgres`, else `nobody`.
    pub fn choose(cluster: &Path) -> Result<Account> {
        let us = geteuid();
        let owner = cluster.metadata().ok().map(|found| (found.uid(), found.gid()));
        if !us.is_root() {
            return match owner {
                Some((uid, _)) if uid != us.as_raw() => said(format!(
                    "{} belongs to another account (number {uid}): run Metwatch as the one that made it, or set METWATCH_DATA to \
                     another folder",
                    cluster.display()
                )),
                _ => Ok(Account {
                    uid: us.as_raw(),
                    gid: nix::unistd::getegid().as_raw(),
                    is_other: false,
                }),
            };
        }
        if let Some((uid, gid)) = owner
            && uid != 0
        {
            return Ok(Account {
                uid,
                gid,
                is_other: true,
            });
        }
        for name in ["postgres", "nobody"] {
            if let Ok(Some(user)) = User::from_name(name)
                && !user.uid.is_root()
            {
                return Ok(Account {
                    uid: user.uid.as_raw(),
                    gid: user.gid.as_raw(),
                    is_other: true,
                });
            }
        }
        said(
            "PostgreSQL does not run as root, and there is neither an account \"postgres\" nor \"nobody\" to run it as",
        )
    }

    /// Gives a file or folder to the account.
    pub fn own(&self, path: &Path) -> Result<()> {
        if !self.is_other {
            return Ok(());
        }
        chown(path, Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)))
            .trying(|| format!("cannot give {} to account {}", path.display(), self.uid))
    }

    /// Whether the account may pass through a folder.
    pub fn may_enter(&self, folder: &Metadata) -> bool {
        let bits = folder.mode();
        let wanted = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        bits & wanted != 0
    }
}
