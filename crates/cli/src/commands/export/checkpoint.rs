//! [`Checkpoint`]: how far an export is, in a file beside it.
//!
//! What it says was on the disk before it said so. So whatever happens after, the partial file is cut back
//! to the length told here, and the scan goes on from the cursor told here: nothing is lost or doubled.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The number of this file's format, raised when it changes.
const FORMAT_NUMBER: u32 = 1;

/// How far an export is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    gettickets_export: u32,
    /// What was asked for; going on with anything else would mix two exports.
    pub(super) origin: Origin,
    /// The length of the partial file.
    pub(super) bytes: u64,
    /// How many tickets are in it.
    pub(super) tickets: u64,
    /// Whether the scan is at its end, and only the file has to be finished.
    pub(super) complete: bool,
    /// Where the scan goes on. It belongs to the scan; nothing here looks into it.
    pub(super) cursor: Option<Value>,
}

/// What an export is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) format: String,
    /// The server's address or the install's path, without credentials.
    pub(crate) server: String,
    /// The parameters of the request, as a form body.
    pub(crate) request: String,
}

impl Origin {
    /// What differs, for people: the first difference is enough to know the mistake.
    pub(super) fn difference(&self, other: &Origin) -> Option<String> {
        [
            ("format", &self.format, &other.format),
            ("server", &self.server, &other.server),
            ("request", &self.request, &other.request),
        ]
        .into_iter()
        .find(|(_, was, is)| was != is)
        .map(|(what, was, is)| format!("its {what} is {was:?}, not {is:?}"))
    }
}

impl Checkpoint {
    /// At the beginning.
    pub(super) fn new(origin: Origin) -> Checkpoint {
        Checkpoint {
            gettickets_export: FORMAT_NUMBER,
            origin,
            bytes: 0,
            tickets: 0,
            complete: false,
            cursor: None,
        }
    }

    /// Reads one; none where there is none.
    pub(super) fn read(path: &Path) -> io::Result<Option<Checkpoint>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let checkpoint: Checkpoint = serde_json::from_slice(&text)?;
        if checkpoint.gettickets_export != FORMAT_NUMBER {
            return Err(io::Error::other("it was written by another version of gettickets"));
        }
        Ok(Some(checkpoint))
    }

    /// Writes it in place of the one before, at once and whole.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let new = path.with_extension("resume-new");
        let mut file = File::create(&new)?;
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&new, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin { format: "csv".into(), server: "https://a/".into(), request: "status=Open".into() }
    }

    #[test]
    fn a_checkpoint_comes_back_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.csv.resume");
        assert_eq!(Checkpoint::read(&path).unwrap(), None);
        let checkpoint = Checkpoint {
            bytes: 7,
            tickets: 2,
            cursor: Some(serde_json::json!({"offset": 50})),
            ..Checkpoint::new(origin())
        };
        checkpoint.write(&path).unwrap();
        assert_eq!(Checkpoint::read(&path).unwrap(), Some(checkpoint));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_checkpoint_of_another_kind_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.csv.resume");
        for text in ["", "{}", "not JSON"] {
            fs::write(&path, text).unwrap();
            assert!(Checkpoint::read(&path).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_difference_is_named() {
        let other = Origin { request: "status=Closed".into(), ..origin() };
        let said = origin().difference(&other).unwrap();
        assert_eq!(said, "its request is \"status=Open\", not \"status=Closed\"");
        assert_eq!(origin().difference(&origin()), None);
    }
}
