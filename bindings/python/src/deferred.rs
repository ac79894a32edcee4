//! References to Python objects that are released where the interpreter's lock may not be held.
//!
//! The last reference to a body may be dropped with an Arrow stream, which other libraries release on any thread, with
//! or without the lock. Such a reference is added to a list, and released by the next code that has the lock.

use pyo3::prelude::*;

use crate::list::List;

/// A reference that is added to the list when it is dropped.
pub(crate) struct Deferred(Option<Py<PyAny>>);

static DROPPED: List<Py<PyAny>> = List::new();

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
        if let Some(object) = self.0.take() {
            DROPPED.push(object);
        }
    }
}

/// Releases every reference on the list.
pub(crate) fn release(_: Python<'_>) {
    DROPPED.take().for_each(drop);
}
