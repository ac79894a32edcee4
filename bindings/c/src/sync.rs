//! Atomics and waits of the files that `crates/models` runs under a model checker; it replaces this file.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};
pub(crate) use std::thread;
