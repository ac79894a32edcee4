//! A stream of the Arrow C data interface with the error codes of this library.

use std::ffi::c_int;
use std::fmt;

use gettickets_arrow::ArrowError;
use gettickets_arrow::arrow_array::RecordBatchReader;
use gettickets_arrow::arrow_schema::SchemaRef;
use gettickets_arrow::ffi::{self, FFI_ArrowArrayStream, StreamHooks};

use crate::failure::Error;
use crate::process::Origin;
use crate::result::{
    GETTICKETS_ERROR_API, GETTICKETS_ERROR_BUSY, GETTICKETS_ERROR_CANCELLED, GETTICKETS_ERROR_DECODE,
    GETTICKETS_ERROR_LOCAL, GETTICKETS_ERROR_MEMORY, GETTICKETS_ERROR_RATE_LIMITED,
    GETTICKETS_ERROR_REDIRECT, GETTICKETS_ERROR_SCAN_INCOMPLETE, GETTICKETS_ERROR_THREAD,
    GETTICKETS_ERROR_TOO_LARGE, GETTICKETS_ERROR_TRANSPORT, GETTICKETS_ERROR_UNEXPECTED_RESPONSE, ResultCode,
};

/// A stream of these batches. `origin` is set if they come from a server.
pub(crate) fn stream(
    batches: impl RecordBatchReader + Send + 'static,
    origin: Option<Origin>,
) -> FFI_ArrowArrayStream {
    let hooks = StreamHooks { errno, ..StreamHooks::default() };
    ffi::stream_with(OfProcess { batches: Some(batches), origin }, hooks)
}

/// A reader that is dropped only in the process that made it.
struct OfProcess<R> {
    /// `None` after it was dropped.
    batches: Option<R>,
    origin: Option<Origin>,
}

impl<R: Iterator> Iterator for OfProcess<R> {
    type Item = R::Item;

    fn next(&mut self) -> Option<R::Item> {
        self.batches.as_mut()?.next()
    }
}

impl<R: RecordBatchReader> RecordBatchReader for OfProcess<R> {
    fn schema(&self) -> SchemaRef {
        self.batches.as_ref().map_or_else(gettickets_arrow::schema, R::schema)
    }
}

impl<R> Drop for OfProcess<R> {
    fn drop(&mut self) {
        match (self.batches.take(), self.origin) {
            (Some(batches), Some(origin)) => origin.drop_here(batches),
            (batches, _) => drop(batches),
        }
    }
}

/// An error of this library, wrapped as the error of a page for a reader of batches.
#[derive(Debug)]
pub(crate) struct PageError(pub(crate) Box<Error>);

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message().to_string_lossy())
    }
}

impl std::error::Error for PageError {}

/// The `errno` value of an error, from which Arrow libraries derive classes of errors.
fn errno(error: &ArrowError) -> c_int {
    match error {
        ArrowError::ExternalError(error) => {
            error.downcast_ref::<PageError>().map_or(libc::EINVAL, |error| errno_of(error.0.code()))
        }
        _ => libc::EINVAL,
    }
}

fn errno_of(code: ResultCode) -> c_int {
    match code {
        GETTICKETS_ERROR_CANCELLED => libc::ECANCELED,
        GETTICKETS_ERROR_BUSY => libc::EBUSY,
        GETTICKETS_ERROR_MEMORY => libc::ENOMEM,
        GETTICKETS_ERROR_THREAD => libc::EAGAIN,
        GETTICKETS_ERROR_TRANSPORT | GETTICKETS_ERROR_LOCAL => libc::EIO,
        // The server was reached, but a reply is not a page, or the pages do not add up.
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
