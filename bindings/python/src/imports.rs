//! Objects of Python modules, looked up once, on first use.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// A name in a Python module.
pub(crate) struct Import {
    module: &'static str,
    name: &'static str,
    found: PyOnceLock<Py<PyAny>>,
}

impl Import {
    pub(crate) const fn new(module: &'static str, name: &'static str) -> Import {
        Import { module, name, found: PyOnceLock::new() }
    }

    /// The object.
    pub(crate) fn get<'py>(&'py self, py: Python<'py>) -> PyResult<&'py Bound<'py, PyAny>> {
        let found = self
            .found
            .get_or_try_init(py, || Ok::<_, PyErr>(py.import(self.module)?.getattr(self.name)?.unbind()))?;
        Ok(found.bind(py))
    }
}

pub(crate) static STATUS: Import = Import::new("gettickets._words", "Status");
pub(crate) static PRIORITY: Import = Import::new("gettickets._words", "Priority");
pub(crate) static REQUESTOR_TYPE: Import = Import::new("gettickets._words", "RequestorType");
pub(crate) static RELATED_SERVICE: Import = Import::new("gettickets._notes", "RelatedService");
pub(crate) static FINDING: Import = Import::new("gettickets._notes", "Finding");
pub(crate) static REPORT: Import = Import::new("gettickets._notes", "Report");
pub(crate) static UNREADABLE_TICKET: Import = Import::new("gettickets._notes", "UnreadableTicket");
pub(crate) static SCAN_FINDING: Import = Import::new("gettickets._notes", "ScanFinding");
pub(crate) static MIRROR_REPORT: Import = Import::new("gettickets._notes", "MirrorReport");
pub(crate) static PAGE_SIZES: Import = Import::new("gettickets._notes", "PageSizes");
pub(crate) static FIELD_SPEC: Import = Import::new("gettickets._notes", "FieldSpec");
pub(crate) static VERSION: Import = Import::new("gettickets._version", "Version");
pub(crate) static DETECTED_VERSION: Import = Import::new("gettickets._version", "DetectedVersion");
pub(crate) static ZONE: Import = Import::new("gettickets._zones", "zone");
pub(crate) static STATED_ZONE: Import = Import::new("gettickets._zones", "stated_zone");
pub(crate) static ARROW_ZONE: Import = Import::new("gettickets._zones", "arrow_zone");
pub(crate) static HTML_TICKET: Import = Import::new("gettickets._html", "ticket");
pub(crate) static HTML_PAGE: Import = Import::new("gettickets._html", "page");
pub(crate) static HTML_SCAN: Import = Import::new("gettickets._html", "scan");
pub(crate) static TO_ARROW: Import = Import::new("gettickets._tables", "to_arrow");
pub(crate) static TO_POLARS: Import = Import::new("gettickets._tables", "to_polars");
pub(crate) static TO_PANDAS: Import = Import::new("gettickets._tables", "to_pandas");
pub(crate) static DATETIME: Import = Import::new("datetime", "datetime");
pub(crate) static JSON_LOADS: Import = Import::new("json", "loads");
pub(crate) static JSON_DUMPS: Import = Import::new("json", "dumps");
pub(crate) static LOG_LEVEL: Import = Import::new("gettickets._log", "level");
pub(crate) static LOG_MESSAGE: Import = Import::new("gettickets._log", "log");
pub(crate) static OPEN: Import = Import::new("io", "open");
