//! What a caller can act on.

use crate::domain::access::Denied;
use crate::domain::problem::Problem;
use crate::store;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("not found")]
    NotFound,
    /// What the person can mend, field by field.
    #[error("{}", texts(.0))]
    Problems(Vec<Problem>),
    /// Somebody else saved meanwhile, or the form was posted twice with different contents.
    #[error("{0}")]
    Conflict(String),
    #[error("too many at once")]
    Busy,
    #[error("the database is away")]
    Unavailable(#[source] store::Error),
    #[error("the outcome of the commit is unknown")]
    CommitUnknown(#[source] store::Error),
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error {
            store::Error::NotFound => Error::NotFound,
            store::Error::Overtaken => Error::Conflict(error.to_string()),
            // the database's own rules say no more than a name; who can say it in words does so before this (S-085)
            store::Error::Conflict(rule) => Error::Conflict(format!(
                "This does not fit what is on file (rule {rule}). Nothing was saved. Open the page again and check what you entered."
            )),
            store::Error::Unavailable(_) => Error::Unavailable(error),
            store::Error::CommitUnknown(_) => Error::CommitUnknown(error),
            other => Error::Internal(Box::new(other)),
        }
    }
}

fn texts(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| problem.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

impl Error {
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Internal(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-085: a rule of the database that nobody put into words is a conflict, not a mistake of ours.
    #[test]
    fn a_broken_constraint_is_no_internal_error() {
        let error = Error::from(store::Error::Conflict("event_one_death".into()));
        assert!(matches!(error, Error::Conflict(text) if text.contains("event_one_death")));
    }
}
