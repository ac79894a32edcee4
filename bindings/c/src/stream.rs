//! A stream of the Arrow C data interface as C calls it. An error that ended it is returned by every later call,
//! so that its end means that every ticket was returned; and no panic leaves it.

use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{fmt, ptr};

use gettickets_arrow::ArrowError;
use gettickets_arrow::arrow_array::{Array, RecordBatch, RecordBatchReader, StructArray};
use gettickets_arrow::ffi::{self, FFI_ArrowArray, FFI_ArrowArrayStream, FFI_ArrowSchema};

use crate::failure::Error;
use crate::process::Origin;
use crate::result::{
    GETTICKETS_ERROR_API, GETTICKETS_ERROR_ARROW, GETTICKETS_ERROR_BUSY, GETTICKETS_ERROR_CANCELLED,
    GETTICKETS_ERROR_DECODE, GETTICKETS_ERROR_LOCAL, GETTICKETS_ERROR_MEMORY, GETTICKETS_ERROR_PANIC,
    GETTICKETS_ERROR_RATE_LIMITED, GETTICKETS_ERROR_REDIRECT, GETTICKETS_ERROR_SCAN_INCOMPLETE,
    GETTICKETS_ERROR_THREAD, GETTICKETS_ERROR_TOO_LARGE, GETTICKETS_ERROR_TRANSPORT,
    GETTICKETS_ERROR_UNEXPECTED_RESPONSE, ResultCode,
};

/// A stream of these batches, for a caller who will release it. `origin` is set if they come from a server.
pub(crate) fn stream(
    batches: impl RecordBatchReader + Send + 'static,
    origin: Option<Origin>,
) -> FFI_ArrowArrayStream {
    let held = Box::into_raw(Box::new(Held { batches: Box::new(batches), origin, failure: None }));
    // SAFETY: each function takes this pointer for what it is, and `release` frees it once.
    unsafe {
        FFI_ArrowArrayStream::new_unchecked(
            Some(get_schema),
            Some(get_next),
            Some(get_last_error),
            Some(release),
            held.cast(),
        )
    }
}

/// What a stream holds.
struct Held {
    batches: Box<dyn RecordBatchReader + Send>,
    origin: Option<Origin>,
    failure: Option<Box<Error>>,
}

impl Held {
    /// Returns an error as Arrow wants it: a number of the system's. It is the first that ended the stream.
    fn fail(&mut self, failure: Box<Error>) -> c_int {
        number(self.failure.get_or_insert(failure).code())
    }

    /// The next batch; none at the end.
    fn next(&mut self) -> Result<Option<RecordBatch>, Box<Error>> {
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => self.batches.next().transpose().map_err(cause),
        }
    }
}

/// An error of ours on its way through Arrow's reader.
#[derive(Debug)]
pub(crate) struct Passing(pub(crate) Box<Error>);

impl fmt::Display for Passing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message().to_string_lossy())
    }
}

impl std::error::Error for Passing {}

/// The error behind one of Arrow's: ours, if it only passed through.
fn cause(error: ArrowError) -> Box<Error> {
    let other = match error {
        ArrowError::ExternalError(error) => match error.downcast::<Passing>() {
            Ok(passing) => return passing.0,
            Err(other) => other.to_string(),
        },
        other => other.to_string(),
    };
    Error::plain(GETTICKETS_ERROR_ARROW, other)
}

/// The number of an error; Arrow's own libraries make classes of them.
fn number(code: ResultCode) -> c_int {
    match code {
        GETTICKETS_ERROR_CANCELLED => libc::ECANCELED,
        GETTICKETS_ERROR_BUSY => libc::EBUSY,
        GETTICKETS_ERROR_MEMORY => libc::ENOMEM,
        GETTICKETS_ERROR_THREAD => libc::EAGAIN,
        GETTICKETS_ERROR_TRANSPORT | GETTICKETS_ERROR_LOCAL => libc::EIO,
        // The server was reached, and its reply is not a page.
        GETTICKETS_ERROR_API
        | GETTICKETS_ERROR_UNEXPECTED_RESPONSE
        | GETTICKETS_ERROR_RATE_LIMITED
        | GETTICKETS_ERROR_DECODE
        | GETTICKETS_ERROR_TOO_LARGE
        | GETTICKETS_ERROR_REDIRECT
        | GETTICKETS_ERROR_SCAN_INCOMPLETE => libc::EPROTO,
        _ => libc::EINVAL,
    }
}

/// Runs the body of one of the stream's functions.
///
/// # Safety
///
/// `stream` is one that [`stream`] made, was not released, and nobody else uses it meanwhile.
unsafe fn with(
    stream: *mut FFI_ArrowArrayStream,
    body: impl FnOnce(&mut Held) -> Result<(), Box<Error>>,
) -> c_int {
    // SAFETY: guaranteed by the caller; what stands there is ours.
    let held = unsafe { (*stream).private_data().cast::<Held>().as_mut() };
    let Some(held) = held else { return libc::EINVAL };
    match catch_unwind(AssertUnwindSafe(|| body(held))) {
        Ok(Ok(())) => 0,
        Ok(Err(failure)) => held.fail(failure),
        Err(_) => {
            let message = "a defect of this library was caught";
            held.fail(Error::plain(GETTICKETS_ERROR_PANIC, message))
        }
    }
}

unsafe extern "C" fn get_schema(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowSchema) -> c_int {
    let write = |held: &mut Held| {
        let schema = ffi::schema(&held.batches.schema()).map_err(cause)?;
        // SAFETY: a consumer gives a place to write to, whatever it holds.
        unsafe { out.write(schema) };
        Ok(())
    };
    // SAFETY: a consumer calls the functions of a stream with that stream, one at a time.
    unsafe { with(stream, write) }
}

unsafe extern "C" fn get_next(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowArray) -> c_int {
    let write = |held: &mut Held| {
        let array = match held.next()? {
            Some(batch) => FFI_ArrowArray::new(&StructArray::from(batch).to_data()),
            None => FFI_ArrowArray::empty(),
        };
        // SAFETY: a consumer gives a place to write to, whatever it holds.
        unsafe { out.write(array) };
        Ok(())
    };
    // SAFETY: as above.
    unsafe { with(stream, write) }
}

unsafe extern "C" fn get_last_error(stream: *mut FFI_ArrowArrayStream) -> *const c_char {
    // SAFETY: as above.
    let held = unsafe { (*stream).private_data().cast::<Held>().as_ref() };
    let failure = held.and_then(|held| held.failure.as_deref());
    failure.map_or(ptr::null(), |failure| failure.message().as_ptr())
}

unsafe extern "C" fn release(stream: *mut FFI_ArrowArrayStream) {
    // SAFETY: as above; the functions are taken out, so that nothing of it is used or freed again.
    unsafe {
        let held = (*stream).private_data().cast::<Held>();
        crate::guard::free_with(held, |Held { batches, origin, .. }| match origin {
            Some(origin) => origin.drop_here(batches),
            None => drop(batches),
        });
        let gone = FFI_ArrowArrayStream::new_unchecked(None, None, None, None, ptr::null_mut());
        stream.write(gone);
    }
}
