//! [`Target`]: the names of an export's files.

use std::path::{Path, PathBuf};

use crate::files;

/// The names of an export's files, all in one directory, so that a rename never has to copy.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The file that was asked for, after symbolic links. It is whole, or as it was before.
    pub(super) output: PathBuf,
    /// What has been exported so far. Who writes it has locked it.
    pub(super) partial: PathBuf,
    /// How far the export is, and how to continue.
    pub(super) resume: PathBuf,
    /// The name of an export without the tickets that nobody can read.
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
