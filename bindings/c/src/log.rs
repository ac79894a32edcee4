//! The log: what the client says of its retries and exchanges, handed to a function of the caller's.
//!
//! Nothing secret is in it, as none is in what the client logs; what other libraries log is left out.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::{Once, PoisonError, RwLock};

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::error::Failure;
use crate::guard::{argument, guard};
use crate::result::{GETTICKETS_ERROR_BUSY, GETTICKETS_ERROR_STATE, ResultCode};
use crate::text::Text;

/// How much is told: one of `GETTICKETS_LOG_OFF` and its like.
pub type LogLevel = i32;

/// Nothing.
pub const GETTICKETS_LOG_OFF: LogLevel = 0;
/// What went wrong.
pub const GETTICKETS_LOG_ERROR: LogLevel = 1;
/// What is not as it should be, such as a request that is sent again.
pub const GETTICKETS_LOG_WARN: LogLevel = 2;
/// What may be of interest.
pub const GETTICKETS_LOG_INFO: LogLevel = 3;
/// Every exchange.
pub const GETTICKETS_LOG_DEBUG: LogLevel = 4;
/// Everything.
pub const GETTICKETS_LOG_TRACE: LogLevel = 5;

/// A function that takes what is logged. `target` is the part of the library that speaks, such as
/// "gettickets::client". Both texts are good until the function returns. It is called on whatever thread does
/// the work, on several at once if several do, and must neither throw a C++ exception nor leave by `longjmp`.
pub type LogFunction =
    Option<unsafe extern "C" fn(user_data: *mut c_void, level: LogLevel, target: Text, message: Text)>;

struct Listener {
    tell: unsafe extern "C" fn(*mut c_void, LogLevel, Text, Text),
    user_data: *mut c_void,
}

// SAFETY: whoever gave the function promised that it may be called on any thread with this pointer.
unsafe impl Send for Listener {}
// SAFETY: as above.
unsafe impl Sync for Listener {}

static LISTENER: RwLock<Option<Listener>> = RwLock::new(None);

thread_local! {
    /// Whether this thread is inside the caller's function.
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

struct Bridge;

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("gettickets")
    }

    fn log(&self, record: &Record<'_>) {
        // What the caller's own function sets off is not told, as that would never end.
        if !self.enabled(record.metadata()) || TELLING.get() {
            return;
        }
        let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner);
        let Some(Listener { tell, user_data }) = &*listener else { return };
        let level = match record.level() {
            Level::Error => GETTICKETS_LOG_ERROR,
            Level::Warn => GETTICKETS_LOG_WARN,
            Level::Info => GETTICKETS_LOG_INFO,
            Level::Debug => GETTICKETS_LOG_DEBUG,
            Level::Trace => GETTICKETS_LOG_TRACE,
        };
        let message = record.args().to_string();
        TELLING.set(true);
        // SAFETY: whoever gave the function promised that it may be called so.
        unsafe { tell(*user_data, level, Text::of(record.target()), Text::of(&message)) };
        TELLING.set(false);
    }

    fn flush(&self) {}
}

/// Hands what the library logs, up to this level, to a function, in place of the one before; `function` may
/// be NULL, for none. `user_data` is passed on as it is. When this returns the function before is not running
/// and will not be called again, so that its `user_data` may be freed.
///
/// `GETTICKETS_ERROR_ARGUMENT` if `level` is the number of none, `GETTICKETS_ERROR_BUSY` if called from
/// inside such a function, `GETTICKETS_ERROR_STATE` if the process has another log that the library can't
/// join. May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_log_to(
    function: LogFunction,
    user_data: *mut c_void,
    level: LogLevel,
) -> ResultCode {
    static JOIN: Once = Once::new();
    static BRIDGE: Bridge = Bridge;
    guard(|| {
        let level = match level {
            GETTICKETS_LOG_OFF => LevelFilter::Off,
            GETTICKETS_LOG_ERROR => LevelFilter::Error,
            GETTICKETS_LOG_WARN => LevelFilter::Warn,
            GETTICKETS_LOG_INFO => LevelFilter::Info,
            GETTICKETS_LOG_DEBUG => LevelFilter::Debug,
            GETTICKETS_LOG_TRACE => LevelFilter::Trace,
            _ => return Err(argument(format!("{level} is the number of no level"))),
        };
        if TELLING.get() {
            let message = "the function that takes the log can't change where the log goes";
            return Err(Failure::error(GETTICKETS_ERROR_BUSY, message));
        }
        JOIN.call_once(|| drop(log::set_logger(&BRIDGE)));
        // Whether it is ours that is in place, at this call or an earlier one.
        if !std::ptr::addr_eq(log::logger(), &BRIDGE) {
            let message = "the process has a log that this library can't join";
            return Err(Failure::error(GETTICKETS_ERROR_STATE, message));
        }
        let listener = function.map(|tell| Listener { tell, user_data });
        log::set_max_level(if listener.is_some() { level } else { LevelFilter::Off });
        // Waits for calls that are under way.
        *LISTENER.write().unwrap_or_else(PoisonError::into_inner) = listener;
        Ok(())
    })
}
