//! Result codes. The meaning of a number never changes, and no number is reused.

use std::ffi::{CStr, c_char};

/// The result of a function: 0 is success, 1 to 9 mean that there is no value and are not errors, codes from 10
/// on are errors. Later releases may add codes.
pub type ResultCode = i32;

/// Success.
pub const GETTICKETS_OK: ResultCode = 0;
/// The scan is complete; see gettickets_scan. Not an error.
pub const GETTICKETS_END: ResultCode = 1;
/// The value is missing or null. Not an error.
pub const GETTICKETS_NONE: ResultCode = 2;
/// Nothing is available yet. Not an error.
pub const GETTICKETS_PENDING: ResultCode = 3;
/// A pointer is NULL.
pub const GETTICKETS_ERROR_NULL: ResultCode = 10;
/// A text argument is not UTF-8.
pub const GETTICKETS_ERROR_UTF8: ResultCode = 11;
/// An argument is out of range.
pub const GETTICKETS_ERROR_ARGUMENT: ResultCode = 12;
/// An index is out of range.
pub const GETTICKETS_ERROR_INDEX: ResultCode = 13;
/// The function does not apply to this field, error or client.
pub const GETTICKETS_ERROR_KIND: ResultCode = 14;
/// The function is not available in this state: the scan has begun, or the process was forked.
pub const GETTICKETS_ERROR_STATE: ResultCode = 15;
/// Another thread is using the handle.
pub const GETTICKETS_ERROR_BUSY: ResultCode = 16;
/// The call was canceled.
pub const GETTICKETS_ERROR_CANCELLED: ResultCode = 17;
/// A bug in this library. Free the handles involved, and report it.
pub const GETTICKETS_ERROR_PANIC: ResultCode = 18;
/// The server sent an error of the API, such as wrong credentials.
pub const GETTICKETS_ERROR_API: ResultCode = 20;
/// The response is not a reply of the API but a page of a firewall, a login page or similar. Only calls of a
/// client return it; `gettickets_decode` returns `GETTICKETS_ERROR_DECODE` with the class not-a-reply or
/// empty.
pub const GETTICKETS_ERROR_UNEXPECTED_RESPONSE: ResultCode = 21;
/// The body is not a reply to this call, or cannot be read without losing data.
pub const GETTICKETS_ERROR_DECODE: ResultCode = 22;
/// The reply is larger than the limit.
pub const GETTICKETS_ERROR_TOO_LARGE: ResultCode = 23;
/// The server could not be reached, or its response was incomplete.
pub const GETTICKETS_ERROR_TRANSPORT: ResultCode = 24;
/// The server sent a redirect. It is not followed, because the request has credentials.
pub const GETTICKETS_ERROR_REDIRECT: ResultCode = 25;
/// A setting of the client is invalid. Nothing was sent.
pub const GETTICKETS_ERROR_CONFIG: ResultCode = 26;
/// The scan cannot guarantee that it returned every ticket.
pub const GETTICKETS_ERROR_SCAN_INCOMPLETE: ResultCode = 27;
/// The Local API sent no reply.
pub const GETTICKETS_ERROR_LOCAL: ResultCode = 28;
/// The text is not a cursor, or the cursor belongs to another scan.
pub const GETTICKETS_ERROR_CURSOR: ResultCode = 29;
/// The credentials are invalid. Nothing was sent.
pub const GETTICKETS_ERROR_CREDENTIALS: ResultCode = 30;
/// The tickets cannot be converted to Arrow.
pub const GETTICKETS_ERROR_ARROW: ResultCode = 31;
/// The sandbox could not start.
pub const GETTICKETS_ERROR_SANDBOX: ResultCode = 32;
/// The server still limits the rate of requests (HTTP 429) after all retries; see
/// `gettickets_error_retry_after_ms`.
pub const GETTICKETS_ERROR_RATE_LIMITED: ResultCode = 33;
/// Not enough memory.
pub const GETTICKETS_ERROR_MEMORY: ResultCode = 34;
/// The system could not start a thread. Nothing was sent.
pub const GETTICKETS_ERROR_THREAD: ResultCode = 35;

/// Returns a short description of a result code, such as "a pointer is NULL". Never NULL, also for unknown codes.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_result_text(code: ResultCode) -> *const c_char {
    text(code).as_ptr()
}

/// Returns a result code as a short name for programs, such as "too-large": the name of its constant in lowercase
/// with hyphens. "unknown" for unknown codes.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_result_name(code: ResultCode) -> *const c_char {
    name(code).as_ptr()
}

pub(crate) fn name(code: ResultCode) -> &'static CStr {
    match code {
        GETTICKETS_OK => c"ok",
        GETTICKETS_END => c"end",
        GETTICKETS_NONE => c"none",
        GETTICKETS_PENDING => c"pending",
        GETTICKETS_ERROR_NULL => c"null",
        GETTICKETS_ERROR_UTF8 => c"utf8",
        GETTICKETS_ERROR_ARGUMENT => c"argument",
        GETTICKETS_ERROR_INDEX => c"index",
        GETTICKETS_ERROR_KIND => c"kind",
        GETTICKETS_ERROR_STATE => c"state",
        GETTICKETS_ERROR_BUSY => c"busy",
        GETTICKETS_ERROR_CANCELLED => c"cancelled",
        GETTICKETS_ERROR_PANIC => c"panic",
        GETTICKETS_ERROR_API => c"api",
        GETTICKETS_ERROR_UNEXPECTED_RESPONSE => c"unexpected-response",
        GETTICKETS_ERROR_DECODE => c"decode",
        GETTICKETS_ERROR_TOO_LARGE => c"too-large",
        GETTICKETS_ERROR_TRANSPORT => c"transport",
        GETTICKETS_ERROR_REDIRECT => c"redirect",
        GETTICKETS_ERROR_CONFIG => c"config",
        GETTICKETS_ERROR_SCAN_INCOMPLETE => c"scan-incomplete",
        GETTICKETS_ERROR_LOCAL => c"local",
        GETTICKETS_ERROR_CURSOR => c"cursor",
        GETTICKETS_ERROR_CREDENTIALS => c"credentials",
        GETTICKETS_ERROR_ARROW => c"arrow",
        GETTICKETS_ERROR_SANDBOX => c"sandbox",
        GETTICKETS_ERROR_RATE_LIMITED => c"rate-limited",
        GETTICKETS_ERROR_MEMORY => c"memory",
        GETTICKETS_ERROR_THREAD => c"thread",
        _ => c"unknown",
    }
}

fn text(code: ResultCode) -> &'static CStr {
    match code {
        GETTICKETS_OK => c"success",
        GETTICKETS_END => c"the scan is complete",
        GETTICKETS_NONE => c"the value is missing or null",
        GETTICKETS_PENDING => c"nothing is available yet",
        GETTICKETS_ERROR_NULL => c"a pointer is NULL",
        GETTICKETS_ERROR_UTF8 => c"a text is not UTF-8",
        GETTICKETS_ERROR_ARGUMENT => c"an argument is out of range",
        GETTICKETS_ERROR_INDEX => c"an index is out of range",
        GETTICKETS_ERROR_KIND => c"the function does not apply to this field, error or client",
        GETTICKETS_ERROR_STATE => c"the function is not available in the handle's state",
        GETTICKETS_ERROR_BUSY => c"another thread is using the handle",
        GETTICKETS_ERROR_CANCELLED => c"the call was canceled",
        GETTICKETS_ERROR_PANIC => c"a bug in this library was caught",
        GETTICKETS_ERROR_API => c"the server sent an error",
        GETTICKETS_ERROR_UNEXPECTED_RESPONSE => c"the response is not from the API",
        GETTICKETS_ERROR_DECODE => c"the body cannot be read as a reply",
        GETTICKETS_ERROR_TOO_LARGE => c"the reply is larger than the limit",
        GETTICKETS_ERROR_TRANSPORT => c"the server could not be reached, or its response was incomplete",
        GETTICKETS_ERROR_REDIRECT => c"the server redirects the request",
        GETTICKETS_ERROR_CONFIG => c"a setting of the client is invalid",
        GETTICKETS_ERROR_SCAN_INCOMPLETE => c"the scan is not complete",
        GETTICKETS_ERROR_LOCAL => c"the Local API sent no reply",
        GETTICKETS_ERROR_CURSOR => c"the cursor is invalid or belongs to another scan",
        GETTICKETS_ERROR_CREDENTIALS => c"the credentials are invalid",
        GETTICKETS_ERROR_ARROW => c"the tickets cannot be converted to Arrow",
        GETTICKETS_ERROR_SANDBOX => c"the sandbox could not start",
        GETTICKETS_ERROR_RATE_LIMITED => c"the server limits the rate of requests",
        GETTICKETS_ERROR_MEMORY => c"there is not enough memory",
        GETTICKETS_ERROR_THREAD => c"the system could not start a thread",
        _ => c"unknown result code",
    }
}
