//! [`Mirror`]: a database that a separate thread updates, while the caller's thread waits and checks for signals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use gettickets::Cancellation;
use gettickets_warehouse::{
    self as warehouse, Fleet, Install, MirrorError, MirrorErrorKind, Mode, RunOptions,
};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::arrow;
use crate::client::Client;
use crate::errors;
use crate::home::Home;
use crate::imports;
use crate::logging;
use crate::request;
use crate::scan;
use crate::signals::SIGNAL_INTERVAL;

/// How long to wait for an interrupted run to roll back before the interrupt is raised anyway.
const UNDO_TIME: Duration = Duration::from_secs(5);
/// The maximum of a time setting, in seconds.
const MAX_SECONDS: f64 = 1e9;

/// An open mirror. The class `gettickets.Mirror` wraps it.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct Mirror {
    inner: Home<Arc<Inner>>,
    /// A description of the database, without a password.
    place: String,
}

struct Inner {
    /// The path or the URL, which may have a password and is never shown.
    target: String,
    /// `None` after the connection was lost: the next run opens it again.
    mirror: Mutex<Option<warehouse::Mirror>>,
    is_busy: AtomicBool,
    is_closed: AtomicBool,
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Option<warehouse::Mirror>> {
        self.mirror.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(
        &self,
        fleet: &Fleet,
        options: &RunOptions,
        progress: &mut dyn FnMut(warehouse::Progress<'_>),
    ) -> Results {
        let mut slot = self.lock();
        let mirror = match slot.take() {
            Some(mirror) => mirror,
            None => warehouse::Mirror::open(&self.target)?,
        };
        let mirror = slot.insert(mirror);
        let results = mirror.run_all(fleet, options, progress);
        if matches!(&results, Err(error) if error.kind() == MirrorErrorKind::Unreachable) {
            *slot = None;
        }
        results
    }
}

/// The result of each install, or the error of the whole run.
type Results = Result<Vec<Result<warehouse::RunReport, MirrorError>>, MirrorError>;

/// Marks a mirror as in use until this is dropped.
struct Busy(Arc<Inner>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.is_busy.store(false, Ordering::Release);
    }
}

/// What the thread of a run reports.
enum Event<T> {
    /// The install, tickets read, tickets that the server counts.
    Progress(String, u64, Option<u64>),
    Done(T),
}

#[pymethods]
impl Mirror {
    /// Opens a mirror, or creates it.
    #[staticmethod]
    fn open(py: Python<'_>, database: &Bound<'_, PyAny>) -> PyResult<Mirror> {
        let target = request::text("database", database)?;
        let (sender, receiver) = events();
        let copy = target.clone();
        start("gettickets-open", move || {
            let _ = sender.send(Event::Done(warehouse::Mirror::open(&copy)));
        })?;
        let mirror = wait(py, &receiver, None, &|| ())?.map_err(|error| errors::mirror(py, &error))?;
        let place = mirror.place().to_owned();
        let inner = Inner {
            target,
            mirror: Mutex::new(Some(mirror)),
            is_busy: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        Ok(Mirror { inner: Home::new(Arc::new(inner)), place })
    }

    /// A description of the database, without a password.
    #[getter]
    fn place(&self) -> &str {
        &self.place
    }

    /// Whether the mirror was closed.
    #[getter]
    fn is_closed(&self) -> bool {
        self.inner.here().is_some_and(|inner| inner.is_closed.load(Ordering::Acquire))
    }

    /// Reads installs and updates their rows; returns a MirrorReport for each. `progress` is called with the name of
    /// an install, the number of tickets read, and the number that the server counts.
    #[pyo3(signature = (installs, progress, *, full, full_every, overlap, ignore_dept_assignments, access_keys))]
    #[allow(clippy::too_many_arguments, reason = "they are the keyword arguments of a Python function")]
    fn run<'py>(
        &self,
        py: Python<'py>,
        installs: Vec<(String, Py<Client>)>,
        progress: Option<Py<PyAny>>,
        full: &Bound<'py, PyAny>,
        full_every: Option<&Bound<'py, PyAny>>,
        overlap: &Bound<'py, PyAny>,
        ignore_dept_assignments: &Bound<'py, PyAny>,
        access_keys: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let inner = Arc::clone(self.inner.get(py, "mirror")?);
        let mut options = RunOptions::default();
        options.overlap = duration("overlap", overlap)?;
        options.mode = match (request::truth("full", full)?, full_every) {
            (true, _) => Mode::Full,
            (false, Some(time)) => Mode::Auto { full_every: duration("full_every", time)? },
            (false, None) => Mode::Incremental,
        };
        let cancellation = options.cancellation.clone();
        let ignore = request::truth("ignore_dept_assignments", ignore_dept_assignments)?;
        let access_keys = request::truth("access_keys", access_keys)?;
        let names: Vec<String> = installs.iter().map(|(name, _)| name.clone()).collect();
        let installs = installs
            .iter()
            .map(|(name, client)| {
                let client = client.get();
                let install = Install::new(name, client.blocking(py)?.clone())
                    .ignore_departments(ignore)
                    .access_keys(access_keys);
                Ok(match client.zone() {
                    Some(zone) => install.time_zone(arrow::install_zone(py, zone)?),
                    None => install,
                })
            })
            .collect::<PyResult<Vec<Install>>>()?;
        let fleet = Fleet::new(installs)
            .map_err(|error| errors::config(py, &error.to_string(), "same-install", error.hint()))?;
        let busy = occupy(py, &inner)?;
        logging::update_level(py)?;
        let (sender, receiver) = events();
        start("gettickets-mirror", move || {
            let results = inner.run(&fleet, &options, &mut |progress| report_progress(&sender, progress));
            drop(busy);
            let _ = sender.send(Event::Done(results));
        })?;
        let results = wait(py, &receiver, progress.as_ref(), &|| undo(py, &cancellation, &receiver))?
            .map_err(|error| errors::mirror(py, &error))?;
        names.iter().zip(results).map(|(name, result)| report(py, name, result)).collect()
    }

    /// Closes the database. In a child process this does nothing: the connection is its parent's.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Some(inner) = self.inner.here() else { return Ok(()) };
        if inner.is_closed.load(Ordering::Acquire) {
            return Ok(());
        }
        let busy = occupy(py, inner)?;
        inner.is_closed.store(true, Ordering::Release);
        py.detach(|| drop(inner.lock().take()));
        drop(busy);
        Ok(())
    }
}

/// The reports of a thread to the thread that waits for it.
type Events<T> = Mutex<Receiver<Event<T>>>;

fn events<T>() -> (Sender<Event<T>>, Events<T>) {
    let (sender, receiver) = channel();
    (sender, Mutex::new(receiver))
}

fn next<T>(events: &Events<T>, time: Duration) -> Result<Event<T>, RecvTimeoutError> {
    events.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(time)
}

/// Reserves the mirror for one run.
fn occupy(py: Python<'_>, inner: &Arc<Inner>) -> PyResult<Busy> {
    if inner.is_closed.load(Ordering::Acquire) {
        return Err(errors::closed(py, "mirror"));
    }
    if inner.is_busy.swap(true, Ordering::AcqRel) {
        let hint = "Wait until the other run has ended.";
        return Err(errors::state(py, "the mirror is in use by another run", "in-use", Some(hint)));
    }
    Ok(Busy(Arc::clone(inner)))
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> PyResult<()> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(|_| ()).map_err(|error| PyOSError::new_err(format!("a thread could not be started: {error}")))
}

fn report_progress<T>(sender: &Sender<Event<T>>, progress: warehouse::Progress<'_>) {
    // Fails if the waiting thread was interrupted.
    let _ = sender.send(Event::Progress(progress.install.to_owned(), progress.tickets, progress.total));
}

/// Waits for the result of a thread. If a signal handler or the progress function raises, `interrupted` is called, and
/// the exception is raised.
fn wait<T: Send>(
    py: Python<'_>,
    events: &Events<T>,
    progress: Option<&Py<PyAny>>,
    interrupted: &dyn Fn(),
) -> PyResult<T> {
    loop {
        let step = match py.detach(|| next(events, SIGNAL_INTERVAL)) {
            Ok(Event::Done(outcome)) => {
                logging::flush(py)?;
                return Ok(outcome);
            }
            Ok(Event::Progress(install, tickets, total)) => match progress {
                Some(progress) => progress.call1(py, (install, tickets, total)).map(|_| ()),
                None => Ok(()),
            },
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => Err(errors::internal("a thread panicked")),
        };
        let step = step.and_then(|()| logging::flush(py)).and_then(|()| py.check_signals());
        if let Err(error) = step {
            interrupted();
            return Err(error);
        }
    }
}

/// Cancels a run and waits briefly until it is rolled back, so that the next run finds the database unlocked.
fn undo<T: Send>(py: Python<'_>, cancellation: &Cancellation, events: &Events<T>) {
    cancellation.cancel();
    let deadline = Instant::now() + UNDO_TIME;
    py.detach(|| {
        let left = || deadline.saturating_duration_since(Instant::now());
        while let Ok(Event::Progress(..)) = next(events, left()) {}
    });
}

fn duration(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let seconds = request::seconds(name, value)?;
    Ok(Duration::try_from_secs_f64(seconds.min(MAX_SECONDS)).unwrap_or(Duration::MAX))
}

/// A report as a `gettickets.MirrorReport`, also for an install that was refused.
fn report<'py>(
    py: Python<'py>,
    name: &str,
    result: Result<warehouse::RunReport, MirrorError>,
) -> PyResult<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("install", name)?;
    match result {
        Ok(report) => {
            let error = report.failure.as_ref().map(|error| errors::raise(py, error));
            fields.set_item("run", report.run)?;
            fields.set_item("full", report.full)?;
            fields.set_item("complete", report.complete)?;
            fields.set_item("reason", report.reason)?;
            fields.set_item("error", error)?;
            fields.set_item("tickets", report.tickets)?;
            fields.set_item("new", report.new)?;
            fields.set_item("changed", report.changed)?;
            fields.set_item("gone", report.gone)?;
            fields.set_item("unreadable", report.unreadable)?;
            fields.set_item("requests", report.requests)?;
            fields.set_item("findings", scan::findings(py, &report.deviations)?)?;
            fields.set_item("warnings", PyTuple::new(py, report.warnings)?)?;
        }
        Err(error) => {
            fields.set_item("run", py.None())?;
            fields.set_item("full", false)?;
            fields.set_item("complete", false)?;
            fields.set_item("reason", error.to_string())?;
            fields.set_item("error", errors::mirror(py, &error))?;
            for count in ["tickets", "new", "changed", "gone", "unreadable", "requests"] {
                fields.set_item(count, 0)?;
            }
            fields.set_item("findings", PyTuple::empty(py))?;
            fields.set_item("warnings", PyTuple::empty(py))?;
        }
    }
    imports::MIRROR_REPORT.get(py)?.call((), Some(&fields))
}
