//! The functions that read an [`Error`].

use std::ffi::{CString, c_char};
use std::ptr;

use crate::failure::{Error, Failure};
use crate::guard::{self, Out, guard};
use crate::result::{GETTICKETS_ERROR_KIND, GETTICKETS_NONE, ResultCode};
use crate::text::OwnedText;

/// A text of an error; NULL where the error is NULL or has none.
///
/// # Safety
///
/// `error` is NULL or lives.
unsafe fn text_of(error: *const Error, pick: fn(&Error) -> Option<&CString>) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: the caller's promise.
        let error = unsafe { error.as_ref() };
        error.and_then(pick).map_or(ptr::null(), |text| text.as_ptr())
    })
}

/// A number of an error; 0 where the error is NULL.
///
/// # Safety
///
/// `error` is NULL or lives.
unsafe fn number_of<T: Default>(error: *const Error, pick: fn(&Error) -> T) -> T {
    // SAFETY: the caller's promise.
    guard::value(T::default(), || unsafe { error.as_ref() }.map_or(T::default(), pick))
}

/// Returns the code of the call. `GETTICKETS_OK` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_code(error: *const Error) -> ResultCode {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { number_of(error, Error::code) }
}

/// What went wrong, in one paragraph of English: what, where and why. Control characters that a server sent
/// are made visible. Never NULL; empty for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_message(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    let message = unsafe { text_of(error, |error| Some(&error.message)) };
    if message.is_null() { c"".as_ptr() } else { message }
}

/// What to try, in a sentence or two of English. NULL if nothing is known that helps, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_hint(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { text_of(error, |error| error.details.hint.as_ref()) }
}

/// A short name for programs of what it was in particular. It stays from release to release; new ones may
/// come.
///
/// `GETTICKETS_ERROR_API`: authentication, ip-not-allowed, permission, unknown-action, encoding, other.
/// `GETTICKETS_ERROR_DECODE`: empty, not-a-reply, other-call, too-deep, too-many-names, truncated, syntax,
/// invalid-utf8, trailing-text, lone-surrogate, entity, unknown-encoding, missing-id, invalid-integer,
/// invalid-boolean, wrong-type, unknown-result, no-list-in-nvp, strict.
/// `GETTICKETS_ERROR_TRANSPORT`: dns, connect, proxy, tls, timeout, interrupted, truncated, protocol,
/// headers-too-large, compression-ratio, local-resources, other.
/// `GETTICKETS_ERROR_CONFIG`: address, no-credentials, empty-credentials, root-certificates, proxy,
/// user-agent, zero-timeout, zero-attempts, no-list-in-nvp, tls-setup.
/// `GETTICKETS_ERROR_LOCAL`: no-php, php-not-run, no-install, path-not-utf8, no-init, no-local-api, fatal,
/// exception, exited, not-an-array, encoding, died, timed-out, local-resources, unsupported.
/// Every other code has one class, which is its own name as `gettickets_result_name` returns it: null,
/// utf8, argument, index, kind, state, busy, cancelled, panic, unexpected-response, rate-limited, too-large,
/// redirect, scan-incomplete, cursor, credentials, arrow, sandbox, memory, thread.
///
/// Never NULL; empty for NULL alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_class(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    let class = unsafe { text_of(error, |error| Some(&error.class)) };
    if class.is_null() { c"".as_ptr() } else { class }
}

/// Where in the body it went wrong, in bytes from its start.
///
/// `GETTICKETS_NONE` where no place is known, and `*offset` is then left as it is. `GETTICKETS_ERROR_NULL` if
/// either is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_offset(error: *const Error, offset: *mut usize) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_error asks; `offset` is NULL or a place to write to.
        let (error, out) = unsafe { (guard::shared(error, "error")?, Out::new(offset, "offset")?) };
        out.put(error.details.offset.ok_or(Failure::Status(GETTICKETS_NONE))?);
        Ok(())
    })
}

/// Where in the reply it went wrong, such as `tickets.ticket[3].id`. NULL where no place is known, and for
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_path(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { text_of(error, |error| error.details.path.as_ref()) }
}

/// The text there: about 80 characters of what the server sent at most, with control characters made
/// visible. NULL where nothing is to be shown, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_excerpt(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { text_of(error, |error| error.details.excerpt.as_ref()) }
}

/// The title of the page, where HTML came in place of a reply. NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_title(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { text_of(error, |error| error.details.title.as_ref()) }
}

/// The message of an error of the API, as the server sent it; for `GETTICKETS_ERROR_RATE_LIMITED` that, else the
/// title of the page that came, else how it begins. NULL where the error is another or came without a message,
/// and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_server_message(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { text_of(error, |error| error.details.server_message.as_ref()) }
}

/// The address that the server saw the request come from, if it was refused for that and the server named it, such as
/// "203.0.113.7". NULL otherwise, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_seen_address(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { text_of(error, |error| error.details.seen_address.as_ref()) }
}

/// Where the server wanted the request sent, for `GETTICKETS_ERROR_REDIRECT`, without its query. NULL where
/// it did not say, for other errors, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_redirect_to(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { text_of(error, |error| error.details.redirect_to.as_ref()) }
}

/// The beginning of what the install printed, for `GETTICKETS_ERROR_LOCAL`; it often has the reason. NULL where it
/// printed nothing, for other errors, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_local_output(error: *const Error) -> *const c_char {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { text_of(error, |error| error.details.local_output.as_ref()) }
}

/// The HTTP status of the response; 0 if there was none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_http_status(error: *const Error) -> u16 {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { number_of(error, |error| error.details.http_status) }
}

/// How many attempts there were to send the request; 0 if there was none, and for NULL. 1 means once
/// or more where the call was cancelled while the request was under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_attempts(error: *const Error) -> u32 {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { number_of(error, |error| error.details.attempts) }
}

/// 1 if the server may have seen a request of this call, 0 only where it is certain that it did not; 0 for
/// NULL, and for errors of `gettickets_decode` and its like, which send nothing. The server may have received a
/// call that was cancelled after it began.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_may_have_been_sent(error: *const Error) -> i32 {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { number_of(error, |error| error.details.may_have_been_sent.into()) }
}

/// 1 if the same request may succeed later, else 0; 0 for NULL. A client has retried by itself
/// before it returns an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_is_retryable(error: *const Error) -> i32 {
    // SAFETY: as the comment on gettickets_error asks.
    unsafe { number_of(error, |error| error.details.is_retryable.into()) }
}

/// How long the server asks to wait before the next request, counted from its response, in milliseconds: at most
/// a year, and 0 for a time that has passed. For `GETTICKETS_ERROR_RATE_LIMITED` and errors of a busy server.
///
/// `GETTICKETS_NONE` where it did not say, and for other errors; `*milliseconds` is then left as it is.
/// `GETTICKETS_ERROR_NULL` if either is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_retry_after(
    error: *const Error,
    milliseconds: *mut u64,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_error asks; `milliseconds` is NULL or a place to write to.
        let (error, out) =
            unsafe { (guard::shared(error, "error")?, Out::new(milliseconds, "milliseconds")?) };
        let wait = error.details.retry_after.ok_or(Failure::Status(GETTICKETS_NONE))?;
        // A year's milliseconds are far from the most that there is room for.
        out.put(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        Ok(())
    })
}

/// Canonical JSON of an error of the API, as `gettickets_page_to_json` is of a page.
///
/// `*json` is the caller's: free it with `gettickets_string_free`. `GETTICKETS_ERROR_KIND` if the error is
/// another, `GETTICKETS_ERROR_NULL` if either is NULL; `*json` is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_to_json(
    error: *const Error,
    json: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_error asks; `json` is NULL or a place to write to.
        let (error, out) = unsafe { (guard::shared(error, "error")?, Out::new(json, "json")?) };
        let json = error.details.reply_json.clone();
        out.hand_out(OwnedText::of(json.ok_or_else(|| {
            Failure::error(GETTICKETS_ERROR_KIND, "the error is not one that a server answered with")
        })?));
        Ok(())
    })
}

/// Frees an error. NULL is ignored. No other thread may use it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_error_free(error: *mut Error) {
    // SAFETY: the error is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(error) }
}
