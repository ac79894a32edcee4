//! [`Target`]: the file that an export ends up in, and those that stand beside it until then.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The names of an export's files, all in one directory, so that a rename never has to copy.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The file that was asked for. It is there whole, or as it was before.
    pub(super) output: PathBuf,
    /// What has been exported so far.
    pub(super) partial: PathBuf,
    /// How far it is, and how to go on.
    pub(super) resume: PathBuf,
    /// Where formats that are only written from end to end are put together.
    pub(super) assembled: PathBuf,
}

impl Target {
    pub(super) fn new(output: &Path) -> Target {
        let beside = |ending: &str| {
            let mut name = OsString::from(output.as_os_str());
            name.push(ending);
            PathBuf::from(name)
        };
        Target {
            output: output.to_owned(),
            partial: beside(".partial"),
            resume: beside(".resume"),
            assembled: beside(".assembled"),
        }
    }

    /// Gives a whole file its name. Its bytes are on the disk before the name is, so that no power cut
    /// leaves the name with half of them.
    pub(super) fn put(&self, whole: &Path, file: &File) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(whole, &self.output)?;
        self.sync_directory();
        Ok(())
    }

    /// Takes away what stood beside the file.
    pub(super) fn clean(&self) {
        for path in [&self.resume, &self.partial, &self.assembled] {
            // Most of the time two of them are not there.
            let _ = fs::remove_file(path);
        }
    }

    /// Makes a rename last. Not every system can open a directory; there it is left to the system.
    fn sync_directory(&self) {
        let directory = self.output.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Ok(directory) = File::open(directory.unwrap_or(Path::new("."))) {
            let _ = directory.sync_all();
        }
    }
}
