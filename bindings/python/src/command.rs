//! The command line, which comes with the package.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the program `gettickets` with these arguments, its own name first, and gives its exit code.
#[pyfunction]
pub(crate) fn run(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| gettickets_cli::run(arguments))
}
