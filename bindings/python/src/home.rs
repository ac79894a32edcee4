//! [`Home`]: the process that something with threads or connections was made in.
//!
//! `os.fork()` copies memory and no threads, and both processes would write to the same connections. So what
//! has either refuses to work in a child, instead of waiting for a thread that is not there.

use std::process;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// A process, by its id.
#[derive(Clone, Copy)]
pub(crate) struct Home(u32);

impl Home {
    /// This process.
    pub(crate) fn here() -> Home {
        Home(process::id())
    }

    /// Whether this is still that process.
    pub(crate) fn is_here(self) -> bool {
        self.0 == process::id()
    }

    /// A `RuntimeError` if it is not.
    pub(crate) fn check(self, what: &str) -> PyResult<()> {
        if self.is_here() { Ok(()) } else { Err(Home::elsewhere(what)) }
    }

    /// The error for what belongs to another process.
    pub(crate) fn elsewhere(what: &str) -> PyErr {
        PyRuntimeError::new_err(format!(
            "the {what} was made in another process, before os.fork(); make a new one"
        ))
    }
}
