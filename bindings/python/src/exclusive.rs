//! [`Exclusive`]: a value that one thread uses at a time, with the interpreter's lock held.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use crate::errors;

/// How long a thread sleeps before it retries to use a value that another thread uses briefly.
const SHORT: Duration = Duration::from_millis(1);

/// A value that one thread uses at a time. Python code may run during the use, so a waiting thread releases the
/// interpreter's lock.
pub(crate) struct Exclusive<T> {
    value: Mutex<T>,
    /// The number of the thread that uses the value; 0 for none.
    thread: AtomicU64,
}

/// Access to the value.
pub(crate) struct InUse<'a, T> {
    value: MutexGuard<'a, T>,
    thread: &'a AtomicU64,
}

impl<T> Exclusive<T> {
    pub(crate) fn new(value: T) -> Exclusive<T> {
        Exclusive { value: Mutex::new(value), thread: AtomicU64::new(0) }
    }

    /// Waits until no other thread uses the value, and checks for signals. A thread that already uses it, for example
    /// in a signal handler, gets a `StateError` that names the object instead of a deadlock.
    pub(crate) fn lock(&self, py: Python<'_>, what: &str) -> PyResult<InUse<'_, T>> {
        let this = thread_number();
        let value = loop {
            match self.value.try_lock() {
                Ok(value) => break value,
                Err(TryLockError::Poisoned(value)) => break value.into_inner(),
                Err(TryLockError::WouldBlock) if self.thread.load(Ordering::Relaxed) == this => {
                    let message = format!("the {what} is in use by this thread, further up the stack");
                    return Err(errors::state(py, &message, "in-use", None));
                }
                Err(TryLockError::WouldBlock) => {
                    py.detach(|| thread::sleep(SHORT));
                    py.check_signals()?;
                }
            }
        };
        self.thread.store(this, Ordering::Relaxed);
        Ok(InUse { value, thread: &self.thread })
    }
}

impl<T> Deref for InUse<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for InUse<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Drop for InUse<'_, T> {
    fn drop(&mut self) {
        self.thread.store(0, Ordering::Relaxed);
    }
}

/// The number of this thread, from 1.
fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}
