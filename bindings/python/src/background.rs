//! Calls into Python from threads of this library, which stop before the interpreter ends.
//!
//! A thread that takes the interpreter's lock while the interpreter ends is terminated by Python, which aborts the
//! process. Therefore the threads that are in Python are counted. A function that `atexit` calls prevents further
//! threads from entering Python, and waits for those that are in it. The count is one atomic number rather than a value
//! behind a lock, because a lock could be held by another thread while the process is forked.

use std::process;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// The maximum time that the end of the interpreter waits for threads that are in Python.
const PATIENCE: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(1);

/// The number of threads in Python in the lower bits, and the id of their process in the upper bits. A forked child has
/// none of these threads.
static INSIDE: AtomicU64 = AtomicU64::new(0);
/// The id of the process whose interpreter ends.
static ENDED_IN: AtomicU32 = AtomicU32::new(0);

/// Counts a thread that is in Python or about to enter it, until it is dropped.
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

/// Returns the count of this process, with the id of the process in the upper bits.
fn of_this_process(inside: u64) -> u64 {
    let none = u64::from(process::id()) << 32;
    if inside & !u64::from(u32::MAX) == none { inside } else { none }
}

/// Runs a function with the interpreter's lock, on a thread of this library. Returns `None` if the interpreter ends or
/// has ended.
pub(crate) fn attach<T>(work: impl for<'py> FnOnce(Python<'py>) -> T) -> Option<T> {
    let _visit = Visit::begin();
    // `ENDED_IN` is checked after the count was raised; `atexit` sets it before it reads the count.
    if is_ended() { None } else { Python::try_attach(work) }
}

/// Whether threads of this library can no longer call into Python.
pub(crate) fn is_ended() -> bool {
    ENDED_IN.load(Ordering::SeqCst) == process::id()
}

/// Prevents threads of this library from entering Python, and waits for those that are in it.
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
