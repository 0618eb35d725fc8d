//! Settings: one struct, from flags, then the environment, then one file, then defaults; checked at start, in words.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

const DEFAULT_FILE: &str = "metwatch.toml";

/// The flags that every subcommand takes; clap fills a missing one from the environment.
#[derive(Clone, Default, clap::Args)]
pub struct Flags {
    /// Settings file; without one, ./metwatch.toml is read if it is there
    #[arg(
        long,
        global = true,
        env = "METWATCH_CONFIG",
        value_name = "FILE",
        help_heading = "Settings"
    )]
    pub config: Option<PathBuf>,
    /// Folder for the private database and its secrets [default: ./.metwatch]
    #[arg(
        long,
        global = true,
        env = "METWATCH_DATA",
        value_name = "FOLDER",
        help_heading = "Settings"
    )]
    pub data: Option<PathBuf>,
    /// Address and port to serve on [default: 127.0.0.1:8080]
    #[arg(
        long,
        global = true,
        env = "METWATCH_LISTEN",
        value_name = "ADDRESS:PORT",
        help_heading = "Settings"
    )]
    pub listen: Option<String>,
    /// A PostgreSQL server to use in place of the private one
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Settings"
    )]
    pub database_url: Option<String>,
    /// What a browser shows in front of the path, such as `https://metwatch.example.org` [default: http://ADDRESS:PORT]
    #[arg(
        long,
        global = true,
        env = "METWATCH_ORIGIN",
        value_name = "URL",
        help_heading = "Settings"
    )]
    pub origin: Option<String>,
    /// Folder with the PostgreSQL programs initdb and postgres; without it, the usual places are searched
    #[arg(
        long,
        global = true,
        env = "METWATCH_PG_BINDIR",
        value_name = "FOLDER",
        help_heading = "Settings"
    )]
    pub pg_bindir: Option<PathBuf>,
    /// What goes to the log: error, warn, info, debug, or one level per module [default: info]
    #[arg(
        long,
        global = true,
        env = "METWATCH_LOG",
        value_name = "LEVEL",
        help_heading = "Settings"
    )]
    pub log: Option<String>,
}

/// The same settings as they stand in the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    listen: Option<String>,
    database_url: Option<String>,
    origin: Option<String>,
    pg_bindir: Option<PathBuf>,
    log: Option<String>,
}

/// The settings in force.
#[derive(Clone)]
pub struct Config {
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// Without it, Metwatch runs a private server of its own in `data`.
    pub database_url: Option<String>,
    /// Scheme, host and port, without a slash at the end.
    pub origin: String,
    pub pg_bindir: Option<PathBuf>,
    pub log: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data: ".metwatch".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database_url: None,
            origin: "http://127.0.0.1:8080".into(),
            pg_bindir: None,
            log: "info".into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the settings file {0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    #[error("the settings file {0} is wrong: {1}")]
    BadFile(PathBuf, String),
    #[error("METWATCH_LISTEN is \"{0}\": it must be an address and a port, such as 127.0.0.1:8080 or [::1]:8080")]
    Listen(String),
    #[error(
        "METWATCH_ORIGIN is \"{0}\": it must be http:// or https://, a host and perhaps a port, and nothing after them"
    )]
    Origin(String),
    #[error(
        "METWATCH_ORIGIN is \"{0}\": over plain http Metwatch serves this machine only (localhost, 127.0.0.1, [::1]), \
         because sign-in cookies would cross the network unprotected; put a proxy with TLS in front and set METWATCH_ORIGIN=https://…"
    )]
    PlainHttp(String),
    #[error("DATABASE_URL must begin with postgres:// or postgresql://")]
    DatabaseUrl,
    #[error("METWATCH_PG_BINDIR is {0}, but there is no program \"postgres\" in it")]
    BinDir(PathBuf),
}

impl Config {
    /// Settles each setting and checks it.
    pub fn load(flags: Flags) -> Result<Config, Error> {
        let file = match &flags.config {
            Some(path) => read(path)?,
            None if Path::new(DEFAULT_FILE).exists() => read(Path::new(DEFAULT_FILE))?,
            None => File::default(),
        };
        let default = Config::default();
        let listen = match flags.listen.or(file.listen) {
            Some(text) => text.parse().map_err(|_| Error::Listen(text))?,
            None => default.listen,
        };
        let origin = flags
            .origin
            .or(file.origin)
            .unwrap_or_else(|| format!("http://{listen}"));
        let config = Config {
            data: flags.data.or(file.data).unwrap_or(default.data),
            listen,
            database_url: flags.database_url.or(file.database_url).filter(|url| !url.is_empty()),
            origin: checked_origin(origin)?,
            pg_bindir: flags.pg_bindir.or(file.pg_bindir),
            log: flags.log.or(file.log).unwrap_or(default.log),
        };
        if let Some(url) = &config.database_url
            && !url.starts_with("postgres://")
            && !url.starts_with("postgresql://")
        {
            return Err(Error::DatabaseUrl);
        }
        match &config.pg_bindir {
            Some(dir) if !dir.join("postgres").is_file() => Err(Error::BinDir(dir.clone())),
            _ => Ok(config),
        }
    }

    /// Whether browsers reach us over TLS, so that cookies carry `Secure` and the `__Host-` name (S-020).
    pub fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

fn read(path: &Path) -> Result<File, Error> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::Unreadable(path.into(), e))?;
    toml::from_str(&text).map_err(|e| Error::BadFile(path.into(), e.to_string()))
}

fn checked_origin(origin: String) -> Result<String, Error> {
    let (host, plain) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        _ => return Err(Error::Origin(origin)),
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if host.is_empty() || !host.chars().all(allowed) {
        return Err(Error::Origin(origin));
    }
    if plain && !is_loopback(host) {
        return Err(Error::PlainHttp(origin));
    }
    Ok(origin)
}

fn is_loopback(host_and_port: &str) -> bool {
    let host = match host_and_port.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => host,
        _ => host_and_port,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Written by hand: a database address may hold a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("data", &self.data)
            .field("listen", &self.listen)
            .field("database_url", &self.database_url.as_ref().map(|_| "…"))
            .field("origin", &self.origin)
            .field("pg_bindir", &self.pg_bindir)
            .field("log", &self.log)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Flags)) -> Result<Config, Error> {
        let mut flags = Flags::default();
        change(&mut flags);
        Config::load(flags)
    }

    #[test]
    fn defaults_serve_this_machine_only() {
        let config = with(|_| ()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.origin, "http://127.0.0.1:8080");
        assert!(!config.is_secure());
        assert!(config.database_url.is_none());
    }

    #[test]
    fn plain_http_is_refused_beyond_loopback() {
        let refused = with(|f| f.listen = Some("0.0.0.0:80".into())).unwrap_err();
        assert!(matches!(refused, Error::PlainHttp(_)), "{refused}");
        assert!(matches!(
            with(|f| f.origin = Some("http://registry.example".into())),
            Err(Error::PlainHttp(_))
        ));
        for good in [
            "http://localhost:1",
            "http://[::1]:8080",
            "https://registry.example",
            "https://a.example:8443",
        ] {
            assert_eq!(with(|f| f.origin = Some(good.into())).unwrap().origin, good);
        }
    }

    #[test]
    fn wrong_values_are_named_in_words() {
        for bad in ["8080", "localhost", "127.0.0.1", "127.0.0.1:99999", ""] {
            assert!(
                matches!(with(|f| f.listen = Some(bad.into())), Err(Error::Listen(_))),
                "{bad}"
            );
        }
        for bad in [
            "https://",
            "https://host/",
            "ftp://host",
            "https://user@host",
            "localhost:8080",
        ] {
            assert!(
                matches!(with(|f| f.origin = Some(bad.into())), Err(Error::Origin(_))),
                "{bad}"
            );
        }
        assert!(matches!(
            with(|f| f.database_url = Some("mysql://x".into())),
            Err(Error::DatabaseUrl)
        ));
        assert!(matches!(
            with(|f| f.pg_bindir = Some("/nowhere".into())),
            Err(Error::BinDir(_))
        ));
    }

    #[test]
    fn a_flag_wins_over_the_file_and_an_unknown_key_is_refused() {
        let folder = std::env::temp_dir().join(format!("metwatch-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("m.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:9000\"\ndata = \"/srv/metwatch\"\n").unwrap();
        let config = with(|f| {
            f.config = Some(path.clone());
            f.data = Some("/elsewhere".into());
        })
        .unwrap();
        assert_eq!(config.listen.port(), 9000);
        assert_eq!(config.data, Path::new("/elsewhere"));
        std::fs::write(&path, "lisen = \"127.0.0.1:9000\"\n").unwrap();
        let refused = with(|f| f.config = Some(path.clone())).unwrap_err().to_string();
        assert!(refused.contains("lisen"), "{refused}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_password_is_not_shown() {
        let config = with(|f| f.database_url = Some("postgres://u:secret@h/d".into())).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
    }
}
