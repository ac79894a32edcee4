//! [`Cancel`]: a token that ends calls from another thread.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::failure::{Details, Failure};
use crate::guard;
use crate::result::{GETTICKETS_ERROR_CANCELLED, GETTICKETS_ERROR_NULL, GETTICKETS_OK, ResultCode};

/// How often a call that can be canceled checks its token.
pub(crate) const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// A token that cancels calls from another thread. One token may be used for any number of calls and scans. It may be
/// freed while these use it, but not while another thread may call `gettickets_cancel_now` with it.
pub struct Cancel {
    flag: Flag,
}

/// The flag that a call checks.
#[derive(Clone, Default)]
pub(crate) struct Flag(Arc<AtomicBool>);

impl Flag {
    /// Fails if the token is canceled. `may_have_been_sent` says whether a request is or was in progress.
    pub(crate) fn check(&self, may_have_been_sent: bool) -> Result<(), Failure> {
        if !self.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        Flag::cancelled(may_have_been_sent)
    }

    /// The failure of a canceled call.
    pub(crate) fn cancelled(may_have_been_sent: bool) -> Result<(), Failure> {
        // Only the thread that sends the request knows the number of attempts: at least one.
        let details =
            Details { may_have_been_sent, attempts: may_have_been_sent.into(), ..Details::default() };
        Err(Failure::detailed(GETTICKETS_ERROR_CANCELLED, "the call was canceled", details))
    }
}

/// The flag of a token; `None` for NULL.
///
/// # Safety
///
/// `cancel` is NULL or valid.
pub(crate) unsafe fn flag(cancel: *const Cancel) -> Option<Flag> {
    // SAFETY: guaranteed by the caller.
    unsafe { cancel.as_ref() }.map(|cancel| cancel.flag.clone())
}

/// Makes a token that is not canceled.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_cancel_new() -> *mut Cancel {
    guard::value(ptr::null_mut(), || Box::into_raw(Box::new(Cancel { flag: Flag::default() })))
}

/// Cancels every call and scan that uses this token, now or later: they return `GETTICKETS_ERROR_CANCELLED` within
/// 50 milliseconds. This cannot be undone. A request that was sent is not recalled. Async-signal-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_cancel_now(cancel: *const Cancel) -> ResultCode {
    // No lock, allocation or panic is possible here, so no guard is needed.
    // SAFETY: as documented at gettickets_cancel.
    match unsafe { cancel.as_ref() } {
        Some(cancel) => {
            cancel.flag.0.store(true, Ordering::Relaxed);
            GETTICKETS_OK
        }
        None => GETTICKETS_ERROR_NULL,
    }
}

/// Frees a token. Calls and scans that use it continue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_cancel_free(cancel: *mut Cancel) {
    // SAFETY: the token is NULL or from this library, and not freed before, as documented.
    unsafe { guard::free(cancel) }
}
