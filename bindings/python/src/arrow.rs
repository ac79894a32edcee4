//! The Arrow PyCapsule interface: streams and schemas in capsules that other libraries read.
//!
//! <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html> defines the names. A capsule releases its
//! content unless a consumer has taken it; a consumer marks what it has taken.

use std::error::Error;
use std::ffi::{CStr, c_int, c_void};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread::{self, ThreadId};

use gettickets::Tickets;
use gettickets_arrow::arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use gettickets_arrow::arrow_schema::SchemaRef;
use gettickets_arrow::ffi::{self as c_data, FFI_ArrowSchema, StreamHooks};
use gettickets_arrow::{ArrowError, NumberTooLarge, TableSchema, TicketReader};
use jiff::tz::{Offset, TimeZone};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyCapsuleMethods};

use crate::errors;
use crate::home::Home;
use crate::imports;
use crate::scan::{FINISHED, FINISHED_HINT, Shared};
use crate::schemas::{self, ToC};

/// The name of a schema's capsule.
const SCHEMA: &CStr = c"arrow_schema";

/// Pages of a scan are joined up to this many rows, because readers are fastest with large batches.
pub(crate) const ROWS: usize = 8192;

/// The columns of a table.
pub(crate) struct Layout {
    table: TableSchema,
    /// Whether these are the columns of a table without any request for columns or a time zone.
    is_default: bool,
}

impl Layout {
    /// The columns with these names; by default every field and `extra`. With a time zone there are columns in UTC.
    pub(crate) fn new(
        py: Python<'_>,
        zone: Option<&Py<PyAny>>,
        columns: Option<&[String]>,
    ) -> PyResult<Layout> {
        let mut table = TableSchema::default();
        if let Some(zone) = zone {
            table = table.in_time_zone(install_zone(py, zone)?);
        }
        if let Some(columns) = columns {
            table = table.select(columns).map_err(|error| errors::columns(py, &error))?;
        }
        Ok(Layout { table, is_default: zone.is_none() && columns.is_none() })
    }

    /// The columns with these names in a table of several installs; by default the name of the install, every field and
    /// `extra`. There are columns in UTC if the time zone of any install is known.
    pub(crate) fn of_installs(
        py: Python<'_>,
        has_zone: bool,
        columns: Option<&[String]>,
    ) -> PyResult<Layout> {
        let mut table = TableSchema::default().with_install();
        if has_zone {
            table = table.with_utc();
        }
        if let Some(columns) = columns {
            table = table.select(columns).map_err(|error| errors::columns(py, &error))?;
        }
        Ok(Layout { table, is_default: false })
    }

    /// The table schema, and the function that exports it.
    fn with_texts(&self, large_texts: bool) -> (TableSchema, ToC) {
        match (self.is_default, large_texts) {
            (true, _) => schemas::table(large_texts),
            (false, false) => (self.table.clone(), c_data::schema),
            (false, true) => (self.table.large_texts(), c_data::schema),
        }
    }

    /// The table schema.
    pub(crate) fn table(&self) -> &TableSchema {
        &self.table
    }

    /// The schema of a stream if the reader requests no other schema.
    pub(crate) fn schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let (table, to_c) = self.with_texts(false);
        let schema = to_c(&table.schema()).map_err(errors::argument)?;
        PyCapsule::new_with_value(py, schema, SCHEMA)
    }
}

/// Why a table could not be made, if neither the scan nor the reader has an exception for it.
#[derive(Clone, Debug)]
pub(crate) enum TableFailure {
    /// A number is too large for a table; this is the message.
    NumberTooLarge(String),
    /// The scan had already returned all of its tickets.
    Finished,
}

impl TableFailure {
    pub(crate) fn to_py(&self, py: Python<'_>) -> PyErr {
        match self {
            TableFailure::NumberTooLarge(message) => errors::number_too_large(py, message),
            TableFailure::Finished => errors::state(py, FINISHED, "finished", Some(FINISHED_HINT)),
        }
    }
}

/// The place where a failing stream stores its error.
pub(crate) type FailureSlot = Arc<OnceLock<TableFailure>>;

/// A page's tickets as a stream of one batch, or of no batch if the page is empty.
pub(crate) fn page_stream<'py>(
    py: Python<'py>,
    tickets: Tickets,
    layout: &Layout,
    requested: Option<&Bound<'py, PyAny>>,
    failure: FailureSlot,
) -> PyResult<Bound<'py, PyCapsule>> {
    stream(py, layout, requested, |table| {
        let reader = TicketReader::with_schema([Ok::<_, Interrupted>(tickets)], table);
        Box::new(Watched { reader, failure, lose: || () })
    })
}

/// The remaining tickets of a scan as a stream. If the scan has ended, raises its exception.
pub(crate) fn scan_stream<'py>(
    py: Python<'py>,
    scan: &Arc<Shared>,
    layout: &Layout,
    requested: Option<&Bound<'py, PyAny>>,
    failure: FailureSlot,
) -> PyResult<Bound<'py, PyCapsule>> {
    scan.check_for_table(py)?;
    let begun_at = Arc::new(OnceLock::new());
    let pages = ScanForStream {
        scan: Home::new(Arc::clone(scan)),
        made_by: thread::current().id(),
        begun_at: Arc::clone(&begun_at),
        has_yielded: false,
        failure: Arc::clone(&failure),
    };
    let home = Home::new(Arc::clone(scan));
    let lose = move || {
        if let (Some(scan), Some(begun_at)) = (home.here(), begun_at.get()) {
            scan.lose(String::clone(begun_at));
        }
    };
    stream(py, layout, requested, |table| {
        let reader = TicketReader::with_schema(pages, table).min_rows(ROWS);
        Box::new(Watched { reader, failure, lose })
    })
}

/// A stream of existing batches.
pub(crate) fn batch_stream<'py>(
    py: Python<'py>,
    layout: &Layout,
    batches: Vec<RecordBatch>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let (table, schema) = layout.with_texts(false);
    let batches = RecordBatchIterator::new(batches.into_iter().map(Ok), table.schema());
    let hooks = StreamHooks { schema, ..StreamHooks::default() };
    PyCapsule::new_with_value(py, c_data::stream_with(batches, hooks), c"arrow_array_stream")
}

pub(crate) fn stream<'py>(
    py: Python<'py>,
    layout: &Layout,
    requested: Option<&Bound<'py, PyAny>>,
    batches: impl FnOnce(TableSchema) -> Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let (table, schema) = layout.with_texts(wants_large_texts(requested)?);
    let hooks = StreamHooks { schema, ..StreamHooks::default() };
    PyCapsule::new_with_value(py, c_data::stream_with(batches(table), hooks), c"arrow_array_stream")
}

/// Whether the requested schema has large strings.
#[allow(unsafe_code, reason = "a capsule is a pointer with a name")]
fn wants_large_texts(requested: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    const LARGE_TEXT: &str = "U";
    let Some(requested) = requested else { return Ok(false) };
    let pointer = requested.cast::<PyCapsule>()?.pointer_checked(Some(SCHEMA))?;
    // SAFETY: a capsule of this name holds a schema that lives at least as long as the borrow here.
    let schema = unsafe { pointer.cast::<FFI_ArrowSchema>().as_ref() };
    // A schema that was moved out of its capsule is not read.
    Ok(schema.release().is_some() && schema.children().any(|column| column.format() == LARGE_TEXT))
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

/// Returns the error of a batch as a failure of the table, if it is one.
pub(crate) fn table_failure(error: &ArrowError) -> Option<TableFailure> {
    match error {
        ArrowError::ExternalError(error) => error
            .downcast_ref::<NumberTooLarge>()
            .map(|error| TableFailure::NumberTooLarge(error.to_string())),
        _ => None,
    }
}

/// A reader of batches that records its error. `lose` marks the tickets of the scan as lost with the table.
pub(crate) struct Watched<R, L> {
    pub(crate) reader: R,
    pub(crate) failure: FailureSlot,
    pub(crate) lose: L,
}

impl<R: RecordBatchReader, L: Fn()> Iterator for Watched<R, L> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.reader.next();
        if let Some(Err(error)) = &next
            && let Some(failure) = table_failure(error)
        {
            // Its pages are already taken from the scan.
            (self.lose)();
            let _ = self.failure.set(failure);
        }
        next
    }
}

impl<R: RecordBatchReader, L: Fn()> RecordBatchReader for Watched<R, L> {
    fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }
}

/// The pages of a scan for a stream.
///
/// Readers call from any thread, with or without the interpreter's lock. On the thread that made the stream, it is safe
/// to wait for the lock, and signals are checked. On any other thread the lock is not touched: a thread that waits for
/// this one may hold it.
struct ScanForStream {
    scan: Home<Arc<Shared>>,
    made_by: ThreadId,
    /// The cursor of the scan before the first page was requested.
    begun_at: Arc<OnceLock<String>>,
    has_yielded: bool,
    failure: FailureSlot,
}

impl Iterator for ScanForStream {
    type Item = Result<Tickets, Interrupted>;

    fn next(&mut self) -> Option<Result<Tickets, Interrupted>> {
        let Some(scan) = self.scan.here() else {
            return Some(Err(Interrupted(
                "the scan was made in another process, before os.fork()".to_owned(),
            )));
        };
        let begun_at = self.begun_at.get_or_init(|| scan.cursor());
        let page = if thread::current().id() == self.made_by {
            attached(|py| scan.page_for_stream(py).map_err(|error| reported(py, error)))
        } else {
            scan.wait_for_page()
        };
        match &page {
            // Readers discard their batches when a stream fails.
            Err(_) => scan.lose(begun_at.clone()),
            Ok(None) if !self.has_yielded && scan.has_returned() => {
                let _ = self.failure.set(TableFailure::Finished);
                return Some(Err(Interrupted(FINISHED.to_owned())));
            }
            Ok(_) => self.has_yielded = true,
        }
        page.map_err(Interrupted).transpose()
    }
}

/// Takes the interpreter's lock. pyo3 assumes that a thread that once had the lock still has it, but readers that do
/// not use pyo3 release it.
#[allow(unsafe_code, reason = "pyo3 does not ask the interpreter")]
pub(crate) fn attached<T>(work: impl FnOnce(Python<'_>) -> T) -> T {
    // SAFETY: the thread that made the stream is a Python thread, and readers read while the interpreter lives.
    let state = unsafe { ffi::PyGILState_Ensure() };
    let done = Python::attach(work);
    // SAFETY: releases what was taken above, on the same thread.
    unsafe { ffi::PyGILState_Release(state) };
    done
}

/// The text for the reader, which raises its own exception with it. An exception of another class, such as
/// KeyboardInterrupt or one from a handler of SIGALRM, is raised again as soon as the reader has returned.
pub(crate) fn reported(py: Python<'_>, error: PyErr) -> String {
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
        // Too many calls are pending. SAFETY: the pointer was not passed on.
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

/// Why a stream ended early.
#[derive(Debug)]
pub(crate) struct Interrupted(pub(crate) String);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Interrupted {}
