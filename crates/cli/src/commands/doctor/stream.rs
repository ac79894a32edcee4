//! [`Stream`]: a connection to the server, encrypted or not.

use std::io::{self, Read, Write};
use std::time::Instant;

use super::timed::Timed;

/// A connection, encrypted or not.
pub(super) trait Stream: Read + Write {
    /// Sets the deadline of the next step.
    fn set_deadline(&mut self, deadline: Instant);
}

impl Stream for Timed {
    fn set_deadline(&mut self, deadline: Instant) {
        Timed::set_deadline(self, deadline);
    }
}

/// Returns why the client cannot set up an encrypted connection, and what to do about it.
pub(super) type Why<'a> = &'a dyn Fn() -> Option<(String, String)>;

/// Formats an I/O error.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "it took too long".to_owned(),
        _ => error.to_string(),
    }
}
