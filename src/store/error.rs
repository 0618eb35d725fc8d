//! What can go wrong between the program and the database.

/// Values hold names of tables and constraints, never data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no such record")]
    NotFound,
    /// A constraint said no; its name is part of the interface and actions turn it into a message.
    #[error("constraint {0}")]
    Conflict(String),
    /// A row breaks a rule of `domain`.
    #[error("inconsistent row in {table}.{column}, id {id}")]
    Inconsistent {
        table: &'static str,
        column: &'static str,
        id: i64,
    },
    /// Another runner has taken this night over; the fence in the run's row refuses the write (S-134).
    #[error("another runner took this night over")]
    Overtaken,
    /// The database can't be reached now.
    #[error("the database is away")]
    Unavailable(#[source] sqlx::Error),
    /// The connection broke while committing: nobody knows whether it was saved (S-082).
    #[error("the outcome of the commit is unknown")]
    CommitUnknown(#[source] sqlx::Error),
    #[error("database error")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        match &error {
            sqlx::Error::RowNotFound => Error::NotFound,
            // a connection that was dropped within a statement may be out of step with its server: another one is not
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::BeginFailed
            | sqlx::Error::Protocol(_) => Error::Unavailable(error),
            // The name stands in the statement's error, never its values: those would be patient data.
            sqlx::Error::Database(cause) => match (cause.code().as_deref(), cause.constraint()) {
                // integrity violations that name a constraint
                (Some(code), Some(name)) if code.starts_with("23") => Error::Conflict(name.to_owned()),
                // shutting down, starting up, connection failures, out of connections, closed to connections
                (Some(code), _)
                    if code.starts_with("57P")
                        || code.starts_with("08")
                        || code.starts_with("53")
                        || code == "55000" =>
                {
                    Error::Unavailable(error)
                }
                _ => Error::Database(error),
            },
            _ => Error::Database(error),
        }
    }
}

impl Error {
    /// Two transactions waited for each other and this one was ended: done again from its start, it will pass.
    pub fn is_deadlock(&self) -> bool {
        matches!(self, Error::Database(sqlx::Error::Database(cause)) if cause.code().as_deref() == Some("40P01"))
    }
}
