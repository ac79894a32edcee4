//! Locks, threads and monotonic time of the parts that run concurrently.
//!
//! `crates/models` replaces this file, to run the same code under a model checker.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, mpsc};
pub(crate) use std::thread;
pub(crate) use std::time::Instant;
