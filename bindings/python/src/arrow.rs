//! The Arrow PyCapsule interface: streams and schemas behind capsules that other libraries take.
//!
//! <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html> says the names. A capsule whose
//! content nobody took releases it; one that was taken is marked by its taker, and releases nothing.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use gettickets::Tickets;
use gettickets_arrow::TicketReader;
use gettickets_arrow::arrow_array::RecordBatchReader;
use gettickets_arrow::ffi as c_data;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::errors;
use crate::scan::{Reading, lock, page_for_stream};

/// Pages of a scan are put together up to this many rows: readers like large batches.
const ROWS: usize = 8192;

/// A page's tickets as a stream of one batch; of none where the page is empty.
pub(crate) fn page_stream(py: Python<'_>, tickets: Tickets) -> PyResult<Bound<'_, PyCapsule>> {
    stream(py, TicketReader::new([Ok::<_, Interrupted>(tickets)]))
}

/// What is left of a scan as a stream.
pub(crate) fn scan_stream(py: Python<'_>, reading: Arc<Mutex<Reading>>) -> PyResult<Bound<'_, PyCapsule>> {
    let pages = ScanForStream { reading, made_by: thread::current().id(), begun_at: None };
    stream(py, TicketReader::new(pages).min_rows(ROWS))
}

/// The schema of every stream.
pub(crate) fn schema(py: Python<'_>) -> PyResult<Bound<'_, PyCapsule>> {
    let schema = c_data::schema(&gettickets_arrow::schema()).map_err(errors::value)?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

fn stream(py: Python<'_>, reader: impl RecordBatchReader + Send + 'static) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, c_data::stream(reader), c"arrow_array_stream")
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
