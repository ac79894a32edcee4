//! The functions that read an [`Error`].

use std::ffi::{CString, c_char};
use std::ptr;

use crate::failure::{Error, Failure};
use crate::guard::{self, Out, guard};
use crate::result::{GETTICKETS_ERROR_KIND, GETTICKETS_NONE, ResultCode};
use crate::text::OwnedText;

/// A text of an error; NULL if the error is NULL or does not have the text.
///
/// # Safety
///
/// `error` is NULL or valid.
unsafe fn text_of(error: *const Error, pick: fn(&Error) -> Option<&CString>) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: guaranteed by the caller.
        let error = unsafe { error.as_ref() };
        error.and_then(pick).map_or(ptr::null(), |text| text.as_ptr())
    })
}

/// A number of an error; 0 if the error is NULL.
///
/// # Safety
///
/// `error` is NULL or valid.
unsafe fn number_of<T: Default>(error: *const Error, pick: fn(&Error) -> T) -> T {
    // SAFETY: guaranteed by the caller.
    guard::value(T::default(), || unsafe { error.as_ref() }.map_or(T::default(), pick))
}

/// Returns the code that the function returned. `GETTICKETS_OK` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_code(error: *const Error) -> ResultCode {
    // SAFETY: as documented at gettickets_error.
    unsafe { number_of(error, Error::code) }
}

/// Returns the message: what happened, where and why. Control characters from the server are escaped. Never NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_message(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    let message = unsafe { text_of(error, |error| Some(&error.message)) };
    if message.is_null() { c"".as_ptr() } else { message }
}

/// Returns what the user can do about the error, in one or two sentences, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_hint(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    unsafe { text_of(error, |error| error.details.hint.as_ref()) }
}

/// Returns the class of the error, a stable name for programs. Later releases may add classes. Never NULL.
///
/// `GETTICKETS_ERROR_API`: authentication, ip-not-allowed, permission, unknown-action, encoding, other.
///
/// `GETTICKETS_ERROR_DECODE`: empty, not-a-reply, other-call, too-deep, too-many-names, truncated, syntax,
/// invalid-utf8, trailing-text, lone-surrogate, entity, unknown-encoding, missing-id, invalid-integer,
/// invalid-boolean, wrong-type, unknown-result, no-list-in-nvp, strict.
///
/// `GETTICKETS_ERROR_TRANSPORT`: dns, connect, proxy, tls, timeout, interrupted, truncated, protocol,
/// headers-too-large, compression-ratio, local-resources, other.
///
/// `GETTICKETS_ERROR_CONFIG`: address, no-credentials, empty-credentials, root-certificates, proxy, user-agent,
/// zero-timeout, zero-attempts, no-list-in-nvp, ignored-filter, local-resources, tls-setup.
///
/// `GETTICKETS_ERROR_LOCAL`: no-php, php-not-run, no-install, path-not-utf8, no-init, no-local-api, fatal,
/// exception, exited, not-an-array, encoding, died, timed-out, local-resources, unsupported.
///
/// Every other code has one class, the name that `gettickets_result_name` returns: null, utf8, argument, index,
/// kind, state, busy, cancelled, panic, unexpected-response, rate-limited, too-large, redirect, scan-incomplete,
/// cursor, credentials, arrow, sandbox, memory, thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_class(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    let class = unsafe { text_of(error, |error| Some(&error.class)) };
    if class.is_null() { c"".as_ptr() } else { class }
}

/// Gets the position of the error in the body, as a byte offset. `GETTICKETS_NONE` if it is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_offset(error: *const Error, offset: *mut usize) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_error; `offset` is NULL or writable.
        let (error, out) = unsafe { (guard::shared(error, "error")?, Out::new(offset, "offset")?) };
        out.put(error.details.offset.ok_or(Failure::Status(GETTICKETS_NONE))?);
        Ok(())
    })
}

/// Returns the position of the error in the reply, such as `tickets.ticket[3].id`, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_path(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    unsafe { text_of(error, |error| error.details.path.as_ref()) }
}

/// Returns the text at that position, at most about 80 characters, with control characters escaped; or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_excerpt(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    unsafe { text_of(error, |error| error.details.excerpt.as_ref()) }
}

/// Returns the title of the HTML page that the server sent in place of a reply, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_title(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    unsafe { text_of(error, |error| error.details.title.as_ref()) }
}

/// Returns the message of an error of the API as the server sent it. For `GETTICKETS_ERROR_RATE_LIMITED` it may
/// also be the title or the beginning of the page that the server sent. NULL for other errors, and if there is no
/// message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_server_message(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    unsafe { text_of(error, |error| error.details.server_message.as_ref()) }
}

/// Returns the IP address of this machine as seen by the server, such as "203.0.113.7", if the server rejected it;
/// otherwise NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_seen_address(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    unsafe { text_of(error, |error| error.details.seen_address.as_ref()) }
}

/// Returns the target of the redirect without its query, for `GETTICKETS_ERROR_REDIRECT`; or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_redirect_to(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    unsafe { text_of(error, |error| error.details.redirect_to.as_ref()) }
}

/// Returns the beginning of what the install printed, often the cause, for `GETTICKETS_ERROR_LOCAL`; or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_local_output(error: *const Error) -> *const c_char {
    // SAFETY: as documented at gettickets_error.
    unsafe { text_of(error, |error| error.details.local_output.as_ref()) }
}

/// Returns the HTTP status of the response; 0 if there was no response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_http_status(error: *const Error) -> u16 {
    // SAFETY: as documented at gettickets_error.
    unsafe { number_of(error, |error| error.details.http_status) }
}

/// Returns how many attempts were made to send the request. If the call was canceled during an attempt, the result
/// is 1 even if it was not the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_attempts(error: *const Error) -> u32 {
    // SAFETY: as documented at gettickets_error.
    unsafe { number_of(error, |error| error.details.attempts) }
}

/// Returns 1 if the server may have received a request of this call, 0 if it certainly did not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_may_have_been_sent(error: *const Error) -> i32 {
    // SAFETY: as documented at gettickets_error.
    unsafe { number_of(error, |error| error.details.may_have_been_sent.into()) }
}

/// Returns 1 if the same request may succeed later, else 0. A client returns an error only after its retries.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_is_retryable(error: *const Error) -> i32 {
    // SAFETY: as documented at gettickets_error.
    unsafe { number_of(error, |error| error.details.is_retryable.into()) }
}

/// Gets how long the server asks to wait before the next request, counted from its response: at most a year.
/// `GETTICKETS_NONE` if the server did not specify it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_retry_after_ms(
    error: *const Error,
    retry_after_ms: *mut u64,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_error; `retry_after_ms` is NULL or writable.
        let (error, out) =
            unsafe { (guard::shared(error, "error")?, Out::new(retry_after_ms, "retry_after_ms")?) };
        let wait = error.details.retry_after.ok_or(Failure::Status(GETTICKETS_NONE))?;
        // A year in milliseconds is far below the maximum of the type.
        out.put(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        Ok(())
    })
}

/// Writes an error of the API as canonical JSON. `GETTICKETS_ERROR_KIND` for other errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_to_json(
    error: *const Error,
    json: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_error; `json` is NULL or writable.
        let (error, out) = unsafe { (guard::shared(error, "error")?, Out::new(json, "json")?) };
        let json = error.details.reply_json.clone();
        out.hand_out(OwnedText::of(
            json.ok_or_else(|| {
                Failure::error(GETTICKETS_ERROR_KIND, "the error is not an error of the API")
            })?,
        ));
        Ok(())
    })
}

/// Frees an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_free(error: *mut Error) {
    // SAFETY: the error is NULL or from this library, and not freed before, as documented.
    unsafe { guard::free(error) }
}
