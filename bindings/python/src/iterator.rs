//! [`PageIterator`]: the tickets of a page, one after another, each made when it is requested.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;

use crate::making;
use crate::page::Page;
use crate::recent::Recent;
use crate::ticket::Ticket;

/// Iterator over the tickets of a page. Threads may share one: each ticket is returned to one of them.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct PageIterator {
    page: Py<Page>,
    backwards: bool,
    /// The number of tickets returned; it does not grow at the end.
    given: AtomicUsize,
    recent: Mutex<Recent>,
}

impl PageIterator {
    pub(crate) fn new(page: Py<Page>, backwards: bool) -> PageIterator {
        PageIterator { page, backwards, given: AtomicUsize::new(0), recent: Mutex::new(Recent::new()) }
    }
}

#[pymethods]
impl PageIterator {
    fn __iter__(slf: Py<PageIterator>) -> Py<PageIterator> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<Ticket>>> {
        let len = self.page.get().tickets().len();
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        if given >= len {
            // Does not wrap around, however often it is called at the end.
            self.given.store(len, Ordering::Relaxed);
            return Ok(None);
        }
        let place = if self.backwards { len - 1 - given } else { given };
        // If another thread holds the cache, the ticket is made without it.
        match self.recent.try_lock() {
            Ok(mut recent) => making::ticket(py, &self.page, place, &mut recent),
            Err(_) => making::ticket(py, &self.page, place, &mut Recent::new()),
        }
    }

    fn __length_hint__(&self) -> usize {
        self.page.get().tickets().len().saturating_sub(self.given.load(Ordering::Relaxed))
    }
}
