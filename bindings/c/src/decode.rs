//! Decodes bytes to a page: for programs with their own HTTP library, and for saved replies.

use std::ffi::c_void;
use std::slice;

use gettickets_protocol::{Decoder, Reply};

use crate::failure::{Error, Failure};
use crate::guard::{Out, argument, bytes, guard_with_error};
use crate::memory;
use crate::page::Page;
use crate::result::{GETTICKETS_ERROR_TOO_LARGE, ResultCode};

/// Makes every finding an error.
pub const GETTICKETS_DECODE_STRICT: u32 = 1;

/// The default size limit of a body: 256 MiB.
pub const GETTICKETS_DECODE_MAX_LEN: usize = 268435456;

/// Decodes a reply in any format. Known deviations from the documented format are accepted and reported by
/// `gettickets_page_finding`. Check for the finding "count-mismatch": the reply may then lack tickets. With
/// `GETTICKETS_DECODE_STRICT` (`gettickets_decode_with`) any finding is an error.
///
/// `body` is copied; it may be NULL if `len` is 0.
///
/// `GETTICKETS_ERROR_API` if the reply is an error of the API. `GETTICKETS_ERROR_DECODE` if the body is not a
/// reply, or cannot be read without losing data. `GETTICKETS_ERROR_TOO_LARGE` if it has more than
/// `GETTICKETS_DECODE_MAX_LEN` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_decode(
    body: *const c_void,
    len: usize,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: bytes and writable memory, as documented.
    unsafe { decode(body, len, 0, 0, page, error, copied) }
}

/// Decodes a reply like `gettickets_decode`, with settings. `flags` is 0 or `GETTICKETS_DECODE_STRICT`.
/// `max_len` is the size limit of the body in bytes; 0 means `GETTICKETS_DECODE_MAX_LEN`, and the limit is
/// at most 340 MiB.
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

/// Called when a body or an argument is no longer needed, on the thread that freed the last reference. The function
/// must not throw or `longjmp`.
pub type ReleaseFunction = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Decodes a reply like `gettickets_decode_with`, without copying it: the texts of the page point into `body`.
///
/// `body` must stay valid and unchanged until `release` is called with `user_data`. That happens once: when the
/// last page that refers to the body is freed, or before this function returns if no page refers to it (after an
/// error, and for XML). If `release` is NULL, `body` must stay valid until the pages are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_decode_no_copy(
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
    // SAFETY: as for `gettickets_decode`; and the body outlives its owner, as documented.
    unsafe {
        decode(body, len, flags, max_len, page, error, |decoder, body| {
            memory::check_for_decoding(body)?;
            Ok(decoder.decode_shared(slice::from_raw_parts(body.as_ptr(), body.len()), owner)?)
        })
    }
}

/// The owner of a body that a page points into.
struct Owner {
    release: ReleaseFunction,
    user_data: *mut c_void,
}

// SAFETY: the caller of the decoding function guarantees that it may be called on any thread with this pointer.
unsafe impl Send for Owner {}
// SAFETY: as above; and it is only accessed when it is dropped.
unsafe impl Sync for Owner {}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: called once, with the pointer that belongs to it.
            unsafe { release(self.user_data) }
        }
    }
}

/// Borrows the body. An empty one may have any address, such as that of an unused buffer.
///
/// # Safety
///
/// `body` is NULL or points to `len` bytes.
unsafe fn body_of<'a>(body: *const c_void, len: usize) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    // SAFETY: guaranteed by the caller.
    unsafe { bytes(body, len, "body") }
}

/// Decodes a copy of the body.
fn copied(decoder: Decoder, body: &[u8]) -> Result<Reply, Failure> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(body.len()).map_err(|_| memory::out_of_memory(body.len()))?;
    memory::check_for_decoding(body)?;
    copy.extend_from_slice(body);
    Ok(decoder.decode(copy)?)
}

/// # Safety
///
/// `body` is NULL or points to `len` bytes; `page` and `error` are NULL or writable.
unsafe fn decode(
    body: *const c_void,
    len: usize,
    flags: u32,
    max_len: usize,
    page: *mut *mut Page,
    error: *mut *mut Error,
    read: impl FnOnce(Decoder, &[u8]) -> Result<Reply, Failure>,
) -> ResultCode {
    let decode = || {
        if flags & !GETTICKETS_DECODE_STRICT != 0 {
            return Err(argument(format!("the flags {flags:#x} have an unknown bit")));
        }
        let max_len = if max_len == 0 { GETTICKETS_DECODE_MAX_LEN } else { max_len };
        let limit = max_len.min(Decoder::LARGEST_MAX_LEN);
        // SAFETY: guaranteed by the caller.
        let (out, body) = unsafe { (Out::new(page, "page")?, body_of(body, len)?) };
        // Checked before the body is copied.
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
    // SAFETY: guaranteed by the caller.
    unsafe { guard_with_error(error, decode) }
}
