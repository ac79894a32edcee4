//! [`Cancel`]: a switch that ends calls from another thread.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::failure::{Details, Failure};
use crate::guard;
use crate::result::{GETTICKETS_ERROR_CANCELLED, GETTICKETS_ERROR_NULL, GETTICKETS_OK, ResultCode};

/// How long a call that can be cancelled waits before it checks its switch again.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// A switch that ends calls from another thread. One switch may serve any number of calls, and a call that
/// began with it keeps what it needs of it: the switch may be freed at any time. Any number of threads may use
/// one.
pub struct Cancel {
    flag: Flag,
}

/// The flag that a call checks.
#[derive(Clone, Default)]
pub(crate) struct Flag(Arc<AtomicBool>);

impl Flag {
    /// Fails if the switch was used. `may_have_been_sent` says whether a request is or was under way.
    pub(crate) fn check(&self, may_have_been_sent: bool) -> Result<(), Failure> {
        if !self.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        Flag::cancelled(may_have_been_sent)
    }

    /// The failure of a call that was cancelled.
    pub(crate) fn cancelled(may_have_been_sent: bool) -> Result<(), Failure> {
        // Only the thread that sends the request knows how often it was sent: at least once.
        let details =
            Details { may_have_been_sent, attempts: may_have_been_sent.into(), ..Details::default() };
        Err(Failure::detailed(GETTICKETS_ERROR_CANCELLED, "the call was cancelled", details))
    }
}

/// The flag of a switch; none for NULL.
///
/// # Safety
///
/// `cancel` is NULL or lives.
pub(crate) unsafe fn flag(cancel: *const Cancel) -> Option<Flag> {
    // SAFETY: the caller's promise.
    unsafe { cancel.as_ref() }.map(|cancel| cancel.flag.clone())
}

/// Makes a switch that is off.
///
/// It is the caller's: free it with `gettickets_cancel_free`. NULL only where a defect of this library was
/// caught. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_cancel_new() -> *mut Cancel {
    guard::value(ptr::null_mut(), || Box::into_raw(Box::new(Cancel { flag: Flag::default() })))
}

/// Ends every call that was given this switch, now or later: it returns `GETTICKETS_ERROR_CANCELLED` within a
/// twentieth of a second. This can't be undone. What was sent stays sent.
///
/// `GETTICKETS_ERROR_NULL` if `cancel` is NULL. May be called from any thread. It is async-signal-safe, with
/// NULL too: it may be called from a signal handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_cancel_now(cancel: *const Cancel) -> ResultCode {
    // Neither a lock nor an allocation nor a panic is possible here, so there is nothing to guard.
    // SAFETY: as the comment on gettickets_cancel asks.
    match unsafe { cancel.as_ref() } {
        Some(cancel) => {
            cancel.flag.0.store(true, Ordering::Relaxed);
            GETTICKETS_OK
        }
        None => GETTICKETS_ERROR_NULL,
    }
}

/// Frees a switch; calls that were given it go on as if it were never used. NULL is ignored. No other thread
/// may use it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_cancel_free(cancel: *mut Cancel) {
    // SAFETY: the switch is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(cancel) }
}
