//! The Python methods of [`Scan`].

use super::*;
use crate::arrow::{self, FailureSlot, Layout};
use crate::moment;
use crate::table::Table;

#[pymethods]
impl Scan {
    fn __iter__(slf: Py<Scan>) -> Py<Scan> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<Ticket>>> {
        let shared = self.shared(py)?;
        loop {
            if let Some(ticket) = self.try_next(py, shared)? {
                return Ok(Some(ticket));
            }
            match py.detach(|| shared.step(SIGNAL_INTERVAL, look)) {
                // A page is available now, which is taken with the other lock held.
                Step::Done(Some(Ok(()))) => {}
                other => {
                    if let Some(None) = shared.finished(py, other)? {
                        shared.show_progress(py, true)?;
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The next ticket if it is available, else None; StopAsyncIteration at the end. For AsyncScan.
    fn _take(&self, py: Python<'_>) -> PyResult<Option<Py<Ticket>>> {
        let shared = self.shared(py)?;
        match self.try_next(py, shared)? {
            Some(ticket) => Ok(Some(ticket)),
            None => shared.end_or_nothing(py).map(|()| None),
        }
    }

    /// The next page if it is available, else None; StopAsyncIteration at the end. For AsyncScan.
    fn _take_page(&self, py: Python<'_>) -> PyResult<Option<Py<Page>>> {
        let shared = self.shared(py)?;
        match shared.step(Duration::ZERO, Reader::reserve_page) {
            Step::Done(Some(Ok((tickets, _)))) => self.settled(py, shared, tickets).map(Some),
            _ => shared.end_or_nothing(py).map(|()| None),
        }
    }

    /// The number of remaining tickets according to the server, for progress bars. Requests the first page if that was
    /// not done yet. Raises TypeError if it is unknown: the server does not count the tickets, or `updated_since` is
    /// set.
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.shared(py)?.left(py)
    }

    fn __bool__(&self) -> bool {
        true
    }

    /// The scan page by page: an iterator of Page. A page of the server may be split; no part is empty.
    fn pages(slf: Py<Scan>, py: Python<'_>) -> PyResult<ScanPages> {
        slf.get().shared(py)?;
        Ok(ScanPages { scan: slf })
    }

    /// The progress of the scan, a Report. The scan may be some pages ahead of the tickets that it returned.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        report(py, &self.shared(py)?.status.report())
    }

    /// The number of matching tickets in the server's latest count, or None. It may be wrong.
    #[getter]
    fn total(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        Ok(self.shared(py)?.status.total())
    }

    /// The position of the scan: a text for Client.tickets(resume=…), in this or another process, which continues
    /// after the tickets returned so far, or where a failed table began. Of the tickets it holds only ids and times.
    fn cursor(&self, py: Python<'_>) -> PyResult<String> {
        let shared = self.shared(py)?;
        Ok(py.detach(|| shared.cursor()))
    }

    /// The Error that ended the scan, or None. A library that makes a table of the scan raises its own exception
    /// instead.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let failure = self.shared(py)?.failure();
        Ok(failure.map(|error| errors::raise(py, &error).into_value(py).into_bound(py).into_any()))
    }

    /// Stops the scan: no further request is sent, and its connections are closed. The tickets that it returned, its
    /// report and its cursor stay valid.
    fn close(&self, py: Python<'_>) {
        // In a child process there is nothing to stop.
        if let Some(shared) = self.shared.here() {
            py.detach(|| shared.close());
        }
    }

    /// Whether the next ticket, the end or an exception is available without waiting; for AsyncScan.
    fn _is_ready(&self, py: Python<'_>) -> PyResult<bool> {
        // The rest of the current page is available too.
        Ok(!matches!(self.shared(py)?.step(Duration::ZERO, |_| None::<Result<(), Error>>), Step::NotYet))
    }

    /// Calls `ready` without arguments on another thread when an item is available; for AsyncScan. Nothing is taken,
    /// so that a canceled wait loses nothing.
    fn _watch(&self, py: Python<'_>, ready: Py<PyAny>) -> PyResult<Watch> {
        let shared = Arc::clone(self.shared(py)?);
        let work = poll_fn(move |context| shared.lock().source.poll_ready(context));
        Ok(Watch { job: Home::new(Job::start(work, ready)?) })
    }

    fn __enter__(slf: Py<Scan>) -> Py<Scan> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) {
        self.close(py);
    }

    /// All remaining tickets of the scan as a pyarrow.Table. It needs pyarrow. If the scan fails, its own
    /// exception is raised; at its end, StateError.
    ///
    /// `columns` selects columns by name, in that order; "subject_text" is the subject with its HTML entities
    /// decoded, and "date_utc" and "lastreply_utc" need a time zone. `timezone` is the time zone of the install, if
    /// it is not that of the client.
    #[pyo3(signature = (*, columns = None, timezone = None))]
    fn to_arrow<'py>(
        slf: &Bound<'py, Scan>,
        columns: Option<Vec<String>>,
        timezone: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = slf.get().table(slf.py(), columns, timezone)?;
        imports::TO_ARROW.get(slf.py())?.call1((table,))
    }

    /// All remaining tickets of the scan as a polars.DataFrame. It needs polars. If the scan fails, its own
    /// exception is raised; at its end, StateError.
    ///
    /// `columns` and `timezone` are those of to_arrow().
    #[pyo3(signature = (*, columns = None, timezone = None))]
    fn to_polars<'py>(
        slf: &Bound<'py, Scan>,
        columns: Option<Vec<String>>,
        timezone: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = slf.get().table(slf.py(), columns, timezone)?;
        imports::TO_POLARS.get(slf.py())?.call1((table,))
    }

    /// All remaining tickets of the scan as a pandas.DataFrame. It needs pandas and pyarrow. If the scan
    /// fails, its own exception is raised; at its end, StateError. The types do not depend on the values: integers
    /// are Int64, booleans boolean, times datetime64, and attachments arrays of dicts.
    ///
    /// `columns` and `timezone` are those of to_arrow().
    #[pyo3(signature = (*, columns = None, timezone = None))]
    fn to_pandas<'py>(
        slf: &Bound<'py, Scan>,
        columns: Option<Vec<String>>,
        timezone: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = slf.get().table(slf.py(), columns, timezone)?;
        imports::TO_PANDAS.get(slf.py())?.call1((table,))
    }

    /// A table to which AsyncScan adds the pages.
    #[pyo3(signature = (columns = None, timezone = None))]
    fn _gathering(
        &self,
        py: Python<'_>,
        columns: Option<Vec<String>>,
        timezone: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Table> {
        let zone = moment::zone(py, timezone)?;
        Table::gathering(py, self.shared(py)?, zone.as_ref().or(self.zone.as_ref()), columns)
    }

    /// The remaining tickets as an Arrow stream, by the Arrow PyCapsule interface; pages are requested as they are
    /// read. The only part of a requested schema that has an effect is whether texts are `large_string`, as the
    /// interface allows. A scan that has ended raises StateError.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let layout = Layout::new(py, self.zone.as_ref(), None)?;
        arrow::scan_stream(py, self.shared(py)?, &layout, requested_schema, FailureSlot::default())
    }

    /// The schema of the stream, by the Arrow PyCapsule interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Layout::new(py, self.zone.as_ref(), None)?.schema(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<gettickets.Scan {}>", self._about(py)?))
    }

    /// The state and the report of the scan as HTML, for notebooks. Nothing is sent, and no ticket is taken.
    fn _repr_html_<'py>(slf: &Bound<'py, Scan>) -> PyResult<Bound<'py, PyAny>> {
        imports::HTML_SCAN.get(slf.py())?.call1((slf,))
    }

    /// The endpoint, and the progress of the scan.
    fn _about(&self, py: Python<'_>) -> PyResult<String> {
        let endpoint = &self.endpoint;
        let Some(shared) = self.shared.here() else {
            return Ok(format!("of {endpoint}, of another process"));
        };
        let status = &shared.status;
        if shared.failure().is_some() {
            return Ok(format!("of {endpoint}, ended in an error"));
        }
        if shared.is_lost() {
            return Ok(format!("of {endpoint}, lost with a table"));
        }
        let yielded = grouped(py, status.yielded())?;
        let total = match status.total() {
            Some(total) => format!(" of {}", grouped(py, total)?),
            None => String::new(),
        };
        let closed = if shared.is_closed() { ", closed" } else { "" };
        Ok(format!("of {endpoint} at {yielded}{total}{closed}"))
    }
}

impl Scan {
    /// The table of these columns, in this time zone or that of the client.
    fn table(
        &self,
        py: Python<'_>,
        columns: Option<Vec<String>>,
        timezone: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Table> {
        let zone = moment::zone(py, timezone)?;
        Table::of_scan(py, self.shared(py)?, zone.as_ref().or(self.zone.as_ref()), columns)
    }
}
