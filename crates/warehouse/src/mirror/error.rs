//! [`MirrorError`]: why a mirror could not be opened or updated.

use std::error::Error;
use std::fmt;

use gettickets_arrow::NumberTooLarge;

/// Error for a mirror that could not be opened or updated.
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
    /// The address does not name a database that a mirror can use.
    Target,
    /// The database belongs to another program, or the file is not a database.
    NotAMirror,
    /// A newer version of this crate wrote the database.
    NewerVersion,
    /// Another run has locked the database.
    Locked,
    /// The database cannot be written: a read-only file or server, or missing rights.
    ReadOnly,
    /// There is no space left for the database.
    Full,
    /// The database is damaged.
    Damaged,
    /// The database cannot be reached, or the connection to it was lost.
    Unreachable,
    /// The database failed in another way.
    Database,
    /// Two names refer to one install, or one name to two.
    Install,
    /// A value does not fit into the database.
    Value,
    /// The run was canceled, and what was not stored yet was rolled back.
    Cancelled,
}

impl MirrorError {
    pub(crate) fn new(kind: MirrorErrorKind, message: impl Into<String>) -> MirrorError {
        MirrorError { kind, message: message.into(), source: None }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> MirrorError {
        self.source = Some(source.into());
        self
    }

    /// Prepends the name of the database to the message.
    pub(crate) fn at(mut self, place: &str) -> MirrorError {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Appends the number of installs that were stored before the error to the message.
    pub(crate) fn after(mut self, stored: usize) -> MirrorError {
        let (installs, were) = if stored == 1 { ("install", "was") } else { ("installs", "were") };
        self.message = format!("{}; {stored} {installs} of the run {were} already stored", self.message);
        self
    }

    /// Returns the kind of error.
    pub fn kind(&self) -> MirrorErrorKind {
        self.kind
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        self.kind.hint()
    }
}

impl MirrorErrorKind {
    /// Every kind.
    pub const ALL: &'static [MirrorErrorKind] = &[
        MirrorErrorKind::Target,
        MirrorErrorKind::NotAMirror,
        MirrorErrorKind::NewerVersion,
        MirrorErrorKind::Locked,
        MirrorErrorKind::ReadOnly,
        MirrorErrorKind::Full,
        MirrorErrorKind::Damaged,
        MirrorErrorKind::Unreachable,
        MirrorErrorKind::Database,
        MirrorErrorKind::Install,
        MirrorErrorKind::Value,
        MirrorErrorKind::Cancelled,
    ];

    /// A stable name for programs, such as `read-only`.
    pub const fn code(self) -> &'static str {
        match self {
            MirrorErrorKind::Target => "target",
            MirrorErrorKind::NotAMirror => "not-a-mirror",
            MirrorErrorKind::NewerVersion => "newer-version",
            MirrorErrorKind::Locked => "locked",
            MirrorErrorKind::ReadOnly => "read-only",
            MirrorErrorKind::Full => "full",
            MirrorErrorKind::Damaged => "damaged",
            MirrorErrorKind::Unreachable => "unreachable",
            MirrorErrorKind::Database => "database",
            MirrorErrorKind::Install => "install",
            MirrorErrorKind::Value => "value",
            MirrorErrorKind::Cancelled => "cancelled",
        }
    }

    /// What to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            MirrorErrorKind::Target => {
                "Name a SQLite file, or a PostgreSQL database as postgresql://USER@HOST/DATABASE."
            }
            MirrorErrorKind::NotAMirror => {
                "Use a new file or an empty database, or one that a mirror created."
            }
            MirrorErrorKind::NewerVersion => "Update gettickets, or use a new database.",
            MirrorErrorKind::Locked => {
                "Wait until the other run has ended; it holds the lock only while it runs."
            }
            MirrorErrorKind::ReadOnly => {
                "Check that this user may write to the database, and to the folder of a file."
            }
            MirrorErrorKind::Full => "Free space and run again; the last complete state is kept.",
            MirrorErrorKind::Damaged => {
                "Restore the file from a backup, or start a new one. The tickets can be read from the install again, \
                 but the recorded changes cannot."
            }
            MirrorErrorKind::Unreachable => {
                "Check that the server is running, and check the host, user, password and database name; the last \
                 complete state is kept."
            }
            MirrorErrorKind::Database => "Check the database and its log; the last complete state is kept.",
            MirrorErrorKind::Install => "Give each install one name, and use the same name in every run.",
            MirrorErrorKind::Cancelled => "Run again; the last complete state is kept.",
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

impl From<NumberTooLarge> for MirrorError {
    fn from(error: NumberTooLarge) -> MirrorError {
        MirrorError::new(MirrorErrorKind::Value, error.to_string()).with_source(error)
    }
}

impl From<rusqlite::Error> for MirrorError {
    fn from(error: rusqlite::Error) -> MirrorError {
        use rusqlite::ErrorCode;
        let (kind, message) = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (MirrorErrorKind::Locked, "another run has the database locked".to_owned())
            }
            Some(ErrorCode::NotADatabase) => {
                (MirrorErrorKind::NotAMirror, "the file is not a database".to_owned())
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                (MirrorErrorKind::ReadOnly, format!("the database cannot be opened for writing: {error}"))
            }
            Some(ErrorCode::DiskFull) => {
                (MirrorErrorKind::Full, "there is no space left for the database".to_owned())
            }
            Some(ErrorCode::DatabaseCorrupt) => {
                (MirrorErrorKind::Damaged, format!("the database is damaged: {error}"))
            }
            _ => (MirrorErrorKind::Database, format!("the database failed: {error}")),
        };
        MirrorError::new(kind, message).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn an_error_of_sqlite_has_the_kind_of_its_code() {
        for (code, kind) in [
            (ffi::SQLITE_BUSY, MirrorErrorKind::Locked),
            (ffi::SQLITE_LOCKED, MirrorErrorKind::Locked),
            (ffi::SQLITE_NOTADB, MirrorErrorKind::NotAMirror),
            (ffi::SQLITE_READONLY, MirrorErrorKind::ReadOnly),
            (ffi::SQLITE_PERM, MirrorErrorKind::ReadOnly),
            (ffi::SQLITE_CANTOPEN, MirrorErrorKind::ReadOnly),
            (ffi::SQLITE_FULL, MirrorErrorKind::Full),
            (ffi::SQLITE_CORRUPT, MirrorErrorKind::Damaged),
            (ffi::SQLITE_IOERR, MirrorErrorKind::Database),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(MirrorError::from(error).kind(), kind, "{code}");
        }
    }
}
