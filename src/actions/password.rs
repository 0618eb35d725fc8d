//! Passwords: argon2id on blocking threads behind a semaphore (S-001 to S-004).

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::{Error, Result};
use crate::app::App;

/// m = 19 456 KiB, t = 2, p = 1: OWASP's floor.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
/// How many may wait for a hash before the answer is "busy" (S-002).
const QUEUE: usize = 32;

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("the parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// What a password must be (S-003). Lengths are in bytes, nothing is trimmed, no composition rules.
pub fn refused(password: &str, user: &str) -> Option<&'static str> {
    let folded = password.to_lowercase();
    match password.len() {
        0..12 => Some("Take at least 12 characters; a few words in a row do well."),
        1025.. => Some("Take at most 1024 bytes."),
        _ if folded.contains(&user.to_lowercase()) => Some("Leave your user name out of it."),
        _ if COMMON.lines().any(|common| common == folded) => {
            Some("This is one of the commonest passwords. Take another one.")
        }
        _ if folded.chars().collect::<std::collections::HashSet<_>>().len() < 4 => {
            Some("This repeats too few characters. Take another one.")
        }
        _ => None,
    }
}

/// The commonest leaked passwords of twelve and more characters; shorter ones are refused by length. See the file's head.
const COMMON: &str = include_str!("common_passwords.txt");

async fn turn(app: &App) -> Result<tokio::sync::SemaphorePermit<'_>> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static WAITING: AtomicUsize = AtomicUsize::new(0);
    /// Leaves the queue also when the waiting request is dropped.
    struct Place;
    impl Drop for Place {
        fn drop(&mut self) {
            WAITING.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let before = WAITING.fetch_add(1, Ordering::Relaxed);
    let place = Place;
    if before >= QUEUE {
        return Err(Error::Busy);
    }
    let permit = app.hashing.acquire().await.map_err(Error::internal)?;
    drop(place);
    Ok(permit)
}

pub async fn hash(app: &App, password: String) -> Result<String> {
    let _turn = turn(app).await?;
    tokio::task::spawn_blocking(move || {
        let hash: PasswordHash = hasher()
            .hash_password(password.as_bytes())
            .map_err(|e| Error::internal(e.to_string()))?;
        Ok(hash.to_string())
    })
    .await
    .map_err(Error::internal)?
}

/// Whether the password is the stored one, and whether the stored hash is weaker than ours. Without a stored hash a dummy
/// is verified, so that an unknown user costs what a known one does (S-004).
pub async fn verify(app: &App, password: String, stored: Option<String>) -> Result<Verdict> {
    let _turn = turn(app).await?;
    tokio::task::spawn_blocking(move || {
        let known = stored.is_some();
        let text = stored.unwrap_or_else(|| DUMMY.into());
        let Ok(parsed) = PasswordHash::new(&text) else {
            return Ok(Verdict {
                right: false,
                weak: false,
            });
        };
        let right = hasher().verify_password(password.as_bytes(), &parsed).is_ok() && known;
        let weak = Params::try_from(&parsed).map_or(true, |p| p.m_cost() < MEMORY_KIB || p.t_cost() < PASSES);
        Ok(Verdict { right, weak })
    })
    .await
    .map_err(Error::internal)?
}

#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub right: bool,
    pub weak: bool,
}

/// A hash with our parameters of a password that nobody has.
const DUMMY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bWV0d2F0Y2gtZHVtbXktc2FsdA$Vd5LNhsNqWFMo8S0Mb6aKpEyv9PA1JHQpcbMpRYeN2Y";
