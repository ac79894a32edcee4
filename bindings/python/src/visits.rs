//! [`Visits`]: counts the threads of this library that are in Python, and prevents others from entering once the
//! interpreter ends.
//!
//! The count is one atomic number rather than a value behind a lock, because a lock could be held by another thread
//! while the process is forked.

use crate::sync::{AtomicU32, AtomicU64, Ordering, constructor, fence};

/// The threads in Python of the process that asks. A forked child has none of its parent's.
pub(crate) struct Visits {
    /// Their number in the lower bits, and the id of their process in the upper bits.
    inside: AtomicU64,
    /// The id of the process whose interpreter ends.
    ended_in: AtomicU32,
}

/// A thread that is in Python, until it is dropped.
pub(crate) struct Visit<'a>(&'a Visits);

impl Visits {
    constructor! {
        /// No thread.
        pub(crate) fn new() -> Visits {
            Visits { inside: AtomicU64::new(0), ended_in: AtomicU32::new(0) }
        }
    }

    /// Counts this thread until the visit is dropped. `None` if the interpreter of the process ends or has ended.
    pub(crate) fn begin(&self, process: u32) -> Option<Visit<'_>> {
        let enter = |inside| Some(of_process(inside, process) + 1);
        // The function always returns a value.
        let _ = self.inside.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter);
        let visit = Visit(self);
        // Either this thread sees the end, or `end` is followed by a count that includes this thread.
        fence(Ordering::SeqCst);
        if self.is_ended(process) { None } else { Some(visit) }
    }

    /// Whether threads of this library can no longer call into Python.
    pub(crate) fn is_ended(&self, process: u32) -> bool {
        self.ended_in.load(Ordering::Relaxed) == process
    }

    /// Prevents threads from entering Python.
    pub(crate) fn end(&self, process: u32) {
        self.ended_in.store(process, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Whether no thread is in Python. After [`end`](Visits::end) this is final.
    pub(crate) fn is_empty(&self, process: u32) -> bool {
        of_process(self.inside.load(Ordering::Acquire), process) & u64::from(u32::MAX) == 0
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Release);
    }
}

/// Returns the count of this process, with the id of the process in the upper bits.
fn of_process(inside: u64, process: u32) -> u64 {
    let none = u64::from(process) << 32;
    if inside & !u64::from(u32::MAX) == none { inside } else { none }
}
