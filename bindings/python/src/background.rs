//! Calls into Python from threads of this library, which stop before the interpreter ends.
//!
//! A thread that takes the interpreter's lock while the interpreter ends is terminated by Python, which aborts the
//! process. Therefore the threads that are in Python are counted. A function that `atexit` calls prevents further
//! threads from entering Python, and waits for those that are in it.

use std::process;
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::visits::Visits;

/// The maximum time that the end of the interpreter waits for threads that are in Python.
const PATIENCE: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(1);

static VISITS: Visits = Visits::new();

/// Runs a function with the interpreter's lock, on a thread of this library. Returns `None` if the interpreter ends or
/// has ended.
pub(crate) fn attach<T>(work: impl for<'py> FnOnce(Python<'py>) -> T) -> Option<T> {
    let _visit = VISITS.begin(process::id())?;
    Python::try_attach(work)
}

/// Whether threads of this library can no longer call into Python.
pub(crate) fn is_ended() -> bool {
    VISITS.is_ended(process::id())
}

/// Prevents threads of this library from entering Python, and waits for those that are in it.
#[pyfunction]
pub(crate) fn end_background(py: Python<'_>) {
    VISITS.end(process::id());
    py.detach(|| {
        let begin = Instant::now();
        while !VISITS.is_empty(process::id()) && begin.elapsed() < PATIENCE {
            thread::sleep(INTERVAL);
        }
    });
}
