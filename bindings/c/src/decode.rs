//! From bytes to a page: for programs with an HTTP library of their own, and for replies that were saved.

use gettickets_protocol::{Decoder, Reply};

use crate::error::{Error, Failure};
use crate::guard::{Out, argument, bytes, guard_telling};
use crate::page::Page;
use crate::result::{GETTICKETS_ERROR_TOO_LARGE, ResultCode};

/// Refuses what would be a finding; for `gettickets_decode_with`.
pub const GETTICKETS_DECODE_STRICT: u32 = 1;

/// The most bytes that a body may have unless told otherwise: 256 MiB.
pub const GETTICKETS_DECODE_MAX_LEN: usize = 268435456;

/// Decodes a reply, in whatever format and spelling it came. What departs from the documented shape in a
/// known way is read, and told by `gettickets_page_finding`.
///
/// `body` is `len` bytes that need no NUL behind them. They are copied once, and the caller may free them
/// afterwards. `*page` is the caller's: free it with `gettickets_page_free`.
///
/// `GETTICKETS_ERROR_API` if the reply is an error of the API, which comes at HTTP 200 and at 403 alike.
/// `GETTICKETS_ERROR_DECODE` if it is no reply, or can't be read without losing something.
/// `GETTICKETS_ERROR_TOO_LARGE` if it has more than `GETTICKETS_DECODE_MAX_LEN` bytes; `body` is then not
/// looked at. `GETTICKETS_ERROR_NULL` if `body` or `page` is NULL. `*page` is then left as it is. `error` may
/// be NULL. May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_decode(
    body: *const u8,
    len: usize,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: bytes, a place to write to and another, as the comment asks.
    unsafe { decode(body, len, 0, 0, page, error) }
}

/// Decodes a reply as `gettickets_decode` does, with settings.
///
/// `flags` is 0 or `GETTICKETS_DECODE_STRICT`. `max_len` is the most bytes that the body may have; 0 stands
/// for `GETTICKETS_DECODE_MAX_LEN`, and more than 512 MiB are never read.
///
/// `GETTICKETS_ERROR_ARGUMENT` if `flags` has a bit that is not known; the rest is as for
/// `gettickets_decode`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_decode_with(
    body: *const u8,
    len: usize,
    flags: u32,
    max_len: usize,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as for `gettickets_decode`.
    unsafe { decode(body, len, flags, max_len, page, error) }
}

/// # Safety
///
/// `body` is NULL or leads to `len` bytes; `page` and `error` are NULL or places to write to.
unsafe fn decode(
    body: *const u8,
    len: usize,
    flags: u32,
    max_len: usize,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    let decode = || {
        if flags & !GETTICKETS_DECODE_STRICT != 0 {
            return Err(argument(format!("{flags:#x} has flags that are not known")));
        }
        let max_len = if max_len == 0 { GETTICKETS_DECODE_MAX_LEN } else { max_len };
        let limit = max_len.min(Decoder::LARGEST_MAX_LEN);
        // SAFETY: the caller's promise.
        let (out, body) = unsafe { (Out::new(page, "page")?, bytes(body, len, "body")?) };
        // Before it is copied.
        if body.len() > limit {
            let message = format!("the reply is larger than {limit} bytes");
            return Err(Failure::error(GETTICKETS_ERROR_TOO_LARGE, "too-large", message));
        }
        let strict = flags & GETTICKETS_DECODE_STRICT != 0;
        match Decoder::new().strict(strict).max_len(limit).decode(body)? {
            Reply::Tickets(page) => out.hand_out(Page::of(page)),
            Reply::Error(error) => return Err(error.into()),
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { guard_telling(error, decode) }
}
