//! [`Table`]: selected columns of a page or a scan, as an Arrow stream.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gettickets::Tickets;
use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_arrow::{ArrowError, TableSchema};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow::{self, FailureSlot, Layout, ROWS, TableFailure};
use crate::errors;
use crate::fleet::{self, stream};
use crate::home::Home;
use crate::scan::Shared;

/// Selected columns of a page or a scan, as an Arrow stream. For `gettickets._tables`.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct Table {
    layout: Layout,
    source: Source,
    failure: FailureSlot,
}

enum Source {
    Page(Tickets),
    Scan(Home<Arc<Shared>>),
    Fleet(Home<Arc<fleet::Shared>>),
    /// The pages of an asynchronous scan, which are added one by one.
    Gathered(Home<Arc<Shared>>, Mutex<Gathered>),
}

/// Pages, most of which are already combined into batches.
struct Gathered {
    batches: Vec<RecordBatch>,
    pages: Vec<Tickets>,
    rows: usize,
    /// The cursor of the scan before the first page.
    begun_at: String,
}

impl Gathered {
    /// Makes a batch of the pages, if there are any.
    fn settle(&mut self, table: &TableSchema) -> Result<(), ArrowError> {
        if self.rows > 0 {
            let tickets: Vec<_> = self.pages.iter().flatten().collect();
            self.batches.push(table.record_batch_of(&tickets)?);
            self.pages.clear();
            self.rows = 0;
        }
        Ok(())
    }
}

impl Table {
    /// A table of a page.
    pub(crate) fn of_page(
        py: Python<'_>,
        tickets: Tickets,
        zone: Option<&Py<PyAny>>,
        columns: Option<Vec<String>>,
    ) -> PyResult<Table> {
        Table::new(py, zone, columns, Source::Page(tickets))
    }

    /// A table of the remaining tickets of a scan.
    pub(crate) fn of_scan(
        py: Python<'_>,
        scan: &Arc<Shared>,
        zone: Option<&Py<PyAny>>,
        columns: Option<Vec<String>>,
    ) -> PyResult<Table> {
        scan.check_for_table(py)?;
        Table::new(py, zone, columns, Source::Scan(Home::new(Arc::clone(scan))))
    }

    /// A table of the remaining tickets of a scan of several installs.
    pub(crate) fn of_fleet(
        py: Python<'_>,
        scan: &Arc<fleet::Shared>,
        columns: Option<Vec<String>>,
    ) -> PyResult<Table> {
        scan.check_for_table(py)?;
        let layout = Layout::of_installs(py, scan.has_zone(), columns.as_deref())?;
        let source = Source::Fleet(Home::new(Arc::clone(scan)));
        Ok(Table { layout, source, failure: Arc::new(OnceLock::new()) })
    }

    /// A table to which the pages of a scan are added.
    pub(crate) fn gathering(
        py: Python<'_>,
        scan: &Arc<Shared>,
        zone: Option<&Py<PyAny>>,
        columns: Option<Vec<String>>,
    ) -> PyResult<Table> {
        scan.check_for_table(py)?;
        let gathered = Gathered { batches: Vec::new(), pages: Vec::new(), rows: 0, begun_at: scan.cursor() };
        let source = Source::Gathered(Home::new(Arc::clone(scan)), Mutex::new(gathered));
        Table::new(py, zone, columns, source)
    }

    fn new(
        py: Python<'_>,
        zone: Option<&Py<PyAny>>,
        columns: Option<Vec<String>>,
        source: Source,
    ) -> PyResult<Table> {
        let layout = Layout::new(py, zone, columns.as_deref())?;
        Ok(Table { layout, source, failure: Arc::new(OnceLock::new()) })
    }
}

#[pymethods]
impl Table {
    /// Adds the next page of an asynchronous scan if it is available. Returns False at the end of the scan.
    fn _gather(&self, py: Python<'_>) -> PyResult<bool> {
        let Source::Gathered(scan, gathered) = &self.source else {
            return Err(errors::internal("nothing is added to this table"));
        };
        let scan = scan.get(py, "scan")?;
        // Python code may run here, before the lock is taken.
        let page = scan.try_page(py)?;
        let mut gathered = gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let is_end = matches!(page, Some(None));
        if let Some(Some(tickets)) = page {
            gathered.rows += tickets.len();
            gathered.pages.push(tickets);
        }
        if is_end && gathered.rows == 0 && gathered.batches.is_empty() && scan.has_returned() {
            return Err(TableFailure::Finished.to_py(py));
        }
        if is_end || gathered.rows >= ROWS {
            let settled = gathered.settle(self.layout.table());
            settled.map_err(|error| match arrow::table_failure(&error) {
                Some(failure) => failure.to_py(py),
                None => errors::argument(error),
            })?;
        }
        Ok(!is_end)
    }

    /// Marks the tickets of the scan as lost with this table, after a failure, unless the table has none of them.
    fn _lose(&self) {
        if let Source::Gathered(scan, gathered) = &self.source
            && let Some(scan) = scan.here()
        {
            let gathered = gathered.lock().unwrap_or_else(PoisonError::into_inner);
            if gathered.rows > 0 || !gathered.batches.is_empty() {
                scan.lose(gathered.begun_at.clone());
            }
        }
    }

    /// The exception that caused a reader's own exception, an Error or None.
    fn _error<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let scan = match &self.source {
            Source::Page(_) => None,
            Source::Fleet(scan) => return self.fleet_error(py, scan.here()?),
            Source::Scan(scan) | Source::Gathered(scan, _) => scan.here(),
        };
        let error = match (scan.and_then(|scan| scan.failure()), self.failure.get()) {
            (Some(error), _) => errors::raise(py, &error),
            (None, Some(failure)) => TableFailure::to_py(failure, py),
            (None, None) if scan.is_some_and(|scan| scan.is_closed()) => errors::closed(py, "scan"),
            (None, None) => return None,
        };
        Some(error.into_value(py).into_bound(py).into_any())
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        self.stream(py, requested_schema)
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        self.layout.schema(py)
    }
}

impl Table {
    /// The exception that caused a reader's own exception, for a table of several installs.
    fn fleet_error<'py>(&self, py: Python<'py>, scan: &fleet::Shared) -> Option<Bound<'py, PyAny>> {
        let ended = if scan.is_ended() { scan.failure(py) } else { None };
        let failure = || self.failure.get().map(|failure| failure.to_py(py));
        let closed = || scan.is_closed().then(|| errors::closed(py, "scan"));
        let error = ended.or_else(failure).or_else(closed)?;
        Some(error.into_value(py).into_bound(py).into_any())
    }

    /// The table as a stream.
    pub(crate) fn stream<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let failure = Arc::clone(&self.failure);
        match &self.source {
            Source::Page(tickets) => {
                arrow::page_stream(py, tickets.clone(), &self.layout, requested_schema, failure)
            }
            Source::Scan(scan) => {
                arrow::scan_stream(py, scan.get(py, "scan")?, &self.layout, requested_schema, failure)
            }
            Source::Fleet(scan) => {
                stream::fleet_stream(py, scan.get(py, "scan")?, &self.layout, requested_schema, failure)
            }
            Source::Gathered(_, gathered) => {
                let gathered = gathered.lock().unwrap_or_else(PoisonError::into_inner);
                arrow::batch_stream(py, &self.layout, gathered.batches.clone())
            }
        }
    }
}
