//! [`List`]: a lock-free list, to which any thread adds and from which any thread takes everything.

#![allow(unsafe_code, reason = "the list consists of pointers")]

use std::ptr;

use crate::sync::{AtomicPtr, Ordering, constructor};

/// A list that a process forked at any moment can use.
pub(crate) struct List<T> {
    /// The newest node.
    newest: AtomicPtr<Node<T>>,
}

struct Node<T> {
    value: T,
    next: *mut Node<T>,
}

/// The values taken from a list, newest first. Dropping it drops the rest.
pub(crate) struct Taken<T>(*mut Node<T>);

impl<T> List<T> {
    constructor! {
        /// An empty list.
        pub(crate) fn new() -> List<T> {
            List { newest: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// Adds a value.
    pub(crate) fn push(&self, value: T) {
        let node = Box::into_raw(Box::new(Node { value, next: ptr::null_mut() }));
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: the node is not shared before the exchange succeeds.
            unsafe { (*node).next = newest };
            match self.newest.compare_exchange_weak(newest, node, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => newest = newer,
            }
        }
    }

    /// Takes every value.
    pub(crate) fn take(&self) -> Taken<T> {
        if self.newest.load(Ordering::Relaxed).is_null() {
            return Taken(ptr::null_mut());
        }
        Taken(self.newest.swap(ptr::null_mut(), Ordering::Acquire))
    }
}

impl<T> Iterator for Taken<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: every node was made by `Box::into_raw`, and the exchange in `take` gave the whole list to this thread.
        let node = unsafe { Box::from_raw(self.0) };
        self.0 = node.next;
        Some(node.value)
    }
}

impl<T> Drop for Taken<T> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}
