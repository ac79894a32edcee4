//! [`Home`]: a value that belongs to the process that made it.
//!
//! `os.fork()` copies memory but no threads. A lock that another thread held at that moment is never released in the
//! child, and both processes would write to the same connections. So a child process cannot access the value in a
//! `Home`: every access raises a `StateError` before any lock is taken, and dropping it there does not drop the value.

use std::mem;
use std::process;

use pyo3::prelude::*;

use crate::errors;

/// A value with threads, locks or connections, and the process that it belongs to.
pub(crate) struct Home<T> {
    /// `None` only while it is dropped.
    value: Option<T>,
    process: u32,
}

impl<T> Home<T> {
    /// A value of this process.
    pub(crate) fn new(value: T) -> Home<T> {
        Home { value: Some(value), process: process::id() }
    }

    /// The value, unless this is a child process of the process that made it.
    pub(crate) fn here(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.process == process::id())
    }

    /// As [`here`](Home::here), or a `StateError` that names the object.
    pub(crate) fn get(&self, py: Python<'_>, what: &str) -> PyResult<&T> {
        self.here().ok_or_else(|| errors::forked(py, what))
    }
}

impl<T> Drop for Home<T> {
    fn drop(&mut self) {
        if self.process != process::id() {
            mem::forget(self.value.take());
        }
    }
}
