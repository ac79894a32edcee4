//! What the Rust side logs, told to Python's `logging`, under the logger `gettickets`.
//!
//! Whoever logs never waits for the interpreter's lock: it may be held by the very thread that waits for the request,
//! as a reader of an Arrow stream may hold it. So a message is put aside, and told by the next who has the lock:
//! whoever waits for the request, within the twentieth of a second that it looks for signals in; else, as in asyncio
//! nobody waits, a thread of its own a little later. Only the client's own messages are taken. No credentials are in
//! them, while other libraries log what they send.
//!
//! Python code runs while a message is told, and so do its handlers of signals. What a log handler raises is no
//! failure of the request and is told as unraisable; what ends a program, such as Ctrl-C's KeyboardInterrupt, is
//! passed on to whoever waits.

use std::cell::Cell;
use std::collections::VecDeque;
use std::process;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, TryLockError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;

use crate::imports;

/// So many messages are kept aside; of what comes on top only the number is.
const MOST_ASIDE: usize = 1000;
/// How long a message waits for someone who has the lock anyway.
const GRACE: Duration = Duration::from_millis(100);
/// How often the queue's lock is tried.
const TRIES: u32 = 1000;

/// A message put aside.
struct Message {
    level: Level,
    text: String,
    file: &'static str,
    line: u32,
    /// Seconds since 1970.
    at: f64,
}

struct Queue {
    messages: VecDeque<Message>,
    dropped: usize,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { messages: VecDeque::new(), dropped: 0 });
/// How many messages there are, so that hardly anyone has to look.
static ASIDE: AtomicUsize = AtomicUsize::new(0);
/// The process in which a thread is about to tell what nobody else told; 0 for none.
static LATE_IN: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// Whether this thread is inside a handler, which may ask servers itself: what that logs is told later.
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

struct Bridge;

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
        let Some(mut queue) = queue() else { return };
        if queue.messages.len() < MOST_ASIDE {
            queue.messages.push_back(message);
        } else {
            queue.dropped += 1;
        }
        ASIDE.store(queue.messages.len(), Ordering::Release);
        drop(queue);
        tell_late();
    }

    fn flush(&self) {}
}

/// The queue, unless its lock can't be had: a process may have been forked while another thread held it, and that
/// thread is not here to give it back.
fn queue() -> Option<MutexGuard<'static, Queue>> {
    for _ in 0..TRIES {
        match QUEUE.try_lock() {
            Ok(queue) => return Some(queue),
            Err(TryLockError::Poisoned(queue)) => return Some(queue.into_inner()),
            Err(TryLockError::WouldBlock) => thread::yield_now(),
        }
    }
    None
}

/// Has what is aside told on a thread of its own, if nobody else has by then.
fn tell_late() {
    let here = process::id();
    if LATE_IN.swap(here, Ordering::AcqRel) == here {
        return;
    }
    let late = || {
        thread::sleep(GRACE);
        // What comes from here on has a thread of its own again.
        LATE_IN.store(0, Ordering::Release);
        if ASIDE.load(Ordering::Acquire) > 0 {
            Python::try_attach(|py| {
                if let Err(error) = tell(py) {
                    error.write_unraisable(py, None);
                }
            });
        }
    };
    if thread::Builder::new().name("gettickets-log".to_owned()).spawn(late).is_err() {
        LATE_IN.store(0, Ordering::Release);
    }
}

/// Looks up how much Python wants to hear. Where nobody has imported `logging` that is nothing, and it is not
/// imported for that: it takes longer than all of this package.
pub(crate) fn listen(py: Python<'_>) -> PyResult<()> {
    static BRIDGE: Bridge = Bridge;
    static JOIN: Once = Once::new();
    let level = match wanted(py) {
        Ok(level) => level,
        Err(error) => {
            pass_over(py, error)?;
            LevelFilter::Off
        }
    };
    // Not before someone listens: the command line, which runs in this library too, has a log of its own.
    if level != LevelFilter::Off {
        JOIN.call_once(|| drop(log::set_logger(&BRIDGE)));
    }
    // Whether it is ours that is in place.
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

/// Tells Python what is aside; hardly more than a look where nothing is. Not for whoever holds what an interrupt
/// would lose.
#[inline]
pub(crate) fn tell(py: Python<'_>) -> PyResult<()> {
    if ASIDE.load(Ordering::Acquire) > 0 { tell_all(py) } else { Ok(()) }
}

#[cold]
fn tell_all(py: Python<'_>) -> PyResult<()> {
    if TELLING.get() {
        return Ok(());
    }
    // A signal's own turn comes first: what it raises is not taken for what a log handler raises.
    py.check_signals()?;
    TELLING.set(true);
    let told = tell_each(py);
    TELLING.set(false);
    told?;
    listen(py)
}

/// Tells what was aside at the start; what comes meanwhile is another's. Where one is interrupted the rest stays aside.
fn tell_each(py: Python<'_>) -> PyResult<()> {
    for _ in 0..ASIDE.load(Ordering::Acquire) {
        let Some(message) = next() else { break };
        let level = match message.level {
            Level::Error => 40,
            Level::Warn => 30,
            Level::Info => 20,
            Level::Debug => 10,
            Level::Trace => 5,
        };
        tell_one(py, level, &message.text, message.file, message.line, message.at)?;
    }
    let dropped = queue().map_or(0, |mut queue| std::mem::take(&mut queue.dropped));
    if dropped > 0 {
        let text = format!("{dropped} more messages were dropped, as nobody took them in time");
        tell_one(py, 30, &text, file!(), line!(), 0.0)?;
    }
    Ok(())
}

fn next() -> Option<Message> {
    let mut queue = queue()?;
    let message = queue.messages.pop_front();
    ASIDE.store(queue.messages.len(), Ordering::Release);
    message
}

fn tell_one(py: Python<'_>, level: u32, text: &str, file: &str, line: u32, at: f64) -> PyResult<()> {
    let tell = imports::LOG_TELL.get(py);
    match tell.and_then(|tell| tell.call1((level, text, file, line, at))) {
        Ok(_) => Ok(()),
        Err(error) => pass_over(py, error),
    }
}

/// What a handler raises is no failure of the request. What ends a program is none of the handler's.
fn pass_over(py: Python<'_>, error: PyErr) -> PyResult<()> {
    if !error.is_instance_of::<PyException>(py) {
        return Err(error);
    }
    error.write_unraisable(py, None);
    Ok(())
}
