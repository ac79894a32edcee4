//! The Python methods of [`FleetScan`].

use super::*;
use crate::arrow::Layout;
use crate::imports;
use crate::table::Table;

#[pymethods]
impl FleetScan {
    fn __iter__(slf: Py<FleetScan>) -> Py<FleetScan> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let shared = self.shared(py)?;
        let mut making = self.making.lock(py, "scan")?;
        loop {
            if let Some(begun) = &mut *making
                && !shared.is_closed()
                && let Some(ticket) = making::ticket(py, &begun.page, begun.next, &mut begun.recent)?
            {
                begun.next += 1;
                return pair(py, &begun.install, ticket).map(Some);
            }
            *making = None;
            let Some((index, tickets)) = shared.wait(py)? else { return Ok(None) };
            let (install, page) = shared.page(py, index, tickets)?;
            *making = Some(Making { install, page, next: 0, recent: Recent::new() });
        }
    }

    /// The scan page by page: an iterator of pairs, the name of the install and a Page of its tickets. The rest of a
    /// page whose tickets are being iterated is left out.
    fn pages(slf: Py<FleetScan>, py: Python<'_>) -> PyResult<FleetPages> {
        slf.get().shared(py)?;
        Ok(FleetPages { scan: slf })
    }

    /// The progress of each install's scan: a dict of the name and a Report.
    #[getter]
    fn reports<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let reports = PyDict::new(py);
        for install in &self.shared(py)?.installs {
            reports.set_item(&install.name, scan::report(py, &install.status.report())?)?;
        }
        Ok(reports)
    }

    /// The installs that failed so far: a dict of the name and the exception.
    #[getter]
    fn errors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let errors = PyDict::new(py);
        for (name, error) in self.shared(py)?.failures() {
            errors.set_item(name, errors::raise(py, &error))?;
        }
        Ok(errors)
    }

    /// The FleetError that ended the scan, or None. A library that makes a table of the scan raises its own exception
    /// instead.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let shared = self.shared(py)?;
        let failure = if shared.is_ended() { shared.failure(py) } else { None };
        Ok(failure.map(|error| error.into_value(py).into_bound(py).into_any()))
    }

    /// All remaining tickets of the scan as a pyarrow.Table, with a column `install`. It needs pyarrow. If an install
    /// fails, FleetError is raised, unless the scan was begun with `on_error="report"`; at its end, StateError.
    ///
    /// `columns` are the names of columns in the order of the table; by default `install`, every field and `extra`. If
    /// the time zone of an install is known, there are `date_utc` and `lastreply_utc`, which are null for the other
    /// installs; `subject_text` can be selected.
    #[pyo3(signature = (*, columns = None))]
    fn to_arrow<'py>(&self, py: Python<'py>, columns: Option<Vec<String>>) -> PyResult<Bound<'py, PyAny>> {
        imports::TO_ARROW.get(py)?.call1((self.table(py, columns)?,))
    }

    /// All remaining tickets of the scan as a polars.DataFrame; as to_arrow().
    #[pyo3(signature = (*, columns = None))]
    fn to_polars<'py>(&self, py: Python<'py>, columns: Option<Vec<String>>) -> PyResult<Bound<'py, PyAny>> {
        imports::TO_POLARS.get(py)?.call1((self.table(py, columns)?,))
    }

    /// All remaining tickets of the scan as a pandas.DataFrame; as to_arrow(). It needs pandas and pyarrow.
    #[pyo3(signature = (*, columns = None))]
    fn to_pandas<'py>(&self, py: Python<'py>, columns: Option<Vec<String>>) -> PyResult<Bound<'py, PyAny>> {
        imports::TO_PANDAS.get(py)?.call1((self.table(py, columns)?,))
    }

    /// The remaining tickets as an Arrow stream with a column `install`, by the Arrow PyCapsule interface; pages are
    /// requested as they are read.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        self.table(py, None)?.stream(py, requested_schema)
    }

    /// The schema of the stream, by the Arrow PyCapsule interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let shared = self.shared(py)?;
        Layout::of_installs(py, shared.has_zone(), None)?.schema(py)
    }

    /// Stops the scans of all installs: no further request is sent, and their connections are closed.
    fn close(&self) {
        // In a child process there is nothing to stop.
        if let Some(shared) = self.shared.here() {
            shared.is_closed.store(true, Ordering::Release);
            shared.cancellations.iter().for_each(Cancellation::cancel);
        }
    }

    fn __enter__(slf: Py<FleetScan>) -> Py<FleetScan> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.close();
    }

    fn __repr__(&self) -> String {
        let Some(shared) = self.shared.here() else {
            return "<gettickets.FleetScan of another process>".to_owned();
        };
        let tickets: u64 = shared.installs.iter().map(|install| install.status.report().tickets).sum();
        let state = match (shared.is_closed(), shared.is_ended()) {
            (true, _) => ", closed",
            (false, true) => ", ended",
            (false, false) => "",
        };
        format!(
            "<gettickets.FleetScan of {} installs, {tickets} tickets found{state}>",
            shared.installs.len()
        )
    }
}

impl FleetScan {
    fn table(&self, py: Python<'_>, columns: Option<Vec<String>>) -> PyResult<Table> {
        Table::of_fleet(py, self.shared(py)?, columns)
    }
}
