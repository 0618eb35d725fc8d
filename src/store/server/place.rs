//! The folders of a private server, and whether the server's account can reach them.

use std::fs::{DirBuilder, Permissions, set_permissions, symlink_metadata};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::Account;
use super::{Result, Trying, said};

/// The kernel's limit for a socket's path, less the file's own name.
const LONGEST_SOCKET_FOLDER: usize = 107 - "/.s.PGSQL.5432".len();

/// Where everything of one data folder is.
pub struct Place {
    /// METWATCH_DATA, absolute.
    pub data: PathBuf,
    /// The cluster.
    pub cluster: PathBuf,
    /// What the server writes about itself; no statement and no value goes there.
    pub log: PathBuf,
    /// The folder of the socket, for the account and root alone.
    pub socket: PathBuf,
    pub account: Account,
}

impl Place {
    /// Makes the folders. Says so when they cannot all be in `data`.
    pub fn settle(data: &Path, progress: &mut dyn FnMut(&str)) -> Result<Place> {
        let cannot = || format!("cannot make the data folder {}", data.display());
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data)
            .trying(cannot)?;
        let data = data.canonicalize().trying(cannot)?;
        let account = Account::choose(&data.join("postgres"))?;
        let home = if account.is_other {
            reachable_home(&data, account, progress)?
        } else {
            data.clone()
        };
        let account = if home == data {
            account
        } else {
            Account::choose(&home.join("postgres"))?
        };
        let cluster = home.join("postgres");
        let socket = socket_folder(&home, &data, account)?;
        Ok(Place {
            log: data.join("postgres.log"),
            data,
            cluster,
            socket,
            account,
        })
    }
}

/// The data folder, or for root, when another account cannot get there, a folder of its own under /var/lib.
fn reachable_home(data: &Path, account: Account, progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    // The folder itself is ours: the account may pass through, and sees nothing in it.
    let here = data
        .metadata()
        .trying(|| format!("cannot look at {}", data.display()))?;
    if here.uid() == 0 && !account.may_enter(&here) {
        set_permissions(data, Permissions::from_mode(0o711)).trying(|| format!("cannot open {}", data.display()))?;
    }
    let closed = data
        .ancestors()
        .find(|folder| !folder.metadata().is_ok_and(|found| account.may_enter(&found)));
    let Some(closed) = closed else { return Ok(data.into()) };
    let home = Path::new("/var/lib/metwatch").join(short_name(data));
    progress(&format!(
        "PostgreSQL does not run as root, and its account may not enter {}: the database is kept in {}",
        closed.display(),
        home.display()
    ));
    let cannot = || format!("cannot make {}", home.display());
    DirBuilder::new()
        .recursive(true)
        .mode(0o711)
        .create(&home)
        .trying(cannot)?;
    Ok(home)
}

/// In the data folder if its path is short enough for a socket, else a private folder in the runtime directory.
fn socket_folder(home: &Path, data: &Path, account: Account) -> Result<PathBuf> {
    let inside = home.join("socket");
    let runtime = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|dir| !account.is_other && dir.is_dir());
    let folder = if inside.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        inside
    } else {
        let name = format!("metwatch-{}-{}", account.uid, short_name(data));
        runtime.unwrap_or_else(|| "/tmp".into()).join(name)
    };
    private_folder(&folder, account)?;
    Ok(folder)
}

/// Makes a folder that only the account may use, or makes sure that the one there is such a folder: in a shared directory
/// somebody else may have put one, or a link, in its place.
pub fn private_folder(folder: &Path, account: Account) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => account.own(folder),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = symlink_metadata(folder).trying(|| format!("cannot look at {}", folder.display()))?;
            if !found.is_dir() || found.mode() & 0o077 != 0 || (found.uid() != account.uid && found.uid() != 0) {
                return said(format!(
                    "{} must be a folder of account {} with mode 0700",
                    folder.display(),
                    account.uid
                ));
            }
            account.own(folder)
        }
        Err(e) => Err(e).trying(|| format!("cannot make {}", folder.display())),
    }
}

fn short_name(data: &Path) -> String {
    let digest = Sha256::digest(data.as_os_str().as_encoded_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_folder_gets_a_short_socket() {
        let base = std::env::temp_dir().join(format!("metwatch-place-{}", std::process::id()));
        let deep = base.join("d".repeat(60)).join("e".repeat(60));
        let place = Place::settle(&deep, &mut |_| ()).unwrap();
        assert!(
            place.socket.as_os_str().len() <= LONGEST_SOCKET_FOLDER,
            "{}",
            place.socket.display()
        );
        assert_eq!(place.socket.metadata().unwrap().mode() & 0o777, 0o700);
        assert_eq!(Place::settle(&deep, &mut |_| ()).unwrap().socket, place.socket);
        std::fs::remove_dir_all(&place.socket).unwrap();
        std::fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn a_link_in_the_place_of_the_socket_folder_is_refused() {
        let base = std::env::temp_dir().join(format!("metwatch-link-{}", std::process::id()));
        std::fs::create_dir_all(&base).unwrap();
        std::os::unix::fs::symlink("/tmp", base.join("socket")).unwrap();
        assert!(Place::settle(&base, &mut |_| ()).is_err());
        std::fs::remove_dir_all(&base).unwrap();
    }
}
