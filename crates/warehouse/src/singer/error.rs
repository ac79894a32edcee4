//! [`TapError`]: why a tap could not run.

use std::error::Error;
use std::{fmt, io};

/// Error for a tap that could not run.
#[derive(Debug)]
#[non_exhaustive]
pub enum TapError {
    /// The catalog cannot be used.
    Catalog(String),
    /// The state cannot be used.
    State(String),
    /// The messages cannot be written.
    Output(io::Error),
}

impl TapError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            TapError::Catalog(_) => "Write a new catalog with --discover.",
            TapError::State(_) => {
                "Give the state that this tap wrote last, or none to read everything again."
            }
            TapError::Output(_) => "Check that the target is running, and its messages.",
        }
    }
}

impl fmt::Display for TapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TapError::Catalog(what) => write!(f, "the catalog cannot be used: {what}"),
            TapError::State(what) => write!(f, "the state cannot be used: {what}"),
            TapError::Output(error) => write!(f, "the messages cannot be written: {error}"),
        }
    }
}

impl Error for TapError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TapError::Output(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for TapError {
    fn from(error: io::Error) -> TapError {
        TapError::Output(error)
    }
}
