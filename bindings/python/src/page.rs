//! [`Page`]: a page as a Python object. Its methods are in `page_methods.rs`.

use gettickets::Tickets;
use pyo3::prelude::*;

use crate::deferred;
use crate::errors;

/// A page of tickets, its counts, and the findings of the decoder.
///
/// A page is a sequence of Ticket objects, which are made when they are accessed; a slice is a Page that shares its
/// memory. Pages are immutable, and threads may share one. polars.DataFrame(page), pyarrow.table(page) and DuckDB read
/// its columns without making tickets. For that reason a page is not registered as a collections.abc.Sequence, although
/// it has all of its methods.
///
/// >>> import gettickets
/// >>> with gettickets.Sandbox() as sandbox:
/// ...     page = gettickets.Client(sandbox.url, **sandbox.credentials).get_tickets(limitnum=3)
/// >>> page, page.totalresults, page[1:]
/// (<Page: 3 tickets of 1000, from 0>, 1000, <Page: 2 tickets of 1000, from 1>)
/// >>> [ticket.status for ticket in page] == [page[0].status, page[1].status, page[-1].status]
/// True
#[pyclass(frozen, weakref, module = "gettickets")]
pub(crate) struct Page {
    pub(crate) page: gettickets::Page,
    pub(crate) zone: Option<Py<PyAny>>,
    /// Properties that a pickled page stores separately, because its JSON does not have them.
    pub(crate) restored: Option<Box<Restored>>,
    pub(crate) _release: ReleaseDeferred,
}

pub(crate) struct Restored {
    pub(crate) detected_version: Py<PyAny>,
    pub(crate) findings: Py<PyAny>,
}

impl Restored {
    pub(crate) fn of(detected_version: Py<PyAny>, findings: Py<PyAny>) -> Box<Restored> {
        Box::new(Restored { detected_version, findings })
    }
}

impl Page {
    pub(crate) fn new(page: gettickets::Page, zone: Option<Py<PyAny>>) -> Page {
        Page { page, zone, restored: None, _release: ReleaseDeferred }
    }

    /// A page from the output of `json::kept`.
    pub(crate) fn restored(py: Python<'_>, json: String, zone: Option<Py<PyAny>>) -> PyResult<Page> {
        let decoder = gettickets::Decoder::new().max_len(gettickets::Decoder::LARGEST_MAX_LEN);
        let reply = py.detach(|| decoder.decode(json)).map_err(|error| errors::decode(py, &error, None))?;
        Ok(Page::new(reply.into_page().map_err(|error| errors::api(py, &error))?, zone))
    }

    pub(crate) fn tickets(&self) -> &Tickets {
        self.page.tickets()
    }

    pub(crate) fn zone(&self) -> Option<&Py<PyAny>> {
        self.zone.as_ref()
    }

    /// A page with other tickets and otherwise the same properties.
    pub(crate) fn like(&self, py: Python<'_>, page: gettickets::Page) -> Page {
        let restored = self.restored.as_ref().map(|restored| {
            let Restored { detected_version, findings } = &**restored;
            Restored::of(detected_version.clone_ref(py), findings.clone_ref(py))
        });
        Page {
            page,
            zone: self.zone.as_ref().map(|zone| zone.clone_ref(py)),
            restored,
            _release: ReleaseDeferred,
        }
    }
}

/// Dropped last: the interpreter drops pages with its lock held, so deferred references can be released.
pub(crate) struct ReleaseDeferred;

impl Drop for ReleaseDeferred {
    fn drop(&mut self) {
        Python::attach(deferred::release);
    }
}
