//! [`Scan`]: every ticket that matches, over all pages, as an iterator.
//!
//! Two locks keep it whole among threads. The scan itself is only locked by code that neither holds nor wants the
//! interpreter's lock: readers of Arrow streams may come from threads that hold it and from threads that don't.
//! What is remembered for making tickets is only locked by code that has it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

use gettickets::Error;
use gettickets::Tickets;
use gettickets::scan::SharedTicket;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyCapsule, PyTuple};

use crate::arrow;
use crate::client::{SIGNAL_INTERVAL, call};
use crate::errors;
use crate::imports;
use crate::logging;
use crate::making;
use crate::page::Page;
use crate::recent::Recent;
use crate::ticket::Ticket;

/// Every ticket that matches a request, over all its pages, each told once.
///
/// Made by Client.tickets(). Nothing is sent before the first ticket is asked for. A ticket that matches during
/// the whole scan is told exactly once, while others are opened, answered, closed and deleted; where that can't
/// be kept the scan raises ScanIncompleteError. It never ends early in silence: an exception that ended it is
/// raised again whenever more is asked for. The tickets told before it are good, and cursor() goes on from there.
///
/// Iterate over it, over pages(), or hand it to polars.DataFrame, pyarrow.table or DuckDB, which then read it
/// page by page. All of these go on from where the scan is, and at its end find nothing. A table whose making
/// fails is lost with all that went into it: cursor() then goes on from where the table began, and this scan has
/// no more to give. Libraries raise exceptions of their own where a scan fails; `error` has the one that says why.
#[pyclass(frozen, module = "gettickets")]
pub(crate) struct Scan {
    reading: Arc<Mutex<Reading>>,
    making: Mutex<Option<Making>>,
    zone: Option<Py<PyAny>>,
    /// Who is asked.
    place: String,
}

/// The scan, and which batch of tickets it is in.
pub(crate) struct Reading {
    /// None once it is closed.
    scan: Option<gettickets::scan::Scan>,
    batch: u64,
    /// Where a table began that failed; what went into it is nobody's.
    lost_from: Option<String>,
}

/// The batch that tickets are made from.
struct Making {
    batch: u64,
    page: Py<Page>,
    recent: Recent,
}

/// What waiting a little has come to.
enum Step<T> {
    /// Something is there, or nothing any more.
    Done(Option<Result<T, Error>>),
    NotYet,
    Closed,
    /// Tickets went into a table that failed.
    Lost,
    /// It was begun in another process, whose threads are not here.
    Elsewhere,
}

impl Reading {
    /// Waits a little and takes what is there by then. Not for code that holds the interpreter's lock.
    fn step<T>(
        reading: &Mutex<Reading>,
        take: impl FnOnce(&mut Reading) -> Option<Result<T, Error>>,
    ) -> Step<T> {
        let mut reading = lock(reading);
        let is_lost = reading.lost_from.is_some();
        let Some(scan) = &mut reading.scan else { return Step::Closed };
        // Told again, so that whoever asks again does not take what was told for all there is.
        if let Some(failure) = scan.failure() {
            return Step::Done(Some(Err(failure.clone())));
        }
        if is_lost {
            return Step::Lost;
        }
        if !scan.wait_for(SIGNAL_INTERVAL) {
            drop(reading);
            // Whoever wants to know of the scan meanwhile gets a chance to.
            thread::yield_now();
            return Step::NotYet;
        }
        Step::Done(take(&mut reading))
    }

    fn next_ticket(&mut self) -> Option<Result<(SharedTicket, u64), Error>> {
        let ticket = self.scan.as_mut()?.next()?;
        Some(ticket.map(|ticket| {
            self.batch += u64::from(ticket.index() == 0);
            (ticket, self.batch)
        }))
    }

    fn next_page(&mut self) -> Option<Result<Tickets, Error>> {
        self.scan.as_mut()?.next_page()
    }

    /// Where the scan is.
    pub(crate) fn cursor(&self) -> Option<String> {
        let lost_from = self.lost_from.clone();
        lost_from.or_else(|| Some(self.scan.as_ref()?.cursor().to_string()))
    }

    fn how_far(&self) -> HowFar {
        match &self.scan {
            None => HowFar::Other("closed"),
            Some(scan) if scan.failure().is_some() => HowFar::Other("ended in an error"),
            Some(_) if self.lost_from.is_some() => HowFar::Other("lost with a table"),
            Some(scan) => HowFar::At(scan.told(), scan.total()),
        }
    }

    /// Notes that a table failed which began there.
    pub(crate) fn lose(&mut self, cursor: Option<String>) {
        self.lost_from = self.lost_from.take().or(cursor);
    }

    /// The next page, however long it takes; for readers of Arrow streams on threads of their own.
    pub(crate) fn wait_for_page(reading: &Mutex<Reading>) -> Result<Option<Tickets>, String> {
        loop {
            match Reading::step(reading, Reading::next_page) {
                Step::Done(page) => return page.transpose().map_err(|error| error.to_string()),
                Step::NotYet => {}
                // An early end must not pass for the end.
                Step::Closed => return Err("the scan was closed".to_owned()),
                Step::Lost => return Err(LOST.to_owned()),
                Step::Elsewhere => return Err("the scan belongs to another process".to_owned()),
            }
        }
    }
}

/// How far a scan is.
enum HowFar {
    /// So many tickets told, of so many as the server counts.
    At(u64, Option<u64>),
    Other(&'static str),
}

/// A number as people read it: `1,000`.
fn counted(py: Python<'_>, number: u64) -> PyResult<String> {
    number.into_pyobject(py)?.call_method1("__format__", (",",))?.extract()
}

/// What is said of a scan whose table failed for another reason than the scan.
const LOST: &str = "a table of this scan was not finished, and its tickets are lost: begin anew, or with resume=scan.cursor()";

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits, without the interpreter's lock, for what `take` takes, and raises what signals raise meanwhile.
fn wait<T: Send>(
    py: Python<'_>,
    reading: &Mutex<Reading>,
    take: fn(&mut Reading) -> Option<Result<T, Error>>,
) -> PyResult<Option<T>> {
    loop {
        // Before something is taken: an interrupt would lose it.
        logging::tell(py)?;
        let step = py.detach(|| Reading::step(reading, take));
        if !matches!(step, Step::Done(Some(Ok(_)))) {
            logging::tell(py)?;
        }
        match step {
            Step::Done(Some(Ok(found))) => return Ok(Some(found)),
            Step::Done(Some(Err(error))) => return Err(errors::raise(py, &error)),
            Step::Done(None) => return Ok(None),
            Step::NotYet => {
                py.check_signals()?;
                logging::listen(py)?;
            }
            Step::Closed => return Err(errors::closed(py, "scan")),
            Step::Lost => return Err(errors::state(py, LOST, "table-failed", None)),
            Step::Elsewhere => return Err(errors::forked(py, "scan")),
        }
    }
}

/// The next page of a scan, for an Arrow stream that is read by a thread of Python's.
pub(crate) fn page_for_stream(py: Python<'_>, reading: &Mutex<Reading>) -> PyResult<Option<Tickets>> {
    wait(py, reading, Reading::next_page)
}

impl Scan {
    pub(crate) fn new(scan: gettickets::scan::Scan, zone: Option<Py<PyAny>>, place: String) -> Scan {
        let reading = Arc::new(Mutex::new(Reading { scan: Some(scan), batch: 0, lost_from: None }));
        Scan { reading, making: Mutex::new(None), zone, place }
    }

    fn look<T: Send>(
        &self,
        py: Python<'_>,
        look: impl FnOnce(&mut gettickets::scan::Scan) -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| lock(&self.reading).scan.as_mut().map(look)).ok_or_else(|| errors::closed(py, "scan"))
    }

    fn page_of(&self, py: Python<'_>, tickets: Tickets) -> PyResult<Py<Page>> {
        Py::new(py, Page::new(tickets.into(), self.zone.as_ref().map(|zone| zone.clone_ref(py))))
    }

    fn make(&self, py: Python<'_>, ticket: &SharedTicket, batch: u64) -> PyResult<Option<Py<Ticket>>> {
        let mut making = self.making.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        let making = match &mut *making {
            Some(making) if making.batch == batch => making,
            other => other.insert(Making {
                batch,
                page: self.page_of(py, ticket.tickets().clone())?,
                recent: Recent::new(),
            }),
        };
        making::ticket(py, &making.page, ticket.index(), &mut making.recent)
    }
}

#[pymethods]
impl Scan {
    fn __iter__(slf: Py<Scan>) -> Py<Scan> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<Ticket>>> {
        match wait(py, &self.reading, Reading::next_ticket)? {
            Some((ticket, batch)) => self.make(py, &ticket, batch),
            None => Ok(None),
        }
    }

    /// The scan page by page: an iterator of Page. A page may come in parts, none of them empty.
    fn pages(slf: Py<Scan>) -> ScanPages {
        ScanPages { scan: slf }
    }

    /// What the scan met so far, a Report; the reading may be a page ahead of what was told.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let report = self.look(py, |scan| scan.report())?;
        let hole = imports::HOLE.get(py)?;
        let holes = report.holes.iter().map(|one| hole.call1((one.offset, one.after, one.nth)));
        let holes = PyTuple::new(py, holes.collect::<PyResult<Vec<_>>>()?)?;
        let (first, second) = (
            (report.tickets, report.pages, report.requests, report.retries, report.shifts),
            (report.duplicates, report.renewals, PyTuple::new(py, &report.renewed)?, report.closings),
        );
        imports::REPORT.get(py)?.call1((
            first.0,
            first.1,
            first.2,
            first.3,
            first.4,
            second.0,
            second.1,
            second.2,
            second.3,
            holes,
            report.total,
        ))
    }

    /// How many tickets match, as the server counts them, or None. It may be wrong; nothing depends on it.
    #[getter]
    fn total(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        self.look(py, |scan| scan.total())
    }

    /// Where the scan is: a text to give to Client.tickets(resume=…), there or in another process, which goes on
    /// after the tickets told so far, or where a table began that failed. It holds ids and times of tickets and
    /// nothing else of them.
    fn cursor(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| lock(&self.reading).cursor()).ok_or_else(|| errors::closed(py, "scan"))
    }

    /// The exception that the scan ended in, an Error, or None. A library that made a table of it raised one of its
    /// own instead.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let failure = self.look(py, |scan| scan.failure().cloned())?;
        Ok(failure.map(|error| errors::raise(py, &error).into_value(py).into_bound(py).into_any()))
    }

    /// Ends the scan, after the request that is under way. What it told stays told.
    fn close(&self, py: Python<'_>) {
        let ended = py.detach(|| lock(&self.reading).scan.take());
        py.detach(|| drop(ended));
    }

    fn __enter__(slf: Py<Scan>) -> Py<Scan> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) {
        self.close(py);
    }

    /// A DataFrame of pandas with all that is left of the scan; columns are as those of Page.to_pandas(). It takes
    /// pandas and pyarrow. Where the scan fails, its own exception is raised.
    fn to_pandas<'py>(slf: &Bound<'py, Scan>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("gettickets._pandas")?.call_method1("to_pandas", (slf,))
    }

    /// What is left of the scan as an Arrow stream, by the Arrow PyCapsule interface; pages are asked for as they
    /// are read. Of the schema asked for it is heeded whether it has texts as `large_string`, and nothing else, as
    /// the interface allows.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::scan_stream(py, Arc::clone(&self.reading), self.zone.as_ref(), requested_schema)
    }

    /// The schema of the stream, by the Arrow PyCapsule interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::schema(py, self.zone.as_ref())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<gettickets.Scan {}>", self._about(py)?))
    }

    /// Who is asked, and how far the scan is: nobody is waited for, a thread that reads it neither.
    fn _about(&self, py: Python<'_>) -> PyResult<String> {
        let far = match self.reading.try_lock() {
            Ok(reading) => reading.how_far(),
            Err(TryLockError::Poisoned(reading)) => reading.into_inner().how_far(),
            Err(TryLockError::WouldBlock) => HowFar::Other("being read"),
        };
        let place = &self.place;
        Ok(match far {
            HowFar::Other(what) => format!("of {place}, {what}"),
            HowFar::At(told, None) => format!("of {place} at {}", counted(py, told)?),
            HowFar::At(told, Some(total)) => {
                format!("of {place} at {} of {}", counted(py, told)?, counted(py, total)?)
            }
        })
    }

    /// Whether the next ticket, the end or an exception is there without waiting; for AsyncClient.
    fn _is_ready(&self, py: Python<'_>) -> PyResult<bool> {
        self.look(py, |scan| scan.wait_for(std::time::Duration::ZERO))
    }

    /// Calls `ready`, without arguments and on another thread, once there is something; for AsyncClient. Nothing
    /// is taken, so that whoever stops waiting loses nothing.
    fn _watch(&self, ready: Py<PyAny>) -> PyResult<Watch> {
        let given_up = Arc::new(AtomicBool::new(false));
        let (flag, reading) = (Arc::clone(&given_up), Arc::clone(&self.reading));
        let watch = move || {
            while matches!(Reading::step(&reading, |_| None::<Result<(), Error>>), Step::NotYet) {
                if flag.load(Ordering::Relaxed) {
                    return;
                }
            }
            call(ready);
        };
        thread::Builder::new()
            .name("gettickets-watch".to_owned())
            .spawn(watch)
            .map_err(|error| errors::os(&error))?;
        Ok(Watch { given_up })
    }
}

/// A wait for a scan that can be given up.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct Watch {
    given_up: Arc<AtomicBool>,
}

#[pymethods]
impl Watch {
    /// Stops waiting.
    fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
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
        wait(py, &scan.reading, Reading::next_page)?.map(|tickets| scan.page_of(py, tickets)).transpose()
    }
}
