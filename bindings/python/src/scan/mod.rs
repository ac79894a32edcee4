//! [`Scan`]: every matching ticket, over all pages, as an iterator.
//!
//! Two locks protect it: that of the [`Reader`], and one of the objects with which tickets are made, which only code
//! that holds the interpreter's lock takes.

mod methods;
mod reading;

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use gettickets::scan::{ScanFinding, ScanReport};
use gettickets::{Error, Tickets};
use pyo3::exceptions::{PyStopAsyncIteration, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyTuple};

use self::reading::{LOST, Reader, Reading, Step, look};
use crate::errors;
use crate::exclusive::Exclusive;
use crate::home::Home;
use crate::imports;
use crate::logging;
use crate::making;
use crate::page::Page;
use crate::recent::Recent;
use crate::runtime::Job;
use crate::signals::SIGNAL_INTERVAL;
use crate::source::Source;
use crate::ticket::Ticket;

/// Every ticket that matches a request, over all its pages, each returned once.
///
/// Made by Client.tickets(). Nothing is sent before the first ticket is requested. A ticket that matches during the
/// whole scan is returned exactly once, while others are opened, answered, closed and deleted; if that cannot be
/// guaranteed, the scan raises ScanIncompleteError. It never ends early without an exception, and an exception that
/// ended it is raised again at every later use. The tickets that were returned before it are valid, and cursor()
/// continues after them.
///
/// Iterate over it or over pages(), or make a table with to_polars(), to_arrow() or to_pandas(); polars.DataFrame,
/// pyarrow.table and DuckDB read it page by page too. All of these continue at the current position. At the end of the
/// scan iterators are empty, and making a table raises StateError. If a table fails, the tickets in it are lost:
/// cursor() then continues where the table began, and the scan returns nothing more. Libraries raise their own
/// exceptions if a scan fails; `error` is the cause, which the methods of the scan raise.
///
/// `report`, `total` and cursor() can be read at any time, from any thread, and after the end. len(scan) is the number
/// of remaining tickets according to the server; it requests the first page if that was not done yet.
#[pyclass(frozen, weakref, module = "gettickets")]
pub(crate) struct Scan {
    shared: Home<Arc<Shared>>,
    making: Exclusive<Option<Making>>,
    zone: Option<Py<PyAny>>,
    endpoint: String,
}

/// What a scan shares with the Arrow streams that read it.
pub(crate) struct Shared {
    reader: Reader,
    /// Whether the total includes tickets that the scan does not return.
    total_is_a_limit: bool,
    /// Called with a report at every page and while the scan waits.
    progress: Option<Py<PyAny>>,
}

impl Deref for Shared {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// The page from which tickets are made.
struct Making {
    generation: u64,
    page: Py<Page>,
    next: usize,
    recent: Recent,
}

/// The message for a table of a scan that has ended. An empty table would look like that of an empty install.
pub(crate) const FINISHED: &str = "the scan has returned all of its tickets";
pub(crate) const FINISHED_HINT: &str = "Begin a new scan, or keep the first table.";
const LOST_HINT: &str = "Begin again, or continue where the table began, with resume=scan.cursor().";

impl Shared {
    pub(crate) fn new(
        source: Box<dyn Source>,
        total_is_a_limit: bool,
        progress: Option<Py<PyAny>>,
    ) -> Arc<Shared> {
        Arc::new(Shared { reader: Reader::new(source), total_is_a_limit, progress })
    }

    /// Raises an exception if no table can be made of the scan: at its end, and after it failed. A table of a scan
    /// that has not begun may be empty.
    pub(crate) fn check_for_table(&self, py: Python<'_>) -> PyResult<()> {
        if self.status.report().requests == 0 && !self.is_closed() && !self.is_lost() {
            return Ok(());
        }
        match self.step(Duration::ZERO, look) {
            Step::Done(None) => Err(errors::state(py, FINISHED, "finished", Some(FINISHED_HINT))),
            Step::Done(Some(Err(error))) => Err(errors::raise(py, &error)),
            Step::Closed => Err(errors::closed(py, "scan")),
            Step::Lost => Err(errors::state(py, LOST, "table-failed", Some(LOST_HINT))),
            Step::Done(Some(Ok(()))) | Step::NotYet => Ok(()),
        }
    }

    /// The next page, for an Arrow stream that a Python thread reads.
    pub(crate) fn page_for_stream(&self, py: Python<'_>) -> PyResult<Option<Tickets>> {
        let page = self.wait(py, Reader::take_page)?;
        self.show_progress(py, page.is_none())?;
        Ok(page)
    }

    /// Waits for an item without the interpreter's lock, and raises exceptions of signal handlers.
    fn wait<T: Send>(
        &self,
        py: Python<'_>,
        take: fn(&mut Reading) -> Option<Result<T, Error>>,
    ) -> PyResult<Option<T>> {
        loop {
            // Python code runs here, before anything is taken.
            logging::flush(py)?;
            let step = py.detach(|| self.step(SIGNAL_INTERVAL, take));
            if let Some(taken) = self.finished(py, step)? {
                return Ok(taken);
            }
        }
    }

    /// Converts the result of a wait for Python; `None` if nothing is available yet.
    fn finished<T>(&self, py: Python<'_>, step: Step<T>) -> PyResult<Option<Option<T>>> {
        match step {
            Step::Done(Some(Ok(found))) => Ok(Some(Some(found))),
            Step::Done(Some(Err(error))) => {
                logging::flush(py)?;
                Err(errors::raise(py, &error))
            }
            Step::Done(None) => {
                logging::flush(py)?;
                Ok(Some(None))
            }
            Step::NotYet => {
                py.check_signals()?;
                logging::update_level(py)?;
                self.show_progress(py, false)?;
                Ok(None)
            }
            Step::Closed => Err(errors::closed(py, "scan")),
            Step::Lost => Err(errors::state(py, LOST, "table-failed", Some(LOST_HINT))),
        }
    }

    /// If nothing could be taken, raises StopAsyncIteration at the end, or the error that ended the scan.
    fn end_or_nothing(&self, py: Python<'_>) -> PyResult<()> {
        match self.finished(py, self.step(Duration::ZERO, look))? {
            Some(None) => {
                self.show_progress(py, true)?;
                Err(PyStopAsyncIteration::new_err(()))
            }
            _ => Ok(()),
        }
    }

    /// Takes the next page if it is available: `None` if it is not, `Some(None)` at the end.
    pub(crate) fn try_page(&self, py: Python<'_>) -> PyResult<Option<Option<Tickets>>> {
        let page = self.finished(py, self.step(Duration::ZERO, Reader::take_page))?;
        if let Some(page) = &page {
            self.show_progress(py, page.is_none())?;
        }
        Ok(page)
    }

    fn show_progress(&self, py: Python<'_>, is_over: bool) -> PyResult<()> {
        if let Some(progress) = &self.progress {
            progress.call1(py, (report(py, &self.status.report())?, is_over))?;
        }
        Ok(())
    }

    /// The number of remaining tickets according to the server.
    fn left(&self, py: Python<'_>) -> PyResult<usize> {
        let unknown = |why: &str| PyTypeError::new_err(format!("the scan has no len(): {why}"));
        if self.total_is_a_limit {
            return Err(unknown("how many tickets changed since then is not known"));
        }
        // Nothing is taken: only the counts of the first page are needed.
        while self.status.total().is_none() && self.failure().is_none() {
            let step = py.detach(|| self.step(SIGNAL_INTERVAL, |_| None::<Result<(), Error>>));
            if let Some(None) = self.finished(py, step)? {
                break;
            }
        }
        let total = self.status.total().ok_or_else(|| unknown("the server does not count the tickets"))?;
        Ok(usize::try_from(total.saturating_sub(self.status.yielded())).unwrap_or(usize::MAX))
    }
}

/// A number with separators: `1,000`.
fn grouped(py: Python<'_>, number: u64) -> PyResult<String> {
    number.into_pyobject(py)?.call_method1("__format__", (",",))?.extract()
}

/// Findings as a tuple of `gettickets.ScanFinding`.
pub(crate) fn findings<'py>(py: Python<'py>, findings: &[ScanFinding]) -> PyResult<Bound<'py, PyTuple>> {
    let class = imports::SCAN_FINDING.get(py)?;
    let made = findings.iter().map(|finding| {
        let ScanFinding { kind, field, count, ids, detail, .. } = finding;
        let field = field.map(|field| field.name());
        let ids = PyTuple::new(py, ids)?;
        class.call1((kind.code(), kind.meaning(), field, count, ids, detail.as_deref()))
    });
    PyTuple::new(py, made.collect::<PyResult<Vec<_>>>()?)
}

/// A report as a `gettickets.Report`.
pub(crate) fn report<'py>(py: Python<'py>, report: &ScanReport) -> PyResult<Bound<'py, PyAny>> {
    let unreadable = report
        .unreadable
        .iter()
        .map(|one| imports::UNREADABLE_TICKET.get(py)?.call1((one.offset, one.after, one.nth)))
        .collect::<PyResult<Vec<_>>>()?;
    let page_sizes = match report.page_sizes {
        Some(sizes) => Some(imports::PAGE_SIZES.get(py)?.call1((sizes.min, sizes.max, sizes.last))?),
        None => None,
    };
    let fields = PyDict::new(py);
    fields.set_item("endpoint", &report.endpoint)?;
    fields.set_item("tickets", report.tickets)?;
    fields.set_item("pages", report.pages)?;
    fields.set_item("requests", report.requests)?;
    fields.set_item("retries", report.retries)?;
    fields.set_item("waits", report.waits)?;
    fields.set_item("wait_time", report.wait_time.as_secs_f64())?;
    fields.set_item("shifts", report.shifts)?;
    fields.set_item("duplicates", report.duplicates)?;
    fields.set_item("updates", report.updates)?;
    fields.set_item("updated_ids", PyTuple::new(py, &report.updated_ids)?)?;
    fields.set_item("verification_passes", report.verification_passes)?;
    fields.set_item("findings", findings(py, &report.findings)?)?;
    fields.set_item("page_sizes", page_sizes)?;
    fields.set_item("concurrency", report.concurrency)?;
    fields.set_item("unreadable", PyTuple::new(py, unreadable)?)?;
    fields.set_item("undated", report.undated)?;
    fields.set_item("total", report.total)?;
    fields.set_item(
        "warnings",
        PyTuple::new(py, report.warnings.iter().map(|warning| errors::spelled(warning)))?,
    )?;
    imports::REPORT.get(py)?.call((), Some(&fields))
}

impl Scan {
    pub(crate) fn new(shared: Arc<Shared>, zone: Option<Py<PyAny>>, endpoint: String) -> Scan {
        Scan { shared: Home::new(shared), making: Exclusive::new(None), zone, endpoint }
    }

    fn shared(&self, py: Python<'_>) -> PyResult<&Arc<Shared>> {
        self.shared.get(py, "scan")
    }

    fn page_of(&self, py: Python<'_>, tickets: Tickets) -> PyResult<Py<Page>> {
        Py::new(py, Page::new(tickets.into(), self.zone.as_ref().map(|zone| zone.clone_ref(py))))
    }

    /// The next ticket, if it is available.
    fn try_next(&self, py: Python<'_>, shared: &Shared) -> PyResult<Option<Py<Ticket>>> {
        loop {
            // Python code runs here, before anything is taken.
            logging::flush(py)?;
            let mut making = self.making.lock(py, "scan")?;
            if let Some(ticket) = self.begun(py, shared, &mut making)? {
                return Ok(Some(ticket));
            }
            let step = shared.step(Duration::ZERO, Reader::reserve_page);
            let Step::Done(Some(Ok((tickets, generation)))) = step else { return Ok(None) };
            let page = self.page_of(py, tickets);
            shared.settle(|_| ());
            *making = Some(Making { generation, page: page?, next: 0, recent: Recent::new() });
            drop(making);
            shared.show_progress(py, false)?;
        }
    }

    /// The object of a reserved page, which then counts as returned.
    fn settled(&self, py: Python<'_>, shared: &Shared, tickets: Tickets) -> PyResult<Py<Page>> {
        let page = self.page_of(py, tickets);
        match &page {
            Ok(_) => shared.settle(|source| source.commit_page()),
            Err(_) => shared.settle(|_| ()),
        }
        page
    }

    /// The next ticket of the current page; `None` at its end, and if another thread took the rest of it.
    fn begun(
        &self,
        py: Python<'_>,
        shared: &Shared,
        begun: &mut Option<Making>,
    ) -> PyResult<Option<Py<Ticket>>> {
        let Some(making) = begun else { return Ok(None) };
        if making.next >= making.page.get().tickets().len() || shared.is_closed() {
            *begun = None;
            return Ok(None);
        }
        if !shared.reserve_next(making.generation) {
            *begun = None;
            return Ok(None);
        }
        let made = making::ticket(py, &making.page, making.next, &mut making.recent);
        if made.is_ok() {
            making.next += 1;
            shared.settle(|source| source.commit());
        } else {
            shared.settle(|_| ());
        }
        made
    }
}

/// A wait for a scan that can be canceled.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct Watch {
    job: Home<Job<()>>,
}

#[pymethods]
impl Watch {
    /// Stops waiting.
    fn cancel(&self) {
        if let Some(job) = self.job.here() {
            job.cancel();
        }
    }
}

/// Iterator over the pages of a scan.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct ScanPages {
    scan: Py<Scan>,
}

#[pymethods]
impl ScanPages {
    fn __iter__(slf: Py<ScanPages>) -> Py<ScanPages> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<Page>>> {
        let scan = self.scan.get();
        let shared = scan.shared(py)?;
        let Some((tickets, _)) = shared.wait(py, Reader::reserve_page)? else {
            shared.show_progress(py, true)?;
            return Ok(None);
        };
        scan.settled(py, shared, tickets).map(Some)
    }
}
