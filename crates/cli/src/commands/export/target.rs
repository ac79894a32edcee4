//! [`Target`]: the names of an export's files.

use std::path::{Path, PathBuf};

use crate::files;

/// The names of an export's files. All are in one directory, so that a rename never has to copy.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The output file, with symbolic links resolved. It is complete, or unchanged.
    pub(super) output: PathBuf,
    /// The tickets exported so far. The run that writes this file has locked it.
    pub(super) partial: PathBuf,
    /// The checkpoint.
    pub(super) resume: PathBuf,
    /// The name of an export without the tickets that cannot be read.
    pub(super) incomplete: PathBuf,
}

impl Target {
    pub(super) fn new(output: &Path) -> Target {
        Target {
            output: output.to_owned(),
            partial: files::with_ending(output, ".partial"),
            resume: files::with_ending(output, ".resume"),
            incomplete: files::with_ending(output, ".incomplete"),
        }
    }
}
