//! [`Stage`]: keeps the rows of an install until its transaction begins, in memory and, if there are many, in an
//! unnamed temporary file.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::mem;
use std::path::Path;

use super::error::{MirrorError, MirrorErrorKind};
use crate::row::Row;

/// The number of rows that are collected in memory before they are written to the file as a block, which is read back as
/// a whole. With 64 installs at the same time the rows take less than 100 MB.
const MAX_ROWS: usize = 1_000;

/// Rows to be stored later, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Stage {
    rows: Vec<Row>,
    file: Option<File>,
    /// The number of blocks in the file.
    blocks: u64,
}

impl Stage {
    /// Adds rows. If a file is needed, it is created in `directory`, or else in the system's directory for temporary
    /// files.
    pub(super) fn push(&mut self, rows: Vec<Row>, directory: Option<&Path>) -> Result<(), MirrorError> {
        self.rows.extend(rows);
        if self.rows.len() < MAX_ROWS { Ok(()) } else { self.spill(directory).map_err(failed) }
    }

    /// Appends the rows in memory to the file as blocks: the length in bytes, and the rows.
    fn spill(&mut self, directory: Option<&Path>) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(match directory {
                Some(directory) => tempfile::tempfile_in(directory)?,
                None => tempfile::tempfile()?,
            }),
        };
        for rows in self.rows.chunks(MAX_ROWS) {
            let block = postcard::to_allocvec(rows).map_err(io::Error::other)?;
            file.write_all(&(block.len() as u64).to_le_bytes())?;
            file.write_all(&block)?;
            self.blocks += 1;
        }
        self.rows.clear();
        Ok(())
    }

    /// Passes all rows to `take`, a block at a time, and leaves the stage empty.
    pub(super) fn drain(
        &mut self,
        mut take: impl FnMut(Vec<Row>) -> Result<(), MirrorError>,
    ) -> Result<(), MirrorError> {
        if let Some(mut file) = self.file.take() {
            file.rewind().map_err(failed)?;
            for _ in 0..mem::take(&mut self.blocks) {
                take(read_block(&mut file).map_err(failed)?)?;
            }
        }
        take(mem::take(&mut self.rows))
    }
}

fn read_block(file: &mut File) -> io::Result<Vec<Row>> {
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let mut block = Vec::new();
    let length = u64::from_le_bytes(length);
    if file.take(length).read_to_end(&mut block)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    postcard::from_bytes(&block).map_err(io::Error::other)
}

fn failed(error: io::Error) -> MirrorError {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            MirrorErrorKind::Full
        }
        _ => MirrorErrorKind::Database,
    };
    MirrorError::new(kind, format!("the temporary file for tickets failed: {error}")).with_source(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is the failure report of a test")]

    use super::*;
    use crate::row::Cell;

    #[test]
    fn rows_are_returned_in_the_order_in_which_they_were_added() {
        let folder = tempfile::tempdir().unwrap();
        for count in [0, 1, 999, 1_000, 1_001, 3_500] {
            let row = |id: i64| {
                let text = format!("{id}\n\"\u{fffd}ü");
                let cells = [Cell::Null, Cell::Integer(i64::MIN + id), Cell::Text(&text), Cell::Text("")];
                Row::of(id, &cells)
            };
            let rows: Vec<Row> = (0..count).map(row).collect();
            let mut stage = Stage::default();
            for page in rows.chunks(7) {
                stage.push(page.to_vec(), Some(folder.path())).unwrap();
                assert!(stage.rows.len() < MAX_ROWS);
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
            let mut found = Vec::new();
            stage
                .drain(|rows| {
                    assert!(rows.len() <= MAX_ROWS);
                    found.extend(rows);
                    Ok(())
                })
                .unwrap();
            assert_eq!(found, rows);
        }
    }

    #[test]
    fn a_full_disk_is_reported_as_such() {
        for (error, kind) in [
            (io::ErrorKind::StorageFull, MirrorErrorKind::Full),
            (io::ErrorKind::QuotaExceeded, MirrorErrorKind::Full),
            (io::ErrorKind::FileTooLarge, MirrorErrorKind::Full),
            (io::ErrorKind::PermissionDenied, MirrorErrorKind::Database),
        ] {
            assert_eq!(failed(error.into()).kind(), kind, "{error}");
        }
    }
}
