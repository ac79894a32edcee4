//! The field history and versions, for the Python side.

use gettickets::{DetectedVersion, FIELDS, FieldKind, Version};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::errors;
use crate::imports;

/// The field history, a `FieldSpec` for each field, in the order of the wire.
#[pyfunction]
pub(crate) fn fields(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    let class = imports::FIELD_SPEC.get(py)?;
    let rows = FIELDS.iter().map(|row| {
        let kind = match row.kind {
            FieldKind::Integer => "integer",
            FieldKind::Text => "text",
            FieldKind::DateTime => "datetime",
            FieldKind::Boolean => "boolean",
            FieldKind::Attachments => "attachments",
            // Reached only by a field kind that was added without a name here; a test then fails.
            _ => "unknown",
        };
        class.call1((row.name, kind, to_python(py, row.since)?, row.optional, row.sensitive, row.meaning))
    });
    PyTuple::new(py, rows.collect::<PyResult<Vec<_>>>()?)
}

/// The three numbers of a version in a text.
#[pyfunction]
pub(crate) fn parse_version(text: &str) -> PyResult<(u16, u16, u16)> {
    let version: Version =
        text.parse().map_err(|error: gettickets::InvalidVersion| errors::argument(error))?;
    Ok((version.major(), version.minor(), version.patch()))
}

/// The version of this package.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// A `Version` of the Python side.
pub(crate) fn to_python(py: Python<'_>, version: Version) -> PyResult<Bound<'_, PyAny>> {
    imports::VERSION.get(py)?.call1((version.major(), version.minor(), version.patch()))
}

/// The detected version of a page's server.
pub(crate) fn shown_to_python(py: Python<'_>, shown: DetectedVersion) -> PyResult<Bound<'_, PyAny>> {
    let exact = matches!(shown, DetectedVersion::Exact(_));
    imports::DETECTED_VERSION.get(py)?.call1((to_python(py, shown.lower_bound())?, exact))
}

/// A version from a text such as `"7.10"`, or from a `Version`.
pub(crate) fn from_python(value: &Bound<'_, PyAny>) -> PyResult<Version> {
    if let Ok(text) = value.cast::<PyString>() {
        let (major, minor, patch) = parse_version(text.to_str()?)?;
        return Ok(Version::new(major, minor, patch));
    }
    match value.extract::<(u16, u16, u16)>() {
        Ok((major, minor, patch)) => Ok(Version::new(major, minor, patch)),
        // A number would read 7.10 as 7.1.
        Err(_) => {
            Err(PyTypeError::new_err("a version must be a str such as \"7.10\", or a gettickets.Version"))
        }
    }
}
