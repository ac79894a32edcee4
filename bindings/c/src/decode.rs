//! From bytes to a page: for programs with an HTTP library of their own, and for replies that were saved.

use std::ffi::c_void;
use std::slice;

use gettickets_protocol::{DecodeError, Decoder, Reply};

use crate::error::{Error, Failure};
use crate::guard::{Out, argument, bytes, guard_telling};
use crate::page::Page;
use crate::result::{GETTICKETS_ERROR_TOO_LARGE, ResultCode};

/// Refuses what would be a finding; for `gettickets_decode_with`.
pub const GETTICKETS_DECODE_STRICT: u32 = 1;

/// The most bytes that a body may have unless told otherwise: 256 MiB.
pub const GETTICKETS_DECODE_MAX_LEN: usize = 268435456;

/// Decodes a reply, in whatever format and spelling it came. What departs from the documented shape in a
/// known way is read, and told by `gettickets_page_finding`. So is a reply whose count and tickets disagree,
/// which may lack some (the finding "count-mismatch"): look at the findings, or refuse such a reply with
/// `GETTICKETS_DECODE_STRICT`.
///
/// `body` is `len` bytes of text in any type, that need no NUL behind them; it may be NULL where `len` is 0.
/// They are copied once, and the caller may free them afterwards. `*page` is the caller's: free it with
/// `gettickets_page_free`.
///
/// `GETTICKETS_ERROR_API` if the reply is an error of the API, which comes at HTTP 200 and at 403 alike.
/// `GETTICKETS_ERROR_DECODE` if it is no reply, or can't be read without losing something; with the class empty
/// if there is nothing in it. `GETTICKETS_ERROR_TOO_LARGE` if it has more than `GETTICKETS_DECODE_MAX_LEN`
/// bytes, and `GETTICKETS_ERROR_ARGUMENT` if `len` is more than memory can have; `body` is then not looked at.
/// `GETTICKETS_ERROR_NULL` if `page` is NULL, or `body` where `len` is not 0. `*page` is then left as it is.
/// `error` may be NULL. May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_decode(
    body: *const c_void,
    len: usize,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: bytes, a place to write to and another, as the comment asks.
    unsafe { decode(body, len, 0, 0, page, error, copied) }
}

/// Decodes a reply as `gettickets_decode` does, with settings.
///
/// `flags` is 0 or `GETTICKETS_DECODE_STRICT`. `max_len` is the most bytes that the body may have; 0 stands
/// for `GETTICKETS_DECODE_MAX_LEN`, and more than 340 MiB are never read.
///
/// `GETTICKETS_ERROR_ARGUMENT` if `flags` has a bit that is not known; the rest is as for
/// `gettickets_decode`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_decode_with(
    body: *const c_void,
    len: usize,
    flags: u32,
    max_len: usize,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as for `gettickets_decode`.
    unsafe { decode(body, len, flags, max_len, page, error, copied) }
}

/// A function that is told that a body is no longer needed; for `gettickets_decode_kept`. It is called on
/// whatever thread frees the last page that points into the body, and must neither throw a C++ exception nor
/// leave by `longjmp`.
pub type ReleaseFunction = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Decodes a reply as `gettickets_decode_with` does, without copying it: the texts of the page, and of every
/// page that is made from it, are where `body` has them.
///
/// `body` must stay where it is and as it is until `release` is called with `user_data`, once: when the last
/// such page is freed, or before this returns if nothing needs the body, as after an error, or for a reply in
/// XML. Without a `release`, which may be NULL, it must stay until the pages are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_decode_kept(
    body: *const c_void,
    len: usize,
    flags: u32,
    max_len: usize,
    release: ReleaseFunction,
    user_data: *mut c_void,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    let owner = Owner { release, user_data };
    // SAFETY: as for `gettickets_decode`; and the body outlives its owner, as the comment asks.
    unsafe {
        decode(body, len, flags, max_len, page, error, |decoder, body| {
            decoder.decode_lent(slice::from_raw_parts(body.as_ptr(), body.len()), owner)
        })
    }
}

/// Who has a body that a page points into.
struct Owner {
    release: ReleaseFunction,
    user_data: *mut c_void,
}

// SAFETY: whoever gave the function promised that it may be called on any thread with this pointer.
unsafe impl Send for Owner {}
// SAFETY: as above; and nothing but its end looks at it.
unsafe impl Sync for Owner {}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it is called once, with what it was given for.
            unsafe { release(self.user_data) }
        }
    }
}

/// The body; an empty one may be anywhere, as one is that no response has begun to fill.
///
/// # Safety
///
/// `body` is NULL or leads to `len` bytes.
unsafe fn body_of<'a>(body: *const c_void, len: usize) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    // SAFETY: the caller's promise.
    unsafe { bytes(body, len, "body") }
}

fn copied(decoder: Decoder, body: &[u8]) -> Result<Reply, DecodeError> {
    decoder.decode(body)
}

/// # Safety
///
/// `body` is NULL or leads to `len` bytes; `page` and `error` are NULL or places to write to.
unsafe fn decode(
    body: *const c_void,
    len: usize,
    flags: u32,
    max_len: usize,
    page: *mut *mut Page,
    error: *mut *mut Error,
    read: impl FnOnce(Decoder, &[u8]) -> Result<Reply, DecodeError>,
) -> ResultCode {
    let decode = || {
        if flags & !GETTICKETS_DECODE_STRICT != 0 {
            return Err(argument(format!("{flags:#x} has flags that are not known")));
        }
        let max_len = if max_len == 0 { GETTICKETS_DECODE_MAX_LEN } else { max_len };
        let limit = max_len.min(Decoder::LARGEST_MAX_LEN);
        // SAFETY: the caller's promise.
        let (out, body) = unsafe { (Out::new(page, "page")?, body_of(body, len)?) };
        // Before it is copied, where it is.
        if body.len() > limit {
            let message = format!("the reply is larger than {limit} bytes");
            return Err(Failure::error(GETTICKETS_ERROR_TOO_LARGE, message));
        }
        let strict = flags & GETTICKETS_DECODE_STRICT != 0;
        match read(Decoder::new().strict(strict).max_len(limit), body)? {
            Reply::Tickets(page) => out.hand_out(Page::of(page)),
            Reply::Error(error) => return Err(error.into()),
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { guard_telling(error, decode) }
}
