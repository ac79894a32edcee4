//! The tickets of several installs as an Arrow stream with a column for the install.

use std::sync::Arc;
use std::thread::{self, ThreadId};

use gettickets::Tickets;
use gettickets_arrow::{TableInstall, TicketReader};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::Shared;
use crate::arrow::{self, FailureSlot, Interrupted, Layout, ROWS, TableFailure, Watched};
use crate::home::Home;
use crate::scan::FINISHED;

/// The remaining tickets of a scan as a stream. If the scan has ended, raises its exception.
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
        Ok(Arc::new(TableInstall { name: Some(install.name.as_str().into()), zone }))
    };
    let installs = scan.installs.iter().map(install).collect::<PyResult<Vec<_>>>()?;
    let pages = FleetForStream {
        scan: Home::new(Arc::clone(scan)),
        made_by: thread::current().id(),
        installs,
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
        let reader = TicketReader::with_schema(pages, table).min_rows(ROWS);
        Box::new(Watched { reader, failure, lose })
    })
}

/// The pages of a scan for a stream, with their install. Readers call from any thread, as for a stream of one install.
struct FleetForStream {
    scan: Home<Arc<Shared>>,
    made_by: ThreadId,
    installs: Vec<Arc<TableInstall>>,
    has_yielded: bool,
    failure: FailureSlot,
}

impl Iterator for FleetForStream {
    type Item = Result<(Arc<TableInstall>, Tickets), Interrupted>;

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
            // Readers discard their batches when a stream fails.
            Err(_) => scan.lose(),
            Ok(None) if !self.has_yielded && had_returned => {
                let _ = self.failure.set(TableFailure::Finished);
                return Some(Err(Interrupted(FINISHED.to_owned())));
            }
            Ok(_) => self.has_yielded = true,
        }
        let page = page.map_err(Interrupted).transpose()?;
        Some(page.map(|(index, tickets)| (self.installs.get(index).cloned().unwrap_or_default(), tickets)))
    }
}
