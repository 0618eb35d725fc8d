//! A form that was posted after its session had ended (S-026): kept for the user who typed it until that user has signed in again.
//! The text is sealed with XChaCha20-Poly1305 under a key that only the browser's token gives; the registry alone can't read it.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use super::sign_in::{hash_of, secret};
use super::{Error, Result};
use crate::app::App;
use crate::domain::access::Actor;
use crate::domain::id::UserId;
use crate::store::kept::{self, Sealed};

const NONCE: usize = 24;

/// A form as it was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub path: String,
    pub fields: Vec<(String, String)>,
}

/// Keeps the form and gives the token that opens it; `None` where nobody knows who typed it.
pub async fn keep(app: &App, session: &str, form: &Kept) -> Result<Option<String>> {
    let Some(user) = kept::user_of_ended(&app.db, &hash_of(session)).await? else {
        return Ok(None);
    };
    let token = secret()?;
    let text = seal(&token, user, form)?;
    let path = form.path.clone();
    kept::keep(&app.db, &hash_of(&token), &Sealed { user, path, text }).await?;
    Ok(Some(token))
}

/// The form that waits under this token, if it is this user's.
pub async fn open(app: &App, actor: &Actor, token: &str) -> Result<Kept> {
    let sealed = kept::find(&app.db, actor.user, &hash_of(token))
        .await?
        .ok_or(Error::NotFound)?;
    let fields = unseal(token, &sealed).ok_or(Error::NotFound)?;
    Ok(Kept {
        path: sealed.path,
        fields,
    })
}

fn cipher(token: &str) -> XChaCha20Poly1305 {
    // another digest than the one by which it is found
    let key = Sha256::new()
        .chain_update("metwatch kept form\0")
        .chain_update(token)
        .finalize();
    XChaCha20Poly1305::new(&Key::from(<[u8; 32]>::from(key)))
}

/// Text that is moved to another user or another form does not open.
fn bound_to(user: UserId, path: &str) -> Vec<u8> {
    format!("{user}\0{path}").into_bytes()
}

fn seal(token: &str, user: UserId, form: &Kept) -> Result<Vec<u8>> {
    let plain = serde_json::to_vec(&form.fields).map_err(|error| Error::internal(error.to_string()))?;
    let mut nonce = [0u8; NONCE];
    getrandom::fill(&mut nonce).map_err(|error| Error::internal(error.to_string()))?;
    let aad = bound_to(user, &form.path);
    let payload = Payload { msg: &plain, aad: &aad };
    let text = cipher(token).encrypt(&XNonce::from(nonce), payload);
    let text = text.map_err(|_| Error::internal("a form could not be sealed"))?;
    Ok([&nonce[..], &text].concat())
}

fn unseal(token: &str, sealed: &Sealed) -> Option<Vec<(String, String)>> {
    let (nonce, msg) = sealed.text.split_at_checked(NONCE)?;
    let aad = bound_to(sealed.user, &sealed.path);
    let nonce = XNonce::from(<[u8; NONCE]>::try_from(nonce).ok()?);
    let plain = cipher(token).decrypt(&nonce, Payload { msg, aad: &aad }).ok()?;
    serde_json::from_slice(&plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_opens_by_its_token_for_its_user_and_form_alone() {
        let form = Kept {
            path: "/patients/NOR/NOR-0001/visits".into(),
            fields: vec![("ctdna.result".into(), "0.42".into())],
        };
        let sealed = |user, path: &str, text: &[u8]| Sealed {
            user: UserId(user),
            path: path.into(),
            text: text.to_vec(),
        };
        let text = seal("token", UserId(7), &form).expect("sealed");
        assert!(!text.windows(4).any(|part| part == b"0.42"));
        let opened = |token, of| unseal(token, &of);
        assert_eq!(opened("token", sealed(7, &form.path, &text)), Some(form.fields.clone()));
        assert_eq!(opened("tokem", sealed(7, &form.path, &text)), None);
        assert_eq!(opened("token", sealed(8, &form.path, &text)), None);
        assert_eq!(opened("token", sealed(7, "/administration/budget", &text)), None);
        assert_eq!(opened("token", sealed(7, &form.path, &text[..20])), None);
        let mut spoilt = text.clone();
        spoilt[30] ^= 1;
        assert_eq!(opened("token", sealed(7, &form.path, &spoilt)), None);
    }
}
