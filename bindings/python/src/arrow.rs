//! The Arrow PyCapsule interface: streams and schemas in capsules that other libraries read.
//!
//! <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html> defines the names. A capsule whose
//! content was not taken releases it; one that was taken is marked by the consumer, and releases nothing.

use std::error::Error;
use std::ffi::{CStr, c_int, c_void};
use std::fmt;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use gettickets::Tickets;
use gettickets_arrow::arrow_array::RecordBatchReader;
use gettickets_arrow::arrow_schema::Schema;
use gettickets_arrow::ffi::{self as c_data, FFI_ArrowSchema, StreamHooks};
use gettickets_arrow::{ArrowError, TableSchema, TicketReader};
use jiff::tz::{Offset, TimeZone};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyCapsuleMethods};

use crate::errors;
use crate::home::Home;
use crate::imports;
use crate::scan::Shared;
use crate::schemas;

/// The name of a schema's capsule.
const SCHEMA: &CStr = c"arrow_schema";

/// Pages of a scan are joined up to this many rows, as readers are fastest with large batches.
const ROWS: usize = 8192;

/// A page's tickets as a stream of one batch; of none where the page is empty.
pub(crate) fn page_stream<'py>(
    py: Python<'py>,
    tickets: Tickets,
    zone: Option<&Py<PyAny>>,
    requested: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    stream(py, zone, requested, |table| {
        Box::new(TicketReader::with_schema([Ok::<_, Interrupted>(tickets)], table))
    })
}

/// What is left of a scan as a stream.
pub(crate) fn scan_stream<'py>(
    py: Python<'py>,
    scan: Arc<Shared>,
    zone: Option<&Py<PyAny>>,
    requested: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let pages = ScanForStream { scan: Home::new(scan), made_by: thread::current().id(), begun_at: None };
    stream(py, zone, requested, |table| Box::new(TicketReader::with_schema(pages, table).min_rows(ROWS)))
}

/// The schema of a stream for which no other is requested.
pub(crate) fn schema<'py>(py: Python<'py>, zone: Option<&Py<PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
    let (table, schema) = columns(py, zone, false)?;
    let schema = schema(&table.schema()).map_err(errors::argument)?;
    PyCapsule::new_with_value(py, schema, SCHEMA)
}

fn stream<'py>(
    py: Python<'py>,
    zone: Option<&Py<PyAny>>,
    requested: Option<&Bound<'py, PyAny>>,
    batches: impl FnOnce(TableSchema) -> Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let (table, schema) = columns(py, zone, wants_large_texts(requested)?)?;
    let hooks = StreamHooks { schema, ..StreamHooks::default() };
    PyCapsule::new_with_value(py, c_data::stream_with(batches(table), hooks), c"arrow_array_stream")
}

/// Whether the requested schema has large texts.
#[allow(unsafe_code, reason = "a capsule is a pointer with a name")]
fn wants_large_texts(requested: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    const LARGE_TEXT: &str = "U";
    let Some(requested) = requested else { return Ok(false) };
    let pointer = requested.cast::<PyCapsule>()?.pointer_checked(Some(SCHEMA))?;
    // SAFETY: a capsule of this name has a schema, and keeps it for as long as it is borrowed here.
    let schema = unsafe { pointer.cast::<FFI_ArrowSchema>().as_ref() };
    // A schema that was moved out of its capsule is not read.
    Ok(schema.release().is_some() && schema.children().any(|column| column.format() == LARGE_TEXT))
}

type MakeSchema = fn(&Schema) -> Result<FFI_ArrowSchema, ArrowError>;

/// The table schema, and the function that exports it. Dates are instants where the install's time zone is known.
fn columns(
    py: Python<'_>,
    zone: Option<&Py<PyAny>>,
    large_texts: bool,
) -> PyResult<(TableSchema, MakeSchema)> {
    let (table, schema) = schemas::table(large_texts);
    let Some(zone) = zone else { return Ok((table, schema)) };
    let zone = install_zone(py, zone)?;
    Ok((table.in_time_zone(zone).map_err(errors::argument)?, c_data::schema))
}

/// The time zone of a `tzinfo`.
pub(crate) fn install_zone(py: Python<'_>, zone: &Py<PyAny>) -> PyResult<TimeZone> {
    time_zone(imports::ARROW_ZONE.get(py)?.call1((zone,))?)
}

/// The time zone that `arrow_zone` describes: a name with a file of the time zone database, or an offset in seconds.
fn time_zone(described: Bound<'_, PyAny>) -> PyResult<TimeZone> {
    let (name, rules): (String, Bound<'_, PyAny>) = described.extract()?;
    let invalid = |why: String| errors::argument(format!("the time zone {name:?} can't be used: {why}"));
    if let Ok(file) = rules.cast::<PyBytes>() {
        return TimeZone::tzif(&name, file.as_bytes()).map_err(|error| invalid(error.to_string()));
    }
    match rules.extract()? {
        0 => Ok(TimeZone::UTC),
        seconds => {
            Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|error| invalid(error.to_string()))
        }
    }
}

/// The pages of a scan for a stream.
///
/// Readers call from any thread, with the interpreter's lock or without. On the thread that made the stream, the lock
/// can be waited for, and signals are checked. On any other thread the lock is not touched: the thread that waits for
/// this one may hold it.
struct ScanForStream {
    scan: Home<Arc<Shared>>,
    made_by: ThreadId,
    /// The cursor of the scan before the first page was requested.
    begun_at: Option<String>,
}

impl Iterator for ScanForStream {
    type Item = Result<Tickets, Interrupted>;

    fn next(&mut self) -> Option<Result<Tickets, Interrupted>> {
        let Some(scan) = self.scan.here() else {
            return Some(Err(Interrupted(
                "the scan was made in another process, before os.fork()".to_owned(),
            )));
        };
        let begun_at = self.begun_at.get_or_insert_with(|| scan.cursor());
        let page = if thread::current().id() == self.made_by {
            attached(|py| scan.page_for_stream(py).map_err(|error| reported(py, error)))
        } else {
            scan.wait_for_page()
        };
        if page.is_err() {
            // Readers discard what they have when a stream fails.
            scan.lose(begun_at.clone());
        }
        page.map_err(Interrupted).transpose()
    }
}

/// Takes the interpreter's lock. pyo3 alone would assume that a thread that had the lock once still has it; readers that
/// do not use pyo3 release it.
#[allow(unsafe_code, reason = "pyo3 does not ask the interpreter")]
fn attached<T>(work: impl FnOnce(Python<'_>) -> T) -> T {
    // SAFETY: the thread that made the stream is a thread of Python's, and readers read while the interpreter lives.
    let state = unsafe { ffi::PyGILState_Ensure() };
    let done = Python::attach(work);
    // SAFETY: releases what was taken above, on the same thread.
    unsafe { ffi::PyGILState_Release(state) };
    done
}

/// The text for the reader, which raises an exception of its own with it. An exception that is not ours, such as
/// KeyboardInterrupt or that of a handler of SIGALRM, is raised again as soon as the reader has returned.
fn reported(py: Python<'_>, error: PyErr) -> String {
    if errors::is_ours(py, &error) {
        return error.value(py).to_string();
    }
    let text = format!("the scan was interrupted: {error}");
    raise_later(py, error);
    text
}

/// Raises an exception in the main thread as soon as that runs Python code again. Handlers of signals only run there.
#[allow(unsafe_code, reason = "pyo3 has no safe name for this function")]
fn raise_later(py: Python<'_>, error: PyErr) {
    let pending = Box::into_raw(Box::new(error)).cast::<c_void>();
    // SAFETY: the interpreter calls the function once, with its lock, and passes this pointer.
    if unsafe { ffi::Py_AddPendingCall(Some(raise), pending) } != 0 {
        // Too many are pending. SAFETY: the pointer was not passed on.
        unsafe { Box::from_raw(pending.cast::<PyErr>()) }.write_unraisable(py, None);
    }
}

#[allow(unsafe_code, reason = "the interpreter passes a pointer")]
extern "C" fn raise(pending: *mut c_void) -> c_int {
    // SAFETY: `raise_later` made the pointer, and the interpreter's lock is held.
    let (error, py) = unsafe { (Box::from_raw(pending.cast::<PyErr>()), Python::assume_attached()) };
    error.restore(py);
    -1
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
