//! The two logins: what they may, how long they may take, and their passwords on a server that asks for one.

use std::fs::{OpenOptions, read_to_string, rename};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::{Login, Result, Trying, said};

/// Statements for the roles that are missing. `metwatch_owner` owns every object and never signs in (S-040).
pub const CREATE: [(&str, &str); 3] = [
    (
        "metwatch_owner",
        "create role metwatch_owner nologin nosuperuser nobypassrls nocreatedb nocreaterole",
    ),
    (
        "metwatch_app",
        "create role metwatch_app login nosuperuser nobypassrls nocreatedb nocreaterole",
    ),
    (
        "metwatch_job",
        "create role metwatch_job login nosuperuser nobypassrls nocreatedb nocreaterole",
    ),
];

/// Time limits by role (S-047). An export raises its own to 30 minutes for its transaction; the night reads whole centres.
pub const LIMITS: [&str; 7] = [
    "alter role metwatch_app set statement_timeout = '5s'",
    "alter role metwatch_app set lock_timeout = '2s'",
    "alter role metwatch_app set idle_in_transaction_session_timeout = '15s'",
    "alter role metwatch_job set statement_timeout = '10min'",
    "alter role metwatch_job set lock_timeout = '10s'",
    "alter role metwatch_job set idle_in_transaction_session_timeout = '2min'",
    "alter role metwatch_owner set lock_timeout = '10s'",
];

/// In the data folder, for its owner alone.
const FILE: &str = "roles.secret";

/// The passwords of the two logins; never shown.
pub struct Passwords {
    app: String,
    job: String,
}

impl Passwords {
    /// Those in the file, or new ones, written to it first: a password that is set but not kept would lock us out.
    pub fn kept_in(data: &Path) -> Result<Passwords> {
        if let Some(found) = Passwords::found_in(data)? {
            return Ok(found);
        }
        let fresh = Passwords {
            app: random()?,
            job: random()?,
        };
        let path = data.join(FILE);
        fresh
            .write(&path)
            .trying(|| format!("cannot write {}", path.display()))?;
        Ok(fresh)
    }

    /// Those in the file, if there is one.
    pub fn found_in(data: &Path) -> Result<Option<Passwords>> {
        let path = data.join(FILE);
        match read_to_string(&path) {
            Ok(text) => match Passwords::read(&text) {
                Some(found) => Ok(Some(found)),
                None => said(format!("{} is damaged: remove it", path.display())),
            },
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).trying(|| format!("cannot read {}", path.display())),
        }
    }

    pub fn of(&self, login: Login) -> &str {
        if login == Login::Job { &self.job } else { &self.app }
    }

    fn read(text: &str) -> Option<Passwords> {
        let value = |name: &str| {
            let found = text
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
            (found.len() == 64 && found.bytes().all(|b| b.is_ascii_hexdigit())).then(|| found.to_owned())
        };
        Some(Passwords {
            app: value("metwatch_app")?,
            job: value("metwatch_job")?,
        })
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        let new = path.with_extension("new");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        write!(file, "metwatch_app={}\nmetwatch_job={}\n", self.app, self.job)?;
        file.sync_all()?;
        rename(&new, path)
    }
}

fn random() -> Result<String> {
    let mut bytes = [0u8; 32];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        Err(e) => said(format!("the system gave no random bytes: {e}")),
    }
}

/// The form in which a server keeps a password (RFC 5802, SHA-256). We send this and not the password, which a server that
/// logs statements would keep in clear.
pub fn verifier(password: &str) -> Result<String> {
    let mut salt = [0u8; 16];
    if let Err(e) = getrandom::fill(&mut salt) {
        return said(format!("the system gave no random bytes: {e}"));
    }
    let (stored, server) = scram_keys(password, &salt, ROUNDS);
    let [salt, stored, server] = [&salt[..], &stored, &server].map(|bytes| STANDARD.encode(bytes));
    Ok(format!("SCRAM-SHA-256${ROUNDS}:{salt}${stored}:{server}"))
}

const ROUNDS: u32 = 4096;

fn scram_keys(password: &str, salt: &[u8], rounds: u32) -> ([u8; 32], [u8; 32]) {
    let mut block = keyed(password.as_bytes(), &[salt, &1u32.to_be_bytes()].concat());
    let mut salted = block;
    for _ in 1..rounds {
        block = keyed(password.as_bytes(), &block);
        salted.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    (
        Sha256::digest(keyed(&salted, b"Client Key")).into(),
        keyed(&salted, b"Server Key"),
    )
}

fn keyed(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange printed in RFC 7677, section 3.
    #[test]
    fn keys_are_those_of_the_standard() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let (stored, server) = scram_keys("pencil", &salt, 4096);
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let exchange =
            format!("n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}");
        let signature = keyed(&server, exchange.as_bytes());
        assert_eq!(
            STANDARD.encode(signature),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
        let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let mask = keyed(&stored, exchange.as_bytes());
        let client: Vec<u8> = proof.iter().zip(mask).map(|(a, b)| a ^ b).collect();
        assert_eq!(Sha256::digest(&client).as_slice(), stored);
    }

    #[test]
    fn passwords_are_kept_for_their_owner_alone() {
        use std::os::unix::fs::MetadataExt;
        let folder = std::env::temp_dir().join(format!("metwatch-secret-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let made = Passwords::kept_in(&folder).unwrap();
        let read = Passwords::kept_in(&folder).unwrap();
        assert_eq!(made.of(Login::App), read.of(Login::App));
        assert_ne!(made.of(Login::App), made.of(Login::Job));
        assert_eq!(folder.join("roles.secret").metadata().unwrap().mode() & 0o777, 0o600);
        std::fs::write(folder.join("roles.secret"), "metwatch_app=short\n").unwrap();
        assert!(Passwords::kept_in(&folder).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
