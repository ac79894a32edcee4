//! The tickets of several installs as an Arrow stream with a column for the install.

use std::sync::Arc;
use std::thread::{self, ThreadId};

use gettickets::Tickets;
use gettickets_arrow::arrow_array::{RecordBatch, RecordBatchReader};
use gettickets_arrow::arrow_schema::SchemaRef;
use gettickets_arrow::{ArrowError, TableInstall, TableSchema};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::Shared;
use crate::arrow::{self, FailureSlot, Interrupted, Layout, ROWS, TableFailure, Watched};
use crate::home::Home;
use crate::scan::FINISHED;

/// What is left of a scan as a stream. Raises what the scan raises, if it is at its end.
pub(crate) fn fleet_stream<'py>(
    py: Python<'py>,
    scan: &Arc<Shared>,
    layout: &Layout,
    requested: Option<&Bound<'py, PyAny>>,
    failure: FailureSlot,
) -> PyResult<Bound<'py, PyCapsule>> {
    scan.check_for_table(py)?;
    let install = |install: &super::Install| {
        let zone = install.zone.as_ref().map(|zone| arrow::install_zone(py, zone)).transpose()?;
        Ok(TableInstall { name: Some(install.name.as_str().into()), zone })
    };
    let installs = scan.installs.iter().map(install).collect::<PyResult<Vec<_>>>()?;
    let pages = FleetForStream {
        scan: Home::new(Arc::clone(scan)),
        made_by: thread::current().id(),
        has_yielded: false,
        failure: Arc::clone(&failure),
    };
    let home = Home::new(Arc::clone(scan));
    let lose = move || {
        if let Some(scan) = home.here() {
            scan.lose();
        }
    };
    arrow::stream(py, layout, requested, |table| {
        let reader = FleetReader { pages: Some(pages), installs, table, error: None };
        Box::new(Watched { reader, failure, lose })
    })
}

/// The pages of a scan for a stream, with the position of their install. Readers call from any thread, as those of a
/// stream of one install do.
struct FleetForStream {
    scan: Home<Arc<Shared>>,
    made_by: ThreadId,
    has_yielded: bool,
    failure: FailureSlot,
}

impl Iterator for FleetForStream {
    type Item = Result<(usize, Tickets), Interrupted>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(scan) = self.scan.here() else {
            let message = "the scan was made in another process, before os.fork()";
            return Some(Err(Interrupted(message.to_owned())));
        };
        let had_returned = scan.has_returned();
        let page = if thread::current().id() == self.made_by {
            arrow::attached(|py| scan.wait(py).map_err(|error| arrow::reported(py, error)))
        } else {
            scan.wait_for_page()
        };
        match &page {
            // Readers discard what they have when a stream fails.
            Err(_) => scan.lose(),
            Ok(None) if !self.has_yielded && had_returned => {
                let _ = self.failure.set(TableFailure::Finished);
                return Some(Err(Interrupted(FINISHED.to_owned())));
            }
            Ok(_) => self.has_yielded = true,
        }
        page.map_err(Interrupted).transpose()
    }
}

/// Joins pages to batches.
struct FleetReader {
    /// `None` after the last page.
    pages: Option<FleetForStream>,
    installs: Vec<TableInstall>,
    table: TableSchema,
    /// The error to return after the tickets before it.
    error: Option<Interrupted>,
}

impl Iterator for FleetReader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut gathered = Vec::new();
        let mut rows = 0;
        while rows < ROWS
            && let Some(pages) = &mut self.pages
        {
            match pages.next() {
                Some(Ok((index, tickets))) => {
                    rows += tickets.len();
                    gathered.push((index, tickets));
                }
                Some(Err(error)) => {
                    self.error = Some(error);
                    self.pages = None;
                }
                None => self.pages = None,
            }
        }
        if rows > 0 {
            let unknown = TableInstall::default();
            let install = |index: &usize| self.installs.get(*index).unwrap_or(&unknown);
            let runs: Vec<_> = gathered.iter().map(|(index, tickets)| (install(index), tickets)).collect();
            return Some(self.table.record_batch_of_installs(&runs));
        }
        self.error.take().map(|error| Err(ArrowError::from_external_error(Box::new(error))))
    }
}

impl RecordBatchReader for FleetReader {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }
}
