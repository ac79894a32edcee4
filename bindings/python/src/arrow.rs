//! The Arrow PyCapsule interface: streams and schemas behind capsules that other libraries take.
//!
//! <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html> says the names. A capsule whose
//! content nobody took releases it; one that was taken is marked by its taker, and releases nothing.

use std::error::Error;
use std::ffi::CStr;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use gettickets::Tickets;
use gettickets_arrow::arrow_array::RecordBatchReader;
use gettickets_arrow::ffi::FFI_ArrowSchema;
use gettickets_arrow::{Layout, TicketReader};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyCapsuleMethods};

use crate::errors;
use crate::scan::{Reading, lock, page_for_stream};
use crate::schemas::schemas;

/// The name of a schema's capsule.
const SCHEMA: &CStr = c"arrow_schema";

/// Pages of a scan are put together up to this many rows: readers like large batches.
const ROWS: usize = 8192;

/// A page's tickets as a stream of one batch; of none where the page is empty.
pub(crate) fn page_stream<'py>(
    py: Python<'py>,
    tickets: Tickets,
    requested: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    stream(py, requested, |layout| {
        Box::new(TicketReader::with_layout([Ok::<_, Interrupted>(tickets)], layout))
    })
}

/// What is left of a scan as a stream.
pub(crate) fn scan_stream<'py>(
    py: Python<'py>,
    reading: Arc<Mutex<Reading>>,
    requested: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let pages = ScanForStream { reading, made_by: thread::current().id(), begun_at: None };
    stream(py, requested, |layout| Box::new(TicketReader::with_layout(pages, layout).min_rows(ROWS)))
}

/// Whether the schema that a reader asks for has large texts. All else is as it always is, as the interface allows.
#[allow(unsafe_code, reason = "a capsule is a pointer with a name")]
fn wants_large_texts(requested: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    const LARGE_TEXT: &str = "U";
    let Some(requested) = requested else { return Ok(false) };
    let pointer = requested.cast::<PyCapsule>()?.pointer_checked(Some(SCHEMA))?;
    // SAFETY: a capsule of this name has a schema, and keeps it for as long as it is borrowed here.
    let schema = unsafe { pointer.cast::<FFI_ArrowSchema>().as_ref() };
    // One that was taken from its capsule has nothing to be read.
    Ok(schema.release().is_some() && schema.children().any(|column| column.format() == LARGE_TEXT))
}

/// The schema of every stream that no other is asked of.
pub(crate) fn schema(py: Python<'_>) -> PyResult<Bound<'_, PyCapsule>> {
    let schema = schemas(false).lend().map_err(errors::value)?;
    PyCapsule::new_with_value(py, schema, SCHEMA)
}

fn stream<'py>(
    py: Python<'py>,
    requested: Option<&Bound<'py, PyAny>>,
    batches: impl FnOnce(Layout) -> Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let stream = schemas(wants_large_texts(requested)?).stream(batches);
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}

/// A scan's pages as a stream wants them.
///
/// Readers pull on whatever thread they like, with the interpreter's lock or without. On the thread that made the
/// stream the lock can be waited for, as nobody else holds it on that thread's behalf; there Ctrl-C is listened to. On
/// any other it is not touched.
struct ScanForStream {
    reading: Arc<Mutex<Reading>>,
    made_by: ThreadId,
    /// Where the scan was before the first page was asked for.
    begun_at: Option<String>,
}

impl ScanForStream {
    fn with_reading<T>(&self, work: impl FnOnce(&mut Reading) -> T) -> T {
        work(&mut lock(&self.reading))
    }
}

impl Iterator for ScanForStream {
    type Item = Result<Tickets, Interrupted>;

    fn next(&mut self) -> Option<Result<Tickets, Interrupted>> {
        if self.begun_at.is_none() {
            self.begun_at = self.with_reading(|reading| reading.cursor());
        }
        let page = if thread::current().id() == self.made_by {
            attached(|py| page_for_stream(py, &self.reading).map_err(|error| told(py, &error)))
        } else {
            Reading::wait_for_page(&self.reading)
        };
        if page.is_err() {
            // Readers drop what they have when a stream fails.
            let begun_at = self.begun_at.clone();
            self.with_reading(|reading| reading.lose(begun_at));
        }
        page.map_err(Interrupted).transpose()
    }
}

/// Takes the interpreter's lock, whoever has it. pyo3 alone would believe that a thread that it once gave the lock
/// to still has it; readers that are no pyo3's give it up behind its back.
#[allow(unsafe_code, reason = "pyo3 does not ask the interpreter")]
fn attached<T>(work: impl FnOnce(Python<'_>) -> T) -> T {
    // SAFETY: the thread that made the stream is one of Python's, and readers read while the interpreter lives.
    let state = unsafe { ffi::PyGILState_Ensure() };
    let done = Python::attach(work);
    // SAFETY: what was taken above is given back, on the same thread.
    unsafe { ffi::PyGILState_Release(state) };
    done
}

/// A reader hands on nothing but a text, and raises an exception of its own. An interrupt is asked for anew, so
/// that it is raised as soon as the reader has returned.
#[allow(unsafe_code, reason = "pyo3 has no safe name for this function")]
fn told(py: Python<'_>, error: &PyErr) -> String {
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        // SAFETY: attached to the interpreter; the function only notes that there was a signal.
        unsafe { ffi::PyErr_SetInterrupt() };
        return "the scan was interrupted".to_owned();
    }
    error.to_string()
}

/// Why a stream ended early, as a text.
#[derive(Debug)]
pub(crate) struct Interrupted(String);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Interrupted {}
