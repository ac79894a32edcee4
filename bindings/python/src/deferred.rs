//! References to Python objects that are released where the interpreter's lock may not be held.
//!
//! The last reference to a body may be dropped with an Arrow stream, which other libraries release on any thread, with
//! or without the lock. Such a reference is added to a list, and released by the next code that has the lock. The list
//! is lock-free, so that a process forked at any moment can use it.

#![allow(unsafe_code, reason = "the list is made of pointers")]

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::prelude::*;

/// A reference that is added to the list when it is dropped.
pub(crate) struct Deferred(Option<Py<PyAny>>);

struct Node {
    /// The reference, which is released when the node is dropped.
    _object: Py<PyAny>,
    next: *mut Node,
}

/// The newest node of the list.
static LIST: AtomicPtr<Node> = AtomicPtr::new(ptr::null_mut());

impl Deferred {
    pub(crate) fn new(object: Py<PyAny>) -> Deferred {
        Deferred(Some(object))
    }

    /// The object.
    pub(crate) fn get<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.0.as_ref().map(|object| object.bind(py).clone())
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        let Some(object) = self.0.take() else { return };
        let node = Box::into_raw(Box::new(Node { _object: object, next: ptr::null_mut() }));
        let mut head = LIST.load(Ordering::Relaxed);
        loop {
            // SAFETY: the node is not shared before the exchange succeeds.
            unsafe { (*node).next = head };
            match LIST.compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => head = newer,
            }
        }
    }
}

/// Releases every reference on the list.
pub(crate) fn release(_: Python<'_>) {
    if LIST.load(Ordering::Relaxed).is_null() {
        return;
    }
    let mut next = LIST.swap(ptr::null_mut(), Ordering::Acquire);
    while !next.is_null() {
        // SAFETY: every node was made by `Box::into_raw`, and the exchange gave the whole list to this thread.
        let node = unsafe { Box::from_raw(next) };
        next = node.next;
    }
}
