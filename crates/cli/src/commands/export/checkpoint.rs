//! [`Checkpoint`]: the progress of an export, in a file beside the output.
//!
//! A checkpoint is written after the data that it describes is on the disk. After an interruption the partial file is
//! therefore truncated to the recorded length, and the scan continues from the recorded cursor: no ticket is lost or
//! written twice. The digest proves that the partial file belongs to the checkpoint.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::Xxh3;

use crate::files::{self, Existing};

/// The version of this file format.
const FORMAT_NUMBER: u32 = 3;
/// The maximum length of a checkpoint, in bytes. Its cursor holds the ids of a scan, some bytes each.
const MAX_LEN: u64 = 256 << 20;
/// The maximum number of tickets. No list is as long, and counting on does not overflow. The number may exceed the length
/// of the partial file, because compressed tickets may take less than a byte each.
const MAX_TICKETS: u64 = u64::MAX / 4;

/// The progress of an export.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    gettickets_export: u32,
    /// The arguments of the export; continuing with other arguments would mix two exports.
    pub(super) origin: Origin,
    /// The length of the partial file.
    pub(super) bytes: u64,
    /// The digest of these bytes (XXH3, 128 bits), in hexadecimal digits. It detects a wrong file, not a forged one.
    pub(super) xxh3: String,
    /// The number of tickets in the partial file.
    pub(super) tickets: u64,
    /// Whether the scan has ended, and only the file has to be finished.
    pub(super) complete: bool,
    /// A description of the tickets that the scan could not read, if it ended without them.
    pub(super) lacking: Option<String>,
    /// The cursor at which the scan continues. Opaque to the export.
    pub(super) cursor: Option<Box<RawValue>>,
}

/// What an export contains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The format and its compression, such as `csv` or `ndjson.gz`.
    pub(crate) format: String,
    /// The selected columns and the time zone of times in UTC; empty for every field.
    pub(crate) columns: String,
    /// The server's address or the install's path, without credentials.
    pub(crate) server: String,
    /// The parameters of the request, as a form body.
    pub(crate) request: String,
}

impl Origin {
    /// Describes the first difference.
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

/// Why a checkpoint cannot be used.
#[derive(Debug)]
pub(super) enum Unusable {
    /// It could not be read.
    Io(io::Error),
    /// It is not a checkpoint.
    Foreign(String),
    /// Another version of the program wrote it.
    OtherVersion,
}

impl Checkpoint {
    /// The checkpoint at the beginning of an export.
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

    /// Reads a checkpoint. Returns `None` if the file does not exist.
    pub(super) fn read(path: &Path) -> Result<Option<Checkpoint>, Unusable> {
        let Some(file) = files::open_own(path).map_err(Unusable::Io)? else { return Ok(None) };
        Checkpoint::parse(&files::read_at_most(file, MAX_LEN).map_err(Unusable::Io)?).map(Some)
    }

    fn parse(text: &[u8]) -> Result<Checkpoint, Unusable> {
        /// The fields that every version of the format has.
        #[derive(Deserialize)]
        struct Any {
            gettickets_export: u32,
        }
        match serde_json::from_slice::<Checkpoint>(text) {
            Ok(Checkpoint { gettickets_export: FORMAT_NUMBER, tickets, .. }) if tickets > MAX_TICKETS => {
                Err(Unusable::Foreign(format!("it counts {tickets} tickets")))
            }
            Ok(checkpoint) if checkpoint.gettickets_export == FORMAT_NUMBER => Ok(checkpoint),
            other => match serde_json::from_slice::<Any>(text) {
                Ok(any) if any.gettickets_export != FORMAT_NUMBER => Err(Unusable::OtherVersion),
                _ => Err(Unusable::Foreign(other.err().map_or(String::new(), |error| error.to_string()))),
            },
        }
    }

    /// Replaces the checkpoint file atomically. Returns the file.
    pub(super) fn write(&self, path: &Path) -> io::Result<File> {
        let mut file = files::temporary(path)?;
        serde_json::to_writer(io::BufWriter::new(&mut file), self)?;
        file.write_all(b"\n")?;
        let written = file.as_file().try_clone()?;
        files::put_temporary(file, path, Existing::Replace)?;
        Ok(written)
    }

    /// Compares the beginning of the partial file with the recorded length and digest. Returns the digest state, or
    /// `None` if the file is a different one.
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
        // A file with tickets is never empty.
        let is_possible = self.bytes > 0 || self.tickets == 0;
        let is_same = is_possible && length == self.bytes && hex(&digest) == self.xxh3;
        Ok(is_same.then_some(digest))
    }
}

/// Parses a checkpoint and serializes it again; `None` if it is not a checkpoint.
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
    fn a_checkpoint_round_trips() {
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
    fn a_different_file_is_foreign_and_another_version_is_recognized() {
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
        let checkpoint = Checkpoint { bytes: 7, tickets: 1, xxh3: hex(&digest), ..Checkpoint::new(origin()) };
        let none = Checkpoint { bytes: 0, ..checkpoint.clone() };
        for (checkpoint, content, is_same) in [
            (&checkpoint, "seven b", true),
            (&checkpoint, "seven bytes and what was written later", true),
            (&checkpoint, "seven", false),
            (&checkpoint, "Seven b", false),
            (&checkpoint, "", false),
            // A length of 0 must not discard tickets that were counted.
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
    fn a_difference_is_described() {
        let other = Origin { request: "status=Closed".into(), ..origin() };
        let said = origin().difference(&other).unwrap();
        assert_eq!(said, "its request is \"status=Open\", not \"status=Closed\"");
        let other = Origin { columns: "id,tid".into(), ..origin() };
        let said = origin().difference(&other).unwrap();
        assert_eq!(said, "its selection of columns is \"\", not \"id,tid\"");
        assert_eq!(origin().difference(&origin()), None);
    }
}
