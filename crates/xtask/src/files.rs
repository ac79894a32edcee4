//! Reads and writes files. Errors name the file.

use std::fs;
use std::path::Path;

use crate::process::Result;

/// Returns the text of a file.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Replaces the content of a file.
pub(crate) fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Result {
    let path = path.as_ref();
    fs::write(path, content).map_err(|error| format!("{}: {error}", path.display()))
}
