//! [`StoreError`]: the error of the sandbox's database.

use std::fmt;

/// Error for a failed database, for an id that is already used, or if no id is left for a new ticket.
#[derive(Debug)]
pub struct StoreError(Cause);

#[derive(Debug)]
enum Cause {
    Database(rusqlite::Error),
    /// Stored text that cannot be decoded.
    Unreadable,
    /// A ticket has the highest possible id.
    NoIdLeft,
}

impl StoreError {
    pub(crate) const fn unreadable() -> StoreError {
        StoreError(Cause::Unreadable)
    }

    pub(super) const fn no_id_left() -> StoreError {
        StoreError(Cause::NoIdLeft)
    }

    /// Returns whether a ticket was added with the id of another.
    pub fn is_id_taken(&self) -> bool {
        match &self.0 {
            Cause::Database(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
            }
            Cause::Unreadable | Cause::NoIdLeft => false,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        StoreError(Cause::Database(error))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_id_taken() {
            return f.write_str("two tickets have the same id");
        }
        match &self.0 {
            Cause::Database(_) => f.write_str("the sandbox's database failed"),
            Cause::Unreadable => f.write_str("the sandbox cannot read a ticket that it stored"),
            Cause::NoIdLeft => {
                f.write_str("a ticket has the highest possible id, so no id is left for a new one")
            }
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Cause::Database(error) => Some(error),
            Cause::Unreadable | Cause::NoIdLeft => None,
        }
    }
}
