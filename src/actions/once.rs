//! A form counts once: the same token again gives the same result, with another body it is refused (S-081).

use sha2::{Digest, Sha256};

use super::{Error, Result};
use crate::store::posts::{self, Seen};
use crate::store::{self, Work};

/// A posted form's token and the digest of its body.
#[derive(Clone, Debug)]
pub struct Form {
    pub token: String,
    digest: Vec<u8>,
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    Done(String),
    /// The same form came a second time; the first one's result is there.
    Before(String),
}

impl Posted {
    pub fn location(&self) -> &str {
        match self {
            Posted::Done(location) | Posted::Before(location) => location,
        }
    }
}

impl Form {
    /// `fields` are all that was posted, in the order of the form.
    pub fn new(token: String, fields: &[(String, String)]) -> Form {
        let mut hash = Sha256::new();
        for (name, value) in fields {
            // lengths keep ("a", "bc") apart from ("ab", "c")
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
            hash.update((value.len() as u64).to_le_bytes());
            hash.update(value.as_bytes());
        }
        Form {
            token,
            digest: hash.finalize().to_vec(),
        }
    }

    /// Where the first post of this form went, if it was posted before.
    pub async fn before(&self, work: &mut Work) -> Result<Option<Posted>> {
        match posts::find(work, &self.token, &self.digest).await? {
            Seen::New => Ok(None),
            Seen::Same(location) => Ok(Some(Posted::Before(location))),
            Seen::Other => Err(Error::Conflict(
                "This form was already sent with other contents. Open it again.".into(),
            )),
        }
    }

    /// Binds the token to the result, inside the transaction of the post.
    pub async fn keep(&self, work: &mut Work, location: &str) -> Result<()> {
        match posts::keep(work, &self.token, &self.digest, location).await {
            Err(error) if posts::lost_the_race(&error) => Err(Error::Conflict(
                "This form was sent twice at once; the first one counts. Open the page to see it.".into(),
            )),
            other => Ok(other.map_err(store_error)?),
        }
    }
}

fn store_error(error: store::Error) -> Error {
    error.into()
}
