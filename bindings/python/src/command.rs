//! The command line that the package contains.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the program `gettickets` with these arguments, the first of which is its own name, and returns its exit code.
#[pyfunction]
pub(crate) fn run(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| gettickets_cli::run(arguments))
}
