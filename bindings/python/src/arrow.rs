//! The Arrow PyCapsule interface: streams and schemas behind capsules that other libraries take.
//!
//! <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html> says the names. A capsule whose
//! content nobody took releases it; one that was taken is marked by its taker, and releases nothing.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use gettickets::Tickets;
use gettickets_arrow::arrow_array::RecordBatchReader;
use gettickets_arrow::{TicketReader, ffi};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::ffi::PyErr_SetInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::errors;
use crate::scan::{Reading, page_for_stream};

/// Pages of a scan are put together up to this many rows: readers like large batches.
const ROWS: usize = 8192;

/// A page's tickets as a stream of one batch; of none where the page is empty.
pub(crate) fn page_stream(py: Python<'_>, tickets: Tickets) -> PyResult<Bound<'_, PyCapsule>> {
    stream(py, TicketReader::new([Ok::<_, Interrupted>(tickets)]))
}

/// What is left of a scan as a stream.
pub(crate) fn scan_stream(py: Python<'_>, reading: Arc<Mutex<Reading>>) -> PyResult<Bound<'_, PyCapsule>> {
    let pages = ScanForStream { reading, made_by: thread::current().id() };
    stream(py, TicketReader::new(pages).min_rows(ROWS))
}

/// The schema of every stream.
pub(crate) fn schema(py: Python<'_>) -> PyResult<Bound<'_, PyCapsule>> {
    let schema = ffi::schema(&gettickets_arrow::schema()).map_err(errors::value)?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

fn stream(py: Python<'_>, reader: impl RecordBatchReader + Send + 'static) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, ffi::stream(reader), c"arrow_array_stream")
}

/// A scan's pages as a stream wants them.
///
/// Readers pull on whatever thread they like, with the interpreter's lock or without. On the thread that made the
/// stream the lock can be waited for, as nobody else can hold it on its behalf; there Ctrl-C is listened to. On
/// any other it is not touched.
struct ScanForStream {
    reading: Arc<Mutex<Reading>>,
    made_by: ThreadId,
}

impl Iterator for ScanForStream {
    type Item = Result<Tickets, Box<dyn Error + Send + Sync>>;

    fn next(&mut self) -> Option<Self::Item> {
        if thread::current().id() != self.made_by {
            return Reading::wait_for_page(&self.reading).map(|page| page.map_err(Into::into));
        }
        let attached =
            Python::try_attach(|py| page_for_stream(py, &self.reading).map_err(|error| told(py, &error)));
        attached.unwrap_or_else(|| Err(Interrupted::box_of("the interpreter is ending"))).transpose()
    }
}

/// A reader hands on nothing but a text, and raises an exception of its own. An interrupt is asked for anew, so
/// that it is raised as soon as the reader has returned.
#[allow(unsafe_code, reason = "pyo3 has no safe name for this function")]
fn told(py: Python<'_>, error: &PyErr) -> Box<dyn Error + Send + Sync> {
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        // SAFETY: attached to the interpreter; the function only notes that there was a signal.
        unsafe { PyErr_SetInterrupt() };
    }
    Interrupted::box_of(&error.to_string())
}

/// Why a stream ended early, as a text.
#[derive(Debug)]
struct Interrupted(String);

impl Interrupted {
    fn box_of(why: &str) -> Box<dyn Error + Send + Sync> {
        Box::new(Interrupted(why.to_owned()))
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Interrupted {}
