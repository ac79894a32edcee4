//! The runtime of asynchronous requests: one thread for requests, and one that notifies event loops.
//!
//! Requests and scans of every `AsyncClient` run on the first thread, which never waits for the interpreter's lock. The
//! second thread takes the lock and runs all callbacks that are ready. Both are started by the first request; a
//! child process starts its own.

#![allow(
    unsafe_code,
    reason = "the runtime of this process is found through a pointer, as a lock could be lost in a fork"
)]

use std::future::Future;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle};
use tokio::task::AbortHandle;

use crate::background;
use crate::deferred::Deferred;
use crate::errors;

/// The maximum number of threads for blocking work: name resolution, and PHP of the Local API.
const MAX_BLOCKING_THREADS: usize = 8;

/// The runtime of one process. It is never dropped: its threads end with the process.
struct Runtime {
    process: u32,
    handle: Handle,
    ready: Sender<Deferred>,
}

static CURRENT: AtomicPtr<Runtime> = AtomicPtr::new(ptr::null_mut());

/// The runtime of this process, which is started on first use.
fn current() -> std::io::Result<&'static Runtime> {
    let found = CURRENT.load(Ordering::Acquire);
    // SAFETY: the object behind the pointer is never freed or changed.
    if let Some(runtime) = unsafe { found.as_ref() }
        && runtime.process == process::id()
    {
        return Ok(runtime);
    }
    let (ready, notices) = channel();
    let tokio = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .thread_name("gettickets-async")
        .enable_all()
        .build()?;
    thread::Builder::new().name("gettickets-notify".to_owned()).spawn(move || notify(&notices))?;
    let handle = tokio.handle().clone();
    let mine = Box::into_raw(Box::new(Runtime { process: process::id(), handle, ready }));
    match CURRENT.compare_exchange(found, mine, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            std::mem::forget(tokio);
            // SAFETY: as above.
            Ok(unsafe { &*mine })
        }
        Err(other) => {
            // Another thread was faster. Its runtime is used, and this one is dropped.
            tokio.shutdown_background();
            // SAFETY: the pointer was not shared.
            drop(unsafe { Box::from_raw(mine) });
            // SAFETY: as above.
            Ok(unsafe { &*other })
        }
    }
}

/// Calls the functions that are sent, with the interpreter's lock, until the process ends.
fn notify(notices: &Receiver<Deferred>) {
    while let Ok(first) = notices.recv() {
        let attached = background::attach(|py| {
            // Waits for the lock; all functions that were sent by then are called.
            for callback in std::iter::once(first).chain(notices.try_iter()) {
                let Some(callback) = callback.get(py) else { continue };
                if let Err(error) = callback.call0() {
                    error.write_unraisable(py, Some(&callback));
                }
            }
        });
        if attached.is_none() {
            // The interpreter ends.
            return;
        }
    }
}

/// Work on the runtime. Canceling or dropping this ends it.
pub(crate) struct Job<T> {
    outcome: Arc<Mutex<Option<Outcome<T>>>>,
    task: AbortHandle,
}

enum Outcome<T> {
    Done(T),
    /// The work panicked, or was canceled.
    Panicked,
}

/// Stores the result and calls back, also if the work does not complete.
struct Completion<T> {
    outcome: Arc<Mutex<Option<Outcome<T>>>>,
    ready: Option<(Sender<Deferred>, Deferred)>,
}

impl<T> Drop for Completion<T> {
    fn drop(&mut self) {
        lock(&self.outcome).get_or_insert(Outcome::Panicked);
        if let Some((sender, callback)) = self.ready.take() {
            // Fails only if the interpreter has ended.
            let _ = sender.send(callback);
        }
    }
}

impl<T: Send + 'static> Job<T> {
    /// Starts the work. `ready` is called without arguments on another thread when the result can be taken.
    pub(crate) fn start(
        work: impl Future<Output = T> + Send + 'static,
        ready: Py<PyAny>,
    ) -> PyResult<Job<T>> {
        if background::is_ended() {
            return Err(Python::attach(|py| errors::state(py, "the interpreter ends", "ending", None)));
        }
        let runtime = current().map_err(|error| Python::attach(|py| errors::of_this_machine(py, &error)))?;
        let outcome = Arc::new(Mutex::new(None));
        let ready = Some((runtime.ready.clone(), Deferred::new(ready)));
        let completion = Completion { outcome: Arc::clone(&outcome), ready };
        let task = runtime.handle.spawn(async move {
            let done = work.await;
            *lock(&completion.outcome) = Some(Outcome::Done(done));
            drop(completion);
        });
        Ok(Job { outcome, task: task.abort_handle() })
    }

    /// The result, if it is available and was not taken before.
    pub(crate) fn take(&self) -> PyResult<Option<T>> {
        match lock(&self.outcome).take() {
            None => Ok(None),
            Some(Outcome::Done(done)) => Ok(Some(done)),
            Some(Outcome::Panicked) => Err(errors::internal("a request panicked or was canceled")),
        }
    }

    /// Ends the work: its connection is closed, and nothing further is sent.
    pub(crate) fn cancel(&self) {
        self.task.abort();
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
