//! [`Origin`]: the process that a handle belongs to, so that a forked child gets an error instead of a hang.
//!
//! A forked child has a single thread, the one that called `fork()`. A lock that another thread held at that moment
//! stays locked in the child forever, and the threads that a scan waits for do not exist there. Therefore no
//! function touches the locks or threads of a handle that was made before the fork; and if another thread was using the
//! network part of the library during the fork, the child cannot use that part at all.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
#[cfg(target_os = "linux")]
use std::{
    ptr,
    sync::atomic::AtomicPtr,
    thread::{self, Thread},
};

use crate::failure::{Details, Failure, c_text};
use crate::result::GETTICKETS_ERROR_STATE;

/// Changes only in a forked child.
static GENERATION: AtomicU32 = AtomicU32::new(0);
/// The number of calls and threads in the network part.
static IN_USE: AtomicUsize = AtomicUsize::new(0);
/// Whether this process was forked while that number was not 0.
static FORKED_IN_USE: AtomicBool = AtomicBool::new(false);

static HANDLER: ForkHandler = ForkHandler::new(in_child);

/// The process that made a handle.
#[derive(Clone, Copy)]
pub(crate) struct Origin(u32);

impl Origin {
    /// This process.
    pub(crate) fn here() -> Origin {
        HANDLER.register();
        #[cfg(target_os = "linux")]
        keep_main_thread();
        Origin(GENERATION.load(Ordering::Relaxed))
    }

    /// Whether this process made the handle.
    pub(crate) fn is_here(self) -> bool {
        GENERATION.load(Ordering::Relaxed) == self.0
    }

    /// Fails in a forked child. `handle` is the name of the handle, such as "the scan".
    pub(crate) fn check(self, handle: &str) -> Result<(), Failure> {
        if self.is_here() {
            return Ok(());
        }
        let message = format!("{handle} was made before this process was forked");
        Err(failure(message, "Make a new client in the child, or call exec() after fork()."))
    }

    /// Drops a value in the process that made it. In a forked child it is leaked: dropping it might wait for a lock or
    /// a thread that does not exist there.
    pub(crate) fn drop_here<T>(self, value: T) {
        if self.is_here() {
            drop(value);
        } else {
            std::mem::forget(value);
        }
    }
}

/// Held while a call or a thread is in the network part.
pub(crate) struct InUse(Origin);

impl InUse {
    /// Fails in a process that was forked while another thread was in the network part.
    pub(crate) fn begin() -> Result<InUse, Failure> {
        let origin = Origin::here();
        if FORKED_IN_USE.load(Ordering::Relaxed) {
            let message = "this process was forked while the parent was using the network";
            return Err(failure(message, "Fork before the first request, or call exec() after fork()."));
        }
        IN_USE.fetch_add(1, Ordering::Relaxed);
        Ok(InUse(origin))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        // A child counts from 0, independent of the parent's count.
        if self.0.is_here() {
            IN_USE.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn failure(message: impl Into<String>, hint: &str) -> Failure {
    let details = Details { hint: Some(c_text(hint)), ..Details::default() };
    Failure::detailed(GETTICKETS_ERROR_STATE, message, details)
}

/// Keeps a handle of the main thread, if this is the main thread.
///
/// The standard library keeps its own handle as long as the process lives, by a pointer into the middle of the block.
/// valgrind reports such a block as possibly lost, unless there is a pointer to its beginning too.
#[cfg(target_os = "linux")]
fn keep_main_thread() {
    static MAIN: AtomicPtr<Thread> = AtomicPtr::new(ptr::null_mut());
    // SAFETY: neither call has preconditions.
    let is_main = MAIN.load(Ordering::Relaxed).is_null() && unsafe { libc::gettid() == libc::getpid() };
    if is_main {
        MAIN.store(Box::into_raw(Box::new(thread::current())), Ordering::Relaxed);
    }
}

/// A function that runs in a forked child before `fork()` returns there, once it is registered.
pub(crate) struct ForkHandler {
    run: extern "C" fn(),
    is_registered: AtomicBool,
}

impl ForkHandler {
    /// `run` may only do what is allowed in a forked child, such as storing to atomics, and may run twice.
    pub(crate) const fn new(run: extern "C" fn()) -> ForkHandler {
        ForkHandler { run, is_registered: AtomicBool::new(false) }
    }

    /// Registers the handler unless it is registered. Two threads that do so at once both register it.
    pub(crate) fn register(&self) {
        if self.is_registered.load(Ordering::Acquire) {
            return;
        }
        #[cfg(unix)]
        {
            let run: unsafe extern "C" fn() = self.run;
            // SAFETY: the handler does only what is allowed in a forked child, as `new` asks, and the library
            // stays loaded as long as the process lives.
            let failed = unsafe { libc::pthread_atfork(None, None, Some(run)) };
            self.is_registered.store(failed == 0, Ordering::Release);
        }
    }
}

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    if IN_USE.swap(0, Ordering::Relaxed) > 0 {
        FORKED_IN_USE.store(true, Ordering::Relaxed);
    }
}
