//! [`Scan`]: every matching ticket, over all pages, as an iterator.
//!
//! Two locks protect it. The scan itself is only locked by code that neither holds nor waits for the interpreter's
//! lock: readers of Arrow streams call from threads with and without it. The objects with which tickets are made are
//! only locked by code that holds it.
//!
//! A ticket counts as returned when its object exists. Until then it is reserved, so that an interrupt loses nothing
//! and no other thread takes it.

mod methods;

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use gettickets::scan::{ScanFinding, ScanReport, ScanStatus};
use gettickets::{Cancellation, Error, ErrorKind, Tickets};
use pyo3::exceptions::{PyStopAsyncIteration, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyTuple};

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

/// How long a thread sleeps before it retries to use a value that another thread uses briefly.
const SHORT: Duration = Duration::from_millis(1);
/// How long an Arrow stream waits for a ticket that another thread has reserved.
const MAX_RESERVATION: Duration = Duration::from_secs(2);

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
    reading: Mutex<Reading>,
    status: ScanStatus,
    cancellation: Cancellation,
    is_closed: AtomicBool,
    /// The cursor at which a failed table began.
    lost_from: OnceLock<String>,
    /// The number of tickets that earlier scans returned, if this one continues them.
    returned_before: u64,
    /// Whether the total includes tickets that the scan does not return.
    total_is_a_limit: bool,
    /// Called with a report at every page and while the scan waits.
    progress: Option<Py<PyAny>>,
}

pub(crate) struct Reading {
    source: Box<dyn Source>,
    /// Whether a ticket or a page is reserved: peeked at, while its object is not made yet.
    is_reserved: bool,
    /// Changes when a page is begun or taken.
    generation: u64,
}

/// The page from which tickets are made.
struct Making {
    generation: u64,
    page: Py<Page>,
    next: usize,
    recent: Recent,
}

/// The result of a short wait.
enum Step<T> {
    /// An item, the end, or the error that ended the scan.
    Done(Option<Result<T, Error>>),
    NotYet,
    Closed,
    /// A table with tickets of this scan failed.
    Lost,
}

/// The message for a scan whose table failed.
const LOST: &str = "a table of this scan failed, and its tickets are lost";
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
        let (status, cancellation) = (source.status(), source.cancellation());
        let returned_before = status.yielded();
        Arc::new(Shared {
            reading: Mutex::new(Reading { source, is_reserved: false, generation: 0 }),
            status,
            cancellation,
            is_closed: AtomicBool::new(false),
            lost_from: OnceLock::new(),
            returned_before,
            total_is_a_limit,
            progress,
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Stops the scan: no further request is sent, and its connections are closed.
    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.cancellation.cancel();
    }

    /// The error that ended the scan, unless it was closed.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.status.failure().filter(|error| *error.kind() != ErrorKind::Cancelled)
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits at most this long for an item, and takes it. The caller must not hold the interpreter's lock, unless the
    /// time is zero.
    fn step<T>(
        &self,
        time: Duration,
        take: impl FnOnce(&mut Reading) -> Option<Result<T, Error>>,
    ) -> Step<T> {
        match self.status.failure() {
            // A scan that was closed during a request ends in this way.
            Some(failure) if *failure.kind() == ErrorKind::Cancelled => return Step::Closed,
            Some(failure) => return Step::Done(Some(Err(failure))),
            None => {}
        }
        if self.lost_from.get().is_some() {
            return Step::Lost;
        }
        if self.is_closed() {
            return Step::Closed;
        }
        let mut reading = match self.reading.try_lock() {
            Ok(reading) => reading,
            Err(TryLockError::WouldBlock) if time.is_zero() => return Step::NotYet,
            Err(_) => self.lock(),
        };
        if reading.is_reserved {
            drop(reading);
            thread::sleep(time.min(SHORT));
            return Step::NotYet;
        }
        if !reading.source.wait_for(time) {
            drop(reading);
            // Lets other waiting threads run.
            thread::yield_now();
            return Step::NotYet;
        }
        // The scan may have been closed during the wait, which must not look like the end.
        match take(&mut reading) {
            Some(Err(error)) if *error.kind() == ErrorKind::Cancelled => Step::Closed,
            None if self.is_closed() => Step::Closed,
            taken => Step::Done(taken),
        }
    }

    /// Peeks at the next page, or at the rest of the current one, and reserves it.
    fn reserve_page(reading: &mut Reading) -> Option<Result<(Tickets, u64), Error>> {
        let page = reading.source.peek_page()?;
        Some(page.map(|tickets| {
            reading.is_reserved = true;
            reading.generation += 1;
            (tickets, reading.generation)
        }))
    }

    /// Ends a reservation; `take` counts the reserved item as returned.
    fn settle(&self, take: impl FnOnce(&mut dyn Source)) {
        let mut reading = self.lock();
        reading.is_reserved = false;
        take(&mut *reading.source);
    }

    fn take_page(reading: &mut Reading) -> Option<Result<Tickets, Error>> {
        let page = reading.source.peek_page()?;
        if page.is_ok() {
            reading.source.commit_page();
            reading.generation += 1;
        }
        Some(page)
    }

    /// The cursor of the scan.
    pub(crate) fn cursor(&self) -> String {
        self.lost_from.get().cloned().unwrap_or_else(|| self.status.cursor().to_string())
    }

    /// Marks the tickets of the scan since this cursor as lost with a table.
    pub(crate) fn lose(&self, begun_at: String) {
        // If another table failed before, its cursor counts.
        let _ = self.lost_from.set(begun_at);
    }

    /// Whether this scan returned a ticket.
    pub(crate) fn has_returned(&self) -> bool {
        self.status.yielded() > self.returned_before
    }

    /// Raises an exception if no table can be made of the scan: at its end, and after it failed. A table of a scan
    /// that has not begun may be empty.
    pub(crate) fn check_for_table(&self, py: Python<'_>) -> PyResult<()> {
        if self.status.report().requests == 0 && !self.is_closed() && self.lost_from.get().is_none() {
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

    /// Waits for the next page without a time limit; for readers of Arrow streams on their own threads.
    pub(crate) fn wait_for_page(&self) -> Result<Option<Tickets>, String> {
        let mut reserved_since = None;
        loop {
            match self.step(SIGNAL_INTERVAL, Shared::take_page) {
                Step::Done(page) => return page.transpose().map_err(|error| error.to_string()),
                Step::NotYet => {
                    if !self.lock().is_reserved {
                        reserved_since = None;
                    } else if reserved_since.get_or_insert_with(Instant::now).elapsed() > MAX_RESERVATION {
                        return Err(
                            "another thread takes a ticket of the scan and does not finish".to_owned()
                        );
                    }
                }
                // Closing must not look like the end.
                Step::Closed => return Err("the scan is closed".to_owned()),
                Step::Lost => return Err(LOST.to_owned()),
            }
        }
    }

    /// The next page, for an Arrow stream that a Python thread reads.
    pub(crate) fn page_for_stream(&self, py: Python<'_>) -> PyResult<Option<Tickets>> {
        let page = self.wait(py, Shared::take_page)?;
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
        let page = self.finished(py, self.step(Duration::ZERO, Shared::take_page))?;
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
            let step = shared.step(Duration::ZERO, Shared::reserve_page);
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
        {
            // A thread that holds this lock does not wait for the interpreter's.
            let mut reading = shared.lock();
            if reading.generation != making.generation {
                *begun = None;
                return Ok(None);
            }
            reading.is_reserved = true;
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

/// Whether an item is available, without taking it. The error of a scan is taken, because it is returned again.
fn look(reading: &mut Reading) -> Option<Result<(), Error>> {
    Some(reading.source.peek_page()?.map(|_| ()))
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
        let Some((tickets, _)) = shared.wait(py, Shared::reserve_page)? else {
            shared.show_progress(py, true)?;
            return Ok(None);
        };
        scan.settled(py, shared, tickets).map(Some)
    }
}
