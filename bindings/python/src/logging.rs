//! Passes log messages of the Rust side to Python's `logging`, under the logger `gettickets`.
//!
//! Logging never waits for the interpreter lock, which may be held by a thread that waits for the request, such as a
//! reader of an Arrow stream. So messages are queued, and logged by the next thread that has the lock: the one that
//! waits for the request, when it checks for signals every 50 ms, or, if no thread waits (as in asyncio), a background
//! thread a little later. Only messages of the client are logged. They contain no credentials; other libraries log what
//! they send.
//!
//! Python code runs while a message is logged, including signal handlers. An exception of a log handler does not fail
//! the request; it is reported as unraisable. Exceptions that end a program, such as KeyboardInterrupt, are raised in
//! the waiting thread.

use std::cell::Cell;
use std::process;
use std::sync::Once;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;

use crate::background;
use crate::imports;
use crate::log_queue::LogQueue;

/// How long a message waits for a thread that has the lock anyway.
const GRACE: Duration = Duration::from_millis(100);

/// A queued message.
struct Message {
    level: Level,
    text: String,
    file: &'static str,
    line: u32,
    /// Seconds since 1970.
    at: f64,
}

static QUEUE: LogQueue<Message> = LogQueue::new();

thread_local! {
    /// Whether this thread is inside a log handler, which may send requests itself. Their messages are logged later.
    static IS_LOGGING: Cell<bool> = const { Cell::new(false) };
}

/// One byte, so that its address is unique.
struct Bridge {
    _address: u8,
}

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level() && metadata.target().starts_with("gettickets")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let message = Message {
            level: record.level(),
            text: record.args().to_string(),
            file: record.file_static().unwrap_or("gettickets"),
            line: record.line().unwrap_or_default(),
            at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()),
        };
        if QUEUE.push(message, process::id()) {
            flush_later();
        }
    }

    fn flush(&self) {}
}

/// Logs queued messages on a background thread, unless another thread has done so by then.
fn flush_later() {
    let late = || {
        thread::sleep(GRACE);
        if QUEUE.begin() {
            background::attach(|py| {
                if let Err(error) = flush(py) {
                    error.write_unraisable(py, None);
                }
            });
        }
    };
    if thread::Builder::new().name("gettickets-log".to_owned()).spawn(late).is_err() {
        QUEUE.begin();
    }
}

/// Reads the enabled level from Python. If `logging` is not imported, nothing is enabled; importing it would take
/// longer than importing this package.
pub(crate) fn update_level(py: Python<'_>) -> PyResult<()> {
    static BRIDGE: Bridge = Bridge { _address: 0 };
    static JOIN: Once = Once::new();
    let level = match wanted(py) {
        Ok(level) => level,
        Err(error) => {
            report_exception(py, error)?;
            LevelFilter::Off
        }
    };
    // Not before a level is enabled: the command line, which also runs in this library, has its own logger.
    if level != LevelFilter::Off {
        JOIN.call_once(|| drop(log::set_logger(&BRIDGE)));
    }
    // Whether our logger is installed.
    if std::ptr::addr_eq(log::logger(), &BRIDGE) {
        log::set_max_level(level);
    }
    Ok(())
}

fn wanted(py: Python<'_>) -> PyResult<LevelFilter> {
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    if !modules.contains(intern!(py, "logging"))? {
        return Ok(LevelFilter::Off);
    }
    Ok(match imports::LOG_LEVEL.get(py)?.call0()?.extract::<u32>()? {
        0..=5 => LevelFilter::Trace,
        6..=10 => LevelFilter::Debug,
        11..=20 => LevelFilter::Info,
        21..=30 => LevelFilter::Warn,
        31..=40 => LevelFilter::Error,
        _ => LevelFilter::Off,
    })
}

/// Logs the queued messages; cheap if there are none. The caller must not hold anything that an interrupt would lose.
#[inline]
pub(crate) fn flush(py: Python<'_>) -> PyResult<()> {
    if QUEUE.has_messages() { flush_all(py) } else { Ok(()) }
}

#[cold]
fn flush_all(py: Python<'_>) -> PyResult<()> {
    if IS_LOGGING.get() {
        return Ok(());
    }
    // Run signal handlers first, so that their exceptions are not mistaken for those of a log handler.
    py.check_signals()?;
    IS_LOGGING.set(true);
    let outcome = log_each(py);
    IS_LOGGING.set(false);
    outcome?;
    update_level(py)
}

/// Logs the messages queued at the start; later ones are left for the next call. After an interrupt, the rest stays
/// queued.
fn log_each(py: Python<'_>) -> PyResult<()> {
    for _ in 0..QUEUE.len() {
        let Some(message) = QUEUE.pop() else { break };
        let level = match message.level {
            Level::Error => 40,
            Level::Warn => 30,
            Level::Info => 20,
            Level::Debug => 10,
            Level::Trace => 5,
        };
        log_one(py, level, &message.text, message.file, message.line, message.at)?;
    }
    let dropped = QUEUE.take_dropped();
    if dropped > 0 {
        let text = format!("{dropped} more messages were dropped, because the queue was full");
        log_one(py, 30, &text, file!(), line!(), 0.0)?;
    }
    Ok(())
}

fn log_one(py: Python<'_>, level: u32, text: &str, file: &str, line: u32, at: f64) -> PyResult<()> {
    let log = imports::LOG_MESSAGE.get(py);
    match log.and_then(|log| log.call1((level, text, file, line, at))) {
        Ok(_) => Ok(()),
        Err(error) => report_exception(py, error),
    }
}

/// An exception of a log handler does not fail the request, except those that end the program.
fn report_exception(py: Python<'_>, error: PyErr) -> PyResult<()> {
    if !error.is_instance_of::<PyException>(py) {
        return Err(error);
    }
    error.write_unraisable(py, None);
    Ok(())
}
