//! [`Checkpoint`]: how far an export is, in a file beside it.
//!
//! Whatever a checkpoint states was on the disk before it was written. After an interruption the partial file is
//! therefore cut back to the stated length, and the scan continues from the stated cursor: nothing is lost and
//! nothing is written twice. The digest proves that the partial file is the one that the checkpoint is of.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::files::{self, Existing};

/// The number of this file's format, raised when it changes.
const FORMAT_NUMBER: u32 = 3;
/// The most bytes that a checkpoint may have. Its cursor holds the ids of a scan, some bytes each.
const MAX_LEN: u64 = 256 << 20;

/// How far an export is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    gettickets_export: u32,
    /// What was asked for; continuing with anything else would mix two exports.
    pub(super) origin: Origin,
    /// The length of the partial file.
    pub(super) bytes: u64,
    /// The digest of these bytes (XXH3, 128 bits), in hexadecimal digits. It finds files that were confused, not forgeries.
    pub(super) xxh3: String,
    /// How many tickets are in it.
    pub(super) tickets: u64,
    /// Whether the scan is at its end, and only the file has to be finished.
    pub(super) complete: bool,
    /// Which tickets the scan could not read, in words, where it ended without some.
    pub(super) lacking: Option<String>,
    /// Where the scan continues. Only the scan reads it.
    pub(super) cursor: Option<Box<RawValue>>,
}

/// What an export is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The format and its compression, such as `csv` or `ndjson.gz`.
    pub(crate) format: String,
    /// The selected columns and the time zone of those in UTC; empty for every field.
    pub(crate) columns: String,
    /// The server's address or the install's path, without credentials.
    pub(crate) server: String,
    /// The parameters of the request, as a form body.
    pub(crate) request: String,
}

impl Origin {
    /// The first difference, in words.
    pub(super) fn difference(&self, other: &Origin) -> Option<String> {
        [
            ("format", &self.format, &other.format),
            ("selection of columns", &self.columns, &other.columns),
            ("server", &self.server, &other.server),
            ("request", &self.request, &other.request),
        ]
        .into_iter()
        .find(|(_, was, is)| was != is)
        .map(|(what, was, is)| format!("its {what} is {was:?}, not {is:?}"))
    }
}

/// Why a file is not a checkpoint that can be used.
#[derive(Debug)]
pub(super) enum Unusable {
    /// It could not be read.
    Io(io::Error),
    /// It is not a checkpoint at all.
    Foreign(String),
    /// Another version of the program wrote it.
    OtherVersion,
}

impl Checkpoint {
    /// The checkpoint of an export that has not begun.
    pub(super) fn new(origin: Origin) -> Checkpoint {
        Checkpoint {
            gettickets_export: FORMAT_NUMBER,
            origin,
            bytes: 0,
            xxh3: hex(&Xxh3::new()),
            tickets: 0,
            complete: false,
            lacking: None,
            cursor: None,
        }
    }

    /// Reads a checkpoint. Returns `None` where there is no such file.
    pub(super) fn read(path: &Path) -> Result<Option<Checkpoint>, Unusable> {
        let Some(file) = files::open_own(path).map_err(Unusable::Io)? else { return Ok(None) };
        Checkpoint::parse(&files::read_at_most(file, MAX_LEN).map_err(Unusable::Io)?).map(Some)
    }

    fn parse(text: &[u8]) -> Result<Checkpoint, Unusable> {
        /// What every version of the format has.
        #[derive(Deserialize)]
        struct Any {
            gettickets_export: u32,
        }
        match serde_json::from_slice::<Checkpoint>(text) {
            Ok(checkpoint) if checkpoint.gettickets_export == FORMAT_NUMBER => Ok(checkpoint),
            other => match serde_json::from_slice::<Any>(text) {
                Ok(any) if any.gettickets_export != FORMAT_NUMBER => Err(Unusable::OtherVersion),
                _ => Err(Unusable::Foreign(other.err().map_or(String::new(), |error| error.to_string()))),
            },
        }
    }

    /// Writes it in place of the one before, so that the file is always there whole. Returns the file.
    pub(super) fn write(&self, path: &Path) -> io::Result<File> {
        let mut file = files::temporary(path)?;
        serde_json::to_writer(io::BufWriter::new(&mut file), self)?;
        file.write_all(b"\n")?;
        let written = file.as_file().try_clone()?;
        files::put_temporary(file, path, Existing::Replace)?;
        Ok(written)
    }

    /// Compares the beginning of the partial file with the length and the digest. Returns the digest so far, or
    /// `None` where the file is another one.
    pub(super) fn verify(&self, partial: &File) -> io::Result<Option<Xxh3>> {
        let mut digest = Xxh3::new();
        let mut reader = BufReader::with_capacity(256 << 10, partial).take(self.bytes);
        let mut length = 0;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            digest.update(buffer.get(..count).unwrap_or_default());
            length += count as u64;
        }
        // Tickets without bytes are no state that an export was ever in.
        let is_possible = self.bytes > 0 || self.tickets == 0;
        let is_same = is_possible && length == self.bytes && hex(&digest) == self.xxh3;
        Ok(is_same.then_some(digest))
    }
}

/// Parses a checkpoint and returns what would be written of it; `None` if it is not one.
#[cfg(feature = "fuzzing")]
pub(crate) fn rewritten(text: &[u8]) -> Option<String> {
    let checkpoint = Checkpoint::parse(text).ok()?;
    drop(checkpoint.origin.difference(&Origin { format: String::new(), ..checkpoint.origin.clone() }));
    serde_json::to_string(&checkpoint).ok()
}

/// A digest as hexadecimal digits.
pub(super) fn hex(digest: &Xxh3) -> String {
    format!("{:032x}", digest.digest128())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn origin() -> Origin {
        Origin {
            format: "csv".into(),
            columns: String::new(),
            server: "https://a/".into(),
            request: "status=Open".into(),
        }
    }

    #[test]
    fn a_checkpoint_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.csv.resume");
        assert!(Checkpoint::read(&path).unwrap().is_none());
        let cursor = RawValue::from_string("{\"offset\":50}".to_owned()).unwrap();
        let checkpoint =
            Checkpoint { bytes: 7, tickets: 2, cursor: Some(cursor), ..Checkpoint::new(origin()) };
        checkpoint.write(&path).unwrap();
        let read = Checkpoint::read(&path).unwrap().unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), serde_json::to_string(&checkpoint).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_file_of_another_kind_is_foreign_and_one_of_another_version_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.csv.resume");
        for text in ["", "{}", "not JSON", "[]", "{\"gettickets_export\":3}"] {
            fs::write(&path, text).unwrap();
            assert!(matches!(Checkpoint::read(&path), Err(Unusable::Foreign(_))), "{text:?}");
        }
        fs::write(&path, "{\"gettickets_export\":1,\"bytes\":0}").unwrap();
        assert!(matches!(Checkpoint::read(&path), Err(Unusable::OtherVersion)));
    }

    #[test]
    fn a_partial_file_is_compared_by_length_and_digest() {
        let mut digest = Xxh3::new();
        digest.update(b"seven b");
        let checkpoint =
            Checkpoint { bytes: 7, tickets: 1, xxh3: hex(&digest), ..Checkpoint::new(origin()) };
        let none = Checkpoint { bytes: 0, ..checkpoint.clone() };
        for (checkpoint, content, is_same) in [
            (&checkpoint, "seven b", true),
            (&checkpoint, "seven bytes and what was written later", true),
            (&checkpoint, "seven", false),
            (&checkpoint, "Seven b", false),
            (&checkpoint, "", false),
            // A length of 0 must not drop the tickets that are counted.
            (&none, "seven b", false),
            (&Checkpoint { tickets: 488, ..Checkpoint::new(origin()) }, "", false),
            (&Checkpoint::new(origin()), "anything", true),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), content).unwrap();
            let found = checkpoint.verify(&File::open(file.path()).unwrap()).unwrap();
            assert_eq!(found.is_some(), is_same, "{content:?}");
        }
    }

    #[test]
    fn a_difference_is_named() {
        let other = Origin { request: "status=Closed".into(), ..origin() };
        let said = origin().difference(&other).unwrap();
        assert_eq!(said, "its request is \"status=Open\", not \"status=Closed\"");
        let other = Origin { columns: "id,tid".into(), ..origin() };
        let said = origin().difference(&other).unwrap();
        assert_eq!(said, "its selection of columns is \"\", not \"id,tid\"");
        assert_eq!(origin().difference(&origin()), None);
    }
}
