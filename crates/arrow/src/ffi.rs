//! The Arrow C data interface: batches and streams for other languages in the same process.
//!
//! Nothing is copied. The consumer of a structure owns its data and must call its `release`.

#![allow(unsafe_code, reason = "a consumer calls the functions of a stream with pointers")]

use std::any::Any;
use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use arrow_array::ffi::to_ffi;
pub use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
pub use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, Schema};

/// `EINVAL` of `errno.h`, the same on every system.
const EINVAL: c_int = 22;

/// A stream of batches, such as a [`TicketReader`](crate::TicketReader) over a scan.
///
/// Pages are requested when the consumer asks for the next batch, on its thread. After an error, every later call
/// returns the same error, so that the end of a stream means that every ticket was returned. A panic of the reader
/// becomes an error.
///
/// ```
/// use gettickets_arrow::{TicketReader, ffi};
/// use gettickets_protocol::Tickets;
/// let pages = [Ok::<_, std::io::Error>(Tickets::default())];
/// let stream = ffi::stream(TicketReader::new(pages));
/// assert!(stream.release().is_some());
/// ```
pub fn stream(reader: impl RecordBatchReader + Send + 'static) -> FFI_ArrowArrayStream {
    stream_with(reader, StreamHooks::default())
}

/// Hooks with which a binding customizes its streams.
#[derive(Clone, Copy, Debug)]
pub struct StreamHooks {
    /// Returns the `errno` value for an error. Default: always `EINVAL`.
    pub errno: fn(&ArrowError) -> c_int,
    /// Exports the schema. Default: [`schema`].
    pub schema: fn(&Schema) -> Result<FFI_ArrowSchema, ArrowError>,
}

impl Default for StreamHooks {
    fn default() -> StreamHooks {
        StreamHooks { errno: |_| EINVAL, schema }
    }
}

/// As [`stream`], with hooks.
pub fn stream_with(
    reader: impl RecordBatchReader + Send + 'static,
    hooks: StreamHooks,
) -> FFI_ArrowArrayStream {
    let state = Box::into_raw(Box::new(StreamState { reader: Box::new(reader), hooks, failure: None }));
    // SAFETY: each function receives the pointer that is stored here, and `release` frees it once.
    unsafe {
        FFI_ArrowArrayStream::new_unchecked(
            Some(get_schema),
            Some(get_next),
            Some(get_last_error),
            Some(release),
            state.cast(),
        )
    }
}

/// The state of a stream.
struct StreamState {
    reader: Box<dyn RecordBatchReader + Send>,
    hooks: StreamHooks,
    /// The error that the stream failed with.
    failure: Option<Failure>,
}

struct Failure {
    errno: c_int,
    message: CString,
}

impl StreamState {
    /// Runs the body of a stream function, unless the stream failed before. Returns an `errno` value.
    fn run(&mut self, body: impl FnOnce(&mut StreamState) -> Result<(), ArrowError>) -> c_int {
        if let Some(failure) = &self.failure {
            return failure.errno;
        }
        let failure = match catch_unwind(AssertUnwindSafe(|| body(self))) {
            Ok(Ok(())) => return 0,
            Ok(Err(error)) => Failure { errno: (self.hooks.errno)(&error), message: message(&error) },
            Err(panic) => Failure { errno: EINVAL, message: panic_message(&*panic) },
        };
        self.failure.insert(failure).errno
    }
}

/// Returns the message of an error. For an external error it is the message of the inner error.
fn message(error: &ArrowError) -> CString {
    c_string(match error {
        ArrowError::ExternalError(inner) => inner.to_string(),
        other => other.to_string(),
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> CString {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    c_string(format!("internal error of gettickets: {}", text.unwrap_or("a panic without a message")))
}

/// Converts a text, up to its first NUL, to a C string.
fn c_string(text: String) -> CString {
    CString::new(text).unwrap_or_else(|error| {
        let end = error.nul_position();
        let mut bytes = error.into_vec();
        bytes.truncate(end);
        CString::new(bytes).unwrap_or_default()
    })
}

unsafe extern "C" fn get_schema(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowSchema) -> c_int {
    // SAFETY: a consumer calls the functions of a stream with that stream, one at a time, until it releases it.
    let state = unsafe { (*stream).private_data().cast::<StreamState>().as_mut() };
    let Some(state) = state else { return EINVAL };
    state.run(|state| {
        let schema = (state.hooks.schema)(&state.reader.schema())?;
        // SAFETY: a consumer passes memory to write to, whose content is not read.
        unsafe { out.write(schema) };
        Ok(())
    })
}

unsafe extern "C" fn get_next(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowArray) -> c_int {
    // SAFETY: as in `get_schema`.
    let state = unsafe { (*stream).private_data().cast::<StreamState>().as_mut() };
    let Some(state) = state else { return EINVAL };
    state.run(|state| {
        let array = match state.reader.next().transpose()? {
            Some(batch) => FFI_ArrowArray::new(&StructArray::from(batch).to_data()),
            None => FFI_ArrowArray::empty(),
        };
        // SAFETY: as in `get_schema`.
        unsafe { out.write(array) };
        Ok(())
    })
}

unsafe extern "C" fn get_last_error(stream: *mut FFI_ArrowArrayStream) -> *const c_char {
    // SAFETY: as in `get_schema`.
    let state = unsafe { (*stream).private_data().cast::<StreamState>().as_ref() };
    let failure = state.and_then(|state| state.failure.as_ref());
    failure.map_or(ptr::null(), |failure| failure.message.as_ptr())
}

unsafe extern "C" fn release(stream: *mut FFI_ArrowArrayStream) {
    // SAFETY: as in `get_schema`. The function pointers are cleared, so that nothing is used or freed twice.
    let state = unsafe {
        let state = (*stream).private_data().cast::<StreamState>();
        stream.write(FFI_ArrowArrayStream::new_unchecked(None, None, None, None, ptr::null_mut()));
        state
    };
    if !state.is_null() {
        // SAFETY: made by `Box::into_raw` in `stream_with`, and freed only here.
        let state = unsafe { Box::from_raw(state) };
        // A panic while the reader is dropped cannot be reported to anyone.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(state)));
    }
}

/// One batch, as an array of structs with its schema.
///
/// # Errors
///
/// [`ArrowError`] if the C data interface cannot describe the schema. It can describe every schema of this crate.
pub fn batch(batch: RecordBatch) -> Result<(FFI_ArrowArray, FFI_ArrowSchema), ArrowError> {
    let schema = batch.schema();
    let (array, _) = to_ffi(&StructArray::from(batch).to_data())?;
    Ok((array, self::schema(&schema)?))
}

/// A schema.
///
/// # Errors
///
/// As [`batch`].
pub fn schema(schema: &Schema) -> Result<FFI_ArrowSchema, ArrowError> {
    FFI_ArrowSchema::try_from(schema)
}
