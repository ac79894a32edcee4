//! [`MirrorError`]: why a mirror could not be opened or brought up to date.

use std::error::Error;
use std::fmt;

/// Why a mirror could not be opened or brought up to date. The database is as it was before the run.
#[derive(Debug)]
pub struct MirrorError {
    kind: MirrorErrorKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kind of a [`MirrorError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MirrorErrorKind {
    /// The database belongs to another program, or the file is not a database.
    NotAMirror,
    /// A newer version of this crate wrote the database.
    NewerVersion,
    /// Another run has the database locked.
    Locked,
    /// The database failed: not reachable, full disk, read-only file, damage.
    Database,
    /// Two names stand for one install, or one name for two.
    Install,
    /// A value does not fit into the database.
    Value,
}

impl MirrorError {
    pub(crate) fn new(kind: MirrorErrorKind, message: impl Into<String>) -> MirrorError {
        MirrorError { kind, message: message.into(), source: None }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> MirrorError {
        self.source = Some(source.into());
        self
    }

    /// The kind.
    pub fn kind(&self) -> MirrorErrorKind {
        self.kind
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            MirrorErrorKind::NotAMirror => {
                "Use a new file or an empty database, or one that a mirror created."
            }
            MirrorErrorKind::NewerVersion => "Update gettickets, or use a new database.",
            MirrorErrorKind::Locked => {
                "Wait until the other run has ended; it holds the lock only while it runs."
            }
            MirrorErrorKind::Database => {
                "Check that the database can be reached and written, and that there is free space; the last run is kept."
            }
            MirrorErrorKind::Install => "Give each install one name, and use the same name in every run.",
            MirrorErrorKind::Value => "Report this with the value that the message names.",
        }
    }
}

impl fmt::Display for MirrorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for MirrorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl From<rusqlite::Error> for MirrorError {
    fn from(error: rusqlite::Error) -> MirrorError {
        use rusqlite::ErrorCode;
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => MirrorErrorKind::Locked,
            Some(ErrorCode::NotADatabase) => MirrorErrorKind::NotAMirror,
            _ => MirrorErrorKind::Database,
        };
        let message = match kind {
            MirrorErrorKind::Locked => "another run has the database locked".to_owned(),
            MirrorErrorKind::NotAMirror => "the file is not a database".to_owned(),
            _ => format!("the database failed: {error}"),
        };
        MirrorError::new(kind, message).with_source(error)
    }
}
