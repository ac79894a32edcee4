//! Models of code without locks: the log function of the C library, and three parts of the Python module, under loom.
//!
//! Loom runs each model in every schedule, and with every value that an atomic may have according to the C11 memory
//! model, so it also finds orderings that are too weak. Schedules have at most `LOOM_MAX_PREEMPTIONS` preemptions;
//! `LOOM_LOG=trace LOOM_LOCATION=1` shows a schedule that fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed unwrap is the failure report, in what the tests share as well"
)]

mod c_log;
mod python_list;
mod python_log;
mod python_visits;

/// The atomics, locks and threads of the files that are included here.
mod sync {
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
    pub(crate) use loom::sync::{Mutex, MutexGuard};
    pub(crate) use std::sync::TryLockError;

    /// A constructor as it is: those of loom are not `const`.
    macro_rules! constructor {
        ($($item:item)*) => { $($item)* };
    }
    pub(crate) use constructor;

    /// Threads whose sleep lets others run: loom has no time.
    pub(crate) mod thread {
        pub(crate) use loom::thread::{JoinHandle, spawn, yield_now};

        pub(crate) fn sleep(_: std::time::Duration) {
            yield_now();
        }
    }
}

#[path = "../../../../bindings/python/src/list.rs"]
mod list;
#[path = "../../../../bindings/python/src/log_queue.rs"]
mod log_queue;
#[expect(dead_code, reason = "the fork of a process is not part of the models")]
#[path = "../../../../bindings/c/src/slots.rs"]
mod slots;
#[path = "../../../../bindings/python/src/visits.rs"]
mod visits;

/// What threads use until another one frees it. Loom reports a use that does not happen before that, even if no thread
/// can see the difference by reading an atomic.
struct Freeable(loom::cell::UnsafeCell<()>);

#[allow(unsafe_code, reason = "it is shared in order to check when it is used")]
// SAFETY: there is no value to read or write; loom reports accesses that are not ordered.
unsafe impl Sync for Freeable {}

impl Freeable {
    fn new() -> Freeable {
        Freeable(loom::cell::UnsafeCell::new(()))
    }

    fn access(&self) {
        self.0.with(|_| ());
    }

    fn free(&self) {
        self.0.with_mut(|_| ());
    }
}

/// Explores a model. The bound keeps the number of schedules in the tens of thousands; a bug usually needs no more than
/// two preemptions.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(model);
}
