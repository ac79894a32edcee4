//! [`Cancel`]: the way to end a call from another thread.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::{Details, Failure};
use crate::guard::{self, guard, shared};
use crate::result::{GETTICKETS_ERROR_CANCELLED, ResultCode};

/// How long a call that can be cancelled waits before it looks up.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// A switch that ends calls from another thread. One may serve any number of calls, and a call that began
/// with it keeps what it needs of it: it may be freed at any time. Any number of threads may use one.
pub struct Cancel {
    flag: Flag,
}

/// What a call looks at.
#[derive(Clone, Default)]
pub(crate) struct Flag(Arc<AtomicBool>);

impl Flag {
    /// Fails if the switch was used. `may_have_been_sent` says whether a request is or was under way.
    pub(crate) fn check(&self, may_have_been_sent: bool) -> Result<(), Failure> {
        if !self.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        // How often it was tried is known to the thread alone that goes on with it: once at least.
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

/// A switch that is off.
///
/// It is the caller's: free it with `gettickets_cancel_free`. NULL only where a defect of this library was
/// caught. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_cancel_new() -> *mut Cancel {
    guard::value(ptr::null_mut(), || Box::into_raw(Box::new(Cancel { flag: Flag::default() })))
}

/// Ends every call that was given this switch, and every one that will be: they give
/// `GETTICKETS_ERROR_CANCELLED` within a twentieth of a second. It can't be undone. What was sent stays sent.
///
/// `GETTICKETS_ERROR_NULL` if `cancel` is NULL. May be called from any thread, and from a signal handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_cancel_now(cancel: *const Cancel) -> ResultCode {
    // SAFETY: as the comment on gettickets_cancel asks.
    guard(|| unsafe { shared(cancel, "cancel") }.map(|cancel| cancel.flag.0.store(true, Ordering::Relaxed)))
}

/// Frees a switch; calls that were given it go on as if it were never switched. NULL is nothing. No other
/// thread may use it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_cancel_free(cancel: *mut Cancel) {
    // SAFETY: the switch is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(cancel) }
}
