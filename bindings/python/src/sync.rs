//! Locks, atomics and threads of the files that `crates/models` runs under a model checker; it replaces this file.

pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use std::sync::{Mutex, MutexGuard, TryLockError};
pub(crate) use std::thread;
pub(crate) use std::time::Instant;
