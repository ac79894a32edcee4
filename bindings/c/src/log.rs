//! Logging: passes log messages of the client to a function of the caller.
//!
//! Messages contain no secrets. Messages of other libraries are not passed on.

use std::cell::Cell;
use std::ffi::c_void;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::failure::Failure;
use crate::guard::{argument, guard};
use crate::process::ForkHandler;
use crate::result::{GETTICKETS_ERROR_BUSY, GETTICKETS_ERROR_STATE, ResultCode};
use crate::slots::{Position, Slots, Target};
use crate::text::Text;

/// A log level.
pub type LogLevel = i32;

/// No messages.
pub const GETTICKETS_LOG_OFF: LogLevel = 0;
/// Errors.
pub const GETTICKETS_LOG_ERROR: LogLevel = 1;
/// Problems that were handled, such as a retry.
pub const GETTICKETS_LOG_WARN: LogLevel = 2;
/// Information.
pub const GETTICKETS_LOG_INFO: LogLevel = 3;
/// Every request and response.
pub const GETTICKETS_LOG_DEBUG: LogLevel = 4;
/// Everything.
pub const GETTICKETS_LOG_TRACE: LogLevel = 5;

/// Receives a log message. `target` is the part of the library, such as "gettickets::client". Both texts are
/// valid until the function returns. It is called on the thread that does the work, possibly on several at once.
/// The function must not throw or `longjmp`.
pub type LogFunction =
    Option<unsafe extern "C" fn(user_data: *mut c_void, level: LogLevel, target: Text, message: Text)>;

static SLOTS: Slots = Slots::new();
static HANDLER: ForkHandler = ForkHandler::new(in_child);

thread_local! {
    /// The slot whose function this thread is running.
    static RUNNING: Cell<Option<Position>> = const { Cell::new(None) };
}

/// Its address is compared, so it must not be zero-sized: such statics may share an address.
struct Bridge {
    _address: u8,
}

static BRIDGE: Bridge = Bridge { _address: 0 };

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("gettickets")
    }

    fn log(&self, record: &Record<'_>) {
        // Messages caused by the function itself are dropped, to prevent endless recursion.
        if !self.enabled(record.metadata()) || RUNNING.get().is_some() {
            return;
        }
        SLOTS.with_current(|position, target| call(position, target, record));
    }

    fn flush(&self) {}
}

/// Passes a message to the function, if there is one and its level allows it.
fn call(position: Position, target: Target, record: &Record<'_>) {
    let Target { function, user_data, level: wanted } = target;
    if function.is_null() || record.level() as usize > wanted {
        return;
    }
    // SAFETY: only `replace` sets functions, and it sets such a function or NULL.
    let function = unsafe {
        mem::transmute::<*mut (), unsafe extern "C" fn(*mut c_void, LogLevel, Text, Text)>(function)
    };
    let level = match record.level() {
        Level::Error => GETTICKETS_LOG_ERROR,
        Level::Warn => GETTICKETS_LOG_WARN,
        Level::Info => GETTICKETS_LOG_INFO,
        Level::Debug => GETTICKETS_LOG_DEBUG,
        Level::Trace => GETTICKETS_LOG_TRACE,
    };
    let message = record.args().to_string();
    RUNNING.set(Some(position));
    // SAFETY: the caller who set the function guarantees that it may be called.
    unsafe { function(user_data, level, Text::of(record.target()), Text::of(&message)) }
    RUNNING.set(None);
}

/// Replaces the function, its argument and its level together, and waits until the previous one is not
/// running.
fn replace(function: LogFunction, user_data: *mut c_void, level: LevelFilter) {
    let target = Target {
        function: function.map_or(ptr::null_mut(), |function| function as *mut ()),
        user_data,
        level: level as usize,
    };
    // Each slot checks its own level. This global level avoids building unused messages; it may be too high
    // temporarily, but never too low.
    let level = if function.is_some() { level } else { LevelFilter::Off };
    let raise = || log::set_max_level(log::max_level().max(level));
    SLOTS.replace(target, raise, || log::set_max_level(level));
}

/// Runs in a forked child: of the threads that were logging, the child has at most the one that called `fork()`.
extern "C" fn in_child() {
    SLOTS.after_fork(RUNNING.get());
    if JOIN.load(Ordering::SeqCst) == JOINING && !is_joined() {
        JOIN.store(ABANDONED, Ordering::SeqCst);
    }
}

/// The state of installing the bridge as the logger of the process.
static JOIN: AtomicU8 = AtomicU8::new(0);
const JOINING: u8 = 1;
const JOINED: u8 = 2;
/// The process was forked while another thread was installing it, which will not finish in the child.
const ABANDONED: u8 = 3;

/// Installs the bridge as the logger of the process. Returns whether it is installed.
fn join() -> bool {
    match JOIN.load(Ordering::SeqCst) {
        JOINED => is_joined(),
        ABANDONED => false,
        _ => {
            JOIN.store(JOINING, Ordering::SeqCst);
            // An error means that there is a logger already, which may be the bridge or another one.
            let _ = log::set_logger(&BRIDGE);
            JOIN.store(JOINED, Ordering::SeqCst);
            is_joined()
        }
    }
}

fn is_joined() -> bool {
    ptr::addr_eq(log::logger(), &BRIDGE)
}

/// Sets the function that receives log messages up to this level. It replaces the previous one; `function` may be
/// NULL, for none. After this returns, the previous function is not running and will not be called again.
/// `GETTICKETS_ERROR_BUSY` if called from a log function, `GETTICKETS_ERROR_STATE` if the process has another
/// logger.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_set_log_function(
    function: LogFunction,
    user_data: *mut c_void,
    level: LogLevel,
) -> ResultCode {
    guard(|| {
        let level = match level {
            GETTICKETS_LOG_OFF => LevelFilter::Off,
            GETTICKETS_LOG_ERROR => LevelFilter::Error,
            GETTICKETS_LOG_WARN => LevelFilter::Warn,
            GETTICKETS_LOG_INFO => LevelFilter::Info,
            GETTICKETS_LOG_DEBUG => LevelFilter::Debug,
            GETTICKETS_LOG_TRACE => LevelFilter::Trace,
            _ => return Err(argument(format!("{level} is not a log level"))),
        };
        if RUNNING.get().is_some() {
            let message = "the function that receives the log cannot change where the log goes";
            return Err(Failure::error(GETTICKETS_ERROR_BUSY, message));
        }
        if !join() {
            let message = "the process has a logger that this library cannot join";
            return Err(Failure::error(GETTICKETS_ERROR_STATE, message));
        }
        HANDLER.register();
        replace(function, user_data, level);
        Ok(())
    })
}
