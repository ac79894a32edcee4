//! Counts allocations on request.
//!
//! Timed runs do not count, because counting would cost time for each of the peers' two million strings.

#![allow(unsafe_code, reason = "an allocator is an unsafe trait; this one only passes on to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// The allocations of this thread since it began to count; `None` while it does not count.
    static TALLY: Cell<Option<Allocations>> = const { Cell::new(None) };
}

/// Requests to the allocator; a reallocation counts as an allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Allocations {
    /// The number of allocations.
    pub(crate) count: u64,
    /// The total size in bytes, including memory that was freed again.
    pub(crate) bytes: u64,
}

/// Runs a function and counts its allocations on this thread.
pub(crate) fn counted<T>(run: impl FnOnce() -> T) -> (T, Allocations) {
    TALLY.set(Some(Allocations::default()));
    let value = run();
    (value, TALLY.take().unwrap_or_default())
}

struct Counting;

#[inline]
fn note(bytes: usize) {
    // A thread that is ending no longer has a tally, and nothing to count.
    let _ = TALLY.try_with(|tally| {
        if let Some(so_far) = tally.get() {
            tally.set(Some(Allocations { count: so_far.count + 1, bytes: so_far.bytes + bytes as u64 }));
        }
    });
}

// SAFETY: every call is passed to the system's allocator with its arguments; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller fulfills the preconditions of this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        note(new_size);
        // SAFETY: as for `alloc`; the block was allocated by the system's allocator through this one.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as for `realloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_inside_is_counted() {
        let before = Box::new(0_u64);
        let (list, allocations) = counted(|| vec![0_u8; 100]);
        drop((before, list.clone()));
        assert_eq!(allocations, Allocations { count: 1, bytes: 100 });
        assert_eq!(counted(|| ()).1, Allocations::default());
    }
}
