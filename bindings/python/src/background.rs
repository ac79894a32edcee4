//! Calls into Python from threads of this library, which stop before the interpreter ends.
//!
//! A thread that takes the interpreter's lock while the interpreter ends is broken off inside, and takes the process with it.
//! So threads that are in Python are counted, and a function that `atexit` calls lets none in any more and waits for them. There
//! is no lock, so that a process forked at any moment finds everything usable.

use std::process;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How long the end of the interpreter waits for threads that are in Python.
const PATIENCE: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(1);

/// How many threads are in Python, and above that the process that they belong to: a forked child has none of them.
static INSIDE: AtomicU64 = AtomicU64::new(0);
/// The process whose interpreter ends.
static ENDED_IN: AtomicU32 = AtomicU32::new(0);

/// A thread that is in Python, or about to be.
struct Visit;

impl Visit {
    fn begin() -> Visit {
        let enter = |inside| Some(of_this_process(inside) + 1);
        // The function always returns a value.
        let _ = INSIDE.fetch_update(Ordering::SeqCst, Ordering::SeqCst, enter);
        Visit
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The count of this process, with the process above it.
fn of_this_process(inside: u64) -> u64 {
    let none = u64::from(process::id()) << 32;
    if inside & !u64::from(u32::MAX) == none { inside } else { none }
}

/// Runs this with the interpreter's lock, on a thread of this library. Returns `None` if the interpreter ends or has ended.
pub(crate) fn attach<T>(work: impl for<'py> FnOnce(Python<'py>) -> T) -> Option<T> {
    let _visit = Visit::begin();
    // Whoever ends the interpreter sets this first and looks at the count then.
    if is_ended() { None } else { Python::try_attach(work) }
}

/// Whether threads of this library can't call into Python any more.
pub(crate) fn is_ended() -> bool {
    ENDED_IN.load(Ordering::SeqCst) == process::id()
}

/// Lets no thread of this library into Python any more, and waits for those that are there.
#[pyfunction]
pub(crate) fn end_background(py: Python<'_>) {
    ENDED_IN.store(process::id(), Ordering::SeqCst);
    py.detach(|| {
        let begin = Instant::now();
        let is_empty = || of_this_process(INSIDE.load(Ordering::SeqCst)) & u64::from(u32::MAX) == 0;
        while !is_empty() && begin.elapsed() < PATIENCE {
            thread::sleep(INTERVAL);
        }
    });
}
