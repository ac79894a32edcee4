//! Result codes. A number means one thing for good: none is reused, and new ones are added.

use std::ffi::{CStr, c_char};

/// The outcome of a call: 0 is success, 1 to 9 mean that there is nothing to return and are not errors, and codes
/// from 10 on are errors. A later release may have codes that are not here.
pub type ResultCode = i32;

/// Success: the results were written.
pub const GETTICKETS_OK: ResultCode = 0;
/// The scan is at its end: every ticket was returned. Not an error, and never returned after one.
pub const GETTICKETS_END: ResultCode = 1;
/// There is no such value: the reply did not carry it, or carried null. Nothing was written. Not an error.
pub const GETTICKETS_NONE: ResultCode = 2;
/// Nothing has arrived yet. Not an error.
pub const GETTICKETS_PENDING: ResultCode = 3;
/// A pointer is NULL that must not be.
pub const GETTICKETS_ERROR_NULL: ResultCode = 10;
/// A text argument is not UTF-8.
pub const GETTICKETS_ERROR_UTF8: ResultCode = 11;
/// An argument is out of range, or a length is larger than any memory.
pub const GETTICKETS_ERROR_ARGUMENT: ResultCode = 12;
/// An index is past the end.
pub const GETTICKETS_ERROR_INDEX: ResultCode = 13;
/// The field, error or client does not have what was asked for.
pub const GETTICKETS_ERROR_KIND: ResultCode = 14;
/// The handle is in a state in which it can't serve the call: the scan has begun, or the handle was made before
/// the process was forked.
pub const GETTICKETS_ERROR_STATE: ResultCode = 15;
/// Another thread is inside a call with the same handle, and one thread at a time may use it.
pub const GETTICKETS_ERROR_BUSY: ResultCode = 16;
/// The call was cancelled.
pub const GETTICKETS_ERROR_CANCELLED: ResultCode = 17;
/// A defect of this library was caught. Free the handles that took part, and report it.
pub const GETTICKETS_ERROR_PANIC: ResultCode = 18;
/// The server answered with an error of the API, such as wrong credentials.
pub const GETTICKETS_ERROR_API: ResultCode = 20;
/// The response is not from the API but from a firewall, a login page or the like in front of it. Only calls of a
/// client return it, which know the HTTP status: `gettickets_decode` and its like return `GETTICKETS_ERROR_DECODE`
/// for such a body, with the class not-a-reply or empty.
pub const GETTICKETS_ERROR_UNEXPECTED_RESPONSE: ResultCode = 21;
/// The body is no reply to this call, or can't be read without losing something.
pub const GETTICKETS_ERROR_DECODE: ResultCode = 22;
/// The reply is larger than may be read.
pub const GETTICKETS_ERROR_TOO_LARGE: ResultCode = 23;
/// The server was not reached, or its response did not arrive whole.
pub const GETTICKETS_ERROR_TRANSPORT: ResultCode = 24;
/// The server wants the request sent elsewhere. It was not, as it holds credentials.
pub const GETTICKETS_ERROR_REDIRECT: ResultCode = 25;
/// The client can't be built from what it was given. Nothing was sent.
pub const GETTICKETS_ERROR_CONFIG: ResultCode = 26;
/// The scan can't guarantee that it returned every ticket once.
pub const GETTICKETS_ERROR_SCAN_INCOMPLETE: ResultCode = 27;
/// The Local API did not answer.
pub const GETTICKETS_ERROR_LOCAL: ResultCode = 28;
/// The text is not a cursor, or the cursor belongs to another scan.
pub const GETTICKETS_ERROR_CURSOR: ResultCode = 29;
/// No server would accept the credentials.
pub const GETTICKETS_ERROR_CREDENTIALS: ResultCode = 30;
/// The tickets can't be put into Arrow's form.
pub const GETTICKETS_ERROR_ARROW: ResultCode = 31;
/// The sandbox did not start.
pub const GETTICKETS_ERROR_SANDBOX: ResultCode = 32;
/// The server limits the rate of requests (HTTP 429), and did so at the last attempt too.
/// `gettickets_error_retry_after` returns how long it asks to wait.
pub const GETTICKETS_ERROR_RATE_LIMITED: ResultCode = 33;
/// The memory for what a body holds is not available.
pub const GETTICKETS_ERROR_MEMORY: ResultCode = 34;
/// The system could not start a thread. Nothing was sent.
pub const GETTICKETS_ERROR_THREAD: ResultCode = 35;

/// A code in a few words of English, such as "a pointer is NULL".
///
/// Never NULL, for codes that are not known either. The text is the library's and lives as long as it. May be
/// called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_result_text(code: ResultCode) -> *const c_char {
    text(code).as_ptr()
}

/// A code as a short name for programs, such as "too-large": the name of its constant, in lower case and with
/// hyphens. It is also the class of an error for which there is nothing more particular.
///
/// Never NULL; "unknown" for codes that are not known. The text is the library's and lives as long as it. May
/// be called from any thread.
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
        GETTICKETS_END => c"the scan is at its end",
        GETTICKETS_NONE => c"there is no such value",
        GETTICKETS_PENDING => c"nothing has arrived yet",
        GETTICKETS_ERROR_NULL => c"a pointer is NULL",
        GETTICKETS_ERROR_UTF8 => c"a text is not UTF-8",
        GETTICKETS_ERROR_ARGUMENT => c"an argument is out of range",
        GETTICKETS_ERROR_INDEX => c"an index is past the end",
        GETTICKETS_ERROR_KIND => c"the field, error or client does not have what was asked for",
        GETTICKETS_ERROR_STATE => c"the handle is in a state in which it can't serve the call",
        GETTICKETS_ERROR_BUSY => c"another thread is using the handle",
        GETTICKETS_ERROR_CANCELLED => c"the call was cancelled",
        GETTICKETS_ERROR_PANIC => c"a defect of this library was caught",
        GETTICKETS_ERROR_API => c"the server answered with an error",
        GETTICKETS_ERROR_UNEXPECTED_RESPONSE => c"the response is not from the API",
        GETTICKETS_ERROR_DECODE => c"the body can't be read as a reply",
        GETTICKETS_ERROR_TOO_LARGE => c"the reply is larger than may be read",
        GETTICKETS_ERROR_TRANSPORT => c"there was no response from the server",
        GETTICKETS_ERROR_REDIRECT => c"the server wants the request sent elsewhere",
        GETTICKETS_ERROR_CONFIG => c"the client can't be built from its settings",
        GETTICKETS_ERROR_SCAN_INCOMPLETE => c"the scan is not complete",
        GETTICKETS_ERROR_LOCAL => c"the Local API did not answer",
        GETTICKETS_ERROR_CURSOR => c"the cursor does not belong here",
        GETTICKETS_ERROR_CREDENTIALS => c"no server would accept the credentials",
        GETTICKETS_ERROR_ARROW => c"the tickets can't be put into Arrow's form",
        GETTICKETS_ERROR_SANDBOX => c"the sandbox did not start",
        GETTICKETS_ERROR_RATE_LIMITED => c"the server limits the rate of requests",
        GETTICKETS_ERROR_MEMORY => c"there is not enough memory",
        GETTICKETS_ERROR_THREAD => c"the system could not start a thread",
        _ => c"a code that this release does not know",
    }
}
