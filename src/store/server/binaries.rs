//! Where PostgreSQL's programs are, and which release they are.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Result, said};

/// The oldest release that the schema was tried on.
const OLDEST: u32 = 15;

const INSTALL: &str = "install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; macOS: brew \
     install postgresql@17), or name its folder in METWATCH_PG_BINDIR, or a server in DATABASE_URL";

/// One release's programs.
#[derive(Clone, Debug)]
pub struct Programs {
    pub bindir: PathBuf,
    pub major: u32,
}

impl Programs {
    pub fn initdb(&self) -> PathBuf {
        self.bindir.join("initdb")
    }

    pub fn postgres(&self) -> PathBuf {
        self.bindir.join("postgres")
    }
}

/// The release to run: the one that made the cluster, or the newest. A setting is taken as it is.
pub fn find(setting: Option<&Path>, made_by: Option<u32>) -> Result<Programs> {
    let mut found: Vec<Programs> = match setting {
        Some(bindir) => release(bindir).into_iter().collect(),
        None => places().iter().filter_map(|bindir| release(bindir)).collect(),
    };
    found.sort_by_key(|programs| programs.major);
    let seen: Vec<String> = found.iter().map(|programs| programs.major.to_string()).collect();
    match made_by {
        Some(major) => match found.into_iter().rfind(|programs| programs.major == major) {
            Some(programs) => Ok(programs),
            None if seen.is_empty() => said(format!("PostgreSQL {major} was not found: {INSTALL}")),
            None => said(format!(
                "the data were made by PostgreSQL {major}, and here is PostgreSQL {}: install release {major} beside it, or carry the \
                 data over with pg_upgrade",
                seen.join(" and ")
            )),
        },
        None => match found.pop() {
            Some(programs) if programs.major >= OLDEST => Ok(programs),
            Some(programs) => said(format!(
                "PostgreSQL {} is too old: Metwatch needs release {OLDEST} or newer; {INSTALL}",
                programs.major
            )),
            None => said(format!("PostgreSQL was not found: {INSTALL}")),
        },
    }
}

fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Ok(answer) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()));
    }
    let families: [(&str, &str, &str); 5] = [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/usr/libexec", "postgresql", ""),
    ];
    for (parent, prefix, below) in families {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                places.push(entry.path().join(below));
            }
        }
    }
    places.extend(["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"].map(PathBuf::from));
    places
}

/// The release in a folder that has both programs.
fn release(bindir: &Path) -> Option<Programs> {
    if !bindir.join("initdb").is_file() {
        return None;
    }
    let answer = Command::new(bindir.join("postgres")).arg("--version").output().ok()?;
    let major = major_of(&String::from_utf8_lossy(&answer.stdout))?;
    Some(Programs {
        bindir: bindir.into(),
        major,
    })
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)` and `… 18beta1`.
fn major_of(line: &str) -> Option<u32> {
    let version = line.split_once("(PostgreSQL) ")?.1;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_from_the_programs_answer() {
        assert_eq!(
            major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_of("postgres: not found"), None);
    }

    #[test]
    fn a_folder_without_programs_says_what_to_install() {
        let refused = find(Some(Path::new("/nowhere")), None).unwrap_err().to_string();
        assert!(refused.contains("apt-get install postgresql"), "{refused}");
    }

    #[test]
    fn data_of_another_release_are_refused_in_words() {
        let Ok(here) = find(None, None) else { return };
        let refused = find(None, Some(9)).unwrap_err().to_string();
        assert!(
            refused.contains("made by PostgreSQL 9") && refused.contains(&here.major.to_string()),
            "{refused}"
        );
    }
}
