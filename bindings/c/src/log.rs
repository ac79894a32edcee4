//! Logging: passes log messages of the client to a function of the caller.
//!
//! Messages contain no secrets. Messages of other libraries are not passed on.

use std::cell::Cell;
use std::ffi::c_void;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::failure::Failure;
use crate::guard::{argument, guard};
use crate::process::ForkHandler;
use crate::result::{GETTICKETS_ERROR_BUSY, GETTICKETS_ERROR_STATE, ResultCode};
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

/// A function with its level and its argument, which are changed together.
///
/// There are two slots, used alternately: a new function is written to the unused slot, which then becomes
/// current. No lock is held while a function runs, so that a forked child can log.
struct Slot {
    /// The function; NULL for none.
    function: AtomicPtr<()>,
    user_data: AtomicPtr<c_void>,
    /// The highest level that is passed on.
    level: AtomicUsize,
    /// How many calls of the function are running.
    running: AtomicUsize,
}

impl Slot {
    #[expect(clippy::declare_interior_mutable_const, reason = "it only initializes an array")]
    const EMPTY: Slot = Slot {
        function: AtomicPtr::new(ptr::null_mut()),
        user_data: AtomicPtr::new(ptr::null_mut()),
        level: AtomicUsize::new(0),
        running: AtomicUsize::new(0),
    };
}

static FIRST: Slot = Slot::EMPTY;
static SECOND: Slot = Slot::EMPTY;
/// Whether the second slot is the current one.
static SECOND_IS_CURRENT: AtomicBool = AtomicBool::new(false);
static HANDLER: ForkHandler = ForkHandler::new(in_child);
/// Whether a thread is changing the function.
static CHANGING: AtomicBool = AtomicBool::new(false);

/// The current slot, and the other one.
fn slots(second_is_current: bool) -> (&'static Slot, &'static Slot) {
    if second_is_current { (&SECOND, &FIRST) } else { (&FIRST, &SECOND) }
}

thread_local! {
    /// The slot whose function this thread is running.
    static RUNNING: Cell<Option<&'static Slot>> = const { Cell::new(None) };
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
        let slot = loop {
            let second_is_current = SECOND_IS_CURRENT.load(Ordering::SeqCst);
            let (slot, _) = slots(second_is_current);
            slot.running.fetch_add(1, Ordering::SeqCst);
            // If the slot is still current, it will not be overwritten now.
            if SECOND_IS_CURRENT.load(Ordering::SeqCst) == second_is_current {
                break slot;
            }
            slot.running.fetch_sub(1, Ordering::SeqCst);
        };
        slot.call(record);
        slot.running.fetch_sub(1, Ordering::SeqCst);
    }

    fn flush(&self) {}
}

impl Slot {
    /// Passes a message to the function, if there is one and its level allows it.
    fn call(&'static self, record: &Record<'_>) {
        let function = self.function.load(Ordering::Relaxed);
        let wanted = self.level.load(Ordering::Relaxed);
        if function.is_null() || record.level() as usize > wanted {
            return;
        }
        // SAFETY: only `set` writes here, and it writes such a function or NULL.
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
        RUNNING.set(Some(self));
        // SAFETY: the caller who set the function guarantees that it may be called.
        unsafe {
            function(
                self.user_data.load(Ordering::Relaxed),
                level,
                Text::of(record.target()),
                Text::of(&message),
            );
        }
        RUNNING.set(None);
    }

    fn set(&self, function: LogFunction, user_data: *mut c_void, level: LevelFilter) {
        let function = function.map_or(ptr::null_mut(), |function| function as *mut ());
        self.function.store(function, Ordering::Relaxed);
        self.user_data.store(user_data, Ordering::Relaxed);
        self.level.store(level as usize, Ordering::Relaxed);
    }
}

/// Replaces the function, its argument and its level together, and waits until the previous one is not
/// running.
fn replace(function: LogFunction, user_data: *mut c_void, level: LevelFilter) {
    while CHANGING.swap(true, Ordering::SeqCst) {
        thread::yield_now();
    }
    let second_is_current = SECOND_IS_CURRENT.load(Ordering::SeqCst);
    let (old, new) = slots(second_is_current);
    new.set(function, user_data, level);
    // Each slot checks its own level. This global level avoids building unused messages; it may be too high
    // temporarily, but never too low.
    let level = if function.is_some() { level } else { LevelFilter::Off };
    log::set_max_level(log::max_level().max(level));
    SECOND_IS_CURRENT.store(!second_is_current, Ordering::SeqCst);
    log::set_max_level(level);
    while old.running.load(Ordering::SeqCst) > 0 {
        thread::sleep(Duration::from_micros(100));
    }
    CHANGING.store(false, Ordering::SeqCst);
}

/// Runs in a forked child: of the threads that were logging, the child has at most the one that called `fork()`.
extern "C" fn in_child() {
    let running = RUNNING.get();
    for slot in [&FIRST, &SECOND] {
        let is_running = running.is_some_and(|running| ptr::eq(running, slot));
        slot.running.store(is_running.into(), Ordering::SeqCst);
    }
    CHANGING.store(false, Ordering::SeqCst);
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
