//! [`FleetScan`]: the tickets of several installs, read concurrently, as one iterator.
//!
//! As in [`Scan`](crate::scan::Scan), two locks protect it. The reading state is only locked by code that neither holds
//! nor waits for the interpreter's lock; the page from which tickets are made is only locked by code that holds it.

mod methods;
pub(crate) mod stream;

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use gettickets::scan::ScanStatus;
use gettickets::{Cancellation, Error, ErrorKind, GetTickets, Tickets};
use gettickets_warehouse as warehouse;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyString, PyTuple};

use crate::client::Client;
use crate::errors;
use crate::exclusive::Exclusive;
use crate::home::Home;
use crate::logging;
use crate::making;
use crate::page::Page;
use crate::recent::Recent;
use crate::request;
use crate::scan::{self, FINISHED, FINISHED_HINT};
use crate::signals::SIGNAL_INTERVAL;

/// Every matching ticket of several installs, each with the name of its install.
///
/// Made by Fleet.tickets(). The installs are read concurrently, and tickets are returned in the order in which they
/// arrive. The guarantee of Scan holds for each install. An install that fails does not stop the others: at the end,
/// after every ticket of the others was returned, the scan raises FleetError, which has the exception of each failed
/// install. With `on_error="report"` it ends without an exception, and `errors` has the exceptions.
///
/// Iterate over it for pairs of install and ticket, or over pages() for pairs of install and page. `reports` and
/// `errors` can be read at any time, from any thread.
#[pyclass(frozen, weakref, module = "gettickets")]
pub(crate) struct FleetScan {
    shared: Home<Arc<Shared>>,
    making: Exclusive<Option<Making>>,
}

/// What a scan shares with the Arrow streams that read it.
pub(crate) struct Shared {
    reading: Mutex<Reading>,
    installs: Vec<Install>,
    cancellations: Vec<Cancellation>,
    /// Whether failed installs raise an exception at the end.
    raises: bool,
    is_ended: AtomicBool,
    is_closed: AtomicBool,
    /// Whether a table with tickets of this scan failed.
    is_lost: AtomicBool,
    /// Whether any ticket was returned.
    has_returned: AtomicBool,
}

/// Threads read ahead once a scan has begun, so it begins with the first request for a ticket.
enum Reading {
    NotBegun(warehouse::Fleet, Vec<gettickets::Scan>),
    Begun(warehouse::FleetScan),
}

impl Reading {
    fn begun(&mut self) -> &mut warehouse::FleetScan {
        if let Reading::NotBegun(fleet, scans) = self {
            let mut scans = mem::take(scans).into_iter();
            // There is a scan for each install of the fleet, in the same order.
            *self = Reading::Begun(fleet.scan_with(|install| {
                scans.next().unwrap_or_else(|| install.client().scan(GetTickets::default()))
            }));
        }
        match self {
            Reading::Begun(scan) => scan,
            Reading::NotBegun(..) => unreachable!("it was begun above"),
        }
    }
}

/// An install of the fleet.
pub(crate) struct Install {
    pub(crate) name: String,
    pub(crate) zone: Option<Py<PyAny>>,
    status: ScanStatus,
    /// Set at the end of the install's scan.
    failure: OnceLock<Error>,
}

/// The page from which tickets are made.
struct Making {
    install: Py<PyString>,
    page: Py<Page>,
    next: usize,
    recent: Recent,
}

/// The result of a short wait.
enum Step {
    /// Tickets of the install at this index.
    Page(usize, Tickets),
    End,
    NotYet,
    Closed,
    Lost,
}

const LOST: &str = "a table of this scan failed, and its tickets are lost";
const LOST_HINT: &str = "Begin a new scan.";

impl Shared {
    /// Waits at most this long for the next page, and takes it. The caller must not hold the interpreter's lock.
    fn step(&self, time: Duration) -> Step {
        if self.is_ended.load(Ordering::Acquire) {
            return Step::End;
        }
        if self.is_lost.load(Ordering::Acquire) {
            return Step::Lost;
        }
        if self.is_closed() {
            return Step::Closed;
        }
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let scan = reading.begun();
        if !scan.wait_for(time) {
            drop(reading);
            // Lets other waiting threads run.
            thread::yield_now();
            return Step::NotYet;
        }
        let next = scan.next();
        for (install, report) in self.installs.iter().zip(scan.reports()) {
            if let Some(error) = &report.error {
                install.failure.get_or_init(|| error.clone());
            }
        }
        drop(reading);
        // The scan may have been closed during the wait, which must not look like the end.
        if self.is_closed() {
            return Step::Closed;
        }
        match next {
            Some(Ok(page)) => {
                self.has_returned.store(true, Ordering::Release);
                Step::Page(page.index, page.tickets)
            }
            // The other installs are read further.
            Some(Err(_)) => Step::NotYet,
            None => {
                self.is_ended.store(true, Ordering::Release);
                Step::End
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Acquire)
    }

    /// The installs that failed so far.
    fn failures(&self) -> Vec<(&str, Error)> {
        let failure = |install: &Install| install.failure.get().cloned().or_else(|| install.status.failure());
        self.installs
            .iter()
            .filter_map(|install| Some((install.name.as_str(), failure(install)?)))
            .filter(|(_, error)| *error.kind() != ErrorKind::Cancelled)
            .collect()
    }

    /// The exception for the failed installs, if the scan ended with one.
    pub(crate) fn failure(&self, py: Python<'_>) -> Option<PyErr> {
        let failures = self.failures();
        let raises = self.raises && !failures.is_empty();
        raises.then(|| errors::fleet(py, &failures, self.installs.len()))
    }

    /// Raises an exception if no table can be made of the scan: at its end, or after it failed or was closed.
    pub(crate) fn check_for_table(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_ended() {
            let failure = self.failure(py);
            return Err(
                failure.unwrap_or_else(|| errors::state(py, FINISHED, "finished", Some(FINISHED_HINT)))
            );
        }
        if self.is_lost.load(Ordering::Acquire) {
            return Err(errors::state(py, LOST, "table-failed", Some(LOST_HINT)));
        }
        if self.is_closed() { Err(errors::closed(py, "scan")) } else { Ok(()) }
    }

    /// Waits for the next page without a time limit; for readers of Arrow streams on their own threads.
    fn wait_for_page(&self) -> Result<Option<(usize, Tickets)>, String> {
        loop {
            match self.step(SIGNAL_INTERVAL) {
                Step::Page(index, tickets) => return Ok(Some((index, tickets))),
                Step::End if self.raises && !self.failures().is_empty() => {
                    let text = |(name, error): &(&str, Error)| format!("{name}: {error}");
                    return Err(self.failures().iter().map(text).collect::<Vec<_>>().join("; "));
                }
                Step::End => return Ok(None),
                Step::NotYet => {}
                // Closing must not look like the end.
                Step::Closed => return Err("the scan is closed".to_owned()),
                Step::Lost => return Err(LOST.to_owned()),
            }
        }
    }

    /// Waits for the next page without the interpreter's lock, and raises exceptions of signal handlers.
    pub(crate) fn wait(&self, py: Python<'_>) -> PyResult<Option<(usize, Tickets)>> {
        loop {
            // Python code runs here, before anything is taken.
            logging::flush(py)?;
            match py.detach(|| self.step(SIGNAL_INTERVAL)) {
                Step::Page(index, tickets) => return Ok(Some((index, tickets))),
                Step::End => {
                    logging::flush(py)?;
                    return self.failure(py).map_or(Ok(None), Err);
                }
                Step::NotYet => {
                    py.check_signals()?;
                    logging::update_level(py)?;
                }
                Step::Closed => return Err(errors::closed(py, "scan")),
                Step::Lost => return Err(errors::state(py, LOST, "table-failed", Some(LOST_HINT))),
            }
        }
    }

    /// Whether any ticket was returned.
    fn has_returned(&self) -> bool {
        self.has_returned.load(Ordering::Acquire)
    }

    /// Marks the tickets of the scan as lost with a failed table.
    fn lose(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    /// Whether the time zone of any install is known.
    pub(crate) fn has_zone(&self) -> bool {
        self.installs.iter().any(|install| install.zone.is_some())
    }

    fn page(&self, py: Python<'_>, index: usize, tickets: Tickets) -> PyResult<(Py<PyString>, Py<Page>)> {
        let install = self.installs.get(index).ok_or_else(|| errors::internal("a page of no install"))?;
        let zone = install.zone.as_ref().map(|zone| zone.clone_ref(py));
        Ok((PyString::new(py, &install.name).unbind(), Py::new(py, Page::new(tickets.into(), zone))?))
    }
}

impl FleetScan {
    fn shared(&self, py: Python<'_>) -> PyResult<&Arc<Shared>> {
        self.shared.get(py, "scan")
    }
}

/// A scan of several installs, each with its name, its client, and the time since which tickets are read. Nothing is
/// sent before the first read.
#[pyfunction]
#[pyo3(signature = (installs, settings, raises, **parameters))]
pub(crate) fn fleet_scan(
    py: Python<'_>,
    installs: Vec<(String, Py<Client>, Option<Py<PyAny>>)>,
    settings: &Bound<'_, PyDict>,
    raises: &Bound<'_, PyAny>,
    parameters: Option<&Bound<'_, PyDict>>,
) -> PyResult<FleetScan> {
    let raises = request::truth("raises", raises)?;
    // Read once: `status` may be an iterator.
    let (request, statuses) = request::of_scan(parameters)?;
    let mut scans = Vec::with_capacity(installs.len());
    let mut states = Vec::with_capacity(installs.len());
    let mut fleet = Vec::with_capacity(installs.len());
    for (name, client, updated_since) in installs {
        let client = client.get();
        settings.set_item("updated_since", updated_since)?;
        fleet.push(warehouse::Install::new(&name, client.blocking(py)?.clone()));
        let scan = client.rust_scan(py, settings, request.clone(), statuses.clone())?;
        let zone = client.zone().map(|zone| zone.clone_ref(py));
        states.push(Install { name, zone, status: scan.status(), failure: OnceLock::new() });
        scans.push(scan);
    }
    let fleet = warehouse::Fleet::new(fleet)
        .map_err(|error| errors::config(py, &error.to_string(), "same-install", error.hint()))?;
    logging::update_level(py)?;
    let shared = Shared {
        cancellations: scans.iter().map(gettickets::Scan::cancellation).collect(),
        reading: Mutex::new(Reading::NotBegun(fleet, scans)),
        installs: states,
        raises,
        is_ended: AtomicBool::new(false),
        is_closed: AtomicBool::new(false),
        is_lost: AtomicBool::new(false),
        has_returned: AtomicBool::new(false),
    };
    Ok(FleetScan { shared: Home::new(Arc::new(shared)), making: Exclusive::new(None) })
}

/// Iterator over the pages of a scan of several installs.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct FleetPages {
    scan: Py<FleetScan>,
}

#[pymethods]
impl FleetPages {
    fn __iter__(slf: Py<FleetPages>) -> Py<FleetPages> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let shared = self.scan.get().shared(py)?;
        let Some((index, tickets)) = shared.wait(py)? else { return Ok(None) };
        let (install, page) = shared.page(py, index, tickets)?;
        pair(py, &install, page).map(Some)
    }
}

fn pair<'py, T>(py: Python<'py>, install: &Py<PyString>, second: Py<T>) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, [install.clone_ref(py).into_any(), second.into_any()])
}
