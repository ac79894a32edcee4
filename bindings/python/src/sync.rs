//! Locks, atomics and threads of the files that `crates/models` runs under a model checker; it replaces this file.

pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use std::sync::{Mutex, MutexGuard, TryLockError};
pub(crate) use std::thread;
pub(crate) use std::time::Instant;

/// Makes a constructor `const`. The constructors of a model checker's atomics and locks are not.
macro_rules! constructor {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$attribute])*
        $visibility const fn $($rest)*
    };
}
pub(crate) use constructor;
